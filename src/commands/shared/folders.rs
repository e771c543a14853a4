//! Options about what is taken from folders and how it is called, for commands that look at whole folders of photos.

use std::io::ErrorKind;
use std::path::PathBuf;

use clap::Args;

use crate::error::UsageError;

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

/// One path that is not there is a slip of the pen. Of several, the others go on, and it gets a record that says so.
pub fn check_single_input(inputs: &[PathBuf]) -> Result<(), UsageError> {
    match inputs {
        [one] if one.as_os_str() != "-" && one.symlink_metadata().is_err_and(|e| e.kind() == ErrorKind::NotFound) => {
            Err(UsageError(format!("{} does not exist: name a photo, or a folder that holds photos.", one.display())))
        }
        _ => Ok(()),
    }
}
