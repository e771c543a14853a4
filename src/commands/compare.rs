//! `derm-seg compare`.

use std::io::Write;

use anyhow::{Context, Result};

use crate::cli::Global;
use crate::cli::compare::CompareArgs;
use crate::compare::{compare, table::table};
use crate::exit;
use crate::output::write;
use crate::settings::compare::settings;

/// Returns the exit code.
pub fn run(args: CompareArgs, _global: &Global) -> Result<u8> {
    let settings = settings(args)?;
    let comparison = compare(&settings.plan)?;
    let mut json = serde_json::to_vec(&comparison)?;
    json.push(b'\n');
    let path = settings.output.join("compare.json");
    write(&settings.plan.vault, &path, &json).with_context(|| format!("cannot write {}", path.display()))?;
    let told = || format!("{}\ncompare.json is in {}\n", table(&comparison), settings.output.display());
    std::io::stdout().write_all(&if settings.json { json } else { told().into_bytes() })?;
    Ok(if comparison.limits.iter().all(|l| l.held) { exit::OK } else { exit::GATE })
}
