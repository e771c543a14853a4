//! What the program does, seen from the command line.

mod program;
mod scrub;
