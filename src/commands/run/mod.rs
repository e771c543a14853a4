//! `derm-seg run`: find photos, do what is not done yet, write the tables, say what came of it.

pub(in crate::commands) mod args;
mod plan;
mod print;

use std::io::{self, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::batch::progress::Progress;
use crate::batch::{MemoryGate, PhotoPlan, Stop, parallel_map, process, quiet_worker_panics, run_all};
use crate::commands::cli::Global;
use crate::disk::settle;
use crate::domain::record::{Excluded, Failed, Failure, Input, Outcome, Privacy, Record};
use crate::domain::source::Source;
use crate::error::{PhotoError, RunError, Stage, UsageError};
use crate::exit;
use crate::inference::LoadedModel;
use crate::input::discover::{Discovered, check_locks, code_names, describe, discover, relative};
use crate::people::{LeftOut, OptOut};
use crate::store::{Earlier, OutputFolder, RunFile, State, Tables, Totals, find_earlier};
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
    let asked = Asked { settings: plan.settings(), base: relative(&plan.output, &found.base) };
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
    let (earlier, mut summary) = make_way(&asked, &plan, &folder, &sorted, earlier)?;
    let mut run_file = run_file(&asked.settings, &ready, opted_out)?;
    write_run_file(&folder, &run_file)?;
    folder.set_base(&asked.base).map_err(|e| RunError(format!("The output folder cannot be written to: {e}.")))?;

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
        match &record.outcome {
            Outcome::Done(done) => tracing::info!("done: {} (lesions: {})", done.input.path, done.lesions.len()),
            Outcome::Excluded(out) => tracing::info!("excluded: {} ({})", out.input.path, out.exclusion.reason),
            Outcome::Failed(bad) => {
                tracing::info!("failed: {} ({}): {}", bad.input.path, bad.failure.code, bad.failure.message);
            }
        }
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

    summary.processed = outcomes.iter().flatten().count();
    write_tables(&sorted, outcomes, &earlier, &folder, &mut summary)?;
    summary.totals.skipped_files = found.skipped.len() as u64;
    run_file.totals = summary.totals;
    run_file.complete = summary.totals.not_reached == 0;
    let seconds = started.elapsed().as_secs_f64();
    run_file.timings = Some(json!({"seconds": seconds, "jobs": plan.jobs, "photos_processed": summary.processed}));
    write_run_file(&folder, &run_file)?;
    settle(folder.root())
        .map_err(|e| RunError(format!("The disk did not keep all results: {e}. Run the same command again.")))?;

    summary.opted_out = opted_out;
    summary.elapsed = started.elapsed();
    summary.report(&plan, global.quiet)?;
    Ok(match stop.signal() {
        Some(signal) if summary.totals.not_reached > 0 => exit::signal(signal),
        _ if summary.failed_now > 0 => exit::SOME_FAILED,
        _ => exit::OK,
    })
}

/// What results of this run depend on, to be held against what is in the folder.
struct Asked {
    settings: Value,
    /// What names are relative to, as a fingerprint: it may be called like a person.
    base: String,
}

fn run_file(settings: &Value, ready: &LoadedModel, opted_out: Option<LeftOut>) -> Result<RunFile> {
    Ok(RunFile {
        schema: crate::store::RUN_SCHEMA.to_owned(),
        tool: json!({"name": "derm-seg", "version": env!("CARGO_PKG_VERSION")}),
        model: json!({
            "name": ready.model.id.name, "version": ready.model.id.version, "sha256": ready.model.id.sha256,
            "licence": ready.model.manifest.licence, "understood": ready.spec,
        }),
        settings: settings.clone(),
        runtime: serde_json::to_value(&ready.runtime.info)?,
        opted_out,
        totals: Totals::default(),
        complete: false,
        timings: None,
        research_use_only: "Research use only. Not a medical device; results are best effort and must not guide care."
            .to_owned(),
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
        code_names(&mut found.sources, pseudonyms);
        found.sources.sort_by(|a, b| a.name.split('/').cmp(b.name.split('/')));
    }
    let opened = found.sources.iter().filter(|source| !source.opted_out);
    check_locks(opened.map(|source| source.path.as_path()), &plan.vault, true)?;
    Ok((found, opted_out))
}

/// What is to be done with a photo.
enum Task {
    Keep,
    /// Its mask was changed by hand, and nothing of it is made again.
    KeepEdited,
    Process(State),
    OptedOut,
}

fn sort_out<'a>(
    sources: &'a [Source],
    plan: &RunPlan,
    photo_plan: &PhotoPlan,
    folder: &OutputFolder,
) -> Result<Vec<(&'a Source, Task)>, RunError> {
    let task = |source: &Source| {
        if source.opted_out {
            return Task::OptedOut;
        }
        match folder.state(source, &photo_plan.extra_files(source), plan.verify) {
            State::Done | State::MaskEdited if plan.overwrite => Task::Process(State::New),
            State::Done => Task::Keep,
            State::MaskEdited => Task::KeepEdited,
            why => Task::Process(why),
        }
    };
    parallel_map(sources, plan.jobs, |source| (source, task(source)))
}

fn earlier_records(sources: &[Source], folder: &OutputFolder) -> Result<Vec<Earlier>, RunError> {
    let names = sources.iter().map(|source| source.name.as_str()).collect();
    let file_names = sources.iter().map(|source| source.file_name.as_str()).collect();
    find_earlier(folder, &names, &file_names)
        .map_err(|e| RunError(format!("The results that are there cannot be read: {e}. Nothing was changed.")))
}

/// Results of different settings or of different folders do not mix, and none is lost unless that is asked for.
fn refuse_mixing(
    asked: &Asked,
    plan: &RunPlan,
    folder: &OutputFolder,
    sorted: &[(&Source, Task)],
    earlier: &[Earlier],
) -> Result<(), UsageError> {
    if !plan.overwrite {
        folder.check_settings(&asked.settings)?;
    }
    if plan.prune {
        return Ok(());
    }
    let others = earlier.iter().filter(|earlier| !plan.opt_out.excludes(&earlier.name)).count();
    let shown = plan.output.display();
    if others > 0 && !folder.has_settings(&asked.settings) {
        return Err(UsageError(format!(
            "{shown} holds records of {others} photos that are not among these inputs; --overwrite with other settings would lose them. \
             Name all photos, choose another folder with -o, or add --prune to remove those records."
        )));
    }
    let replaced = sorted.iter().filter(|(_, task)| matches!(task, Task::Process(State::InputChanged))).count();
    if folder.base().is_some_and(|base| base != asked.base) && others + replaced > 0 {
        return Err(UsageError(format!(
            "Names in {shown} are relative to another folder than now: {others} photos there are not among these inputs, and {replaced} \
             have the name of another photo. Give the same --base in all runs, choose another folder with -o, or add --prune \
             to keep only photos that are among these inputs."
        )));
    }
    Ok(())
}

/// Removes what must not stay: photos of people who opted out, what `--prune` is about, and what will be made again. Gives
/// back the earlier records that stay.
fn make_way(
    asked: &Asked,
    plan: &RunPlan,
    folder: &OutputFolder,
    sorted: &[(&Source, Task)],
    earlier: Vec<Earlier>,
) -> Result<(Vec<Earlier>, Summary), RunError> {
    let cannot =
        |e: io::Error| RunError(format!("Earlier results could not be removed: {e}. Run the same command again."));
    let mut summary = Summary::default();
    for (source, task) in sorted {
        match task {
            Task::OptedOut => summary.removed += usize::from(folder.remove(&source.file_name).map_err(cannot)?),
            Task::Process(_) if plan.overwrite => _ = folder.remove(&source.file_name).map_err(cannot)?,
            _ => {}
        }
    }
    let mut kept = Vec::new();
    for photo in earlier {
        let has_opted_out = plan.opt_out.excludes(&photo.name);
        if !has_opted_out && !plan.prune {
            kept.push(photo);
            continue;
        }
        if let Some(file_name) = &photo.file_name {
            folder.remove(file_name).map_err(cannot)?;
        }
        *(if has_opted_out { &mut summary.removed } else { &mut summary.pruned }) += 1;
    }
    if plan.overwrite && !folder.has_settings(&asked.settings) {
        folder.forget_tables().map_err(cannot)?;
    }
    Ok((kept, summary))
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
    earlier: &[Earlier],
    folder: &OutputFolder,
    summary: &mut Summary,
) -> Result<()> {
    let full = |e: io::Error| {
        RunError(format!(
            "The tables could not be written: {e}. The photos' own results are intact; make room and run again."
        ))
    };
    let mut tables = Tables::create(folder.vault(), folder.root()).map_err(full)?;
    let mut earlier = earlier.iter().peekable();
    let mut outcomes = outcomes.into_iter();
    for (source, task) in sorted {
        while let Some(before) = earlier.next_if(|earlier| earlier.name.split('/').lt(source.name.split('/'))) {
            let record = record_of_earlier(before, folder);
            summary.count_earlier(&record);
            tables.add(&record).map_err(full)?;
        }
        let record = match task {
            Task::OptedOut => Some(opted_out(source)),
            Task::Keep | Task::KeepEdited => Some(read_back(&source.name, &source.file_name, folder)),
            Task::Process(_) => outcomes
                .next()
                .flatten()
                .map(|outcome| outcome.unwrap_or_else(|| read_back(&source.name, &source.file_name, folder))),
        };
        summary.kept += usize::from(matches!(task, Task::Keep));
        summary.edited += usize::from(matches!(task, Task::KeepEdited));
        summary.totals.inputs += 1;
        match record {
            Some(record) => {
                summary.count_now(&record);
                tables.add(&record).map_err(full)?;
            }
            None => summary.totals.not_reached += 1,
        }
    }
    for after in earlier {
        let record = record_of_earlier(after, folder);
        summary.count_earlier(&record);
        tables.add(&record).map_err(full)?;
    }
    tables.finish().map_err(full)?;
    Ok(())
}

fn opted_out(source: &Source) -> Record {
    let input = Input { path: source.name.clone(), ..Input::default() };
    Record::new(Outcome::Excluded(Excluded { input, exclusion: OptOut::exclusion(), privacy: Privacy::default() }))
}

fn record_of_earlier(photo: &Earlier, folder: &OutputFolder) -> Record {
    match (&photo.record, &photo.file_name) {
        (Some(record), _) => record.clone(),
        (None, file_name) => read_back(&photo.name, file_name.as_deref().unwrap_or(&photo.name), folder),
    }
}

/// A record from the disk. The disk may not give it back: then the photo is not done, whatever was written.
fn read_back(name: &str, file_name: &str, folder: &OutputFolder) -> Record {
    folder.read_record(file_name).unwrap_or_else(|e| {
        let message = format!("its record cannot be read back ({}); run the same command again", describe(&e));
        let error = PhotoError::new(Stage::Write, "record_unreadable", message);
        let input = Input { path: name.to_owned(), ..Input::default() };
        Record::new(Outcome::Failed(Failed { input, failure: Failure::from(&error) }))
    })
}

fn say_what_would_be_done(sorted: &[(&Source, Task)], plan: &RunPlan) -> Result<u8> {
    let count = |wanted: fn(&Task) -> bool| sorted.iter().filter(|(_, task)| wanted(task)).count();
    let new = count(|t| matches!(t, Task::Process(State::New)));
    let changed = count(|t| matches!(t, Task::Process(State::InputChanged)));
    let damaged = count(|t| matches!(t, Task::Process(State::OutputDamaged)));
    let edited = count(|t| matches!(t, Task::KeepEdited));
    let (kept, out) = (count(|t| matches!(t, Task::Keep)), count(|t| matches!(t, Task::OptedOut)));
    let mut stdout = crate::commands::shared::print::stdout();
    if plan.json {
        let plan = json!({"schema": "derm-seg/dry-run/1", "photos": sorted.len(), "new": new, "changed": changed, "damaged": damaged, "edited": edited, "done": kept, "opted_out": out});
        writeln!(stdout, "{plan}")?;
        return Ok(exit::OK);
    }
    for (source, task) in sorted {
        let word = match task {
            Task::Keep => continue,
            Task::KeepEdited => "mask edited, kept",
            Task::Process(State::InputChanged) => "changed",
            Task::Process(State::OutputDamaged) => "results damaged",
            Task::Process(_) => "new",
            Task::OptedOut => "opted out",
        };
        writeln!(stdout, "{word}: {}", source.name)?;
    }
    writeln!(
        stdout,
        "{} photos: {new} new, {changed} changed, {damaged} with damaged results, {edited} with edited masks, {kept} done, {out} opted out; nothing was written",
        sorted.len()
    )?;
    Ok(exit::OK)
}
