//! Files that `eval`, `compare` and `track` wrote of results, read by the commands that show them.

use std::path::Path;

use serde_json::Value;

use crate::disk::describe;
use crate::disk::vault::Vault;
use crate::error::UsageError;
use crate::people::OptOut;

/// Whether scores, a comparison or series were made with photos of people who opted out.
pub fn counts(file: &Value, people: &OptOut) -> bool {
    let images = file["images"].as_array().into_iter().flatten().filter_map(|image| image["image"].as_str());
    let others = ["unpaired", "failures"].into_iter().filter_map(|list| file[list].as_array()).flatten();
    let named = others.filter_map(|one| one["path"].as_str().or_else(|| one["image"].as_str()));
    let series = file["series"].as_array().into_iter().flatten();
    let tracked = series.flat_map(|one| one["photos"].as_array().into_iter().flatten());
    let tracked = tracked.filter_map(|photo| photo["path"].as_str());
    images.chain(named).chain(tracked).any(|path| people.excludes(path))
}

/// A file of this program that says it is what is asked for.
pub fn of_kind(path: &Path, option: &str, kind: &str, vault: &Vault) -> Result<Value, UsageError> {
    let unusable = |why: String| UsageError(format!("{option} {}: {why}", path.display()));
    let bytes = vault.read(path).map_err(|e| unusable(describe(&e)))?;
    let value: Value = serde_json::from_slice(&bytes).map_err(|e| unusable(e.to_string()))?;
    let wanted = format!("derm-seg/{kind}/1");
    match value["schema"].as_str() {
        Some(schema) if schema == wanted => Ok(value),
        other => Err(unusable(format!("its schema is {}, not {wanted}", other.unwrap_or("not named")))),
    }
}
