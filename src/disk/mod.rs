//! How files lie on disk: written whole or not at all (`atomic`), readable by whom (`private`), encrypted or not (`vault`).
//! Everything that the program writes, and every photo, list or result that it reads, goes through here; so a test can
//! let any of these calls fail (`fault`).

pub(crate) mod atomic;
mod fault;
mod lock;
pub(crate) mod private;
pub mod vault;

pub use atomic::{
    LongFile, copy_as_is, is_temporary, rewrite, scratch_library, settle, sweep, write, write_and_verify,
};
pub use lock::{Lock, have_to_itself, lock_file, wait_for};
pub use private::{remove, remove_empty_folder, remove_empty_parents, remove_one};

use std::io;
use std::path::Path;

/// An I/O error in plain words, to follow the file's name; without the path that some systems put into it.
pub fn describe(error: &io::Error) -> String {
    use io::ErrorKind::*;
    let words = match error.kind() {
        NotFound => "it does not exist",
        PermissionDenied => "permission denied",
        IsADirectory => "it is a folder, not a file",
        NotADirectory => "a part of its path is a file, not a folder",
        AlreadyExists => "it is there already",
        StorageFull | QuotaExceeded => "the disk is full",
        ReadOnlyFilesystem => "the disk can only be read",
        InvalidFilename => "the name cannot be used on this disk",
        InvalidData if error.get_ref().is_none() => "it is not a text file (UTF-8)",
        kind => return error.get_ref().map_or_else(|| kind.to_string(), ToString::to_string),
    };
    words.to_owned()
}

/// A file's bytes as they lie there.
pub fn read(path: &Path) -> io::Result<Vec<u8>> {
    fault::before(fault::Call::Read)?;
    std::fs::read(path)
}
