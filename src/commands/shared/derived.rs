//! Files that `eval`, `compare` and `track` wrote of results, read by the commands that show them, and whether they still fit.

use std::path::Path;

use serde_json::Value;

use crate::disk::describe;
use crate::disk::vault::{Vault, exists};
use crate::error::UsageError;
use crate::people::OptOut;
use crate::store::results::Results;

/// Whether scores, a comparison or series were made with photos of people who opted out.
fn counts(file: &Value, people: &OptOut) -> bool {
    let images = file["images"].as_array().into_iter().flatten().filter_map(|image| image["image"].as_str());
    let others = ["unpaired", "failures"].into_iter().filter_map(|list| file[list].as_array()).flatten();
    let named = others.filter_map(|one| one["path"].as_str().or_else(|| one["image"].as_str()));
    let series = file["series"].as_array().into_iter().flatten();
    let tracked = series.flat_map(|one| one["photos"].as_array().into_iter().flatten());
    let tracked = tracked.filter_map(|photo| photo["path"].as_str());
    images.chain(named).chain(tracked).any(|path| people.excludes(path))
}

/// A file of this program that says it is what is asked for.
fn of_kind(path: &Path, option: &str, kind: &str, vault: &Vault) -> Result<Value, UsageError> {
    let unusable = |why: String| UsageError(format!("{option} {}: {why}", path.display()));
    let bytes = vault.read(path).map_err(|e| unusable(describe(&e)))?;
    let value: Value = serde_json::from_slice(&bytes).map_err(|e| unusable(e.to_string()))?;
    let wanted = format!("derm-seg/{kind}/1");
    match value["schema"].as_str() {
        Some(schema) if schema == wanted => Ok(value),
        other => Err(unusable(format!("its schema is {}, not {wanted}", other.unwrap_or("not named")))),
    }
}

/// What other commands wrote about results.
pub struct Beside<'a> {
    out: &'a Path,
    /// The model's hash, where run.json tells it.
    model: Option<Value>,
    people: &'a OptOut,
    vault: &'a Vault,
}

impl<'a> Beside<'a> {
    pub fn new(out: &'a Path, results: &Results, people: &'a OptOut, vault: &'a Vault) -> Self {
        Self { out, model: results.run().map(|run| run["model"]["sha256"].clone()), people, vault }
    }

    /// The file that is named, or the one that lies with the results. That one is left out where it does not fit them.
    pub fn read(
        &self,
        named: Option<&Path>,
        option: &str,
        verb: &str,
        kind: &str,
    ) -> Result<Option<Value>, UsageError> {
        let again = format!("make it again: derm-seg {verb} ... --opt-out LIST");
        if let Some(path) = named {
            let file = of_kind(path, option, kind, self.vault)?;
            return match counts(&file, self.people) {
                true => Err(UsageError(format!("{option} counts people who opted out; {again}"))),
                false => Ok(Some(file)),
            };
        }
        let path = self.out.join(format!("{kind}.json"));
        if !exists(&path) {
            return Ok(None);
        }
        let file = of_kind(&path, option, kind, self.vault);
        let why = match &file {
            Err(UsageError(why)) => why.clone(),
            Ok(file) if counts(file, self.people) => format!("it counts people who opted out; {again}"),
            Ok(file) if self.is_of_another_model(file) => {
                format!("it is of another model than these results; run `derm-seg {verb}` again")
            }
            Ok(_) if self.is_older_than_the_records(&path) => {
                format!("it is older than the records; run `derm-seg {verb}` again, or name it with {option}")
            }
            Ok(_) => return file.map(Some),
        };
        tracing::warn!("{} is left out: {why}", path.display());
        Ok(None)
    }

    fn is_of_another_model(&self, file: &Value) -> bool {
        let model = &file["model"]["sha256"];
        model.is_string() && Some(model) != self.model.as_ref()
    }

    fn is_older_than_the_records(&self, file: &Path) -> bool {
        let date = |path| std::fs::metadata(self.vault.place(path)).and_then(|metadata| metadata.modified()).ok();
        matches!((date(file), date(&self.out.join("records.jsonl"))), (Some(file), Some(records)) if file < records)
    }
}
