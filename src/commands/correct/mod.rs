//! `derm-seg correct` and `derm-seg measure`: masks that somebody changed → figures → tables → what came of it.

pub(in crate::commands) mod args;
mod plan;

use std::io::Write;

use anyhow::{Context, Result};
use serde_json::json;

use crate::annotations::corrections::{Corrector, Refused, Taken};
use crate::batch::progress::Progress;
use crate::batch::{MemoryGate, Tools, contained, parallel_map, quiet_worker_panics};
use crate::commands::shared::Global;
use crate::commands::shared::print::stdout;
use crate::disk::settle;
use crate::domain::words::counted;
use crate::error::Stage;
use crate::exit;
use crate::input::decode::Limits;
use crate::store::{file_name_of, refresh_tables};
use args::{CorrectArgs, MeasureArgs};
use plan::{CorrectPlan, Unused};

pub fn correct(args: CorrectArgs, global: &Global) -> Result<u8> {
    carry_out(plan::correct(args)?, global)
}

pub fn measure(args: MeasureArgs, global: &Global) -> Result<u8> {
    carry_out(plan::measure(args)?, global)
}

#[derive(Default)]
struct Summary {
    corrected: usize,
    same: usize,
    /// Photos of which crops were cut.
    cut: usize,
    /// Photos whose figures in millimetres are new.
    scaled: usize,
    failed: Vec<(String, String)>,
    /// Files in OUT that are of the masks before.
    outdated: Vec<&'static str>,
}

/// Returns the exit code.
fn carry_out(plan: CorrectPlan, global: &Global) -> Result<u8> {
    quiet_worker_panics();
    let memory = MemoryGate::for_jobs(plan.jobs);
    let limits = Limits { max_pixels: u64::MAX, max_file_bytes: u64::MAX };
    let tools = Tools { limits: &limits, vault: plan.folder.vault(), memory: &memory, faces: None, patients: None };
    let (crops, cuts_all) = (plan.crops.clone(), plan.cuts_all);
    let corrector = Corrector { folder: &plan.folder, tools, overlay: plan.overlay, crops, cuts_all };
    let progress = Progress::new(plan.photos.len() as u64, global.quiet);
    let outcomes = parallel_map(&plan.photos, plan.jobs, |(done, mask)| {
        let source = plan.sources.get(&done.input.path);
        let taken = contained(&mut Stage::Measure, |_| corrector.take(done, source, plan.masks.as_ref().zip(*mask)));
        progress.step(0);
        taken
    });
    progress.finish();
    let mut summary = Summary::default();
    let mut stopped = None;
    for ((done, _), outcome) in plan.photos.iter().zip(outcomes?) {
        match outcome {
            Ok(Taken::New) => {
                summary.corrected += 1;
                summary.cut += usize::from(plan.cuts_all);
            }
            Ok(Taken::Same) => summary.same += 1,
            Ok(Taken::Cut) => {
                summary.same += 1;
                summary.cut += 1;
            }
            Err(Refused::Run(error)) => stopped = Some(error),
            Err(why) => summary.failed.push((done.input.path.clone(), why.to_string())),
        }
    }
    summary.scaled = rescale(&plan)?;
    // Also after a command that was killed before it came to the tables.
    let crops = plan.crops.as_ref().filter(|_| plan.cuts_all);
    let outdated =
        refresh_tables(&plan.folder, crops).context("the tables could not be written; run the same command again")?;
    if summary.corrected + summary.scaled > 0 {
        summary.outdated = outdated;
    }
    settle(plan.folder.root()).context("the disk did not keep all results; run the same command again")?;
    if let Some(error) = stopped {
        return Err(error.into());
    }
    print(&summary, &plan, global)?;
    Ok(if summary.failed.is_empty() && plan.unused.is_empty() { exit::OK } else { exit::SOME_FAILED })
}

/// Gives photos their figures in millimetres, by what was said of their scale now.
fn rescale(plan: &CorrectPlan) -> Result<usize> {
    let mut scaled = 0;
    if plan.scales.is_empty() {
        return Ok(0);
    }
    for (done, _) in &plan.photos {
        let mut record = plan.folder.read_record(file_name_of(done))?;
        if plan.scales.apply(&mut record) {
            plan.folder.rewrite_record(&record)?;
            scaled += 1;
        }
    }
    Ok(scaled)
}

fn print(summary: &Summary, plan: &CorrectPlan, global: &Global) -> Result<()> {
    let mut out = stdout();
    if plan.json {
        let failed = summary.failed.iter().map(|(path, why)| json!({"path": path, "message": why}));
        let unused = plan.unused.iter().map(|Unused { path, why }| json!({"path": path, "message": why}));
        let cut = plan.cuts_all.then_some(summary.cut);
        let mut summary = json!({
            "schema": "derm-seg/correct/1", "corrected": summary.corrected, "same": summary.same, "scaled": summary.scaled,
            "failed": failed.collect::<Vec<_>>(), "unused": unused.collect::<Vec<_>>(), "outdated": summary.outdated,
        });
        if let Some(cut) = cut {
            summary["cut"] = cut.into();
        }
        return Ok(writeln!(out, "{summary:#}")?);
    }
    for (path, why) in &summary.failed {
        writeln!(out, "failed: {path}: {why}")?;
    }
    for Unused { path, why } in &plan.unused {
        writeln!(out, "not used: {path}: {why}")?;
    }
    if global.quiet {
        return Ok(());
    }
    let [new, same] = [summary.corrected, summary.same].map(|count| counted(count, "mask"));
    let (failed, not_used) = (summary.failed.len(), plan.unused.len());
    writeln!(out, "{new} taken in, {same} as before, {failed} failed, {not_used} not used")?;
    let shown = plan.folder.root().display();
    if plan.cuts_all {
        writeln!(
            out,
            "crops of {} are in {shown}/crops; they show skin: keep them as the photos",
            counted(summary.cut, "photo")
        )?;
    }
    if summary.scaled > 0 {
        writeln!(out, "{} measured in millimetres", counted(summary.scaled, "photo"))?;
    }
    if summary.corrected > 0 {
        writeln!(out, "figures and tables in {shown} are of these masks now")?;
    }
    if !summary.outdated.is_empty() {
        let of = if summary.corrected > 0 { "masks" } else { "figures" };
        writeln!(out, "{} in {shown} are of the {of} before: make them again", summary.outdated.join(", "))?;
    }
    Ok(())
}
