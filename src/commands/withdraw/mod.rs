//! `derm-seg withdraw`: who → what is there of them → away with it → look again.

pub(in crate::commands) mod args;

use std::io::Write;

use anyhow::{Context, Result};
use serde_json::json;

use crate::commands::shared::print::{stdout, tell};
use crate::commands::shared::{at_rest, people};
use crate::exit;
use crate::store::{OutputFolder, Withdrawal, Withdrawn};
use args::WithdrawArgs;

/// Returns the exit code.
pub fn run(args: &WithdrawArgs) -> Result<u8> {
    let vault = at_rest::vault(&args.at_rest)?;
    let codes = people::key(args.key_file.as_deref(), &vault)?;
    let people = people::load(&args.ids, args.subjects.as_deref(), codes.as_ref(), &vault)?;
    let folder = OutputFolder::open_results(&args.output, &vault)?;
    let withdrawal = Withdrawal::find(&folder, &people).context("the results cannot be read")?;
    let done = match args.dry_run {
        true => withdrawal.would_remove(),
        false => withdrawal.carry_out().context("not everything could be removed; the same command goes on")?,
    };
    let left = match args.dry_run {
        true => 0,
        false => Withdrawal::find(&folder, &people).context("the results cannot be read again")?.found(),
    };
    report(args, &done, left)?;
    Ok(if left == 0 { exit::OK } else { exit::RUN_FAILED })
}

fn report(args: &WithdrawArgs, done: &Withdrawn, left: usize) -> Result<()> {
    let mut out = stdout();
    if args.json {
        let summary = json!({
            "schema": "derm-seg/withdraw/1", "dry_run": args.dry_run, "photos": done.photos, "files": done.files,
            "derived_files": done.derived, "lines_without_results": done.lines_without_results, "left": left,
        });
        return Ok(writeln!(out, "{summary:#}")?);
    }
    let verb = if args.dry_run { "would be" } else { "were" };
    writeln!(out, "{} photos with {} files {verb} removed", done.photos, done.files)?;
    if !done.derived.is_empty() {
        writeln!(out, "{} counted them and {verb} deleted: make them anew", done.derived.join(", "))?;
    }
    let misspelt =
        "lines of the list stand for nothing here: check their spelling, and --key-file if results carry codes";
    tell(&mut out, done.lines_without_results, misspelt)?;
    if left > 0 {
        writeln!(out, "{left} things of them are still there: see who else writes to {}", args.output.display())?;
    } else if !args.dry_run {
        writeln!(out, "looked again: nothing of them is left in {}", args.output.display())?;
    }
    Ok(())
}
