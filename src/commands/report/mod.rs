//! `derm-seg report`.

pub(in crate::commands) mod args;
pub(in crate::commands) mod plan;

use std::io::Write;

use anyhow::Result;

use crate::commands::shared::Global;
use crate::exit;
use crate::report::report;
use args::ReportArgs;
use plan::plan;

/// Returns the exit code.
pub fn run(args: ReportArgs, global: &Global) -> Result<u8> {
    let plan = plan(args)?;
    let summary = report(&plan)?;
    for (count, what) in [(summary.photos_missing, "photos"), (summary.masks_missing, "masks")] {
        if count > 0 {
            tracing::warn!("{count} {what} could not be read and are not shown");
        }
    }
    if !global.quiet {
        let mut out = crate::commands::shared::print::stdout();
        let page = plan.results.vault.place(&plan.output);
        let size = summary.bytes as f64 / 1e6;
        writeln!(out, "{} photos, {} plots, {size:.1} MB: {}", summary.rows, summary.figures, page.display())?;
        if let Some(left_out) = summary.left_out {
            writeln!(out, "{left_out}")?;
        }
        if summary.photos > 0 {
            writeln!(out, "the report holds small copies of {} photos: keep it where they are kept", summary.photos)?;
        }
    }
    Ok(exit::OK)
}
