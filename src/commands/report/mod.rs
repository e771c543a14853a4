//! `derm-seg report`.

pub(in crate::commands) mod args;
pub(in crate::commands) mod plan;

use std::io::Write;

use anyhow::Result;

use crate::commands::shared::Global;
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
        [(summary.photos_missing, "photos"), (summary.masks_missing, "masks"), (summary.truths_missing, "references")];
    for (count, what) in missing {
        if count > 0 {
            tracing::warn!("{count} {what} could not be read and are not shown");
        }
    }
    for doubt in plan.results.reviewed()?.iter().flat_map(Reviewed::doubts) {
        tracing::warn!("{doubt}");
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
            let (photos, size) = (summary.photos, summary.photo_size);
            writeln!(
                out,
                "the report holds copies of {photos} photos (up to {size} pixels): keep it where they are kept"
            )?;
        }
    }
    Ok(exit::OK)
}
