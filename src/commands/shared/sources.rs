//! The photos that results were made of, found again.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::disk::vault::Vault;
use crate::domain::source::Source;
use crate::error::UsageError;
use crate::input::discover::{Filter, code_names, discover};
use crate::people::{OptOut, Pseudonyms};

/// The photos in the folder that was segmented, by the names that records give them. `codes` where results carry codes.
pub fn sources(
    photos: &Path,
    out: &Path,
    people: &Arc<OptOut>,
    is_coded: bool,
    codes: Option<&Pseudonyms>,
) -> Result<HashMap<String, Source>, UsageError> {
    if !photos.is_dir() {
        return Err(UsageError(format!(
            "{} is not a folder: --photos takes the folder that was segmented; an archive has to be unpacked first",
            photos.display()
        )));
    }
    if is_coded && codes.is_none() {
        return Err(UsageError(format!(
            "The results in {} carry codes instead of names: give the --key-file of the run, so that photos are found again.",
            out.display()
        )));
    }
    let folder: PathBuf = photos.to_owned();
    let mut found = discover(&[folder], None, &Filter::default(), Some(out), people, &Vault::default())?.sources;
    if let Some(codes) = codes.filter(|_| is_coded) {
        code_names(&mut found, codes);
    }
    Ok(found.into_iter().map(|source| (source.name.clone(), source)).collect())
}
