//! Options about what is taken from folders and how it is called, for commands that look at whole folders of photos.

use std::path::PathBuf;

use clap::Args;

#[derive(Clone, Debug, Default, Args)]
pub struct FolderArgs {
    /// Folder that names are relative to
    #[arg(long, value_name = "DIR")]
    pub base: Option<PathBuf>,
    /// In folders, take only files that match (may be repeated)
    #[arg(long, value_name = "GLOB")]
    pub include: Vec<String>,
    /// In folders, leave out files that match (may be repeated)
    #[arg(long, value_name = "GLOB")]
    pub exclude: Vec<String>,
}
