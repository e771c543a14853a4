//! Photos that are encrypted.

use std::path::Path;

use crate::disk::vault::{Vault, has_sealed_name};
use crate::domain::source::Source;
use crate::error::UsageError;

/// Before the work begins: refuses photos of which none can be opened, and warns where encrypted photos become clear results.
pub fn check_locks<'a>(
    photos: impl Iterator<Item = &'a Source>,
    vault: &Vault,
    writes: bool,
) -> Result<(), UsageError> {
    // What is in an archive is seen when it is read.
    let photos = photos.filter(|source| source.member.is_none()).map(|source| source.path.as_path());
    let (sealed, clear): (Vec<&Path>, Vec<&Path>) = photos.partition(|path| has_sealed_name(path));
    if sealed.is_empty() {
        return Ok(());
    }
    if clear.is_empty() && !sealed.iter().any(|path| vault.opens(path)) {
        return Err(UsageError(
            "All photos are encrypted, and none can be opened; give the file with their key: --identity FILE".into(),
        ));
    }
    if writes && !vault.encrypts() {
        tracing::warn!("{} photos are encrypted, and what is made of them will not be: see --encrypt-to", sealed.len());
    }
    Ok(())
}
