//! Options about files at rest: whom what is written is encrypted to, and with whose key encrypted files are read.

use std::path::PathBuf;

use clap::Args;

#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "At rest")]
pub struct IdentityArgs {
    /// Read files that are encrypted with age, by the key in this file (may be repeated): photos, results, lists and tables
    /// of people, the key of codes; a.jpg.age is taken as a.jpg
    #[arg(long, value_name = "FILE")]
    pub identity: Vec<PathBuf>,
}

#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "At rest")]
pub struct AtRestArgs {
    #[command(flatten)]
    pub identity: IdentityArgs,
    /// Encrypt everything that is written to this public key of age, as NAME.age (may be repeated); names stay readable
    #[arg(long, value_name = "RECIPIENT")]
    pub encrypt_to: Vec<String>,
    /// The same for every public key in a file, one a line
    #[arg(short = 'R', long, value_name = "FILE")]
    pub recipients_file: Vec<PathBuf>,
    /// Make files and folders that only you can open, whatever your umask
    #[arg(long)]
    pub private: bool,
}
