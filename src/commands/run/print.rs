//! What came of a run, as closing lines or as JSON.

use std::collections::BTreeMap;
use std::io::Write;
use std::time::Duration;

use anyhow::Result;
use serde_json::{Value, json};

use super::plan::RunPlan;
use super::tasks::{Row, Task};
use crate::commands::shared::print::stdout;
use crate::domain::record::{Outcome, Record};
use crate::domain::shard::PartOf;
use crate::domain::statistics::median;
use crate::domain::words::counted;
use crate::exit;
use crate::people::LeftOut;
use crate::store::{State, Totals};

const EXAMPLES: usize = 5;

/// What the closing lines and `--json` tell.
#[derive(Default)]
pub struct RunSummary {
    pub totals: Totals,
    causes: BTreeMap<String, u64>,
    /// The first few failures, to show.
    examples: Vec<(String, String)>,
    warnings: BTreeMap<String, u64>,
    findings: u64,
    skin_fractions: Vec<f64>,
    crops: usize,
    /// Photos of which the model cannot tell whether there is a lesion.
    without_answer: u64,
    /// For each second model, how often it said what.
    labels: BTreeMap<String, BTreeMap<String, usize>>,
    pub kept: usize,
    /// Kept because somebody changed the mask.
    pub edited: usize,
    /// Kept although they are not among the inputs.
    pub earlier: usize,
    /// Removed because they are not among the inputs.
    pruned: usize,
    /// Of the photos that are among the inputs.
    pub failed_now: u64,
    pub processed: usize,
    pub opted_out: Option<LeftOut>,
    pub part: Option<PartOf>,
    pub removed: usize,
    /// A stream was left before its end.
    pub is_stopped: bool,
    pub elapsed: Duration,
}

impl RunSummary {
    pub fn after_clearing(removed: usize, pruned: usize) -> Self {
        Self { removed, pruned, ..Self::default() }
    }

    pub fn count_now(&mut self, record: &Record) {
        self.failed_now += u64::from(matches!(record.outcome, Outcome::Failed(_)));
        self.count(record);
    }

    pub fn count_earlier(&mut self, record: &Record) {
        self.earlier += 1;
        self.totals.inputs += 1;
        self.count(record);
    }

    fn count(&mut self, record: &Record) {
        match &record.outcome {
            Outcome::Done(done) => {
                self.totals.done += 1;
                self.totals.without_lesion += u64::from(done.area.lesion_px == Some(0));
                self.skin_fractions.extend(done.area.lesion_fraction_of_skin.filter(|_| done.area.lesion_px > Some(0)));
                self.without_answer += u64::from(done.area.lesion_px.is_none());
                self.crops += done.crops.as_ref().map_or(0, Vec::len);
                for said in done.classifications.iter().flatten() {
                    let label = said.label.clone().unwrap_or_else(|| "abstained".to_owned());
                    *self.labels.entry(said.model.name.clone()).or_default().entry(label).or_default() += 1;
                }
                self.findings += u64::from(!done.privacy.findings.is_empty());
                done.warnings.iter().for_each(|w| *self.warnings.entry(w.code.clone()).or_default() += 1);
            }
            Outcome::Excluded(_) => self.totals.excluded += 1,
            Outcome::Failed(failed) => {
                self.totals.failed += 1;
                *self.causes.entry(failed.failure.code.clone()).or_default() += 1;
                if self.examples.len() < EXAMPLES {
                    self.examples.push((failed.input.path.clone(), failed.failure.message.clone()));
                }
            }
        }
    }

    pub fn report(&self, plan: &RunPlan, quiet: bool) -> Result<()> {
        let mut out = stdout();
        if plan.json {
            serde_json::to_writer(&mut out, &self.as_json(plan))?;
            writeln!(out)?;
            return Ok(());
        }
        match plan.outbox {
            _ if quiet => {}
            // Standard output has the results themselves.
            Some(_) => eprint!("{}", self.as_text(plan)),
            None => write!(out, "{}", self.as_text(plan))?,
        }
        Ok(())
    }

    fn as_json(&self, plan: &RunPlan) -> Value {
        let mut summary = json!({
            "schema": "derm-seg/summary/1",
            "output": plan.output.to_string_lossy(),
            "totals": self.totals,
            "failures": self.causes,
            "warnings": self.warnings,
            "photos_with_findings": self.findings,
            "processed": self.processed,
            "kept": self.kept,
            "edited": self.edited,
            "earlier": self.earlier,
            "pruned": self.pruned,
            "opted_out": self.opted_out,
            "shard": self.part,
            "removed": self.removed,
            "seconds": self.elapsed.as_secs_f64(),
        });
        if plan.crops.is_some() {
            summary["crops"] = self.crops.into();
        }
        if !plan.classifiers.is_empty() {
            summary["labels"] = json!(self.labels);
        }
        summary
    }

    fn as_text(&self, plan: &RunPlan) -> String {
        let mut lines = Vec::new();
        if let Some(part) = &self.part {
            lines.push(format!("{}: {} of {}", part.shard, self.totals.inputs, counted(part.photos as usize, "photo")));
        }
        lines.push(self.counts());
        self.tell_of_earlier_results(&mut lines);
        self.tell_of_findings(plan, &mut lines);
        self.tell_of_failures(plan, &mut lines);
        let crops = if plan.crops.is_some() { "crops, " } else { "" };
        let shown = match plan.outbox {
            Some(_) => "on standard output, as a tar".to_owned(),
            None => plan.output.display().to_string(),
        };
        lines.push(format!("results: {shown} (masks, {crops}metrics, summary.csv, records.jsonl, run.json)"));
        lines.push("research use only".to_owned());
        lines.join("\n") + "\n"
    }

    fn counts(&self) -> String {
        let t = self.totals;
        let mut counts = format!("{} of {} photos done", t.done, t.inputs);
        for (count, what) in [(t.failed, "failed"), (t.excluded, "excluded"), (t.not_reached, "not reached")] {
            if count > 0 {
                counts += &format!(", {count} {what}");
            }
        }
        if self.processed > 0 {
            let seconds = self.elapsed.as_secs_f64();
            let rate = self.processed as f64 / seconds;
            counts += &format!(" ({} processed in {seconds:.1} s, {rate:.1} a second)", self.processed);
        }
        counts
    }

    /// What was there before: kept, left out, removed.
    fn tell_of_earlier_results(&self, lines: &mut Vec<String>) {
        for (count, before, after) in [
            (self.kept, "done before, unchanged", ""),
            (self.edited, "masks changed by hand, kept", "; --overwrite replaces them"),
            (self.earlier, "of earlier runs, not among these photos", "; --prune removes them"),
            (self.pruned, "removed, not among these photos", ""),
        ] {
            if count > 0 {
                lines.push(format!("{before}: {count}{after}"));
            }
        }
        lines.extend(self.opted_out.map(|left_out| left_out.to_string()));
        if self.removed > 0 {
            lines.push(format!("results removed: {} of people who opted out", counted(self.removed, "photo")));
        }
    }

    /// Lesions, labels, crops, what may identify people, and warnings.
    fn tell_of_findings(&self, plan: &RunPlan, lines: &mut Vec<String>) {
        let t = self.totals;
        if self.without_answer > 0 {
            lines.push(
                "this model has no class for lesions: masks hold background and skin, and figures of lesions are null"
                    .to_owned(),
            );
        }
        if t.done > self.without_answer {
            let found = t.done - t.without_lesion - self.without_answer;
            let mut line = format!("lesion found in {found}, none in {}", t.without_lesion);
            if let Some(median) = median(self.skin_fractions.clone()) {
                line += &format!("; median lesion share of visible skin {:.1} %", median * 100.0);
            }
            lines.push(line);
        }
        for (model, labels) in &self.labels {
            let counts: Vec<String> = labels.iter().map(|(label, count)| format!("{label} {count}")).collect();
            lines.push(format!("{model} says: {}", counts.join(", ")));
        }
        if plan.crops.is_some() {
            lines.push(format!("crops: {}; they show skin of people: keep them as the photos", self.crops));
        }
        if self.findings > 0 {
            let photos = counted(self.findings as usize, "photo");
            lines.push(format!("content that may identify a person: in {photos}; see `privacy` in the records"));
        }
        for (code, count) in &self.warnings {
            lines.push(format!("warning {code}: {}", counted(*count as usize, "photo")));
        }
    }

    /// The first few failures, the causes of all where there are more, and whether the run broke off.
    fn tell_of_failures(&self, plan: &RunPlan, lines: &mut Vec<String>) {
        for (path, message) in &self.examples {
            lines.push(format!("failed: {path}: {message}"));
        }
        if self.totals.failed > self.examples.len() as u64 {
            let causes: Vec<String> = self.causes.iter().map(|(code, count)| format!("{count} {code}")).collect();
            let causes = causes.join(", ");
            lines.push(format!("... of {} failures: {causes} (all in records.jsonl)", self.totals.failed));
        }
        if self.totals.not_reached > 0 || self.is_stopped {
            let rest = match plan.outbox {
                Some(_) => "all that was finished is in the tar; the same command does all of it again",
                None => "all that was finished is kept; run the same command again to go on",
            };
            lines.push(format!("interrupted: {rest}"));
        }
    }
}

/// `--dry-run`.
pub fn say_what_would_be_done(rows: &[Row], plan: &RunPlan) -> Result<u8> {
    let count = |wanted: fn(&Task) -> bool| rows.iter().filter(|row| wanted(&row.task)).count();
    let new = count(|t| matches!(t, Task::Process(State::New)));
    let changed = count(|t| matches!(t, Task::Process(State::InputChanged)));
    let damaged = count(|t| matches!(t, Task::Process(State::OutputDamaged)));
    let pictures = count(|t| matches!(t, Task::Process(State::PictureMissing)));
    let unread = count(|t| matches!(t, Task::Process(State::Unread)));
    let edited = count(|t| matches!(t, Task::KeepEdited));
    let (kept, out) = (count(|t| matches!(t, Task::Keep)), count(|t| matches!(t, Task::OptedOut)));
    let mut stdout = stdout();
    if plan.json {
        let plan = json!({"schema": "derm-seg/dry-run/1", "photos": rows.len(), "new": new, "changed": changed, "damaged": damaged, "pictures_missing": pictures, "edited": edited, "to_compare": unread, "done": kept, "opted_out": out});
        writeln!(stdout, "{plan}")?;
        return Ok(exit::OK);
    }
    for Row { source, task, .. } in rows {
        let word = match task {
            Task::Keep => continue,
            Task::KeepEdited => "mask changed by hand, kept",
            Task::Process(State::InputChanged) => "changed",
            Task::Process(State::OutputDamaged) => "results damaged",
            Task::Process(State::PictureMissing) => "picture missing",
            Task::Process(State::Unread) => "to be compared with its archive",
            Task::Process(_) => "new",
            Task::OptedOut => "opted out",
        };
        writeln!(stdout, "{word}: {}", source.name)?;
    }
    let to_compare = if unread > 0 { format!(", {unread} to be compared with their archive") } else { String::new() };
    writeln!(
        stdout,
        "{}: {new} new, {changed} changed, {damaged} with damaged results, {pictures} with a missing picture, {edited} with masks changed by hand{to_compare}, {kept} done, {out} opted out; nothing was written",
        counted(rows.len(), "photo")
    )?;
    Ok(exit::OK)
}
