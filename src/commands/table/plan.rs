//! `table`: arguments to a plan.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::Value;

use super::args::TableArgs;
use crate::commands::shared::bins::bins;
use crate::commands::shared::derived::{counts, of_kind};
use crate::commands::shared::scale::scales;
use crate::commands::shared::{at_rest, people, review};
use crate::disk::vault;
use crate::disk::vault::Vault;
use crate::error::UsageError;
use crate::evaluation::cohort::CohortPlan;
use crate::people::OptOut;
use crate::people::subjects::{Subjects, SubjectsPlan};
use crate::store::results::Results;

pub struct TablePlan {
    pub cohort: CohortPlan,
    pub output: PathBuf,
}

pub fn plan(args: TableArgs) -> Result<TablePlan, UsageError> {
    let vault = at_rest::vault(&args.results.at_rest)?;
    let people = people::opt_out_of_results(&args.results.people, &vault)?;
    let codes = people::key(args.results.people.key_file.as_deref(), &vault)?;
    let Some(file) = args.results.people.opt_out.subjects else {
        return Err(UsageError(
            "Give the clinical table with --subjects FILE: a line for each photo, with a column path.".into(),
        ));
    };
    let columns =
        SubjectsPlan { file, image_column: args.image_column, subject_column: args.subject_column, strata: Vec::new() };
    let subjects = Subjects::read(&columns, codes.as_ref(), &vault)?;
    for name in &args.groups {
        if !subjects.columns.iter().any(|column| column.eq_ignore_ascii_case(name)) {
            return Err(UsageError(format!(
                "--groups {name}: the table has the columns {}",
                subjects.columns.join(", ")
            )));
        }
    }
    let subjects = Arc::new(subjects);
    let selection = review::selection(&args.review, &vault)?;
    let measured = selection.as_ref().map(|selection| selection.review.clone());
    let scales = scales(args.scale, Some(subjects.clone()), measured);
    let results = Results::open(&args.out, &people, &vault)?.selected(selection).scaled(scales);
    let is_coded = results.carries_codes();
    Ok(TablePlan {
        output: args.output.unwrap_or_else(|| args.out.join("tables")),
        cohort: CohortPlan {
            scores: scores(args.scores.as_deref(), &args.out, &people, &vault)?,
            bins: bins(&args.bins, Some(&subjects))?,
            subjects,
            groups: args.groups,
            codes: codes.filter(|_| is_coded),
            seed: args.seed,
            results,
        },
    })
}

/// The scores that were named; or those in the folder, if they are of the masks that lie there.
fn scores(named: Option<&Path>, out: &Path, people: &OptOut, vault: &Vault) -> Result<Option<Value>, UsageError> {
    let beside = out.join("scores.json");
    let file = match named {
        Some(file) => file,
        None if !vault::exists(&beside) => return Ok(None),
        None if is_older(&beside, &out.join("records.jsonl"), vault) => {
            tracing::warn!(
                "scores.json is older than the records and was left out: run eval again, or name it with --scores"
            );
            return Ok(None);
        }
        None => &beside,
    };
    let scores = of_kind(file, "--scores", "scores", vault)?;
    match counts(&scores, people) {
        true => Err(UsageError(
            "the scores count people who opted out; make them again: derm-seg eval ... --opt-out LIST".into(),
        )),
        false => Ok(Some(scores)),
    }
}

fn is_older(file: &Path, than: &Path, vault: &Vault) -> bool {
    let date = |path| std::fs::metadata(vault.place(path)).and_then(|metadata| metadata.modified()).ok();
    matches!((date(file), date(than)), (Some(file), Some(than)) if file < than)
}
