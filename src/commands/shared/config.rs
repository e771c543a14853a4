//! Options from a file: the options that name it. `commands/config.rs` reads it before anything else is done.

use std::path::PathBuf;

use clap::Args;

#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Options from a file")]
pub struct ConfigArgs {
    /// Take options from this TOML file, under the names that they have here; what the command line says counts first
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}
