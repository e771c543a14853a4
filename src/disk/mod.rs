//! How files lie on disk: written whole or not at all (`atomic`), readable by whom (`private`), encrypted or not (`vault`).
//! Everything that the program writes, and every photo, list or result that it reads, goes through here; so a test can
//! let any of these calls fail (`fault`).

pub(crate) mod atomic;
mod fault;
mod lock;
pub(crate) mod private;
pub mod vault;

pub use atomic::{LongFile, is_temporary, scratch_library, settle, sweep, write, write_and_verify};
pub use lock::{Lock, lock, lock_file, wait_for};
pub use private::{remove, remove_empty_folder, remove_one};

use std::io;
use std::path::Path;

/// A file's bytes as they lie there.
pub fn read(path: &Path) -> io::Result<Vec<u8>> {
    fault::before(fault::Call::Read)?;
    std::fs::read(path)
}
