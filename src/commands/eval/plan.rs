//! `eval`: arguments to a plan.

use std::path::PathBuf;

use anyhow::Result;

use super::args::{Empty, EvalArgs};
use crate::commands::shared::at_rest;
use crate::commands::shared::bins::bins;
use crate::commands::shared::people::{People, of_results};
use crate::commands::shared::references::reference_format;
use crate::commands::shared::review::selection;
use crate::commands::shared::scale::scales;
use crate::error::UsageError;
use crate::evaluation::eval::EvalPlan;
use crate::evaluation::score::Options;
use crate::evaluation::score::gate::{Gate, Side};
use crate::evaluation::score::overlap::EmptyPolicy;
use crate::people::subjects::SubjectsPlan;
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
    let People { table: subjects, opt_out, .. } = of_results(&args.results.people, columns, &vault)?;
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
            people: opt_out,
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
