//! `derm-seg run`: find photos, do what is not done yet, write the tables, say what came of it.

pub(in crate::commands) mod args;
mod plan;
mod print;
mod tables;
mod tasks;
mod work;

use std::collections::HashSet;
use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context, Result};
use serde_json::json;

use crate::batch::{MemoryGate, Stop, Tools};
use crate::commands::shared::Global;
use crate::disk::describe;
use crate::disk::settle;
use crate::domain::source::by_folders;
use crate::error::{RunError, UsageError};
use crate::exit;
use crate::input::archive::Archive;
use crate::input::discover::{Arrivals, Discovered, Rules, relative};
use crate::people::{Correspondence, LeftOut, Patients, Remembered};
use crate::store::{Earlier, Outbox, OutputFolder, RunFile, opted_out_people};
use args::RunArgs;
use plan::{Models, RunPlan, plan};
use print::{RunSummary, say_what_would_be_done};
use tables::{run_file, write_run_file, write_tables};
use tasks::{
    Asked, Cleared, Row, Task, cannot_remove, earlier_records, find, make_way, refuse_mixing, sort_out, take_part,
};
use work::{Bench, not_sent};

/// Returns the exit code.
pub fn run(args: RunArgs, global: &Global) -> Result<u8> {
    let started = Instant::now();
    let plan = plan(args)?;
    // Of a stream nothing is known before it is read.
    let mut stream = plan.is_stream.then(|| arrivals(&plan)).transpose()?;
    let (mut found, opted_out) = match &stream {
        None => find(&plan)?,
        Some(_) => (Discovered { base: plan.base_of_stream().to_owned(), ..Discovered::default() }, None),
    };
    let part = take_part(&mut found, &plan)?;
    let (models, photo_plan) = plan.load_models()?;
    let faces = plan.faces.finder(&models.segmenter.runtime)?;
    let asked = Asked { settings: plan.settings(), base: relative(plan.place_of_results(), &found.base), part };
    let folder = match plan.dry_run {
        true => OutputFolder::read_only(&plan.output, &plan.vault)?,
        false => OutputFolder::open(&plan.output, &plan.vault)?,
    };
    let mut rows = sort_out(std::mem::take(&mut found.sources), &plan, &photo_plan, &folder)?;
    let earlier = earlier_records(&rows, &folder)?;
    refuse_mixing(&asked, &plan, &folder, &rows, &earlier)?;
    if plan.dry_run {
        return say_what_would_be_done(&rows, &plan);
    }

    let Cleared { kept: mut earlier, removed, pruned } = make_way(&asked, &plan, &folder, &rows, earlier)?;
    let mut summary = RunSummary::after_clearing(removed, pruned);
    (summary.opted_out, summary.part) = (opted_out, asked.part.clone());
    let mut run_file = begin(&asked, &plan, &models, &folder, &rows, opted_out)?;
    let stop = Stop::on_signals().context("signals cannot be handled")?;
    let outbox = plan.outbox.is_some().then(|| Outbox::new(std::io::stdout(), plan.vault.is_private()));
    let patients = plan.pseudonyms.as_ref().map(Patients::new);
    let table = plan.table.as_deref().map(|table| Correspondence::open(table, &plan.vault)).transpose()?;
    let memory = MemoryGate::new(plan.memory);
    let bench = Bench {
        plan: &plan,
        photo_plan: &photo_plan,
        models: &models,
        tools: Tools {
            limits: &plan.limits,
            vault: folder.vault(),
            memory: &memory,
            faces: faces.as_ref(),
            patients: patients.as_ref(),
        },
        folder: &folder,
        outbox: outbox.as_ref(),
    };
    let came = bench.segment(&mut rows, stream.as_mut(), &stop, global.quiet);
    // Also of a run that broke off: results have these codes.
    if let (Some(table), Some(patients)) = (table, &patients) {
        let written = fill(table, &rows, patients).write(&plan.opt_out, &plan.vault);
        written.context("the table of codes cannot be written")?;
    }
    came?;
    summary.totals.skipped_files = found.skipped.len() as u64;
    if let Some(arrivals) = &stream {
        take_in_stream(arrivals, &plan, &folder, &mut rows, &mut earlier, &mut found, &mut summary)?;
    }

    summary.processed = rows.iter().filter(|row| row.outcome.is_some()).count();
    let no_photos = rows.is_empty();
    write_tables(rows, &earlier, &folder, &asked.settings, &plan.scales, &mut summary)?;
    run_file.opted_out = summary.opted_out;
    run_file.totals = summary.totals;
    run_file.complete = summary.totals.not_reached == 0 && !summary.is_stopped && found.broken.is_empty();
    let seconds = started.elapsed().as_secs_f64();
    run_file.timings = Some(json!({"seconds": seconds, "jobs": plan.jobs, "photos_processed": summary.processed}));
    write_run_file(&folder, &run_file)?;
    settle(folder.root()).map_err(|e| {
        RunError(format!("The disk did not keep all results: {}. Run the same command again.", describe(&e)))
    })?;
    if let Some(outbox) = outbox {
        outbox.finish(&folder).map_err(not_sent)?;
    }

    summary.elapsed = started.elapsed();
    summary.report(&plan, global.quiet)?;
    if let Some(signal) = stop.signal()
        && (summary.is_stopped || summary.totals.not_reached > 0)
    {
        return Ok(exit::signal(signal));
    }
    found.refuse_broken()?;
    if plan.is_stream && no_photos {
        return Err(UsageError("No photos came over standard input; -v tells what was skipped.".into()).into());
    }
    Ok(if summary.failed_now > 0 { exit::SOME_FAILED } else { exit::OK })
}

/// What a later run must know even if this one is killed: the settings of the results, what their names are relative to, and
/// who opted out.
fn begin(
    asked: &Asked,
    plan: &RunPlan,
    models: &Models,
    folder: &OutputFolder,
    rows: &[Row],
    opted_out: Option<LeftOut>,
) -> Result<RunFile> {
    let overlay = plan.overlay.or(folder.overlay().filter(|_| !plan.overwrite));
    let run_file = run_file(asked, &models.segmenter, opted_out, overlay)?;
    write_run_file(folder, &run_file)?;
    folder
        .set_base(&asked.base)
        .map_err(|e| RunError(format!("The output folder cannot be written to: {}.", describe(&e))))?;
    if plan.has_list {
        remember_list(plan, rows, folder)?;
    }
    Ok(run_file)
}

/// Puts right what was not known of a stream before its end.
fn take_in_stream(
    arrivals: &Arrivals,
    plan: &RunPlan,
    folder: &OutputFolder,
    rows: &mut [Row],
    earlier: &mut Vec<Earlier>,
    found: &mut Discovered,
    summary: &mut RunSummary,
) -> Result<()> {
    rows.sort_by(|a, b| by_folders(&a.source.name, &b.source.name));
    summary.removed += take_out_of_earlier(earlier, rows, folder)?;
    summary.opted_out = plan.opt_out.left_out(&arrivals.opted_out);
    summary.totals.skipped_files = arrivals.skipped;
    summary.is_stopped = arrivals.end.is_none();
    if plan.has_list {
        remember_list(plan, rows, folder)?;
    }
    if let Some(Err(broken)) = &arrivals.end {
        found.broken.push((PathBuf::from("standard input"), broken.clone()));
    }
    Ok(())
}

/// What is on its way over standard input.
fn arrivals(plan: &RunPlan) -> Result<Arrivals<'_>, UsageError> {
    let archive = Archive::flow(Box::new(std::io::stdin())).map_err(|broken| {
        UsageError(format!(
            "Standard input is no tar of photos: {broken}. Nothing was changed; see whether the command before the pipe failed."
        ))
    })?;
    let rules = Rules { filter: &plan.filter, opt_out: &plan.opt_out, pseudonyms: plan.pseudonyms.as_ref() };
    Ok(Arrivals::new(archive, rules))
}

/// Photos that came over a stream are not of earlier runs only. Results of those who opted out go; gives back how many.
fn take_out_of_earlier(earlier: &mut Vec<Earlier>, rows: &[Row], folder: &OutputFolder) -> Result<usize, RunError> {
    let names: HashSet<&str> = rows.iter().map(|row| row.source.name.as_str()).collect();
    earlier.retain(|photo| !names.contains(photo.name.as_str()));
    let mut removed = 0;
    for row in rows.iter().filter(|row| row.task == Task::OptedOut) {
        removed += usize::from(folder.remove_with_folders(&row.source.file_name).map_err(cannot_remove)?);
    }
    Ok(removed)
}

/// What the codes of these photos stand for.
fn fill(mut table: Correspondence, rows: &[Row], patients: &Patients) -> Correspondence {
    table.patients(patients);
    for source in rows.iter().map(|row| &row.source) {
        match &source.plain_name {
            Some(name) if !source.opted_out => table.photo(&source.name, name),
            _ => table.forget_photo(&source.name),
        }
    }
    table
}

/// Before anything is done: a later run without the list must not take these people in.
fn remember_list(plan: &RunPlan, rows: &[Row], folder: &OutputFolder) -> Result<()> {
    let earlier = opted_out_people(folder.root(), folder.vault()).ok().flatten();
    let mut people = match earlier {
        Some(earlier) => earlier.anew(),
        None => Remembered::nobody().context("there are no random numbers")?,
    };
    let theirs = rows.iter().filter(|row| row.source.opted_out).map(|row| row.source.name.as_str());
    plan.opt_out.remember(&mut people, theirs);
    folder.remember_opted_out(&people).context("the list of people who opted out could not be kept")?;
    Ok(())
}
