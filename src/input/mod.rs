//! From what the user named to pixels in memory: which files, under which names (`discover`), and what is in them (`decode`).
//! `walk` goes over the parts of a file without decoding it, `archive` over the members of a zip or a tar.

pub mod archive;
pub mod decode;
pub mod discover;
pub mod walk;
