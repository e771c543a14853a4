//! What the program does, seen from the command line.

mod program;
mod scrub;
mod compare;
mod eval;
mod results_folder;
