//! `calibrate`: arguments to a plan.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::args::CalibrateArgs;
use crate::commands::shared::at_rest;
use crate::commands::shared::people::{People, of_results};
use crate::commands::shared::references::reference_format;
use crate::error::UsageError;
use crate::evaluation::eval::EvalPlan;
use crate::evaluation::score::Options;
use crate::evaluation::score::overlap::EmptyPolicy;
use crate::inference::manifest::{Activation, MANIFEST_SCHEMA, Manifest, Values};
use crate::people::subjects::SubjectsPlan;
use crate::store::Scales;
use crate::store::results::Results;

pub struct CalibratePlan {
    /// What is held against what, as for `eval`.
    pub eval: EvalPlan,
    pub run: Settings,
    pub output: PathBuf,
    pub json: bool,
}

/// The settings of the run that made the probabilities.
pub struct Settings {
    pub model: Value,
    pub manifest: Manifest,
    pub threshold: f64,
    pub temperature: f64,
    /// Probabilities that come from the graph itself have none.
    pub has_temperature: bool,
}

pub fn plan(args: CalibrateArgs) -> Result<CalibratePlan, UsageError> {
    let vault = at_rest::vault(&args.results.at_rest)?;
    let People { table: subjects, opt_out, .. } = of_results(&args.results.people, SubjectsPlan::default(), &vault)?;
    let results = Results::open(&args.out, &opt_out, &vault)?;
    let run = settings(&results)?;
    Ok(CalibratePlan {
        run,
        output: args.output.unwrap_or_else(|| args.out.clone()),
        json: args.json,
        eval: EvalPlan {
            predictions: args.out,
            prediction_format: None,
            truths: args.truth,
            truth_format: reference_format(args.truth_format, "--truth-format")?,
            stored_grid: args.references.on_stored_grid(),
            truth_suffixes: args.references.truth_suffix,
            options: Options { empty: EmptyPolicy::One, tolerances: Vec::new() },
            model_masks: false,
            kind: None,
            people: opt_out,
            selection: None,
            scales: Scales::default(),
            subjects,
            bins: BTreeMap::new(),
            gates: Vec::new(),
            seed: args.seed,
            vault,
            jobs: args.results.jobs.count(),
        },
    })
}

fn settings(results: &Results) -> Result<Settings, UsageError> {
    let shown = results.root.display();
    if results.kinds().len() > 1 {
        return Err(UsageError(format!(
            "The model of the results in {shown} tells several kinds of lesion apart ({}): calibrate finds the threshold of a model \
             with one. Compare thresholds of a kind by hand: derm-seg run --threshold NAME=P, then derm-seg eval --class NAME.",
            results.kinds().join(", ")
        )));
    }
    let no_run = || UsageError(format!("run.json in {shown} cannot be read, or is not of this version: run again"));
    let run = results.run().ok_or_else(no_run)?;
    let output = &run["model"]["understood"]["output"];
    let values: Values = known(&output["values"]).ok_or_else(no_run)?;
    let activation: Activation = known(&output["activation"]).ok_or_else(no_run)?;
    if values == Values::Labels {
        return Err(UsageError(format!(
            "The model of the results in {shown} gives classes and no probabilities: there is nothing to calibrate."
        )));
    }
    let (Some(threshold), Some(temperature)) =
        (output["thresholds"]["lesion"].as_f64(), output["temperature"].as_f64())
    else {
        return Err(no_run());
    };
    let (model, of_run) = (&run["model"], &run["settings"]);
    let text = |value: &Value| value.as_str().map(str::to_owned);
    Ok(Settings {
        manifest: Manifest {
            schema: Some(MANIFEST_SCHEMA.to_owned()),
            name: text(&model["name"]),
            version: text(&model["version"]),
            sha256: text(&model["sha256"]),
            licence: text(&model["licence"]),
            input: known(&of_run["manifest_input"]).ok_or_else(no_run)?,
            output: known(&of_run["manifest_output"]).ok_or_else(no_run)?,
            second_look: known(&of_run["second_look"]).ok_or_else(no_run)?,
            doubt: known(&of_run["doubt"]).ok_or_else(no_run)?,
            ..Manifest::default()
        },
        model: json!({"name": model["name"], "version": model["version"], "sha256": model["sha256"]}),
        threshold,
        temperature,
        has_temperature: activation != Activation::None,
    })
}

fn known<T: DeserializeOwned>(value: &Value) -> Option<T> {
    serde_json::from_value(value.clone()).ok()
}
