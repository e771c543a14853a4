//! What a run writes besides the results of each photo: run.json, and the tables, one line a photo in the order of names.

use std::io;

use anyhow::Result;
use serde_json::{Value, json};

use super::print::RunSummary;
use super::tasks::{Asked, Row, Task};
use crate::disk::describe;
use crate::domain::record::{Excluded, Failed, Failure, Input, Outcome, Privacy, Record};
use crate::domain::source::{Source, by_folders};
use crate::error::{PhotoError, RunError};
use crate::inference::LoadedModel;
use crate::people::{LeftOut, OptOut};
use crate::store::{Earlier, OutputFolder, Overlay, RunFile, Scales, Tables, Totals};

pub fn run_file(
    asked: &Asked,
    segmenter: &LoadedModel,
    opted_out: Option<LeftOut>,
    overlay: Option<Overlay>,
) -> Result<RunFile> {
    Ok(RunFile {
        schema: crate::store::RUN_SCHEMA.to_owned(),
        tool: json!({"name": "derm-seg", "version": env!("CARGO_PKG_VERSION")}),
        model: json!({
            "name": segmenter.model.id.name, "version": segmenter.model.id.version, "sha256": segmenter.model.id.sha256,
            "licence": segmenter.model.manifest.licence, "understood": segmenter.spec,
        }),
        settings: asked.settings.clone(),
        runtime: serde_json::to_value(&segmenter.runtime.info)?,
        opted_out,
        overlay,
        part: asked.part.clone(),
        totals: Totals::default(),
        complete: false,
        timings: None,
        research_use_only: "Research use only. Not a medical device; results are best effort and must not guide care."
            .to_owned(),
    })
}

pub fn write_run_file(folder: &OutputFolder, run_file: &RunFile) -> Result<()> {
    folder.write_run(run_file).map_err(|e| {
        RunError(format!("run.json could not be written: {}. Make room or choose another folder.", describe(&e)))
    })?;
    Ok(())
}

pub fn write_tables(
    rows: Vec<Row>,
    earlier: &[Earlier],
    folder: &OutputFolder,
    settings: &Value,
    scales: &Scales,
    summary: &mut RunSummary,
) -> Result<()> {
    let full = |e: io::Error| {
        RunError(format!(
            "The tables could not be written: {}. The photos' own results are intact; make room and run again.",
            describe(&e)
        ))
    };
    let mut tables = Tables::create(folder.vault(), folder.root(), settings).map_err(full)?;
    let mut earlier = earlier.iter().peekable();
    for Row { source, task, outcome } in rows {
        while let Some(before) = earlier.next_if(|earlier| by_folders(&earlier.name, &source.name).is_lt()) {
            let record = record_of_earlier(before, folder);
            summary.count_earlier(&record);
            tables.add(&record).map_err(full)?;
        }
        let record = match task {
            Task::OptedOut => Some(opted_out(&source)),
            Task::Keep | Task::KeepEdited => {
                let mut record = read_back(&source.name, &source.file_name, folder);
                if scales.apply(&mut record) {
                    folder.rewrite_record(&record).map_err(full)?;
                }
                Some(record)
            }
            Task::Process(_) => outcome.map(|outcome| {
                outcome.map_or_else(|| read_back(&source.name, &source.file_name, folder), |kept| *kept)
            }),
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
        let error = PhotoError::RecordUnreadable(describe(&e));
        let input = Input { path: name.to_owned(), ..Input::default() };
        Record::new(Outcome::Failed(Failed { input, failure: Failure::from(&error) }))
    })
}
