//! The output folder: who may write to it, under which settings, and what lies in it.

mod open;
mod state;

pub use state::{State, last_touched};

use std::io::{
    self,
    ErrorKind::{InvalidFilename, IsADirectory, NotADirectory},
};
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::layout::{
    BASE, CROPS, DERIVED, LOCK, MIRRORS, OPTED_OUT, RECORDS, RUN_FILE, SUMMARY, crops_there, file_name_of, files_of,
    record_path,
};
use super::pictures::Overlay;
use super::tables::RunFile;
use crate::disk::vault::{self, Locked, Vault};
use crate::disk::{self, Lock, atomic, private, sweep};
use crate::domain::changes::{Change, changes};
use crate::domain::record::{Crop, RECORD_SCHEMA, Record};
use crate::error::UsageError;
use crate::people::Remembered;

/// The setting that tells whom results are encrypted to.
pub const ENCRYPTED_TO: &str = "encrypted_to";

/// Whether a folder holds results of this program.
pub fn is_results(folder: &Path) -> bool {
    folder.join(LOCK).is_file() && vault::exists(&folder.join(RUN_FILE))
}

/// Held open while a run lasts.
#[derive(Debug)]
pub struct OutputFolder {
    root: PathBuf,
    vault: Vault,
    /// What the last run says of itself. None where there was none, or where it cannot be read for want of a key.
    earlier: Option<RunFile>,
    locked: Option<Locked>,
    _lock: Option<Lock>,
}

impl OutputFolder {
    fn refuse_locked(&self) -> Result<(), UsageError> {
        let Some(locked) = self.locked else { return Ok(()) };
        Err(UsageError(format!(
            "The results in {} cannot be read: {locked}. `run --overwrite` makes them again without reading them.",
            self.root.display()
        )))
    }

    /// What names of the results that are there are relative to, as a fingerprint; None where that is not known.
    pub fn base(&self) -> Option<String> {
        String::from_utf8(self.read(BASE).ok()?).ok()
    }

    pub fn set_base(&self, base: &str) -> io::Result<()> {
        self.write(BASE, base.as_bytes())
    }

    /// What the last run says of itself; None where there is none that can be read.
    pub fn run_file(&self) -> Option<&RunFile> {
        self.earlier.as_ref()
    }

    /// How the overlays that are there were drawn.
    pub fn overlay(&self) -> Option<Overlay> {
        self.earlier.as_ref()?.overlay
    }

    /// What the results that are there were made with; null where there are none.
    pub fn settings(&self) -> &Value {
        self.earlier.as_ref().map_or(&Value::Null, |run| &run.settings)
    }

    /// Whether results of these settings may lie beside those that are there.
    pub fn has_settings(&self, settings: &Value) -> bool {
        self.locked.is_none() && self.earlier.as_ref().is_none_or(|run| run.settings == *settings)
    }

    pub fn check_settings(&self, settings: &Value) -> Result<(), UsageError> {
        self.refuse_locked()?;
        let Some(earlier) = &self.earlier else { return Ok(()) };
        let differences = differences(&earlier.settings, settings);
        if differences.is_empty() {
            return Ok(());
        }
        Err(UsageError(format!(
            "The results in {} were made with other settings:\n{}\nMixing them would spoil both. Repeat the earlier settings, choose another folder with -o, \
             or use --overwrite to make all results again.",
            self.root.display(),
            differences.iter().map(|d| format!("  {d}")).collect::<Vec<_>>().join("\n")
        )))
    }

    /// Of results that are made again in another form (clear or encrypted), the tables that would not be overwritten.
    pub fn forget_tables(&self) -> io::Result<()> {
        private::remove(&self.root.join(RECORDS))?;
        for name in DERIVED.into_iter().chain([RUN_FILE, SUMMARY, BASE]) {
            private::remove_one(&self.vault.other_place(&self.root.join(name)))?;
        }
        Ok(())
    }

    /// Sweeps away what a killed run was in the middle of writing; closes what was open to others.
    fn tidy(&self) -> io::Result<()> {
        sweep(&self.root)?;
        if self.vault.is_private() { private::close_all(&self.root) } else { Ok(()) }
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    pub fn vault(&self) -> &Vault {
        &self.vault
    }

    pub fn write_run(&self, run: &RunFile) -> io::Result<()> {
        let mut bytes = serde_json::to_vec_pretty(run)?;
        bytes.push(b'\n');
        self.write(RUN_FILE, &bytes)
    }

    /// `relative` uses `/`, as it stands in records.
    pub fn write(&self, relative: &str, bytes: &[u8]) -> io::Result<()> {
        atomic::write(&self.vault, &self.root.join(relative), bytes)
    }

    pub fn read(&self, relative: &str) -> io::Result<Vec<u8>> {
        self.vault.read(&self.root.join(relative))
    }

    pub fn read_record(&self, file_name: &str) -> io::Result<Record> {
        let record: Record = serde_json::from_slice(&self.read(&record_path(file_name))?)?;
        match record.schema == RECORD_SCHEMA {
            true => Ok(record),
            false => Err(io::Error::new(io::ErrorKind::InvalidData, "it is not a record of this version")),
        }
    }

    /// Keeps who is on a list, for runs that are not given one.
    pub fn remember_opted_out(&self, people: &Remembered) -> io::Result<()> {
        let mut bytes = serde_json::to_vec_pretty(people)?;
        bytes.push(b'\n');
        self.write(OPTED_OUT, &bytes)
    }

    /// A record of the same results with more figures. Its date stays: by it, a change of the photo since is seen.
    pub fn rewrite_record(&self, record: &Record) -> io::Result<()> {
        let Some(done) = record.done() else { return Ok(()) };
        disk::rewrite(&self.vault, &self.root.join(record_path(file_name_of(done))), &record.to_file()?)
    }

    /// Takes a photo's results away, the record first. Tells whether there were any.
    pub fn remove(&self, file_name: &str) -> io::Result<bool> {
        let mut removed = false;
        for path in files_of(file_name) {
            match private::remove(&self.root.join(path)) {
                Ok(was_there) => removed |= was_there,
                // A name that cannot exist has no results either.
                Err(e) if is_about_the_name(&e) => {}
                Err(e) => return Err(e),
            }
        }
        for crop in crops_there(&self.root, file_name)? {
            removed |= private::remove_one(&crop)?;
            private::remove_empty_folder(crop.parent().unwrap_or(&self.root))?;
        }
        Ok(removed)
    }

    /// Takes the crops of a photo away that are not among these.
    pub fn keep_crops(&self, file_name: &str, kept: &[Crop]) -> io::Result<()> {
        let kept: Vec<PathBuf> = kept.iter().map(|crop| self.vault.place(&self.root.join(&crop.file))).collect();
        let there = crops_there(&self.root, file_name)?;
        if there.is_empty() {
            return Ok(());
        }
        let others = there.into_iter().filter(|file| !kept.contains(file));
        others.map(|file| private::remove_one(&file)).try_for_each(|removed| removed.map(drop))?;
        if kept.is_empty() {
            let crops = self.root.join(CROPS);
            private::remove_empty_parents(&crops.join(file_name).join("crop"), &crops)?;
        }
        Ok(())
    }

    /// The same, with the folders that are empty without it: their names may be a person's.
    pub fn remove_with_folders(&self, file_name: &str) -> io::Result<bool> {
        let removed = self.remove(file_name)?;
        for (mirror, _) in MIRRORS {
            let mirror = self.root.join(mirror);
            // In crops/ the photo has a folder of its own.
            let file =
                if mirror.ends_with(CROPS) { mirror.join(file_name).join("crop") } else { mirror.join(file_name) };
            private::remove_empty_parents(&file, &mirror)?;
        }
        Ok(removed)
    }

    /// Takes the promise away that a photo is done, before its results are made again; and its files in another form
    /// (clear or encrypted) than they will have, since nothing would overwrite them.
    pub fn forget(&self, file_name: &str) -> io::Result<()> {
        let record = self.root.join(record_path(file_name));
        let in_other_form = files_of(file_name).map(|path| self.vault.other_place(&self.root.join(path)));
        for file in std::iter::once(self.vault.place(&record)).chain(in_other_form) {
            match private::remove_one(&file) {
                Err(e) if !is_about_the_name(&e) => return Err(e),
                _ => {}
            }
        }
        Ok(())
    }
}

/// A name that is too long, or that a folder or file of other results has already.
pub fn is_about_the_name(error: &io::Error) -> bool {
    matches!(error.kind(), InvalidFilename | NotADirectory | IsADirectory)
}

/// Settings that differ, one line each: the single values, not the objects that hold them.
pub(super) fn differences(earlier: &Value, now: &Value) -> Vec<String> {
    let show = |v: &Value| if v.is_null() { "unset".to_owned() } else { v.to_string() };
    let line = |c: Change| format!("{}: {} there, {} now", c.name, show(&c.base), show(&c.new));
    changes(earlier, now, &[]).into_iter().map(line).collect()
}
