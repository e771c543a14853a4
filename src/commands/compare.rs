//! `derm-seg compare`.

use anyhow::Result;

use super::deliver;
use crate::cli::Global;
use crate::cli::compare::CompareArgs;
use crate::compare::{compare, table::table};
use crate::exit;
use crate::settings::compare::settings;

/// Returns the exit code.
pub fn run(args: CompareArgs, global: &Global) -> Result<u8> {
    let settings = settings(args)?;
    let comparison = compare(&settings.plan)?;
    let mut json = serde_json::to_vec(&comparison)?;
    json.push(b'\n');
    let vault = &settings.plan.vault;
    deliver(vault, &settings.output, &[("compare.json", &json)], &table(&comparison), settings.json, global)?;
    Ok(if comparison.limits.iter().all(|l| l.held) { exit::OK } else { exit::GATE })
}
