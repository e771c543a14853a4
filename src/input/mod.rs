//! From what the user named to pixels in memory: which files, under which names (`discover`), and what is in them (`decode`).
//! `walk` goes over the parts of a file without decoding it.

pub mod decode;
pub mod discover;
pub mod walk;
