//! Whose keys files are written and read with.

use crate::cli::at_rest::{AtRestArgs, IdentityArgs};
use crate::error::UsageError;
use crate::vault::{Vault, identities, recipient, recipients_in};

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

fn keys(args: &IdentityArgs) -> Result<Vec<crate::vault::Identity>, UsageError> {
    let keys: Result<Vec<_>, _> = args.identity.iter().map(|file| identities(file)).collect();
    Ok(keys?.concat())
}
