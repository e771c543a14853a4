//! The work of a run: photos on their way side by side, whether they lie in files or come in a stream.

use std::io::Stdout;
use std::sync::atomic::{AtomicU64, Ordering};

use super::plan::{Models, RunPlan};
use super::tasks::{Row, Task, task};
use crate::batch::progress::Progress;
use crate::batch::{Content, Engines, Feed, Flow, PhotoPlan, Stop, Tools, Work, process, quiet_worker_panics, run_all};
use crate::disk::describe;
use crate::domain::record::{Outcome, Record};
use crate::domain::source::Source;
use crate::error::RunError;
use crate::input::discover::Arrivals;
use crate::store::{Outbox, OutputFolder, State};

/// What all photos of a run have in common.
pub struct Bench<'a> {
    pub plan: &'a RunPlan,
    pub photo_plan: &'a PhotoPlan,
    pub models: &'a Models,
    pub tools: Tools<'a>,
    pub folder: &'a OutputFolder,
    pub outbox: Option<&'a Outbox<Stdout>>,
}

/// How far the run is.
struct Counter {
    progress: Progress,
    failed: AtomicU64,
}

impl Counter {
    fn step(&self, outcome: &Outcome) {
        let bad = u64::from(matches!(outcome, Outcome::Failed(_)));
        self.progress.step(self.failed.fetch_add(bad, Ordering::Relaxed) + bad);
    }
}

/// What is in `Row::outcome`.
type Came = Option<Option<Box<Record>>>;

impl Bench<'_> {
    /// Of photos that are known, what came of each goes into its row; those of a stream become the rows.
    pub fn segment(
        &self,
        rows: &mut Vec<Row>,
        stream: Option<&mut Arrivals>,
        stop: &Stop,
        quiet: bool,
    ) -> Result<(), RunError> {
        let todo: Vec<usize> = (0..rows.len()).filter(|&row| rows[row].is_to_do()).collect();
        tracing::info!("{} photos, {} to do, {} jobs", rows.len(), todo.len(), self.plan.jobs);
        quiet_worker_panics();
        let progress = Progress::new(stream.is_none().then_some(todo.len() as u64), quiet);
        let counter = Counter { progress, failed: AtomicU64::new(0) };
        let came = match stream {
            None => self.listed(rows, &todo, &counter, stop),
            Some(arrivals) => self.streamed(arrivals, &counter, stop).map(|came| *rows = came),
        };
        counter.progress.finish();
        came
    }

    fn listed(&self, rows: &mut [Row], todo: &[usize], counter: &Counter, stop: &Stop) -> Result<(), RunError> {
        let feed = Feed::new(todo.iter().map(|&row| &rows[row].source), self.tools);
        let open = || self.models.open();
        let came = run_all(feed, self.plan.jobs, stop, &open, |(place, content), engines| {
            let row = &rows[todo[place]];
            Ok((todo[place], self.photo(&row.source, row.task, content, engines, counter)?))
        })?;
        came.into_iter().for_each(|(row, came)| (rows[row].task, rows[row].outcome) = came);
        Ok(())
    }

    fn streamed(&self, arrivals: &mut Arrivals, counter: &Counter, stop: &Stop) -> Result<Vec<Row>, RunError> {
        let flow = Flow { arrivals, tools: self.tools };
        let open = || self.models.open();
        run_all(flow, self.plan.jobs, stop, &open, |(source, content), engines| {
            let asked = if source.opted_out { Task::OptedOut } else { Task::Process(State::Unread) };
            let (task, outcome) = self.photo(&source, asked, content, engines, counter)?;
            Ok(Row { source, task, outcome })
        })
    }

    /// One photo; what was done with it can be less than what was asked, once its content is known.
    fn photo(
        &self,
        source: &Source,
        asked: Task,
        content: Option<Content>,
        engines: &mut Engines,
        counter: &Counter,
    ) -> Result<(Task, Came), RunError> {
        let task = match asked {
            Task::Process(State::Unread) => {
                task(source, self.plan, self.photo_plan, self.folder, content.as_ref().and_then(Content::blake3))
            }
            other => other,
        };
        if !matches!(task, Task::Process(_)) {
            return Ok((task, None));
        }
        let work = Work { plan: self.photo_plan, tools: self.tools, folder: self.folder };
        let record = process(source, content, work, engines)?;
        log(&record.outcome);
        if let Some(outbox) = self.outbox {
            outbox.send_photo(self.folder, &source.file_name).map_err(not_sent)?;
        }
        counter.step(&record.outcome);
        Ok((task, Some(to_keep_in_memory(record, self.plan)?)))
    }
}

pub fn not_sent(error: std::io::Error) -> RunError {
    let why = match error.kind() {
        std::io::ErrorKind::BrokenPipe => "the program that was to take them stopped".to_owned(),
        _ => describe(&error),
    };
    RunError(format!(
        "Not all results were sent to standard output: {why}. There is nothing to go on from: run the same command again."
    ))
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
