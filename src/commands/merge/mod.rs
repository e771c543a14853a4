//! `derm-seg merge`: open the parts → do they fit → copy → the tables of all.

pub(in crate::commands) mod args;

use std::io::{self, Write};
use std::path::PathBuf;

use anyhow::Result;
use serde_json::json;

use crate::batch::parallel_map;
use crate::batch::progress::Progress;
use crate::commands::shared::Global;
use crate::commands::shared::at_rest;
use crate::commands::shared::print::stdout;
use crate::disk::{describe, settle};
use crate::domain::words::counted;
use crate::error::{RunError, UsageError};
use crate::exit;
use crate::people::Remembered;
use crate::store::{OutputFolder, Part, Parts, RunFile, Tables};
use args::MergeArgs;

/// How many photos are copied before their rows are written.
const BATCH: usize = 1024;

/// Returns the exit code.
pub fn run(args: MergeArgs, global: &Global) -> Result<u8> {
    let vault = at_rest::vault(&args.at_rest)?;
    refuse_the_same_twice(&args.parts)?;
    let parts: Result<Vec<Part>, UsageError> = args.parts.iter().map(|part| Part::open(part, &vault)).collect();
    let parts = Parts::new(parts?)?;
    let opted_out = parts.opted_out()?;
    let out = OutputFolder::open(&args.output, &vault)?;
    let run = match is_joined_already(&out, &parts)? {
        true => parts.run_file(),
        false => join(&parts, opted_out, &out, args.jobs.count(), global)?,
    };
    report(&args, &parts, &run, global)?;
    Ok(exit::OK)
}

fn refuse_the_same_twice(parts: &[PathBuf]) -> Result<(), UsageError> {
    let mut places: Vec<_> =
        parts.iter().map(|part| (part.canonicalize().unwrap_or_else(|_| part.clone()), part)).collect();
    places.sort();
    match places.windows(2).find(|pair| pair[0].0 == pair[1].0) {
        Some(pair) => Err(UsageError(format!("{} is named twice; name every part once.", pair[1].1.display()))),
        None => Ok(()),
    }
}

/// Only an empty folder, or one that this merge left half-way, is written to. One that it finished is left as it is: its masks
/// may have been corrected since.
fn is_joined_already(out: &OutputFolder, parts: &Parts) -> Result<bool, UsageError> {
    let Some(there) = out.run_file() else { return Ok(false) };
    let mine = RunFile { complete: there.complete, ..parts.run_file() };
    match *there == mine {
        true => Ok(there.complete),
        false => Err(UsageError(format!(
            "{} holds results already; nothing was changed. Choose an empty or new folder with -o.",
            out.root().display()
        ))),
    }
}

/// Until the end, run.json says that the results are not complete.
fn join(
    parts: &Parts,
    opted_out: Vec<Remembered>,
    out: &OutputFolder,
    jobs: usize,
    global: &Global,
) -> Result<RunFile, RunError> {
    let failed = |e: io::Error| {
        RunError(format!(
            "The joined results could not be written: {}. Make room; then run the same merge again.",
            describe(&e)
        ))
    };
    let mut run = parts.run_file();
    out.write_run(&run).map_err(failed)?;
    if !opted_out.is_empty() {
        let people = Remembered::together(opted_out).and_then(|people| out.remember_opted_out(&people));
        people.map_err(failed)?;
    }
    let mut tables = Tables::create(out.vault(), out.root(), &run.settings).map_err(failed)?;
    let progress = Progress::new(parts.photos().len() as u64, global.quiet);
    for batch in parts.photos().chunks(BATCH) {
        let copy = |&place| {
            let copied = parts.copy(place, out);
            progress.step(0);
            copied
        };
        for record in parallel_map(batch, jobs, copy)? {
            tables.add(&record?).map_err(failed)?;
        }
    }
    progress.finish();
    tables.finish().map_err(failed)?;
    settle(out.root()).map_err(failed)?;
    run.complete = true;
    out.write_run(&run).map_err(failed)?;
    Ok(run)
}

fn report(args: &MergeArgs, parts: &Parts, run: &RunFile, global: &Global) -> Result<()> {
    let (mut out, t) = (stdout(), run.totals);
    if args.json {
        let summary = json!({
            "schema": "derm-seg/merge/1", "output": args.output.to_string_lossy(), "parts": args.parts.len(),
            "known_to_be_whole": parts.know_the_whole(), "totals": t,
        });
        return Ok(writeln!(out, "{summary:#}")?);
    }
    if global.quiet {
        return Ok(());
    }
    writeln!(
        out,
        "{} of {} joined: {} done, {} failed, {} excluded",
        counted(t.inputs as usize, "photo"),
        counted(args.parts.len(), "part"),
        t.done,
        t.failed,
        t.excluded
    )?;
    if !parts.know_the_whole() {
        writeln!(out, "the parts were made without --shard: whether photos are missing cannot be told")?;
    }
    Ok(writeln!(out, "results: {} (masks, metrics, summary.csv, records.jsonl, run.json)", args.output.display())?)
}
