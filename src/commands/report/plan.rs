//! `report`: arguments to a plan.

use std::path::Path;

use serde_json::Value;

use super::args::ReportArgs;
use crate::commands::shared::{at_rest, people};
use crate::disk::vault::Vault;
use crate::error::UsageError;
use crate::people::OptOut;
use crate::report::ReportPlan;
use crate::store::results::Results;

pub fn plan(args: ReportArgs) -> Result<ReportPlan, UsageError> {
    if let Some(folder) = args.with_photos.as_ref().filter(|folder| !folder.is_dir()) {
        return Err(UsageError(format!(
            "{} is no folder: --with-photos takes the folder that was segmented",
            folder.display()
        )));
    }
    let vault = at_rest::vault(&args.results.at_rest)?;
    let people = people::opt_out_of_results(&args.results.people, &vault)?;
    let read = |path: Option<&Path>, option: &str, verb: &str, kind: &str| {
        let file = path.map(|p| of_kind(p, option, kind, &vault)).transpose()?;
        match file.iter().any(|file| counts(file, &people)) {
            true => Err(UsageError(format!(
                "{option} counts people who opted out; make it anew: derm-seg {verb} ... --opt-out LIST"
            ))),
            false => Ok(file),
        }
    };
    Ok(ReportPlan {
        results: Results::open(&args.out, &people, &vault)?,
        scores: read(args.scores.as_deref(), "--scores", "eval", "scores")?,
        comparison: read(args.compare.as_deref(), "--compare", "compare", "compare")?,
        people,
        photos: args.with_photos,
        output: args.output.unwrap_or_else(|| args.out.join("report.html")),
        figures: args.figures,
        jobs: args.results.jobs.count(),
    })
}

/// Whether scores or a comparison were made with photos of people who opted out.
pub(in crate::commands) fn counts(file: &Value, people: &OptOut) -> bool {
    let images = file["images"].as_array().into_iter().flatten().filter_map(|image| image["image"].as_str());
    let others = ["unpaired", "failures"].into_iter().filter_map(|list| file[list].as_array()).flatten();
    let named = others.filter_map(|one| one["path"].as_str().or_else(|| one["image"].as_str()));
    images.chain(named).any(|path| people.excludes(path))
}

/// A file of this program that says it is what is asked for.
pub(in crate::commands) fn of_kind(path: &Path, option: &str, kind: &str, vault: &Vault) -> Result<Value, UsageError> {
    let unusable = |why: String| UsageError(format!("{option} {}: {why}", path.display()));
    let bytes = vault.read(path).map_err(|e| unusable(e.to_string()))?;
    let value: Value = serde_json::from_slice(&bytes).map_err(|e| unusable(e.to_string()))?;
    let wanted = format!("derm-seg/{kind}/1");
    match value["schema"].as_str() {
        Some(schema) if schema == wanted => Ok(value),
        other => Err(unusable(format!("its schema is {}, not {wanted}", other.unwrap_or("not named")))),
    }
}
