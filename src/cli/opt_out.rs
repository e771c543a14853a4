//! Options about people who opted out, for every command that reads photos or results.

use std::path::PathBuf;

use clap::Args;

#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "People who opted out")]
pub struct OptOutArgs {
    /// Leave these people out: one subject id, path, folder or code a line; their photos are never opened
    #[arg(long, value_name = "FILE")]
    pub opt_out: Option<PathBuf>,
    /// Which photos are whose: a table with the columns path and subject
    #[arg(long, value_name = "CSV")]
    pub subjects: Option<PathBuf>,
}
