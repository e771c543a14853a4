//! How many photos are worked on at the same time.

use std::num::NonZero;

use clap::Args;

#[derive(Clone, Copy, Debug, Default, Args)]
pub struct JobsArgs {
    /// Photos worked on at the same time [default: one for each processor]
    #[arg(short, long, value_name = "N", env = "DERM_SEG_JOBS", hide_env_values = true, value_parser = clap::value_parser!(u16).range(1..=1024))]
    jobs: Option<u16>,
}

impl JobsArgs {
    pub fn count(self) -> usize {
        self.jobs.map_or_else(|| std::thread::available_parallelism().map_or(1, NonZero::get), usize::from)
    }
}
