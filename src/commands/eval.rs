//! `derm-seg eval`.

use std::io::Write;

use anyhow::{Context, Result};

use crate::cli::Global;
use crate::cli::eval::EvalArgs;
use crate::eval::scores::{Scores, csv};
use crate::eval::{evaluate, table::table};
use crate::exit;
use crate::output::write;
use crate::settings::eval::settings;

/// Returns the exit code.
pub fn run(args: EvalArgs, _global: &Global) -> Result<u8> {
    let settings = settings(args)?;
    let scores = evaluate(&settings.plan)?;
    let mut json = serde_json::to_vec(&scores)?;
    json.push(b'\n');
    for (name, bytes) in [("scores.json", json.as_slice()), ("scores.csv", &csv(&scores)?)] {
        let path = settings.output.join(name);
        write(&settings.plan.vault, &path, bytes).with_context(|| format!("cannot write {}", path.display()))?;
    }
    let told = || format!("{}\nscores.json and scores.csv are in {}\n", table(&scores), settings.output.display());
    std::io::stdout().write_all(&if settings.json { json } else { told().into_bytes() })?;
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
