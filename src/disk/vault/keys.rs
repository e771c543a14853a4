//! Reading age keys. Public ones are named on the command line or in a file; secret ones come from files only, and nothing
//! of a secret key is ever shown.

use std::fs;
use std::path::Path;

use age::x25519::{Identity, Recipient};

use super::is_encrypted;
use crate::disk::describe;
use crate::error::UsageError;

/// A key to encrypt to, as `age-keygen` prints it.
pub fn recipient(text: &str) -> Result<Recipient, UsageError> {
    text.trim().parse().map_err(|_| {
        let kinds = "keys of SSH, of plugins and of other kinds are not taken";
        UsageError(match text {
            secret if secret.to_uppercase().contains("AGE-SECRET-KEY-") => {
                "that is a secret key, and its place is in a file: encrypt to its public key, which begins with age1 \
                 (age-keygen -y FILE prints it); if others can see this command, make a new key"
                    .to_owned()
            }
            other => {
                format!("{other:?} is not a public key of age (age-keygen prints it, beginning with age1); {kinds}")
            }
        })
    })
}

/// A file with such a key on each line; lines that begin with # are comments.
pub fn recipients_in(file: &Path) -> Result<Vec<Recipient>, UsageError> {
    let shown = file.display();
    let text = fs::read_to_string(file)
        .map_err(|e| UsageError(format!("the public keys in {shown} cannot be read: {}", describe(&e))))?;
    let keys: Result<Vec<_>, _> = lines(&text).map(recipient).collect();
    let keys = keys.map_err(|UsageError(why)| UsageError(format!("{shown}: {why}")))?;
    if keys.is_empty() {
        return Err(UsageError(format!("{shown} holds no public key")));
    }
    Ok(keys)
}

/// The secret keys in a file that `age-keygen` wrote.
pub fn identities(file: &Path) -> Result<Vec<Identity>, UsageError> {
    let shown = file.display();
    let wrong = |why: &str| UsageError(format!("the key file {shown} {why}"));
    refuse_readable_by_others(file)?;
    let bytes = fs::read(file)
        .map_err(|e| wrong(&format!("cannot be read: {}; age-keygen -o FILE makes one", describe(&e))))?;
    if is_encrypted(&bytes) {
        return Err(wrong(&format!(
            "is itself encrypted, and derm-seg asks for no passphrase; let age open it: --identity <(age -d {shown})"
        )));
    }
    let text = String::from_utf8(bytes).map_err(|_| wrong("is not a text file"))?;
    let keys: Result<Vec<Identity>, _> = lines(&text).map(str::parse).collect();
    let keys = keys.map_err(|_| {
        wrong(
            "holds something else than keys that begin with AGE-SECRET-KEY-1; keys of SSH and of plugins are not taken",
        )
    })?;
    if keys.is_empty() {
        return Err(wrong("holds no key"));
    }
    Ok(keys)
}

fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'))
}

/// A key that every user can read is none. What cannot be looked at, reading will tell of.
#[cfg(unix)]
pub fn refuse_readable_by_others(file: &Path) -> Result<(), UsageError> {
    use std::os::unix::fs::PermissionsExt;
    let shown = file.display();
    match fs::metadata(file) {
        Ok(found) if found.permissions().mode() & 0o007 != 0 => {
            Err(UsageError(format!("the key file {shown} is open to every user; close it with: chmod 600 {shown}")))
        }
        _ => Ok(()),
    }
}

#[cfg(not(unix))]
pub fn refuse_readable_by_others(_file: &Path) -> Result<(), UsageError> {
    Ok(())
}
