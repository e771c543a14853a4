//! Parts of one run, made apart, and how they become the results that one run over all photos would have given.
//!
//! Files are copied as they lie, encrypted or clear; only the tables are written anew. Nothing in the parts changes.

use std::collections::HashMap;
use std::io;
use std::path::Path;
use std::sync::Arc;

use serde_json::{Value, json};

use super::folder::{OutputFolder, differences};
use super::layout::{WITHDRAWN, crops_there, file_name_of, files_of, mask_path, record_path};
use super::results::{Index, RecordError, Results};
use super::tables::{RunFile, Totals};
use super::withdraw::opted_out_people;
use crate::disk::vault::{Vault, exists, forms};
use crate::disk::{copy_as_is, describe};
use crate::domain::record::Record;
use crate::domain::source::by_folders;
use crate::domain::words::counted;
use crate::error::{RunError, UsageError};
use crate::people::{LeftOut, OptOut, Remembered};

/// How many photos are named where there are many.
const EXAMPLES: usize = 3;

/// The results of one part, kept from changing while they are read.
pub struct Part {
    folder: OutputFolder,
    run: RunFile,
    index: Index,
}

/// A photo: which part it is in, and where in its table.
pub type Place = (usize, usize);

impl Part {
    pub fn open(root: &Path, vault: &Vault) -> Result<Self, UsageError> {
        let folder = OutputFolder::open_results(root, vault)?;
        let shown = root.display();
        let run = folder.run_file().cloned().filter(|run| run.complete);
        let run = run.ok_or_else(|| {
            UsageError(format!("{shown} is not finished. Run the command of this part again, then merge."))
        })?;
        if exists(&root.join(WITHDRAWN)) {
            return Err(UsageError(format!(
                "People were withdrawn from {shown}, and merged results would not remember them. Run this part anew into an empty \
                 folder with --opt-out and the list of these people, then merge."
            )));
        }
        let index = Results::open(root, &Arc::new(OptOut::default()), vault)?.index()?;
        Ok(Self { folder, run, index })
    }

    fn name(&self, entry: usize) -> &str {
        &self.index.entries[entry].image
    }

    fn shown(&self) -> String {
        self.folder.root().display().to_string()
    }

    /// Copies what belongs to a photo, the record last: where it is, everything else is.
    fn copy(&self, entry: usize, out: &OutputFolder) -> Result<Record, RunError> {
        let record = self.index.read(entry).map_err(|e: RecordError| {
            RunError(format!("{}: the record of {} cannot be read: {e}.", self.shown(), self.name(entry)))
        })?;
        let Some(done) = record.done() else { return Ok(record) };
        let file_name = file_name_of(done);
        let failed = |e: io::Error| {
            RunError(format!(
                "The results of {} in {} could not be copied: {}. Make room, then run the same merge again.",
                self.name(entry),
                self.shown(),
                describe(&e)
            ))
        };
        for needed in [mask_path(file_name), record_path(file_name)] {
            if !exists(&self.folder.root().join(&needed)) {
                return Err(RunError(format!(
                    "{needed} is missing in {}. Run the command of this part again, then the same merge again.",
                    self.shown()
                )));
            }
        }
        let mut files: Vec<_> = files_of(file_name).map(|file| self.folder.root().join(file)).collect();
        files.extend(crops_there(self.folder.root(), file_name).map_err(failed)?);
        for file in files.iter().rev() {
            for form in forms(file).into_iter().filter(|form| form.is_file()) {
                let relative = form.strip_prefix(self.folder.root()).expect("it is below the part's folder");
                copy_as_is(&form, &out.root().join(relative), out.vault().is_private()).map_err(failed)?;
            }
        }
        Ok(record)
    }
}

/// Parts that fit together, and all their photos in the order of their names.
pub struct Parts {
    parts: Vec<Part>,
    photos: Vec<Place>,
}

impl Parts {
    /// Refuses parts that are not of one whole.
    pub fn new(mut parts: Vec<Part>) -> Result<Self, UsageError> {
        refuse_other_settings(&parts)?;
        parts.sort_by_key(|part| part.run.part.as_ref().map(|part| part.shard.part));
        refuse_gaps(&parts)?;
        let entries =
            |(p, part): (usize, &Part)| (0..part.index.entries.len()).map(move |e| (p, e)).collect::<Vec<_>>();
        let mut photos: Vec<Place> = parts.iter().enumerate().flat_map(entries).collect();
        let name = |&(part, entry): &Place| parts[part].name(entry);
        photos.sort_by(|a, b| by_folders(name(a), name(b)));
        refuse_overlaps(&parts, &photos)?;
        Ok(Self { parts, photos })
    }

    /// In the order of the tables.
    pub fn photos(&self) -> &[Place] {
        &self.photos
    }

    /// Whether the parts say themselves that no photo is missing.
    pub fn know_the_whole(&self) -> bool {
        self.parts[0].run.part.is_some()
    }

    /// run.json of the whole, but for what is counted while the parts are copied.
    pub fn run_file(&self) -> RunFile {
        let runs = || self.parts.iter().map(|part| &part.run);
        let first = &self.parts[0].run;
        let number = |key: &str| runs().filter_map(|run| run.timings.as_ref()?[key].as_f64()).sum::<f64>();
        RunFile {
            opted_out: match self.know_the_whole() {
                // Each part has gone through the whole list.
                true => first.opted_out,
                false => runs().filter_map(|run| run.opted_out).reduce(|a, b| LeftOut {
                    photos: a.photos + b.photos,
                    lines_without_photos: a.lines_without_photos.min(b.lines_without_photos),
                }),
            },
            overlay: runs().find_map(|run| run.overlay),
            part: None,
            totals: self.totals(),
            complete: false,
            timings: Some(json!({
                "seconds": number("seconds"),
                "jobs": first.timings.as_ref().map_or(Value::Null, |timings| timings["jobs"].clone()),
                "photos_processed": number("photos_processed") as u64,
            })),
            ..first.clone()
        }
    }

    /// Whom the parts remember to have opted out.
    pub fn opted_out(&self) -> Result<Vec<Remembered>, UsageError> {
        let of = |part: &Part| opted_out_people(part.folder.root(), part.folder.vault()).transpose();
        self.parts.iter().filter_map(of).collect()
    }

    fn totals(&self) -> Totals {
        let sum = |of: fn(&Totals) -> u64| self.parts.iter().map(|part| of(&part.run.totals)).sum();
        Totals {
            inputs: sum(|t| t.inputs),
            done: sum(|t| t.done),
            excluded: sum(|t| t.excluded),
            failed: sum(|t| t.failed),
            not_reached: sum(|t| t.not_reached),
            skipped_files: match self.know_the_whole() {
                true => self.parts[0].run.totals.skipped_files,
                false => sum(|t| t.skipped_files),
            },
            without_lesion: sum(|t| t.without_lesion),
        }
    }

    /// Copies what belongs to one of the photos.
    pub fn copy(&self, (part, entry): Place, out: &OutputFolder) -> Result<Record, RunError> {
        self.parts[part].copy(entry, out)
    }
}

fn refuse_other_settings(parts: &[Part]) -> Result<(), UsageError> {
    let made_with = |run: &RunFile| json!({"derm-seg": run.tool["version"], "model": run.model["sha256"], "runtime": run.runtime, "settings": run.settings});
    for part in &parts[1..] {
        let differences = differences(&made_with(&parts[0].run), &made_with(&part.run));
        if !differences.is_empty() {
            return Err(UsageError(format!(
                "{} and {} were made with other settings:\n{}\nRun one of them again with the settings of the other.",
                parts[0].shown(),
                part.shown(),
                differences.iter().map(|d| format!("  {d}")).collect::<Vec<_>>().join("\n")
            )));
        }
    }
    Ok(())
}

/// In the order of parts.
fn refuse_gaps(parts: &[Part]) -> Result<(), UsageError> {
    let Some(first) = &parts[0].run.part else {
        return match parts.iter().find(|part| part.run.part.is_some()) {
            None => Ok(()),
            Some(part) => Err(UsageError(format!(
                "{} was made with --shard and {} was not: whether photos are missing cannot be told. Merge parts of one kind.",
                part.shown(),
                parts[0].shown()
            ))),
        };
    };
    for part in parts {
        let of = part.run.part.as_ref().expect("those without one come first");
        if (of.shard.of, &of.listing) != (first.shard.of, &first.listing) {
            return Err(UsageError(format!(
                "{} is {} ({}) and {} is {} ({}): they were not cut from the same photos, because photos came, went or \
                 changed, or --shard had another number of parts. Run the parts again, all of the same photos.",
                parts[0].shown(),
                first.shard,
                counted(first.photos as usize, "photo"),
                part.shown(),
                of.shard,
                counted(of.photos as usize, "photo"),
            )));
        }
    }
    let there: Vec<u32> = parts.iter().filter_map(|part| Some(part.run.part.as_ref()?.shard.part)).collect();
    if let Some(twice) = there.windows(2).find(|pair| pair[0] == pair[1]) {
        return Err(UsageError(format!("part {} of {} was given twice.", twice[0], first.shard.of)));
    }
    let missing: Vec<String> =
        (1..=first.shard.of).filter(|part| !there.contains(part)).map(|part| part.to_string()).collect();
    match missing.is_empty() {
        true => Ok(()),
        false => Err(UsageError(format!(
            "Of {} parts, {} missing: {}. Name the folders of all parts.",
            first.shard.of,
            if missing.len() == 1 { "1 is".to_owned() } else { format!("{} are", missing.len()) },
            missing.join(", ")
        ))),
    }
}

/// `photos` in the order of names. Names in two parts that differ only in case would take each other's files on some systems;
/// parts of one listing have told them apart already.
fn refuse_overlaps(parts: &[Part], photos: &[Place]) -> Result<(), UsageError> {
    let name = |&(part, entry): &Place| parts[part].name(entry);
    let mut twice: Vec<&str> =
        photos.windows(2).filter(|pair| name(&pair[0]) == name(&pair[1])).map(|pair| name(&pair[0])).collect();
    if twice.is_empty() && parts[0].run.part.is_none() {
        let mut seen = HashMap::new();
        let is_elsewhere = |place: &&Place| *seen.entry(name(place).to_lowercase()).or_insert(place.0) != place.0;
        twice = photos.iter().filter(is_elsewhere).map(name).collect();
    }
    match twice.len() {
        0 => Ok(()),
        count => Err(UsageError(format!(
            "{} in more than one part: {}{}. Each photo can be in one part only; names begin at the folder that was given to \
             `run`, or at --base.",
            if count == 1 { "1 photo is".to_owned() } else { format!("{count} photos are") },
            twice[..count.min(EXAMPLES)].join(", "),
            if count > EXAMPLES { ", ..." } else { "" }
        ))),
    }
}
