//! What verbs share: groups of options with what they name, and printing.

pub mod at_rest;
pub mod bins;
pub mod config;
pub mod crops;
pub mod derived;
pub mod dicom;
pub mod faces;
pub mod folders;
pub mod jobs;
pub mod lang;
pub mod model;
pub mod people;
pub mod print;
pub mod references;
pub mod results;
pub mod review;
pub mod scale;
pub mod sources;

use clap::ArgAction;

/// Options of every command.
#[derive(Clone, Debug, clap::Args)]
pub struct Global {
    /// More log on stderr: -v a line for every photo, -vv also warnings of ONNX Runtime, -vvv everything
    #[arg(short, long, action = ArgAction::Count, global = true, conflicts_with = "quiet")]
    pub verbose: u8,
    /// Nothing but errors and limits that do not hold
    #[arg(short, long, global = true)]
    pub quiet: bool,
}
