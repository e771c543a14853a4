//! `derm-seg run`: find photos, do what is not done yet, write the tables, say what came of it.

pub(in crate::commands) mod args;
mod plan;
mod print;
mod tables;
mod tasks;

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use anyhow::{Context, Result};
use serde_json::json;

use crate::batch::progress::Progress;
use crate::batch::{MemoryGate, Stop, Tools, process, quiet_worker_panics, run_all};
use crate::commands::shared::Global;
use crate::disk::describe;
use crate::disk::settle;
use crate::domain::record::{Outcome, Record};
use crate::domain::source::Source;
use crate::error::RunError;
use crate::exit;
use crate::input::discover::relative;
use crate::people::Remembered;
use crate::store::{OutputFolder, opted_out_people};
use args::RunArgs;
use plan::{RunPlan, plan};
use print::{RunSummary, say_what_would_be_done};
use tables::{run_file, write_run_file, write_tables};
use tasks::{Asked, Cleared, Task, earlier_records, find, make_way, refuse_mixing, sort_out, take_part};

/// Returns the exit code.
pub fn run(args: RunArgs, global: &Global) -> Result<u8> {
    let started = Instant::now();
    let plan = plan(args)?;
    let (mut found, opted_out) = find(&plan)?;
    let part = take_part(&mut found, &plan)?;
    let (models, photo_plan) = plan.ready()?;
    let faces = plan.faces.finder(&models.segmenter.runtime)?;
    let asked = Asked { settings: plan.settings(), base: relative(&plan.output, &found.base), part };
    let folder = match plan.dry_run {
        true => OutputFolder::look(&plan.output, &plan.vault)?,
        false => OutputFolder::open(&plan.output, &plan.vault)?,
    };
    let sorted = sort_out(&found.sources, &plan, &photo_plan, &folder)?;
    let earlier = earlier_records(&found.sources, &folder)?;
    refuse_mixing(&asked, &plan, &folder, &sorted, &earlier)?;
    if plan.dry_run {
        return say_what_would_be_done(&sorted, &plan);
    }
    let Cleared { kept: earlier, removed, pruned } = make_way(&asked, &plan, &folder, &sorted, earlier)?;
    let mut summary = RunSummary::after_clearing(removed, pruned);
    let mut run_file = run_file(
        &asked.settings,
        &models.segmenter,
        opted_out,
        plan.overlay.or(folder.overlay().filter(|_| !plan.overwrite)),
    )?;
    run_file.part = asked.part.clone();
    write_run_file(&folder, &run_file)?;
    folder
        .set_base(&asked.base)
        .map_err(|e| RunError(format!("The output folder cannot be written to: {}.", describe(&e))))?;

    if plan.has_list {
        remember_list(&plan, &found.sources, &folder)?;
    }
    let todo: Vec<&Source> =
        sorted.iter().filter(|(_, task)| matches!(task, Task::Process(_))).map(|(source, _)| *source).collect();
    tracing::info!("{} photos, {} to do, {} jobs", sorted.len(), todo.len(), plan.jobs);
    let stop = Stop::on_signals().context("signals cannot be handled")?;
    quiet_worker_panics();
    let memory = MemoryGate::new(plan.memory);
    let tools = Tools { limits: &plan.limits, vault: folder.vault(), memory: &memory, faces: faces.as_ref() };
    let progress = Progress::new(todo.len() as u64, global.quiet);
    let failed = AtomicU64::new(0);
    let outcomes = run_all(&todo, plan.jobs, &stop, &|| models.open(), |source, engines| {
        let record = process(source, &photo_plan, tools, engines, &folder)?;
        log(&record.outcome);
        let bad = u64::from(matches!(record.outcome, Outcome::Failed(_)));
        progress.step(failed.fetch_add(bad, Ordering::Relaxed) + bad);
        to_keep_in_memory(record, &plan)
    });
    progress.finish();
    let outcomes = outcomes?;

    summary.processed = outcomes.iter().flatten().count();
    write_tables(&sorted, outcomes, &earlier, &folder, &asked.settings, &plan.scales, &mut summary)?;
    summary.totals.skipped_files = found.skipped.len() as u64;
    run_file.totals = summary.totals;
    run_file.complete = summary.totals.not_reached == 0;
    let seconds = started.elapsed().as_secs_f64();
    run_file.timings = Some(json!({"seconds": seconds, "jobs": plan.jobs, "photos_processed": summary.processed}));
    write_run_file(&folder, &run_file)?;
    settle(folder.root()).map_err(|e| {
        RunError(format!("The disk did not keep all results: {}. Run the same command again.", describe(&e)))
    })?;

    summary.opted_out = opted_out;
    summary.part = asked.part;
    summary.elapsed = started.elapsed();
    summary.report(&plan, global.quiet)?;
    Ok(match stop.signal() {
        Some(signal) if summary.totals.not_reached > 0 => exit::signal(signal),
        _ if summary.failed_now > 0 => exit::SOME_FAILED,
        _ => exit::OK,
    })
}

/// Before anything is done: a later run without the list must not take these people in.
fn remember_list(plan: &RunPlan, sources: &[Source], folder: &OutputFolder) -> Result<()> {
    let earlier = opted_out_people(folder.root(), folder.vault()).ok().flatten();
    let mut people = match earlier {
        Some(earlier) => earlier.anew(),
        None => Remembered::nobody().context("there are no random numbers")?,
    };
    let theirs = sources.iter().filter(|source| source.opted_out).map(|source| source.name.as_str());
    plan.opt_out.remember(&mut people, theirs);
    folder.remember_opted_out(&people).context("the list of people who opted out could not be kept")?;
    Ok(())
}

fn log(outcome: &Outcome) {
    match outcome {
        Outcome::Done(done) => tracing::info!("done: {} (lesions: {})", done.input.path, done.lesions.len()),
        Outcome::Excluded(out) => tracing::info!("excluded: {} ({})", out.input.path, out.exclusion.reason),
        Outcome::Failed(bad) => {
            tracing::info!("failed: {} ({}): {}", bad.input.path, bad.failure.code, bad.failure.message);
        }
    }
}

/// Records of finished photos are on disk: only the others are kept in memory, and those that cannot be read back.
fn to_keep_in_memory(record: Record, plan: &RunPlan) -> Result<Option<Record>, RunError> {
    match record.done() {
        None => Ok(Some(record)),
        Some(_) if plan.vault.reads_its_own() => Ok(None),
        Some(_) => record.as_written().map(Some).map_err(|e| RunError(format!("a record cannot be kept: {e}"))),
    }
}
