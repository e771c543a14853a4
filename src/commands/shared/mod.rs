//! What verbs share: groups of options with what they name, and printing.

pub mod at_rest;
pub mod faces;
pub mod folders;
pub mod jobs;
pub mod model;
pub mod people;
pub mod print;
