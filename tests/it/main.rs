//! What the program does, seen from the command line.

mod compare;
mod eval;
mod program;
mod published;
mod results_folder;
