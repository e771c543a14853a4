//! `eval`: arguments to a plan.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Result;

use super::args::{Empty, EvalArgs};
use crate::commands::shared::at_rest;
use crate::commands::shared::bins::bins;
use crate::commands::shared::people::PeopleArgs;
use crate::commands::shared::people::key;
use crate::commands::shared::references::reference_format;
use crate::commands::shared::review::selection;
use crate::commands::shared::scale::scales;
use crate::disk::vault::Vault;
use crate::error::UsageError;
use crate::evaluation::eval::EvalPlan;
use crate::evaluation::score::Options;
use crate::evaluation::score::gate::{Gate, Side};
use crate::evaluation::score::overlap::EmptyPolicy;
use crate::people::OptOut;
use crate::people::subjects::{Subjects, SubjectsPlan};
use crate::store::results::Results;

pub struct EvalSettings {
    pub plan: EvalPlan,
    /// Where scores.json and scores.csv go.
    pub output: PathBuf,
    pub json: bool,
}

pub fn settings(args: EvalArgs) -> Result<EvalSettings> {
    if let Some(t) = args.nsd_tolerance.iter().find(|t| !t.is_finite() || **t < 0.0) {
        return Err(UsageError(format!("--nsd-tolerance {t}: write a number of pixels, 0 or more")).into());
    }
    let mut gates = Vec::new();
    for (side, option, texts) in [(Side::Min, "--min", &args.min), (Side::Max, "--max", &args.max)] {
        for text in texts {
            gates.push(Gate::parse(side, text).map_err(|e| UsageError(format!("{option} {text}: {e}")))?);
        }
    }
    let Some(predictions) = args.predictions else {
        return Err(UsageError("name the results, or a folder of masks".into()).into());
    };
    let columns = SubjectsPlan {
        image_column: args.image_column,
        subject_column: args.subject_column,
        strata: args.strata,
        ..SubjectsPlan::default()
    };
    let vault = at_rest::vault(&args.results.at_rest)?;
    let (people, subjects) = people(&args.results.people, columns, &vault)?;
    let selection = selection(&args.review, &vault)?;
    if selection.is_some() && !Results::is_one(&predictions) {
        let folder = predictions.display();
        return Err(
            UsageError(format!("--review is about results of `derm-seg run`; {folder} is a folder of masks")).into()
        );
    }
    // Results keep their scores with them; a folder of masks is an input, and inputs are not touched.
    let beside = if Results::is_one(&predictions) { predictions.clone() } else { PathBuf::from(".") };
    Ok(EvalSettings {
        output: args.output.unwrap_or(beside),
        json: args.json,
        plan: EvalPlan {
            prediction_format: reference_format(args.prediction_format, "--prediction-format")?,
            truth_format: reference_format(args.truth_format, "--truth-format")?,
            predictions,
            truths: args.truth,
            stored_grid: args.references.on_stored_grid(),
            truth_suffixes: args.references.truth_suffix,
            options: Options {
                empty: if args.empty == Empty::One { EmptyPolicy::One } else { EmptyPolicy::Null },
                tolerances: args.nsd_tolerance,
            },
            model_masks: args.model_masks,
            kind: args.class,
            people,
            scales: scales(args.scale, subjects.clone(), selection.as_ref().map(|selection| selection.review.clone())),
            selection,
            bins: bins(&args.bins, subjects.as_deref())?,
            subjects,
            gates,
            seed: args.seed,
            vault,
            jobs: args.results.jobs.count(),
        },
    })
}

/// Whom to leave out, and the table, which says both whose images are whose and what groups they make.
fn people(
    args: &PeopleArgs,
    columns: SubjectsPlan,
    vault: &Vault,
) -> Result<(Arc<OptOut>, Option<Arc<Subjects>>), UsageError> {
    let key = key(args.key_file.as_deref(), vault)?;
    let subjects = match args.opt_out.subjects.clone() {
        Some(file) => Some(Arc::new(Subjects::read(&SubjectsPlan { file, ..columns }, key.as_ref(), vault)?)),
        None if columns != SubjectsPlan::default() => {
            return Err(UsageError(
                "--image-column, --subject-column and --strata name columns of a table: give it with --subjects FILE"
                    .to_owned(),
            ));
        }
        None => None,
    };
    let whose = subjects.clone().filter(|table| table.has_subjects);
    let list = args.opt_out.opt_out.as_deref();
    let people = list.map(|list| OptOut::load(list, whose, key.as_ref(), vault)).transpose()?;
    Ok((Arc::new(people.unwrap_or_default()), subjects))
}
