//! One writer at a time. A lock goes with the process that holds it, however that ends.

use std::fs::{File, TryLockError};
use std::io;
use std::path::Path;

use super::fault::{self, Call};

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
