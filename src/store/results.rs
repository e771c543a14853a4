//! Reading what `run` wrote: the records of a results folder, in their order, and its masks.

use std::io::{BufRead, BufReader, Read, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::Value;

use crate::annotations::references::{Format, read_mask};
use crate::disk::vault;
use crate::disk::vault::{Locked, Stream, Vault, forms};
use crate::domain::mask::LabelMap;
use crate::domain::record::{RECORD_SCHEMA, Record};
use crate::error::UsageError;
use crate::people::OptOut;

const RECORDS: &str = "records.jsonl";

/// A results folder, without the people who opted out: nobody who reads it needs to remember them.
#[derive(Clone, Debug)]
pub struct Results {
    pub root: PathBuf,
    pub vault: Vault,
    people: Arc<OptOut>,
}

impl Results {
    pub fn is_one(folder: &Path) -> bool {
        vault::exists(&folder.join(RECORDS))
    }

    /// `people` are left out.
    pub fn open(folder: &Path, people: &Arc<OptOut>, vault: &Vault) -> Result<Self, UsageError> {
        if Self::is_one(folder) {
            let results = Results { root: folder.to_owned(), vault: vault.clone(), people: people.clone() };
            results.check_lock()?;
            return Ok(results);
        }
        let why = if folder.is_dir() { "holds no records.jsonl" } else { "is no folder" };
        Err(UsageError(format!("{} {why}: give the folder that `derm-seg run` wrote", folder.display())))
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
                Err(UsageError(format!("the results in {shown} cannot be read: {e}")))
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
        let people = self.people.clone();
        let is_theirs = move |record: &Record| people.excludes(&record.input().path);
        Ok(self.all_records()?.filter(move |record| !record.as_ref().is_ok_and(&is_theirs)))
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
            line.map_err(|e| e.to_string()).and_then(|line| parse(&line)).map_err(|e| damaged(&path, i, &e))
        }))
    }

    /// Where every record is, to read them in any order.
    pub fn index(&self) -> Result<Index, UsageError> {
        let path = self.root.join(RECORDS);
        let mut reader = BufReader::new(self.stream(&path)?);
        let (mut offset, mut line) = (0, String::new());
        let (mut entries, mut opted_out, mut lines) = (Vec::new(), Vec::new(), 0);
        loop {
            line.clear();
            let length = reader.read_line(&mut line).map_err(|e| damaged(&path, lines, &e.to_string()))?;
            if length == 0 {
                return Ok(Index { path, vault: self.vault.clone(), entries, opted_out });
            }
            let record = parse(&line).map_err(|e| damaged(&path, lines, &e))?;
            let image = record.input().path.clone();
            match self.people.excludes(&image) {
                true => opted_out.push(image),
                false => entries.push(Entry { image, offset, length }),
            }
            lines += 1;
            offset += length as u64;
        }
    }

    /// `run.json`, where there is one.
    pub fn run(&self) -> Option<Value> {
        serde_json::from_slice(&self.vault.read(&self.root.join("run.json")).ok()?).ok()
    }

    fn stream(&self, path: &Path) -> Result<Box<dyn Stream>, UsageError> {
        self.vault.open(path).map_err(|e| UsageError(format!("cannot read {}: {e}", path.display())))
    }

    /// A mask by the path that its record gives.
    pub fn mask(&self, path: &str) -> Result<LabelMap, String> {
        read_mask(&self.root.join(path), &Format::Index, &self.vault).map_err(|e| e.to_string())
    }
}

/// The images of a run and where their records lie in records.jsonl.
pub struct Index {
    path: PathBuf,
    vault: Vault,
    pub entries: Vec<Entry>,
    /// Photos of people who opted out.
    pub opted_out: Vec<String>,
}

pub struct Entry {
    pub image: String,
    offset: u64,
    length: usize,
}

impl Index {
    pub fn read(&self, entry: usize) -> Result<Record, String> {
        let Entry { offset, length, .. } = self.entries[entry];
        let mut bytes = vec![0; length];
        let mut file = self.vault.open(&self.path).map_err(|e| e.to_string())?;
        file.seek(SeekFrom::Start(offset)).and_then(|_| file.read_exact(&mut bytes)).map_err(|e| e.to_string())?;
        parse(&String::from_utf8_lossy(&bytes))
    }
}

fn parse(line: &str) -> Result<Record, String> {
    let record: Record = serde_json::from_str(line).map_err(|e| e.to_string())?;
    if record.schema == RECORD_SCHEMA {
        Ok(record)
    } else {
        Err(format!("the schema is {}, not {RECORD_SCHEMA}", record.schema))
    }
}

fn damaged(path: &Path, line: usize, why: &str) -> UsageError {
    let again = "run the same `derm-seg run` again to repair it";
    UsageError(format!("{}, line {}: {why}; {again}", path.display(), line + 1))
}
