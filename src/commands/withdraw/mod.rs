//! `derm-seg withdraw`: who → what is there of them → remove it → search again.

pub(in crate::commands) mod args;

use std::io::Write;

use anyhow::{Context, Result};
use serde_json::json;

use crate::commands::shared::Global;
use crate::commands::shared::print::{print_count, stdout};
use crate::commands::shared::{at_rest, people};
use crate::domain::words::counted;
use crate::error::UsageError;
use crate::exit;
use crate::people::lines_without_photos;
use crate::people::subjects::SubjectsPlan;
use crate::store::{OutputFolder, Removal, Withdrawal};
use args::WithdrawArgs;

/// Files that are shown where there are many.
const EXAMPLES: usize = 5;

/// Returns the exit code.
pub fn run(args: &WithdrawArgs, global: &Global) -> Result<u8> {
    let Some(ids) = args.ids.as_deref().filter(|_| args.names.is_empty()) else {
        return Err(UsageError(
            "Name people in a file, one a line, and give it with --ids FILE: on the command line, a name would stay in the shell's history."
                .into(),
        )
        .into());
    };
    let vault = at_rest::vault(&args.at_rest)?;
    let codes = people::key(args.key_file.as_deref(), &vault)?;
    let table = people::table(args.subjects.as_deref(), SubjectsPlan::default(), codes.as_ref(), &vault)?;
    let people = people::opt_out(Some(ids), table.as_ref(), codes.as_ref(), &vault)?;
    let folder = OutputFolder::open_results(&args.output, &vault)?;
    let mut withdrawal = Withdrawal::find(&folder, &people).context("the results cannot be read")?;
    let unfinished = "not everything could be removed; the same command goes on";
    let done = match args.dry_run {
        true => withdrawal.would_remove().context("the results cannot be read")?,
        false => withdrawal.carry_out().context(unfinished)?,
    };
    let left = match args.dry_run {
        true => 0,
        false => Withdrawal::find(&folder, &people).context("the results cannot be read again")?.found(),
    };
    let is_certain = left == 0 && done.unknown_files.is_empty() && done.lines_without_results == 0;
    if args.json || !global.quiet || !is_certain {
        report(args, &done, left)?;
    }
    Ok(if is_certain { exit::OK } else { exit::RUN_FAILED })
}

fn report(args: &WithdrawArgs, done: &Removal, left: usize) -> Result<()> {
    let mut out = stdout();
    if args.json {
        let summary = json!({
            "schema": "derm-seg/withdraw/1", "dry_run": args.dry_run, "photos": done.photos, "files": done.files,
            "derived_files": done.derived, "lines_without_results": done.lines_without_results,
            "unknown_files": done.unknown_files.len(), "left": left,
        });
        return Ok(writeln!(out, "{summary:#}")?);
    }
    let removed = if args.dry_run { "would be removed" } else { "removed" };
    writeln!(out, "{removed}: {} with {}", counted(done.photos, "photo"), counted(done.files, "file"))?;
    if !done.derived.is_empty() {
        writeln!(out, "{removed}: {}, which counted these photos; to be made again", done.derived.join(", "))?;
    }
    if done.lines_without_results > 0 {
        writeln!(out, "{}", lines_without_photos(done.lines_without_results))?;
    }
    let shown = args.output.display();
    let unknown = (done.unknown_files.len(), "file");
    print_count(&mut out, "without a record", unknown, &format!(" in {shown}; look yourself whose photos they show"))?;
    for file in done.unknown_files.iter().take(EXAMPLES) {
        writeln!(out, "  {}", file.display())?;
    }
    match (args.dry_run, left, done.unknown_files.len()) {
        (true, ..) => {}
        // Nobody was found, so nothing can be said of anybody.
        (false, 0, _) if done.photos == 0 && done.lines_without_results > 0 => {
            writeln!(
                out,
                "no photo of these people was found: check the list before you say that nothing is left in {shown}"
            )?;
        }
        (false, 0, 0) => writeln!(out, "searched again: nothing of them is left in {shown}")?,
        (false, 0, _) => writeln!(out, "searched again: no record and no result of them is left in {shown}")?,
        (false, ..) => writeln!(
            out,
            "searched again: {left} records or files of them are there again; another program writes to {shown}"
        )?,
    }
    Ok(())
}
