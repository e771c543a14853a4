//! Options about names in results: as they are, or keyed codes.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Names {
    /// As the input has them
    #[default]
    Keep,
    /// A code for every folder and file; the same key gives the same codes everywhere
    Pseudonym,
}

#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Names")]
pub struct NamesArgs {
    /// Names of folders and files in what is written
    #[arg(long, value_enum, default_value_t)]
    pub names: Names,
    /// File with the secret key of the codes, 32 random characters or more, closed to other users
    #[arg(long, value_name = "FILE", required_if_eq("names", "pseudonym"))]
    pub key_file: Option<PathBuf>,
}
