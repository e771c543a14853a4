//! What is to be done with every photo, held against what is in the folder already.

use std::fs;
use std::io;

use serde_json::Value;

use super::plan::RunPlan;
use crate::batch::{PhotoPlan, parallel_map};
use crate::disk::describe;
use crate::domain::record::Record;
use crate::domain::shard::PartOf;
use crate::domain::source::{Source, by_folders};
use crate::domain::words::counted;
use crate::error::{RunError, UsageError};
use crate::input::discover::{Discovered, check_locks, code_names, discover};
use crate::people::LeftOut;
use crate::store::{Earlier, OutputFolder, State, find_earlier};

/// What results of this run depend on, to be held against what is in the folder.
pub struct Asked {
    pub settings: Value,
    /// What names are relative to, as a fingerprint: it may be called like a person.
    pub base: String,
    pub part: Option<PartOf>,
}

/// The photos, under the names that results give them, and what the list of people who opted out did.
pub fn find(plan: &RunPlan) -> Result<(Discovered, Option<LeftOut>), UsageError> {
    let mut found =
        discover(&plan.inputs, plan.base.as_deref(), &plan.filter, Some(&plan.output), &plan.opt_out, &plan.vault)?;
    found.say_what_was_passed_over();
    if found.sources.is_empty() {
        found.refuse_broken().map_err(|e| UsageError(e.to_string()))?;
        return Err(UsageError("No photos were found. Name files or folders that hold JPEG, PNG, TIFF, BMP, WebP, GIF or DICOM files; -v tells what was skipped.".into()));
    }
    let theirs: Vec<String> = found.sources.iter().filter(|s| s.opted_out).map(|s| s.name.clone()).collect();
    let opted_out = plan.opt_out.left_out(&theirs);
    if let Some(pseudonyms) = &plan.pseudonyms {
        code_names(&mut found.sources, pseudonyms);
        found.sources.sort_by(|a, b| by_folders(&a.name, &b.name));
    }
    let opened = found.sources.iter().filter(|source| !source.opted_out);
    check_locks(opened, &plan.vault, true)?;
    Ok((found, opted_out))
}

/// Keeps the photos of the part that was asked for. Names are given before, so that no two parts use the same one.
pub fn take_part(found: &mut Discovered, plan: &RunPlan) -> Result<Option<PartOf>, RunError> {
    let Some(shard) = plan.shard else { return Ok(None) };
    let size = |source: &Source| match source.member {
        _ if source.opted_out => 0,
        Some(member) => member.bytes,
        None => fs::metadata(&source.path).map_or(0, |m| m.len()),
    };
    let bytes = parallel_map(&found.sources, plan.jobs, size)?;
    let part = PartOf::new(shard, &found.sources, &bytes);
    let theirs = shard.range(&bytes);
    found.sources.truncate(theirs.end);
    found.sources.drain(..theirs.start);
    Ok(Some(part))
}

/// What is to be done with a photo.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Task {
    Keep,
    /// Its mask was changed by hand, and nothing of it is made again.
    KeepEdited,
    Process(State),
    OptedOut,
}

/// A photo of this run.
pub struct Row {
    pub source: Source,
    pub task: Task,
    /// What came of it: nothing where it was not processed. Of a photo that is done, its record lies on the disk; in a box,
    /// so that half a million photos without one take no room for it.
    pub outcome: Option<Option<Box<Record>>>,
}

impl Row {
    pub fn is_to_do(&self) -> bool {
        matches!(self.task, Task::Process(_))
    }
}

pub fn sort_out(
    sources: Vec<Source>,
    plan: &RunPlan,
    photo_plan: &PhotoPlan,
    folder: &OutputFolder,
) -> Result<Vec<Row>, RunError> {
    let tasks = parallel_map(&sources, plan.jobs, |source| task(source, plan, photo_plan, folder, None))?;
    let rows = sources.into_iter().zip(tasks);
    Ok(rows.map(|(source, task)| Row { source, task, outcome: None }).collect())
}

/// `blake3` is that of a member of an archive that was read.
pub fn task(
    source: &Source,
    plan: &RunPlan,
    photo_plan: &PhotoPlan,
    folder: &OutputFolder,
    blake3: Option<&str>,
) -> Task {
    if source.opted_out {
        return Task::OptedOut;
    }
    let extra = photo_plan.extra_files(source);
    match folder.state(source, &extra, |done| photo_plan.has_all(done), plan.verify, blake3) {
        State::Done | State::MaskEdited | State::Unread if plan.overwrite => Task::Process(State::New),
        State::Done => Task::Keep,
        State::MaskEdited => Task::KeepEdited,
        why => Task::Process(why),
    }
}

pub fn earlier_records(rows: &[Row], folder: &OutputFolder) -> Result<Vec<Earlier>, RunError> {
    let names = rows.iter().map(|row| row.source.name.as_str()).collect();
    let file_names = rows.iter().map(|row| row.source.file_name.as_str()).collect();
    find_earlier(folder, &names, &file_names).map_err(|e| {
        RunError(format!("The results that are there cannot be read: {}. Nothing was changed.", describe(&e)))
    })
}

/// Results of different settings or of different folders do not mix, and none is lost unless that is asked for.
pub fn refuse_mixing(
    asked: &Asked,
    plan: &RunPlan,
    folder: &OutputFolder,
    rows: &[Row],
    earlier: &[Earlier],
) -> Result<(), UsageError> {
    // What a stream will replace is not known, so nothing of other settings may be there.
    if !plan.overwrite || plan.is_stream {
        folder.check_settings(&asked.settings)?;
    }
    if plan.prune {
        return Ok(());
    }
    refuse_another_part(asked, folder)?;
    let others = earlier.iter().filter(|earlier| !plan.opt_out.excludes(&earlier.name)).count();
    let shown = plan.output.display();
    if others > 0 && !folder.has_settings(&asked.settings) {
        return Err(UsageError(format!(
            "{shown} holds results of {} that this command does not name; --overwrite with other settings would lose them. \
             Name all photos, choose another folder with -o, or add --prune to remove those results.",
            counted(others, "photo")
        )));
    }
    let is_replaced = |row: &&Row| matches!(row.task, Task::Process(State::InputChanged | State::Unread));
    let replaced = rows.iter().filter(is_replaced).count();
    if folder.base().is_some_and(|base| base != asked.base) && others + replaced > 0 {
        return Err(UsageError(format!(
            "The names in {shown} begin at another folder than the names of these photos: {} there would be replaced by another photo \
             of the same name, and {} not among these. Give the same --base in all runs, choose another folder with -o, \
             or add --prune to keep only these photos.",
            counted(replaced, "photo"),
            if others == 1 { "1 is".to_owned() } else { format!("{others} are") }
        )));
    }
    Ok(())
}

/// A folder holds one part of one cut: photos that are in two parts could not be merged.
fn refuse_another_part(asked: &Asked, folder: &OutputFolder) -> Result<(), UsageError> {
    let Some(there) = folder.run_file().map(|run| &run.part) else { return Ok(()) };
    if *there == asked.part {
        return Ok(());
    }
    let shown = folder.root().display();
    Err(UsageError(match (there, &asked.part) {
        (Some(there), Some(asked)) if there.shard == asked.shard => format!(
            "{shown} holds {} of other photos: they were {}, now they are {}, and some came, went or changed. All parts must be cut \
             anew: choose new folders with -o, or add --prune to the command of every part.",
            there.shard, there.photos, asked.photos
        ),
        (Some(there), _) => {
            format!("{shown} holds {}. Give --shard as before, or choose another folder with -o.", there.shard)
        }
        (None, _) => {
            format!("{shown} holds results of a run without --shard. Choose another folder with -o for this part.")
        }
    }))
}

pub fn cannot_remove(error: io::Error) -> RunError {
    RunError(format!("Earlier results could not be removed: {}. Run the same command again.", describe(&error)))
}

/// What is left of earlier results when what must not stay is gone.
pub struct Cleared {
    pub kept: Vec<Earlier>,
    /// Of people who opted out.
    pub removed: usize,
    /// Of photos that are not among the inputs, with `--prune`.
    pub pruned: usize,
}

/// Removes what must not stay: photos of people who opted out, what `--prune` is about, and what will be made again.
pub fn make_way(
    asked: &Asked,
    plan: &RunPlan,
    folder: &OutputFolder,
    rows: &[Row],
    earlier: Vec<Earlier>,
) -> Result<Cleared, RunError> {
    let mut cleared = Cleared { kept: Vec::new(), removed: 0, pruned: 0 };
    for Row { source, task, .. } in rows {
        match task {
            Task::OptedOut => {
                cleared.removed += usize::from(folder.remove_with_folders(&source.file_name).map_err(cannot_remove)?);
            }
            Task::Process(_) if plan.overwrite => _ = folder.remove(&source.file_name).map_err(cannot_remove)?,
            _ => {}
        }
    }
    for photo in earlier {
        let has_opted_out = plan.opt_out.excludes(&photo.name);
        if !has_opted_out && !plan.prune {
            cleared.kept.push(photo);
            continue;
        }
        if let Some(file_name) = &photo.file_name {
            folder.remove_with_folders(file_name).map_err(cannot_remove)?;
        }
        *(if has_opted_out { &mut cleared.removed } else { &mut cleared.pruned }) += 1;
    }
    if plan.overwrite && !folder.has_settings(&asked.settings) {
        folder.forget_tables().map_err(cannot_remove)?;
    }
    Ok(cleared)
}
