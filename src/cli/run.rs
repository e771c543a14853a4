//! `derm-seg run`.

use std::path::PathBuf;

use clap::Args;

/// Segment photos: masks, figures and a summary.
#[derive(Debug, Args)]
pub struct RunArgs {
    /// Photos and folders of photos; `-` reads a list of paths from standard input
    #[arg(value_name = "INPUT")]
    pub inputs: Vec<PathBuf>,
}
