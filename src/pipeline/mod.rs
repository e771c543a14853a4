//! Loops over many files, with bounded memory.

pub mod parallel;

pub use parallel::parallel_map;
