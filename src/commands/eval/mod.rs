//! `derm-seg eval`.

pub(in crate::commands) mod args;
mod detection;
mod labels;
mod plan;
mod print;

use anyhow::Result;

use crate::commands::shared::Global;
use crate::commands::shared::print::{print_failed_gates, write_and_print};
use crate::evaluation::eval::evaluate;
use crate::evaluation::eval::scores::{Scores, csv};
use crate::evaluation::score::gate::GateResult;
use crate::exit;
use args::EvalArgs;
use plan::settings;
use print::table;

/// Returns the exit code.
pub fn run(args: EvalArgs, global: &Global) -> Result<u8> {
    if !args.detection.findings.is_empty() {
        return detection::run(args, global);
    }
    if args.labels.labels.is_some() || args.labels.crop_truth.is_some() {
        return labels::run(args, global);
    }
    let settings = settings(args)?;
    let scores = evaluate(&settings.plan)?;
    let mut json = serde_json::to_vec(&scores)?;
    json.push(b'\n');
    let files = [("scores.json", json.as_slice()), ("scores.csv", &csv(&scores)?)];
    write_and_print(&settings.plan.vault, &settings.output, &files, &table(&scores), settings.json, global)?;
    let failed = scores.gates.iter().filter(|gate| !gate.held).map(GateResult::sentence);
    print_failed_gates(failed, settings.json, global);
    Ok(code(&scores))
}

/// A photo that failed is the graver news: the gates were held against fewer images than was meant.
fn code(scores: &Scores) -> u8 {
    if !scores.failures.is_empty() {
        exit::SOME_FAILED
    } else if scores.gates.iter().any(|g| !g.held) {
        exit::GATE
    } else {
        exit::OK
    }
}
