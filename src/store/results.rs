//! Reading what `run` wrote: the records of a results folder, in their order, and its masks.

use std::io;
use std::io::{BufRead, BufReader, Read, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::Value;

use super::layout::{RECORDS, RUN_FILE};
use super::mask_file;
use super::mask_file::MaskError;
use super::review::{Reviewed, Selection};
use super::scales::Scales;
use super::tables::carries_codes;
use crate::disk::describe;
use crate::disk::vault;
use crate::disk::vault::{Locked, Stream, Vault, forms};
use crate::domain::mask::LabelMap;
use crate::domain::record::{FileRef, RECORD_SCHEMA, Record, Size};
use crate::error::UsageError;
use crate::people::OptOut;

/// A results folder, without the people who opted out and the photos that a review leaves out: nobody who reads it needs to
/// remember them.
#[derive(Clone, Debug)]
pub struct Results {
    pub root: PathBuf,
    pub vault: Vault,
    people: Arc<OptOut>,
    selection: Option<Selection>,
    scales: Scales,
    told_of_edits: Arc<AtomicBool>,
    kinds: Arc<[String]>,
}

impl Results {
    pub fn is_one(folder: &Path) -> bool {
        vault::exists(&folder.join(RECORDS))
    }

    /// `people` are left out.
    pub fn open(folder: &Path, people: &Arc<OptOut>, vault: &Vault) -> Result<Self, UsageError> {
        if Self::is_one(folder) {
            let results = Results {
                root: folder.to_owned(),
                vault: vault.clone(),
                people: people.clone(),
                selection: None,
                scales: Scales::default(),
                told_of_edits: Arc::default(),
                kinds: Arc::default(),
            };
            results.check_lock()?;
            let kinds = results.run().map(|run| kinds_of(&run["settings"])).unwrap_or_else(|| kinds_of(&Value::Null));
            return Ok(Results { kinds: kinds.into(), ..results });
        }
        let why = match (folder.is_dir(), folder.exists()) {
            (true, _) => "holds no results (there is no records.jsonl)",
            (false, true) => "is a file",
            (false, false) => "does not exist",
        };
        Err(UsageError(format!("{} {why}; name the folder that `derm-seg run` wrote", folder.display())))
    }

    /// Only the photos that a review takes.
    pub fn selected(self, selection: Option<Selection>) -> Self {
        Self { selection, ..self }
    }

    /// With figures in millimetres.
    pub fn scaled(self, scales: Scales) -> Self {
        Self { scales, ..self }
    }

    /// Refuses results that cannot be read, and warns where what is made of encrypted ones will be clear.
    fn check_lock(&self) -> Result<(), UsageError> {
        let [clear, encrypted] = forms(&self.root.join(RECORDS));
        if clear.exists() {
            return Ok(());
        }
        let shown = self.root.display();
        match self.vault.open(&encrypted) {
            Err(e) if Locked::of(&e).is_some() => {
                Err(UsageError(format!("the results in {shown} cannot be read: {}", describe(&e))))
            }
            _ if !self.vault.encrypts() => {
                tracing::warn!(
                    "the results in {shown} are encrypted, and what is made of them will not be: see --encrypt-to"
                );
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Every record, one at a time: a run may have more than fit into memory.
    pub fn records(&self) -> Result<impl Iterator<Item = Result<Record, UsageError>> + use<>, UsageError> {
        let selection = self.selection.clone();
        let takes = move |record: &Record| selection.as_ref().is_none_or(|selection| selection.takes(record));
        let scales = self.scales.clone();
        let in_millimetres = move |record: Result<Record, UsageError>| {
            record.map(|mut record| {
                scales.apply(&mut record);
                record
            })
        };
        let taken = self.without_people()?.filter(move |record| record.as_ref().map_or(true, &takes));
        Ok(taken.map(in_millimetres))
    }

    fn without_people(&self) -> Result<impl Iterator<Item = Result<Record, UsageError>> + use<>, UsageError> {
        let people = self.people.clone();
        let is_theirs = move |record: &Record| people.excludes(&record.input().path);
        Ok(self.all_records()?.filter(move |record| !record.as_ref().is_ok_and(&is_theirs)))
    }

    /// What the review did; nothing where there is none.
    pub fn reviewed(&self) -> Result<Option<Reviewed>, UsageError> {
        let Some(selection) = &self.selection else { return Ok(None) };
        Reviewed::of(selection, self.without_people()?).map(Some)
    }

    /// The photos that the review leaves out.
    pub fn left_by_review(&self) -> Result<Vec<String>, UsageError> {
        let Some(selection) = &self.selection else { return Ok(Vec::new()) };
        let left = |record: &Record| !selection.takes(record);
        let records = self.without_people()?.filter(|record| record.as_ref().map_or(true, left));
        records.map(|record| Ok(record?.input().path.clone())).collect()
    }

    /// Whether a photo at this path would be somebody's who opted out.
    pub fn leaves_out(&self, path: &str) -> bool {
        self.people.excludes(path)
    }

    /// The records that `records` leaves out.
    pub fn opted_out(&self) -> Result<Vec<Record>, UsageError> {
        if self.people.is_empty() {
            return Ok(Vec::new());
        }
        let is_theirs = |record: &Record| self.people.excludes(&record.input().path);
        self.all_records()?.filter(|record| record.as_ref().map_or(true, is_theirs)).collect()
    }

    fn all_records(&self) -> Result<impl Iterator<Item = Result<Record, UsageError>> + use<>, UsageError> {
        let path = self.root.join(RECORDS);
        let file = self.stream(&path)?;
        Ok(BufReader::new(file).lines().enumerate().map(move |(i, line)| {
            line.map_err(RecordError::from).and_then(|line| parse(&line)).map_err(|e| damaged(&path, i, &e))
        }))
    }

    /// Where every record is, to read them in any order.
    pub fn index(&self) -> Result<Index, UsageError> {
        let path = self.root.join(RECORDS);
        let mut reader = BufReader::new(self.stream(&path)?);
        let (mut offset, mut line) = (0, String::new());
        let (mut entries, mut opted_out, mut left_by_review, mut lines) = (Vec::new(), Vec::new(), Vec::new(), 0);
        loop {
            line.clear();
            let length = reader.read_line(&mut line).map_err(|e| damaged(&path, lines, &e.into()))?;
            if length == 0 {
                return Ok(Index { path, vault: self.vault.clone(), entries, opted_out, left_by_review });
            }
            let record = parse(&line).map_err(|e| damaged(&path, lines, &e))?;
            let image = record.input().path.clone();
            if self.people.excludes(&image) {
                opted_out.push(image);
            } else if self.selection.as_ref().is_some_and(|selection| !selection.takes(&record)) {
                left_by_review.push(image);
            } else {
                entries.push(Entry { image, offset, length });
            }
            lines += 1;
            offset += length as u64;
        }
    }

    /// Names of the kinds of lesion in the masks, from the value 2 on; at least one.
    pub fn kinds(&self) -> &[String] {
        &self.kinds
    }

    pub fn carries_codes(&self) -> bool {
        self.run().is_some_and(|run| carries_codes(&run["settings"]))
    }

    /// `run.json`, if it is there.
    pub fn run(&self) -> Option<Value> {
        serde_json::from_slice(&self.vault.read(&self.root.join(RUN_FILE)).ok()?).ok()
    }

    fn stream(&self, path: &Path) -> Result<Box<dyn Stream>, UsageError> {
        self.vault.open(path).map_err(|e| UsageError(format!("{} cannot be read: {}", path.display(), describe(&e))))
    }

    /// The mask of a photo of this size, as it is now; that masks were changed since the run is said once.
    pub fn mask(&self, mask: &FileRef, size: Size) -> Result<LabelMap, MaskError> {
        let bytes = self.vault.read(&self.root.join(&mask.path))?;
        if blake3::hash(&bytes).to_hex().as_str() == mask.blake3 {
            return mask_file::decode(&bytes, size, self.kinds.len());
        }
        let labels =
            mask_file::decode(&bytes, size, self.kinds.len()).map_err(|why| MaskError::Edited(Box::new(why)))?;
        if !self.told_of_edits.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                "masks were changed after the run: they are taken as they are now, the figures in the records are of the masks before"
            );
        }
        Ok(labels)
    }
}

/// Names of the kinds of lesion in results of these settings, at least one: masks of a model that knows none may be corrected.
pub fn kinds_of(settings: &Value) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for class in settings["manifest_output"]["classes"].as_array().into_iter().flatten() {
        let name = match class["role"].as_str() {
            Some("lesion") => class["name"].as_str(),
            Some(_) => None,
            None => class.as_str().filter(|role| *role == "lesion"),
        };
        names.extend(name.filter(|name| !names.iter().any(|known| known == name)).map(str::to_owned));
    }
    if names.is_empty() { vec!["lesion".to_owned()] } else { names }
}

/// The images of a run and where their records lie in records.jsonl.
pub struct Index {
    path: PathBuf,
    vault: Vault,
    pub entries: Vec<Entry>,
    /// Photos of people who opted out.
    pub opted_out: Vec<String>,
    /// Photos that the review leaves out.
    pub left_by_review: Vec<String>,
}

pub struct Entry {
    pub image: String,
    offset: u64,
    length: usize,
}

impl Index {
    pub fn read(&self, entry: usize) -> Result<Record, RecordError> {
        let Entry { offset, length, .. } = self.entries[entry];
        let mut bytes = vec![0; length];
        let mut file = self.vault.open(&self.path)?;
        file.seek(SeekFrom::Start(offset))?;
        file.read_exact(&mut bytes)?;
        parse(&String::from_utf8_lossy(&bytes))
    }
}

/// Why a line of records.jsonl is not a record.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    #[error("{}", describe(.0))]
    Unreadable(#[from] io::Error),
    #[error("{0}")]
    Damaged(#[from] serde_json::Error),
    #[error("the schema is {0}, not {RECORD_SCHEMA}")]
    OtherSchema(String),
}

fn parse(line: &str) -> Result<Record, RecordError> {
    let record: Record = serde_json::from_str(line)?;
    match record.schema == RECORD_SCHEMA {
        true => Ok(record),
        false => Err(RecordError::OtherSchema(record.schema)),
    }
}

fn damaged(path: &Path, line: usize, why: &RecordError) -> UsageError {
    let again = "run the same `derm-seg run` again to repair it";
    UsageError(format!("{}, line {}: {why}; {again}", path.display(), line + 1))
}
