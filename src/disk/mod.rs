//! How files lie on disk: written whole or not at all (`atomic`), readable by whom (`private`), encrypted or not (`vault`).
//! Everything that the program writes goes through here.

pub mod atomic;
pub mod private;
pub mod vault;

pub use atomic::{NewFile, TEMPORARY, scratch_library, write, write_and_verify};
pub use private::remove;
