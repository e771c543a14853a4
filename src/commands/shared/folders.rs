//! Folders: options about what is taken from them and how it is called, and folders that are written to.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::Args;

use crate::disk::private::make_folders;
use crate::disk::vault::Vault;
use crate::disk::{self, Lock};
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

/// Makes a folder of files to be written, and keeps every other derm-seg out of it: two that write the same names would
/// take each other's files for strangers', or mix.
pub fn have_to_itself(folder: &Path, vault: &Vault) -> Result<Lock> {
    let shown = folder.display();
    make_folders(folder, vault.is_private()).with_context(|| format!("{shown} cannot be made"))?;
    let lock = disk::lock(folder).with_context(|| format!("{shown} cannot be used"))?;
    let taken = || {
        UsageError(format!("Another derm-seg is writing to {shown}. Wait for it, or choose another folder with -o."))
    };
    let lock = lock.ok_or_else(taken)?;
    disk::sweep(folder).with_context(|| format!("{shown} cannot be used"))?;
    Ok(lock)
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
