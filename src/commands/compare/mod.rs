//! `derm-seg compare`.

pub(in crate::commands) mod args;
mod plan;
mod print;

use anyhow::Result;

use crate::commands::shared::Global;
use crate::commands::shared::print::{print_failed_gates, write_and_print};
use crate::evaluation::compare::compare;
use crate::evaluation::compare::limits::Held;
use crate::exit;
use args::CompareArgs;
use plan::settings;
use print::table;

/// Returns the exit code.
pub fn run(args: CompareArgs, global: &Global) -> Result<u8> {
    let settings = settings(args)?;
    let comparison = compare(&settings.plan)?;
    let mut json = serde_json::to_vec(&comparison)?;
    json.push(b'\n');
    let vault = &settings.plan.vault;
    write_and_print(vault, &settings.output, &[("compare.json", &json)], &table(&comparison), settings.json, global)?;
    let failed = comparison.limits.iter().filter(|limit| !limit.held).map(Held::sentence);
    print_failed_gates(failed, settings.json, global);
    Ok(if comparison.limits.iter().all(|l| l.held) { exit::OK } else { exit::GATE })
}
