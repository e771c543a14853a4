//! `derm-seg run`: find photos, do what is not done yet, write the tables, say what came of it.

pub(in crate::commands) mod args;
mod plan;
mod print;
mod tables;
mod tasks;

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use anyhow::{Context, Result};
use serde_json::json;

use crate::batch::progress::Progress;
use crate::batch::{
    Content, Engines, Feed, Flow, MemoryGate, Stop, Tools, Work, process, quiet_worker_panics, run_all,
};
use crate::commands::shared::Global;
use crate::disk::describe;
use crate::disk::settle;
use crate::domain::record::{Outcome, Record};
use crate::domain::source::Source;
use crate::error::{RunError, UsageError};
use crate::exit;
use crate::input::archive::Archive;
use crate::input::discover::{Arrivals, Discovered, Rules, relative};
use crate::people::{Correspondence, Patients, Remembered};
use crate::store::{Earlier, Outbox, OutputFolder, State, opted_out_people};
use args::RunArgs;
use plan::{RunPlan, plan};
use print::{RunSummary, say_what_would_be_done};
use tables::{run_file, write_run_file, write_tables};
use tasks::{
    Asked, Cleared, Row, Task, cannot_remove, earlier_records, find, make_way, refuse_mixing, sort_out, take_part, task,
};

/// Returns the exit code.
pub fn run(args: RunArgs, global: &Global) -> Result<u8> {
    let started = Instant::now();
    let plan = plan(args)?;
    // Of a stream nothing is known before it is read.
    let mut stream = plan.is_stream.then(|| arrivals(&plan)).transpose()?;
    let (mut found, mut opted_out) = match &stream {
        None => find(&plan)?,
        Some(_) => (Discovered { base: plan.base_of_stream().to_owned(), ..Discovered::default() }, None),
    };
    let part = take_part(&mut found, &plan)?;
    let (models, photo_plan) = plan.ready()?;
    let faces = plan.faces.finder(&models.segmenter.runtime)?;
    let asked = Asked { settings: plan.settings(), base: relative(plan.place_of_results(), &found.base), part };
    let folder = match plan.dry_run {
        true => OutputFolder::look(&plan.output, &plan.vault)?,
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
        remember_list(&plan, &rows, &folder)?;
    }
    let todo: Vec<usize> = (0..rows.len()).filter(|&row| rows[row].is_to_do()).collect();
    tracing::info!("{} photos, {} to do, {} jobs", rows.len(), todo.len(), plan.jobs);
    let stop = Stop::on_signals().context("signals cannot be handled")?;
    quiet_worker_panics();
    let memory = MemoryGate::new(plan.memory);
    let patients = plan.pseudonyms.as_ref().map(Patients::new);
    let table = plan.table.as_deref().map(|table| Correspondence::open(table, &plan.vault)).transpose()?;
    let tools = Tools {
        limits: &plan.limits,
        vault: folder.vault(),
        memory: &memory,
        faces: faces.as_ref(),
        patients: patients.as_ref(),
    };
    let outbox = plan.outbox.is_some().then(|| Outbox::new(std::io::stdout(), plan.vault.is_private()));
    let progress = Progress::new(stream.is_none().then_some(todo.len() as u64), global.quiet);
    let failed = AtomicU64::new(0);
    let work = |source: &Source, told: Task, content: Option<Content>, engines: &mut Engines| {
        let task = match told {
            // Its content is known now.
            Task::Process(State::Unread) => {
                task(source, &plan, &photo_plan, &folder, content.as_ref().and_then(Content::blake3))
            }
            other => other,
        };
        if !matches!(task, Task::Process(_)) {
            return Ok((task, None));
        }
        let record = process(source, content, Work { plan: &photo_plan, tools, folder: &folder }, engines)?;
        log(&record.outcome);
        if let Some(outbox) = &outbox {
            outbox.send_photo(&folder, &source.file_name).map_err(not_sent)?;
        }
        let bad = u64::from(matches!(record.outcome, Outcome::Failed(_)));
        progress.step(failed.fetch_add(bad, Ordering::Relaxed) + bad);
        to_keep_in_memory(record, &plan).map(|record| (task, Some(record)))
    };
    let open = || models.open();
    let came = match &mut stream {
        None => {
            let feed = Feed::new(todo.iter().map(|&row| &rows[row].source), tools);
            let came = run_all(feed, plan.jobs, &stop, &open, |(place, content), engines| {
                let row = &rows[todo[place]];
                Ok((todo[place], work(&row.source, row.task, content, engines)?))
            });
            came.map(|came| came.into_iter().for_each(|(row, came)| (rows[row].task, rows[row].outcome) = came))
        }
        Some(arrivals) => {
            let came = run_all(Flow { arrivals, tools }, plan.jobs, &stop, &open, |(source, content), engines| {
                let told = if source.opted_out { Task::OptedOut } else { Task::Process(State::Unread) };
                let (task, outcome) = work(&source, told, content, engines)?;
                Ok(Row { source, task, outcome })
            });
            came.map(|came| rows = came)
        }
    };
    progress.finish();
    if let (Some(table), Some(patients)) = (table, &patients) {
        let written = fill(table, &rows, patients).write(&plan.opt_out, &plan.vault);
        written.context("the table of codes cannot be written")?;
    }
    came?;
    if let Some(arrivals) = &stream {
        rows.sort_by(|a, b| a.source.name.split('/').cmp(b.source.name.split('/')));
        summary.removed += take_out_of_earlier(&mut earlier, &rows, &folder)?;
        opted_out = plan.opt_out.left_out(&arrivals.opted_out);
        run_file.opted_out = opted_out;
        if plan.has_list {
            remember_list(&plan, &rows, &folder)?;
        }
        if let Some(Err(broken)) = &arrivals.end {
            found.broken.push((PathBuf::from("standard input"), broken.clone()));
        }
    }
    let is_stopped = stream.as_ref().is_some_and(|arrivals| arrivals.end.is_none());
    let skipped = stream.as_ref().map_or(found.skipped.len() as u64, |arrivals| arrivals.skipped);

    summary.processed = rows.iter().filter(|row| row.outcome.is_some()).count();
    let came = rows.len();
    write_tables(rows, &earlier, &folder, &asked.settings, &plan.scales, &mut summary)?;
    summary.totals.skipped_files = skipped;
    run_file.totals = summary.totals;
    run_file.complete = summary.totals.not_reached == 0 && !is_stopped && found.broken.is_empty();
    let seconds = started.elapsed().as_secs_f64();
    run_file.timings = Some(json!({"seconds": seconds, "jobs": plan.jobs, "photos_processed": summary.processed}));
    write_run_file(&folder, &run_file)?;
    settle(folder.root()).map_err(|e| {
        RunError(format!("The disk did not keep all results: {}. Run the same command again.", describe(&e)))
    })?;

    if let Some(outbox) = outbox {
        outbox.finish(&folder).map_err(not_sent)?;
    }

    summary.opted_out = opted_out;
    summary.part = asked.part;
    summary.is_stopped = is_stopped;
    summary.elapsed = started.elapsed();
    summary.report(&plan, global.quiet)?;
    if let Some(signal) = stop.signal()
        && (is_stopped || summary.totals.not_reached > 0)
    {
        return Ok(exit::signal(signal));
    }
    found.refuse_broken()?;
    if plan.is_stream && came == 0 {
        return Err(UsageError("No photos came over standard input; -v tells what was skipped.".into()).into());
    }
    Ok(if summary.failed_now > 0 { exit::SOME_FAILED } else { exit::OK })
}

fn not_sent(error: std::io::Error) -> RunError {
    let why = match error.kind() {
        std::io::ErrorKind::BrokenPipe => "the program that was to take them stopped".to_owned(),
        _ => describe(&error),
    };
    RunError(format!(
        "Not all results were sent to standard output: {why}. There is nothing to go on from: run the same command again."
    ))
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
fn to_keep_in_memory(record: Record, plan: &RunPlan) -> Result<Option<Box<Record>>, RunError> {
    match record.done() {
        None => Ok(Some(Box::new(record))),
        Some(_) if plan.vault.reads_its_own() => Ok(None),
        Some(_) => record
            .as_written()
            .map(|record| Some(Box::new(record)))
            .map_err(|e| RunError(format!("a record cannot be kept: {e}"))),
    }
}
