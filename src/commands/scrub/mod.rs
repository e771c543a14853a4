//! `derm-seg scrub`: find photos, copy each without its metadata, say what came of it.

pub(in crate::commands) mod args;
mod plan;

use std::collections::{BTreeMap, HashSet};
use std::io::Write;

use anyhow::{Context, Result};
use serde_json::json;

use crate::batch::progress::Progress;
use crate::batch::{Content, Copied, Faces, Feed, MemoryGate, Stop, Tools, copy_clean, quiet_worker_panics, run_all};
use crate::commands::shared::Global;
use crate::commands::shared::print::{print_count, stdout};
use crate::disk;
use crate::domain::record::Severity;
use crate::domain::source::Source;
use crate::domain::words::counted;
use crate::error::{PhotoError, RunError, UsageError};
use crate::exit;
use crate::input::discover::{Filter, check_locks, code_names, discover};
use crate::people::{Correspondence, Patients, lines_without_photos};
use crate::privacy::faces;
use crate::privacy::findings;
use args::ScrubArgs;
use plan::{ScrubPlan, plan};

/// A photo, under the name of its copy.
struct Item {
    source: Source,
    original_name: String,
}

enum Outcome {
    Copied(Copied),
    OptedOut { removed: bool },
    NotReached,
}

impl Outcome {
    /// Whether an earlier copy went.
    fn removed(&self) -> bool {
        matches!(self, Self::OptedOut { removed: true } | Self::Copied(Copied::FaceLeftOut { removed: true }))
    }
}

/// Returns the exit code.
pub fn run(args: ScrubArgs, global: &Global) -> Result<u8> {
    let plan = plan(args)?;
    let items = items(&plan)?;
    let opened = items.iter().filter(|item| !item.source.opted_out);
    check_locks(opened.map(|item| &item.source), &plan.vault, true)?;
    let _lock = disk::have_to_itself(&plan.output, &plan.vault)?;
    let table = plan.table.as_deref().map(|table| Correspondence::open(table, &plan.vault)).transpose()?;
    let patients = plan.pseudonyms.as_ref().map(Patients::new);
    let faces = plan.face_finder()?;
    let stop = Stop::on_signals().context("signals cannot be handled")?;
    quiet_worker_panics();
    let progress = Progress::new(items.len() as u64, global.quiet);
    let memory = MemoryGate::new(plan.memory);
    let tools = Tools {
        limits: &plan.limits,
        vault: &plan.vault,
        memory: &memory,
        faces: faces.as_ref(),
        patients: patients.as_ref(),
    };
    let feed = Feed::new(items.iter().map(|item| &item.source), tools);
    // What stops one copy, such as a full disk, stops all.
    let copied = run_all(feed, plan.jobs, &stop, &|| Ok(()), |(place, content), ()| {
        let outcome = copy(&items[place], content, &plan, tools);
        progress.step(0);
        Ok((place, outcome?))
    });
    progress.finish();
    if let Some(table) = table {
        let written = fill(table, &items, patients.as_ref()).write(&plan.opt_out, &plan.vault);
        written.context("the table of codes cannot be written")?;
    }
    let mut outcomes: Vec<Outcome> = items.iter().map(|_| Outcome::NotReached).collect();
    copied?.into_iter().for_each(|(place, outcome)| outcomes[place] = outcome);
    let mut summary = ScrubSummary::default();
    for (item, outcome) in items.iter().zip(outcomes) {
        if outcome.removed() {
            let copy = plan.output.join(&item.source.file_name);
            disk::remove_empty_parents(&copy, &plan.output)
                .with_context(|| format!("empty folders in {} could not be removed", plan.output.display()))?;
        }
        summary.add(item, outcome);
    }
    disk::settle(&plan.output).with_context(|| format!("the disk did not keep all of {}", plan.output.display()))?;
    summary.lines_without_photos =
        plan.opt_out.lines_without_photos(items.iter().map(|item| item.original_name.as_str()));
    summary.report(&plan, global.quiet)?;
    Ok(match stop.signal() {
        Some(signal) if summary.not_reached > 0 => exit::signal(signal),
        _ if !summary.failed.is_empty() => exit::SOME_FAILED,
        _ => exit::OK,
    })
}

fn items(plan: &ScrubPlan) -> Result<Vec<Item>> {
    let whole_files = Filter { whole_files: true, ..Filter::default() };
    let mut found =
        discover(&plan.inputs, plan.base.as_deref(), &whole_files, Some(&plan.output), &plan.opt_out, &plan.vault)?;
    found.say_what_was_passed_over();
    found.refuse_broken()?;
    if found.sources.is_empty() {
        return Err(UsageError("no photos were found: name photos, or folders that hold photos".into()).into());
    }
    let names: Vec<String> = found.sources.iter().map(|source| source.name.clone()).collect();
    if let Some(pseudonyms) = &plan.pseudonyms {
        code_names(&mut found.sources, pseudonyms);
    }
    let items = found.sources.into_iter().zip(names);
    Ok(items.map(|(source, original_name)| Item { source, original_name }).collect())
}

fn copy(item: &Item, content: Option<Content>, plan: &ScrubPlan, tools: Tools) -> Result<Outcome, RunError> {
    let target = plan.output.join(&item.source.file_name);
    let stopped = |e: std::io::Error| {
        RunError(format!(
            "the copy of {} could not be written: {}; all that was finished is intact",
            item.source.file_name,
            disk::describe(&e)
        ))
    };
    if item.source.opted_out {
        return Ok(Outcome::OptedOut { removed: disk::remove(&target).map_err(stopped)? });
    }
    copy_clean(&item.source, content, &target, plan.faces, plan.dicom().as_ref(), tools)
        .map(Outcome::Copied)
        .map_err(stopped)
}

fn fill(mut table: Correspondence, items: &[Item], patients: Option<&Patients>) -> Correspondence {
    if let Some(patients) = patients {
        table.patients(patients);
    }
    for item in items {
        match item.source.opted_out {
            true => table.forget_photo(&item.source.file_name),
            false => table.photo(&item.source.file_name, &item.original_name),
        }
    }
    table
}

#[derive(Default)]
struct ScrubSummary {
    copied: usize,
    unchanged: usize,
    opted_out: usize,
    removed: usize,
    not_reached: usize,
    failed: Vec<(String, PhotoError)>,
    /// Photos in which something of this kind was left out.
    left_out: BTreeMap<String, usize>,
    names: usize,
    /// Copies that show a whole face, and copies in which one was covered.
    faces_shown: Vec<String>,
    faces_covered: usize,
    faces_left_out: usize,
    lines_without_photos: usize,
}

impl ScrubSummary {
    fn add(&mut self, item: &Item, outcome: Outcome) {
        match outcome {
            Outcome::NotReached => self.not_reached += 1,
            Outcome::OptedOut { removed } => {
                self.opted_out += 1;
                self.removed += usize::from(removed);
            }
            Outcome::Copied(Copied::FaceLeftOut { removed }) => {
                self.faces_left_out += 1;
                self.removed += usize::from(removed);
            }
            Outcome::Copied(Copied::Failed(error)) => self.failed.push((item.source.file_name.clone(), error)),
            Outcome::Copied(Copied::Done { left_out, was_there, faces }) => {
                *(if was_there { &mut self.unchanged } else { &mut self.copied }) += 1;
                match faces {
                    Faces::Shown => self.faces_shown.push(item.source.file_name.clone()),
                    Faces::Covered => self.faces_covered += 1,
                    Faces::None => {}
                }
                let kinds: HashSet<_> = left_out.into_iter().map(|finding| finding.kind).collect();
                kinds.into_iter().for_each(|kind| *self.left_out.entry(kind).or_default() += 1);
                let names = findings::scan_path(item.source.file_name.as_ref());
                self.names += usize::from(names.iter().any(|finding| finding.severity >= Severity::Possible));
            }
        }
    }

    fn report(&self, plan: &ScrubPlan, quiet: bool) -> Result<()> {
        let mut out = stdout();
        if plan.json {
            let failed: Vec<_> = self
                .failed
                .iter()
                .map(|(path, e)| json!({"path": path, "code": e.code(), "message": e.to_string()}))
                .collect();
            let summary = json!({
                "schema": "derm-seg/scrub/1", "copied": self.copied, "unchanged": self.unchanged, "opted_out": self.opted_out,
                "removed": self.removed, "not_reached": self.not_reached, "failed": failed, "left_out": self.left_out,
                "faces": plan.faces.as_str(), "faces_shown": self.faces_shown, "faces_covered": self.faces_covered,
                "faces_left_out": self.faces_left_out, "names_that_may_identify": self.names, "opt_out_lines_without_photos": self.lines_without_photos,
            });
            return Ok(writeln!(out, "{summary:#}")?);
        }
        for (path, error) in &self.failed {
            writeln!(out, "failed: {path}: {error}")?;
        }
        if quiet {
            return Ok(());
        }
        writeln!(
            out,
            "{} copied, {} already there, {} opted out, {} failed",
            self.copied,
            self.unchanged,
            self.opted_out,
            self.failed.len()
        )?;
        print_count(&mut out, "removed", (self.removed, "earlier copy"), " (opted out, or with a face)")?;
        if self.lines_without_photos > 0 {
            writeln!(out, "{}", lines_without_photos(self.lines_without_photos))?;
        }
        self.faces_shown.iter().try_for_each(|path| writeln!(out, "shows a face: {path}"))?;
        print_count(&mut out, "not copied", (self.faces_left_out, "photo"), " with a face")?;
        let new = "; such a copy is a new picture and differs a little everywhere";
        print_count(&mut out, "face covered", (self.faces_covered, "copy"), new)?;
        if !self.left_out.is_empty() {
            let kinds = self.left_out.iter().map(|(kind, &count)| format!("{kind} ({})", counted(count, "photo")));
            writeln!(out, "left out: {}", kinds.collect::<Vec<_>>().join(", "))?;
        }
        let codes = "; --names pseudonym writes codes instead";
        print_count(&mut out, "names that may identify a person", (self.names, "copy"), codes)?;
        let again = "; run the same command again to go on";
        print_count(&mut out, "not reached", (self.not_reached, "photo"), again)?;
        writeln!(out, "copies: {}", plan.output.display())?;
        let seen = match plan.faces {
            faces::FacePolicy::Off => "faces, tattoos and name tags in the pictures were not looked for",
            _ => "some faces are not found (from the side, small, tilted, covered): look at the copies",
        };
        Ok(writeln!(out, "{seen}; best effort, research use only")?)
    }
}
