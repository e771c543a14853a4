//! Files at rest: the options that say whom files are encrypted to and with whose key they are read, and the vault that comes of them.

use std::path::PathBuf;

use clap::Args;

use crate::disk::vault::{Vault, identities, recipient, recipients_in};
use crate::error::UsageError;

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

pub fn vault(args: &AtRestArgs) -> Result<Vault, UsageError> {
    if args.private && cfg!(not(unix)) {
        return Err(UsageError("--private needs a system with Unix permissions; close the folder by hand".into()));
    }
    let mut recipients = Vec::new();
    for text in &args.encrypt_to {
        recipients.push(recipient(text).map_err(|UsageError(why)| UsageError(format!("--encrypt-to: {why}")))?);
    }
    for file in &args.recipients_file {
        recipients.extend(recipients_in(file)?);
    }
    Ok(Vault::new(recipients, keys(&args.identity)?, args.private))
}

/// For commands that write nothing.
pub fn reader(args: &IdentityArgs) -> Result<Vault, UsageError> {
    Ok(Vault::new(Vec::new(), keys(args)?, false))
}

fn keys(args: &IdentityArgs) -> Result<Vec<crate::disk::vault::Identity>, UsageError> {
    let keys: Result<Vec<_>, _> = args.identity.iter().map(|file| identities(file)).collect();
    Ok(keys?.concat())
}
