//! What the program does, seen from the command line.

mod compare;
mod eval;
mod export;
mod program;
mod results_folder;
mod scrub;
