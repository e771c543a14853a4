//! `derm-seg calibrate`: saved probabilities and references → the settings that suit them, as a manifest.

pub(in crate::commands) mod args;
mod plan;
mod print;

use std::path::PathBuf;

use anyhow::Result;
use serde::Serialize;
use serde_json::{Value, json};

use crate::batch::{MemoryGate, parallel_map};
use crate::commands::shared::Global;
use crate::commands::shared::print::write_and_print;
use crate::disk::private::remove;
use crate::disk::vault::exists;
use crate::domain::mask::{IGNORE, LESION};
use crate::domain::record::{Size, round};
use crate::domain::words::counted;
use crate::error::UsageError;
use crate::evaluation::calibrate::{Finding, Sample, Verdict, temperature, threshold};
use crate::evaluation::eval::image::{ScoreFailure, references, together};
use crate::evaluation::eval::inputs::Inputs;
use crate::evaluation::eval::scores::Tool;
use crate::exit;
use crate::inference::manifest::Thresholds;
use crate::people::LeftOut;
use crate::store::decode_probabilities;
use args::CalibrateArgs;
use plan::{CalibratePlan, plan};

/// `calibrate.json` (`docs/schemas/calibrate.json`). Fields are added, never renamed.
#[derive(Serialize)]
struct Calibration {
    schema: &'static str,
    tool: Tool,
    model: Value,
    photos: usize,
    /// People, where the table tells them.
    subjects: Option<usize>,
    opted_out: Option<LeftOut>,
    seed: u64,
    threshold: Finding,
    /// Null where the probabilities come from the graph itself.
    temperature: Option<Finding>,
    images: Vec<Image>,
    failures: Vec<ScoreFailure>,
}

#[derive(Serialize)]
struct Image {
    image: String,
}

/// Returns the exit code.
pub fn run(args: CalibrateArgs, global: &Global) -> Result<u8> {
    let plan = plan(args)?;
    let inputs = Inputs::open(&plan.eval)?;
    let maps = maps(&inputs, &plan)?;
    let (samples, images, failures) = samples(&plan, &inputs, &maps)?;
    let names: Vec<&str> = images.iter().map(|image| image.image.as_str()).collect();
    if let Some(table) = &plan.eval.subjects {
        table.refuse_doubt(names.iter().copied())?;
    }
    let subjects = plan.eval.subjects.as_ref().and_then(|table| table.numbered(&names));
    let (of, seed) = (subjects.as_deref(), plan.eval.seed);
    let warmth = || {
        let found = temperature(&samples, of, seed);
        Finding { current: plan.run.temperature, best: plan.run.temperature * found.best, ..found }
    };
    let calibration = Calibration {
        schema: "derm-seg/calibrate/1",
        tool: Tool::default(),
        model: plan.run.model.clone(),
        photos: samples.len(),
        subjects: of.map(|people| people.iter().max().map_or(0, |most| most + 1)),
        opted_out: inputs.predictions.left_out,
        seed,
        threshold: threshold(&samples, of, plan.run.threshold, seed),
        temperature: plan.run.has_temperature.then(warmth),
        images,
        failures,
    };
    write(&plan, &calibration, global)?;
    Ok(if calibration.failures.is_empty() { exit::OK } else { exit::SOME_FAILED })
}

/// Where the probabilities of every paired photo are.
fn maps(inputs: &Inputs, plan: &CalibratePlan) -> Result<Vec<(Size, PathBuf)>, UsageError> {
    let map = |&index: &usize| match inputs.predictions.lesion_map(index) {
        Some(map) if exists(&map.1) => Ok(map),
        _ => Err(UsageError(format!(
            "{} has no map of probabilities in {}: run again with --probs, then calibrate",
            inputs.predictions.list[index].image,
            plan.eval.predictions.display()
        ))),
    };
    inputs.paired.iter().map(map).collect()
}

type Samples = (Vec<Sample>, Vec<Image>, Vec<ScoreFailure>);

fn samples(plan: &CalibratePlan, inputs: &Inputs, maps: &[(Size, PathBuf)]) -> Result<Samples> {
    let memory = MemoryGate::for_jobs(plan.eval.jobs);
    let pairs: Vec<_> = inputs.paired.iter().copied().zip(maps).collect();
    let read = parallel_map(&pairs, plan.eval.jobs, |(index, map)| sample(*index, map, plan, inputs, &memory))?;
    let (mut samples, mut images, mut failures) = (Vec::new(), Vec::new(), Vec::new());
    for ((index, _), answer) in pairs.iter().zip(read) {
        match answer {
            Ok(sample) => {
                samples.push(sample);
                images.push(Image { image: inputs.predictions.list[*index].image.clone() });
            }
            Err(failure) => failures.push(failure),
        }
    }
    match samples.is_empty() {
        true => Err(UsageError(format!("no photo could be read: {}", failures[0].message)).into()),
        false => Ok((samples, images, failures)),
    }
}

/// Bytes a pixel: of a map of 16 bits, and of a reference in colours as it is being decoded.
const READING: u64 = 16;

/// The two histograms of a photo.
fn sample(
    index: usize,
    (size, map): &(Size, PathBuf),
    plan: &CalibratePlan,
    inputs: &Inputs,
    memory: &MemoryGate,
) -> Result<Sample, ScoreFailure> {
    let image = &inputs.predictions.list[index].image;
    let unreadable = |why: String| ScoreFailure { image: image.clone(), code: "prediction_unreadable", message: why };
    let pixels = (size.width, size.height);
    let _share = memory.enter_picture(pixels, READING + inputs.annotators.len() as u64);
    let bytes = plan.eval.vault.read(map).map_err(|e| unreadable(format!("probabilities: {e}")))?;
    let values = decode_probabilities(&bytes, *size).map_err(|e| unreadable(format!("probabilities: {e}")))?;
    let references = references(index, pixels, &inputs.predictions, &inputs.annotators, plan.eval.stored_grid)?;
    let mut sample = Sample::empty();
    for (value, class) in values.iter().zip(together(&references).iter().flat_map(|map| &map.data)) {
        match *class {
            IGNORE => {}
            LESION => sample.lesion[usize::from(*value)] += 1,
            _ => sample.other[usize::from(*value)] += 1,
        }
    }
    Ok(sample)
}

fn write(plan: &CalibratePlan, calibration: &Calibration, global: &Global) -> Result<()> {
    let mut json = json!(calibration);
    round(&mut json);
    let json = [serde_json::to_vec_pretty(&json)?, b"\n".to_vec()].concat();
    let manifest = manifest(plan, calibration)?;
    let mut files: Vec<(&str, &[u8])> = vec![("calibrate.json", &json)];
    match &manifest {
        Some(manifest) => files.push(("calibrated.json", manifest)),
        // One of an earlier time would promise what no longer holds.
        None => _ = remove(&plan.output.join("calibrated.json"))?,
    }
    let table = print::table(plan, calibration, manifest.is_some());
    write_and_print(&plan.eval.vault, &plan.output, &files, &table, plan.json, global)
}

/// The manifest of the run with what is promised; nothing where nothing is.
fn manifest(plan: &CalibratePlan, calibration: &Calibration) -> Result<Option<Vec<u8>>> {
    let promised = |finding: &Finding| finding.verdict == Verdict::Promised;
    let threshold = Some(&calibration.threshold).filter(|finding| promised(finding));
    let temperature = calibration.temperature.as_ref().filter(|finding| promised(finding));
    if threshold.is_none() && temperature.is_none() {
        return Ok(None);
    }
    let lesion = threshold.map_or(plan.run.threshold, |finding| finding.best);
    let more = temperature.map_or(1.0, |finding| finding.best / finding.current);
    // Probabilities move with the temperature, and the border that was chosen moves with them.
    let moved = 1.0 / (1.0 + (-(lesion / (1.0 - lesion)).ln() / more).exp());
    let four_digits = |value: f64| (value * 1e4).round() / 1e4;
    let mut manifest = plan.run.manifest.clone();
    manifest.output.thresholds = Some(Thresholds::of_lesion(four_digits(moved.clamp(0.0001, 0.9999))));
    if temperature.is_some() {
        manifest.output.temperature = Some(four_digits(plan.run.temperature * more));
    }
    manifest.output.thresholds_source = Some(format!("derm-seg calibrate on {}", counted(calibration.photos, "photo")));
    let mut gains = json!({"calibrated": {"photos": calibration.photos, "subjects": calibration.subjects, "threshold": threshold, "temperature": temperature}});
    round(&mut gains);
    manifest.provenance = gains;
    Ok(Some([serde_json::to_vec_pretty(&manifest)?, b"\n".to_vec()].concat()))
}
