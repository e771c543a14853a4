//! Reading what `run` wrote: the records of a results folder, in their order, and its masks.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::error::UsageError;
use crate::mask::LabelMap;
use crate::record::{RECORD_SCHEMA, Record};
use crate::truth::{Format, read_mask};

/// A results folder.
#[derive(Clone, Debug)]
pub struct Results {
    pub root: PathBuf,
}

impl Results {
    pub fn is_one(folder: &Path) -> bool {
        folder.join("records.jsonl").is_file()
    }

    pub fn open(folder: &Path) -> Result<Self, UsageError> {
        if Self::is_one(folder) {
            return Ok(Results { root: folder.to_owned() });
        }
        let why = if folder.is_dir() { "holds no records.jsonl" } else { "is no folder" };
        Err(UsageError(format!("{} {why}: give the folder that `derm-seg run` wrote", folder.display())))
    }

    /// Every record, one at a time: a run may have more than fit into memory.
    pub fn records(&self) -> Result<impl Iterator<Item = Result<Record, UsageError>> + use<>, UsageError> {
        let path = self.root.join("records.jsonl");
        let file = File::open(&path).map_err(|e| UsageError(format!("cannot read {}: {e}", path.display())))?;
        Ok(BufReader::new(file).lines().enumerate().map(move |(i, line)| {
            let damaged = |e: &dyn std::fmt::Display| {
                let again = "run the same `derm-seg run` again to repair it";
                UsageError(format!("{}, line {}: {e}; {again}", path.display(), i + 1))
            };
            let record: Record = serde_json::from_str(&line.map_err(|e| damaged(&e))?).map_err(|e| damaged(&e))?;
            if record.schema != RECORD_SCHEMA {
                return Err(damaged(&format!("the schema is {}, not {RECORD_SCHEMA}", record.schema)));
            }
            Ok(record)
        }))
    }

    /// `run.json`, where there is one.
    pub fn run(&self) -> Option<Value> {
        serde_json::from_slice(&std::fs::read(self.root.join("run.json")).ok()?).ok()
    }

    /// A mask by the path that its record gives.
    pub fn mask(&self, path: &str) -> Result<LabelMap, String> {
        read_mask(&self.root.join(path), &Format::Index)
    }
}
