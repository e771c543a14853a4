//! One writer at a time. A lock goes with the process that holds it, however that ends.

use std::fs::{File, TryLockError};
use std::io;
use std::path::Path;

use super::atomic::sweep;
use super::fault::{self, Call};
use super::private::make_folders;
use super::vault::Vault;
use crate::error::UsageError;

/// Held open as long as it is needed.
#[derive(Debug)]
pub struct Lock {
    _file: Option<File>,
}

/// Locks a file, which is made if need be. None where another process has it.
pub fn lock_file(path: &Path) -> io::Result<Option<Lock>> {
    fault::before(Call::Write)?;
    let file = File::options().create(true).truncate(false).write(true).open(path)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(Lock { _file: Some(file) })),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(e)) => Err(e),
    }
}

/// Makes a folder for files to be written, and keeps every other derm-seg out of it: two that write the same names would take
/// each other's files for strangers', or mix. Sweeps away what a killed one left.
pub fn have_to_itself(folder: &Path, vault: &Vault) -> Result<Lock, UsageError> {
    let shown = folder.display();
    let cannot = |e: io::Error| UsageError(format!("{shown} cannot be used: {e}. Choose another folder with -o."));
    make_folders(folder, vault.is_private()).map_err(cannot)?;
    let taken = || {
        UsageError(format!("Another derm-seg is writing to {shown}. Wait for it, or choose another folder with -o."))
    };
    let lock = lock(folder).map_err(cannot)?.ok_or_else(taken)?;
    sweep(folder).map_err(cannot)?;
    Ok(lock)
}

/// Locks a folder as soon as no other process has it.
pub fn wait_for(folder: &Path) -> io::Result<Lock> {
    if cfg!(not(unix)) {
        return Ok(Lock { _file: None });
    }
    let file = File::open(folder)?;
    // Where that cannot be done, every file is still written whole.
    let _unlocked = file.lock();
    Ok(Lock { _file: Some(file) })
}

/// Locks a folder without leaving a file in it. None where another process has it. Some network disks lock files only:
/// there, nobody is kept out, and every file is still written whole.
pub fn lock(folder: &Path) -> io::Result<Option<Lock>> {
    if cfg!(not(unix)) {
        return Ok(Some(Lock { _file: None }));
    }
    let file = File::open(folder)?;
    match file.try_lock() {
        Err(TryLockError::WouldBlock) => Ok(None),
        _ => Ok(Some(Lock { _file: Some(file) })),
    }
}
