//! `derm-seg series`: records and masks of slices → findings with their places and volumes.

pub(in crate::commands) mod args;
mod plan;

use std::io::Write;

use anyhow::Result;

use crate::batch::parallel_map;
use crate::commands::shared::Global;
use crate::commands::shared::print::{stdout, write_together};
use crate::domain::mask::Kinds;
use crate::domain::words::counted;
use crate::exit;
use crate::slices::findings::findings;
use crate::slices::json::{AllSeries, FindingJson, SeriesJson};
use args::SeriesArgs;
use plan::{SeriesPlan, plan};

/// So many findings of a series are printed; all are in the files.
const SHOWN: usize = 8;

/// Returns the exit code.
pub fn run(args: SeriesArgs, global: &Global) -> Result<u8> {
    let plan = plan(args)?;
    let kinds = Kinds { names: plan.results.kinds().to_vec(), has_skin_class: false };
    let series = parallel_map(&plan.stacks, plan.jobs, |stack| {
        SeriesJson::of(stack, findings(stack, &kinds, |slice| plan.results.mask(&slice.mask, slice.size)))
    })?;
    let theirs: Vec<String> = plan.results.opted_out()?.iter().map(|record| record.input().path.clone()).collect();
    let told = AllSeries {
        model: plan.model.clone(),
        series,
        left_out: plan.left_out.clone(),
        opted_out: plan.people.left_out(&theirs),
        reviewed: plan.results.reviewed()?,
    };
    let (json, csv) = (told.json()?, told.csv()?);
    write_together(&plan.results.vault, &plan.output, &[("series.json", &json), ("series.csv", &csv)])?;
    if plan.json {
        stdout().write_all(&json)?;
    } else if !global.quiet {
        print(&told, &plan)?;
    }
    let has_unread = told.series.iter().any(|series| !series.unread.is_empty());
    Ok(if has_unread { exit::SOME_FAILED } else { exit::OK })
}

fn print(told: &AllSeries, plan: &SeriesPlan) -> Result<()> {
    let mut out = stdout();
    let slices: usize = told.series.iter().map(|series| series.slices).sum();
    let findings: usize = told.series.iter().flat_map(|series| &series.findings).map(Vec::len).sum();
    writeln!(out, "{} series, {}: {}", told.series.len(), counted(slices, "slice"), counted(findings, "finding"))?;
    for (cause, count) in &told.left_out {
        writeln!(out, "in no series ({}): {}", cause.replace('_', " "), counted(*count, "photo"))?;
    }
    for series in &told.series {
        let apart = series.slice_spacing_mm.map(|mm| format!(", {} mm apart", short(mm))).unwrap_or_default();
        let codes = if series.codes.is_empty() { String::new() } else { format!(" ({})", series.codes.join(", ")) };
        writeln!(out, "{}: {}{apart}{codes}", series.name(), counted(series.slices, "slice"))?;
        let all = series.findings.as_deref().unwrap_or_default();
        for finding in all.iter().take(SHOWN) {
            writeln!(out, "  {}", described(finding))?;
        }
        if all.len() > SHOWN {
            writeln!(out, "  ... and {} more, in series.csv", all.len() - SHOWN)?;
        }
        for unread in &series.unread {
            writeln!(out, "  no mask: {}: {}", unread.path, unread.message)?;
        }
    }
    if let Some(left_out) = told.opted_out {
        writeln!(out, "{left_out}")?;
    }
    if let Some(reviewed) = told.reviewed {
        writeln!(out, "{reviewed}")?;
    }
    writeln!(out, "series.json and series.csv are in {}", plan.output.display())?;
    Ok(())
}

/// "1: nodule, 7.2 cm3 (...)" in one line.
fn described(finding: &FindingJson) -> String {
    let class = finding.class.as_deref().map(|class| format!("{class}, ")).unwrap_or_default();
    let volume = finding.volume_mm3.map_or("volume not known".to_owned(), |mm3| format!("{} mm3", short(mm3)));
    let extent = finding.extent_mm.map(|mm| mm.map_or("?".to_owned(), short)).join(" x ");
    let place = finding.place_mm.map(short).join(", ");
    let more = if finding.may_go_on { ", may go on" } else { "" };
    let slices = counted(finding.slices, "slice");
    format!("{}: {class}{volume}, {extent} mm, at ({place}), in {slices}{more}", finding.id)
}

/// With one decimal at the most.
fn short(value: f64) -> String {
    let rounded = (value * 10.0).round() / 10.0 + 0.0;
    format!("{rounded}")
}
