//! From what the user named to pixels in memory: which files, under which names (`discover`), and what is in them (`decode`).

pub mod decode;
pub mod discover;
