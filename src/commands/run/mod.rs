//! `derm-seg run`: find photos, do what is not done yet, write the tables, say what came of it.

pub(in crate::commands) mod args;
mod plan;
mod print;

use std::io::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use anyhow::{Context, Result};
use serde_json::json;

use crate::batch::progress::Progress;
use crate::batch::{MemoryGate, PhotoPlan, Stop, parallel_map, process, quiet_worker_panics, run_all};
use crate::commands::cli::Global;
use crate::domain::record::{Excluded, Input, Outcome, Privacy, Record};
use crate::domain::source::Source;
use crate::error::{RunError, UsageError};
use crate::exit;
use crate::input::discover::{Discovered, check_locks, discover};
use crate::people::{LeftOut, OptOut};
use crate::store::{OutputFolder, RunFile, Tables, Totals, Unfinished};
use args::RunArgs;
use plan::{RunPlan, plan};

use print::Summary;

/// Returns the exit code.
pub fn run(args: RunArgs, global: &Global) -> Result<u8> {
    let started = Instant::now();
    let plan = plan(args)?;
    let (found, opted_out) = find(&plan)?;
    let (ready, photo_plan) = plan.ready()?;
    let faces = plan.faces.finder(&ready.runtime)?;
    let settings = plan.settings();
    if plan.dry_run {
        let folder = OutputFolder::look(&plan.output, &plan.vault)?;
        return say_what_would_be_done(&sort_out(&found.sources, &plan, &photo_plan, &folder)?, &plan);
    }
    let folder = OutputFolder::open(&plan.output, &plan.vault, &settings, plan.overwrite)?;
    let sorted = sort_out(&found.sources, &plan, &photo_plan, &folder)?;
    let removed = remove_opted_out(&sorted, &photo_plan, &folder)?;
    let mut run_file = RunFile {
        schema: crate::store::RUN_SCHEMA.to_owned(),
        tool: json!({"name": "derm-seg", "version": env!("CARGO_PKG_VERSION")}),
        model: json!({
            "name": ready.model.id.name, "version": ready.model.id.version, "sha256": ready.model.id.sha256,
            "licence": ready.model.manifest.licence, "understood": ready.spec,
        }),
        settings,
        runtime: serde_json::to_value(&ready.runtime.info)?,
        opted_out,
        totals: Totals::default(),
        complete: false,
        timings: None,
        research_use_only: "Research use only. Not a medical device; results are best effort and must not guide care."
            .to_owned(),
    };
    write_run_file(&folder, &run_file)?;

    let todo: Vec<&Source> =
        sorted.iter().filter(|(_, task)| matches!(task, Task::Process(_))).map(|(source, _)| *source).collect();
    tracing::info!("{} photos, {} to do, {} jobs", sorted.len(), todo.len(), plan.jobs);
    let stop = Stop::on_signals().context("signals cannot be handled")?;
    quiet_worker_panics();
    let progress = Progress::new(todo.len() as u64, global.quiet);
    let failed = AtomicU64::new(0);
    let memory = MemoryGate::new(plan.memory);
    let reads_back = plan.vault.reads_its_own();
    let outcomes = run_all(&todo, plan.jobs, &stop, &|| ready.open(), |source, engine| {
        let record = process(source, &photo_plan, &memory, engine, faces.as_ref(), &folder)?;
        let bad = u64::from(matches!(record.outcome, Outcome::Failed(_)));
        progress.step(failed.fetch_add(bad, Ordering::Relaxed) + bad);
        // Records of finished photos are on disk: only the others are kept in memory, and those that cannot be read back.
        Ok(match record.done() {
            None => Some(record),
            Some(_) if reads_back => None,
            Some(_) => Some(record.as_written().map_err(|e| RunError(format!("a record cannot be kept: {e}")))?),
        })
    });
    progress.finish();
    let outcomes = outcomes?;

    let processed = outcomes.iter().flatten().count();
    let mut summary = write_tables(&sorted, outcomes, &folder, &found)?;
    let seconds = started.elapsed().as_secs_f64();
    run_file.totals = summary.totals;
    run_file.complete = summary.totals.not_reached == 0;
    run_file.timings = Some(json!({"seconds": seconds, "jobs": plan.jobs, "photos_processed": processed}));
    write_run_file(&folder, &run_file)?;

    summary.opted_out = opted_out;
    summary.removed = removed;
    summary.kept = sorted.iter().filter(|(_, task)| matches!(task, Task::Keep)).count();
    summary.processed = processed;
    summary.elapsed = started.elapsed();
    summary.report(&plan, global.quiet)?;
    Ok(match stop.signal() {
        Some(signal) if summary.totals.not_reached > 0 => exit::signal(signal),
        _ if summary.totals.failed > 0 => exit::SOME_FAILED,
        _ => exit::OK,
    })
}

/// The photos, under the names that results give them, and what the list of people who opted out did.
fn find(plan: &RunPlan) -> Result<(Discovered, Option<LeftOut>), UsageError> {
    let mut found = discover(&plan.inputs, plan.base.as_deref(), &plan.filter, Some(&plan.output), &plan.opt_out)?;
    for path in &found.skipped {
        tracing::info!("skipped, no photo: {}", path.file_name().unwrap_or_default().to_string_lossy());
    }
    for _ in &found.loops {
        tracing::warn!("a link that leads back to a folder above it was not followed");
    }
    if found.sources.is_empty() {
        return Err(UsageError("No photos were found. Name files or folders that hold JPEG, PNG, TIFF, BMP, WebP or GIF files; -v tells what was skipped.".into()));
    }
    let theirs: Vec<String> = found.sources.iter().filter(|s| s.opted_out).map(|s| s.name.clone()).collect();
    let opted_out = plan.opt_out.left_out(&theirs);
    if let Some(pseudonyms) = &plan.pseudonyms {
        for source in &mut found.sources {
            source.name = pseudonyms.path(&source.name);
            source.file_name = source.name.clone();
        }
        found.sources.sort_by(|a, b| a.name.split('/').cmp(b.name.split('/')));
    }
    let opened = found.sources.iter().filter(|source| !source.opted_out);
    check_locks(opened.map(|source| source.path.as_path()), &plan.vault, true)?;
    Ok((found, opted_out))
}

/// What is to be done with a photo.
enum Task {
    Keep,
    Process(Unfinished),
    OptedOut,
}

fn sort_out<'a>(
    sources: &'a [Source],
    plan: &RunPlan,
    photo_plan: &PhotoPlan,
    folder: &OutputFolder,
) -> Result<Vec<(&'a Source, Task)>, RunError> {
    parallel_map(sources, plan.jobs, |source| {
        let task = match source.opted_out {
            true => Task::OptedOut,
            false => match folder.state(source, &photo_plan.extra_files(source), plan.verify) {
                Ok(_) if !plan.overwrite => Task::Keep,
                Ok(_) => Task::Process(Unfinished::New),
                Err(why) => Task::Process(why),
            },
        };
        (source, task)
    })
}

/// Photos of people who opted out since the last run: what had been made of them goes.
fn remove_opted_out(
    sorted: &[(&Source, Task)],
    photo_plan: &PhotoPlan,
    folder: &OutputFolder,
) -> Result<usize, RunError> {
    let mut removed = 0;
    for (source, _) in sorted.iter().filter(|(_, task)| matches!(task, Task::OptedOut)) {
        let gone = folder.remove(source, &photo_plan.extra_files(source));
        removed += usize::from(gone.map_err(|e| {
            RunError(format!(
                "Results of a person who opted out could not be removed: {e}. Remove them by hand or run again."
            ))
        })?);
    }
    Ok(removed)
}

fn write_run_file(folder: &OutputFolder, run_file: &RunFile) -> Result<()> {
    let mut bytes = serde_json::to_vec_pretty(run_file)?;
    bytes.push(b'\n');
    folder
        .write("run.json", &bytes)
        .map_err(|e| RunError(format!("run.json could not be written: {e}. Make room or choose another folder.")))?;
    Ok(())
}

fn write_tables(
    sorted: &[(&Source, Task)],
    outcomes: Vec<Option<Option<Record>>>,
    folder: &OutputFolder,
    found: &Discovered,
) -> Result<Summary> {
    let full = |e: std::io::Error| {
        RunError(format!(
            "The tables could not be written: {e}. The photos' own results are intact; make room and run again."
        ))
    };
    let mut tables = Tables::create(folder.vault(), folder.root()).map_err(full)?;
    let mut summary = Summary::default();
    summary.totals.inputs = sorted.len() as u64;
    summary.totals.skipped_files = found.skipped.len() as u64;
    let mut outcomes = outcomes.into_iter();
    for (source, task) in sorted {
        let record = match task {
            Task::OptedOut => {
                let input = Input { path: source.name.clone(), ..Input::default() };
                Some(Record::new(Outcome::Excluded(Excluded {
                    input,
                    exclusion: OptOut::exclusion(),
                    privacy: Privacy::default(),
                })))
            }
            Task::Keep => folder.read_record(source),
            Task::Process(_) => match outcomes.next().flatten() {
                Some(Some(record)) => Some(record),
                Some(None) => folder.read_record(source),
                None => None,
            },
        };
        match record {
            Some(record) => {
                summary.count(&record);
                tables.add(&record).map_err(full)?;
            }
            None => summary.totals.not_reached += 1,
        }
    }
    tables.finish().map_err(full)?;
    Ok(summary)
}

fn say_what_would_be_done(sorted: &[(&Source, Task)], plan: &RunPlan) -> Result<u8> {
    let count = |wanted: fn(&Task) -> bool| sorted.iter().filter(|(_, task)| wanted(task)).count();
    let new = count(|t| matches!(t, Task::Process(Unfinished::New)));
    let changed = count(|t| matches!(t, Task::Process(Unfinished::InputChanged)));
    let damaged = count(|t| matches!(t, Task::Process(Unfinished::OutputDamaged)));
    let (kept, out) = (count(|t| matches!(t, Task::Keep)), count(|t| matches!(t, Task::OptedOut)));
    let mut stdout = crate::commands::shared::print::stdout();
    if plan.json {
        let plan = json!({"schema": "derm-seg/dry-run/1", "photos": sorted.len(), "new": new, "changed": changed, "damaged": damaged, "done": kept, "opted_out": out});
        writeln!(stdout, "{plan}")?;
        return Ok(exit::OK);
    }
    for (source, task) in sorted {
        let word = match task {
            Task::Keep => continue,
            Task::Process(Unfinished::New) => "new",
            Task::Process(Unfinished::InputChanged) => "changed",
            Task::Process(Unfinished::OutputDamaged) => "results damaged",
            Task::OptedOut => "opted out",
        };
        writeln!(stdout, "{word}: {}", source.name)?;
    }
    writeln!(
        stdout,
        "{} photos: {new} new, {changed} changed, {damaged} with damaged results, {kept} done, {out} opted out; nothing was written",
        sorted.len()
    )?;
    Ok(exit::OK)
}
