//! `derm-seg eval --labels` and `--crop-truth`: what a classifier says, and where it looked.

mod plan;
mod print;

use anyhow::Result;

use crate::commands::eval::args::EvalArgs;
use crate::commands::shared::Global;
use crate::commands::shared::print::write_and_print;
use crate::evaluation::labels::{csv, evaluate};
use crate::exit;
use plan::settings;
use print::table;

/// Returns the exit code.
pub fn run(args: EvalArgs, global: &Global) -> Result<u8> {
    let settings = settings(args)?;
    let scores = evaluate(&settings.plan)?;
    let mut json = serde_json::to_vec(&scores)?;
    json.push(b'\n');
    let files = [("labels.json", json.as_slice()), ("labels.csv", &csv(&scores)?)];
    write_and_print(&settings.plan.vault, &settings.output, &files, &table(&scores), settings.json, global)?;
    Ok(exit::OK)
}
