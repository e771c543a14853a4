//! `derm-seg report`.

pub(in crate::commands) mod args;
mod plan;

use std::io::Write;

use anyhow::Result;

use crate::commands::shared::Global;
use crate::domain::words::counted;
use crate::exit;
use crate::report::report;
use crate::store::review::Reviewed;
use args::ReportArgs;
use plan::plan;

/// Returns the exit code.
pub fn run(args: ReportArgs, global: &Global) -> Result<u8> {
    let plan = plan(args)?;
    let summary = report(&plan)?;
    let missing =
        [(summary.photos_missing, "photo"), (summary.masks_missing, "mask"), (summary.truths_missing, "reference")];
    for (count, what) in missing.into_iter().filter(|(count, _)| *count > 0) {
        tracing::warn!("could not be read and are not shown: {}", counted(count, what));
    }
    for doubt in plan.results.reviewed()?.iter().flat_map(Reviewed::doubts) {
        tracing::warn!("review: {doubt}");
    }
    if !global.quiet {
        let mut out = crate::commands::shared::print::stdout();
        let page = plan.results.vault.place(&plan.output);
        let size = summary.bytes as f64 / 1e6;
        let (photos, plots) = (counted(summary.rows, "photo"), counted(summary.figures, "plot"));
        writeln!(out, "{photos}, {plots}, {size:.1} MB: {}", page.display())?;
        if let Some(left_out) = summary.left_out {
            writeln!(out, "{left_out}")?;
        }
        if summary.photos > 0 {
            let (photos, size) = (counted(summary.photos, "photo"), summary.photo_size);
            writeln!(
                out,
                "the report holds copies of {photos} (up to {size} pixels): keep it where the photos are kept"
            )?;
        }
    }
    Ok(exit::OK)
}
