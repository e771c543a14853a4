//! `derm-seg eval`.

use anyhow::Result;

use super::deliver;
use crate::cli::Global;
use crate::cli::eval::EvalArgs;
use crate::eval::scores::{Scores, csv};
use crate::eval::{evaluate, table::table};
use crate::exit;
use crate::settings::eval::settings;

/// Returns the exit code.
pub fn run(args: EvalArgs, global: &Global) -> Result<u8> {
    let settings = settings(args)?;
    let scores = evaluate(&settings.plan)?;
    let mut json = serde_json::to_vec(&scores)?;
    json.push(b'\n');
    let files = [("scores.json", json.as_slice()), ("scores.csv", &csv(&scores)?)];
    deliver(&settings.plan.vault, &settings.output, &files, &table(&scores), settings.json, global)?;
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
