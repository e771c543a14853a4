//! The output folder: who may write to it, under which settings, and what in it is already done.

use std::fs::{self, File, TryLockError};
use std::io::{
    self,
    ErrorKind::{InvalidFilename, IsADirectory, NotADirectory},
};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde_json::Value;

use super::tables::RunFile;
use super::withdraw::forget_other_form;
use crate::disk::vault;
use crate::disk::vault::{Locked, Vault};
use crate::disk::{TEMPORARY, atomic, private};
use crate::domain::changes::{Change, changes};
use crate::domain::record;
use crate::domain::record::{Outcome, Record};
use crate::domain::source::Source;
use crate::error::UsageError;

const LOCK: &str = ".derm-seg.lock";
const RUN_FILE: &str = "run.json";
/// The setting that tells whom results are encrypted to.
pub const ENCRYPTED_TO: &str = "encrypted_to";

/// Whether a folder holds results of this program.
pub fn is_results(folder: &Path) -> bool {
    folder.join(LOCK).is_file() && vault::exists(&folder.join(RUN_FILE))
}

/// Held open while a run lasts: the lock goes with the process, however it ends.
#[derive(Debug)]
pub struct OutputFolder {
    root: PathBuf,
    vault: Vault,
    _lock: Option<File>,
}

/// Why a photo is processed although a record of it may exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unfinished {
    New,
    InputChanged,
    OutputDamaged,
}

impl OutputFolder {
    /// Opens or makes the folder for a run with `settings`; refuses a folder of other content, other settings, or in use.
    pub fn open(root: &Path, vault: &Vault, settings: &Value, overwrite: bool) -> Result<Self, UsageError> {
        let shown = root.display();
        let cannot = |e: io::Error| {
            UsageError(format!("The output folder {shown} cannot be used: {e}. Choose another with -o."))
        };
        if root.exists() && !root.is_dir() {
            return Err(UsageError(format!("The output folder {shown} is a file. Choose another with -o.")));
        }
        let is_ours = vault::exists(&root.join(RUN_FILE)) || root.join(LOCK).is_file();
        if !is_ours && root.is_dir() && fs::read_dir(root).map_err(cannot)?.next().is_some() {
            return Err(UsageError(format!(
                "The folder {shown} holds other files and no derm-seg results; nothing was written. Choose an empty or new folder with -o."
            )));
        }
        private::make_folders(root, vault.is_private()).map_err(cannot)?;
        let folder = Self { root: root.to_path_buf(), vault: vault.clone(), _lock: Some(take_lock(root)?) };
        if overwrite {
            folder.forget_records().map_err(cannot)?;
        } else {
            folder.check_settings(settings)?;
        }
        folder.tidy().map_err(cannot)?;
        Ok(folder)
    }

    /// Opens results that are there, to take something out of them.
    pub fn open_results(root: &Path, vault: &Vault) -> Result<Self, UsageError> {
        let shown = root.display();
        let folder = Self { root: root.to_path_buf(), vault: vault.clone(), _lock: None };
        let Some(run) = folder.run_file()? else {
            return Err(UsageError(format!("{shown} holds no run.json: give the folder that `derm-seg run` wrote")));
        };
        if run.settings[ENCRYPTED_TO].as_str() != vault.fingerprint().as_deref() {
            return Err(UsageError(format!(
                "What is left in {shown} has to be written as it was: give the --encrypt-to of the run, or none if it had none."
            )));
        }
        let folder = Self { _lock: Some(take_lock(root)?), ..folder };
        folder.tidy().map_err(|e| UsageError(format!("{shown} cannot be used: {e}")))?;
        Ok(folder)
    }

    /// For looking only: nothing is made, nothing is locked.
    pub fn look(root: &Path, vault: &Vault) -> Result<Self, UsageError> {
        let folder = Self { root: root.to_path_buf(), vault: vault.clone(), _lock: None };
        folder.run_file()?;
        Ok(folder)
    }

    /// What the last run says of itself.
    fn run_file(&self) -> Result<Option<RunFile>, UsageError> {
        let shown = self.root.display();
        let bytes = match self.vault.read(&self.root.join(RUN_FILE)) {
            Ok(bytes) => bytes,
            Err(e) if Locked::of(&e).is_some() => {
                return Err(UsageError(format!(
                    "The results in {shown} cannot be read: {e}. `run --overwrite` makes them anew without reading them."
                )));
            }
            Err(_) => return Ok(None),
        };
        serde_json::from_slice(&bytes).map(Some).map_err(|e| {
            UsageError(format!(
                "{shown}/{RUN_FILE} is not readable as the record of a run ({e}). Use --overwrite to start anew, or another -o."
            ))
        })
    }

    fn check_settings(&self, settings: &Value) -> Result<(), UsageError> {
        let Some(earlier) = self.run_file()? else { return Ok(()) };
        let differences = differences(&earlier.settings, settings);
        if differences.is_empty() {
            return Ok(());
        }
        Err(UsageError(format!(
            "The results in {} were made with other settings:\n{}\nMixing them would spoil both. Repeat the earlier settings, choose another folder with -o, \
             or use --overwrite to make all results anew.",
            self.root.display(),
            differences.iter().map(|d| format!("  {d}")).collect::<Vec<_>>().join("\n")
        )))
    }

    /// Records promise results; before results are made anew, the promises go. Where clear results become encrypted ones,
    /// or the other way, the old ones would not be overwritten: they go as well.
    #[expect(clippy::disallowed_methods, reason = "records of an own folder, before its results are made again")]
    fn forget_records(&self) -> io::Result<()> {
        private::remove(&self.root.join("records.jsonl"))?;
        forget_other_form(&self.root, &self.vault)?;
        match fs::remove_dir_all(self.root.join("metrics")) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => Err(e),
            _ => Ok(()),
        }
    }

    /// Sweeps away what a killed run was in the middle of writing; closes what was open to others.
    fn tidy(&self) -> io::Result<()> {
        for entry in walkdir::WalkDir::new(&self.root).into_iter().flatten() {
            if entry.file_type().is_file() && entry.file_name().as_encoded_bytes().ends_with(TEMPORARY.as_bytes()) {
                fs::remove_file(entry.path())?;
            }
        }
        if self.vault.is_private() { private::close_all(&self.root) } else { Ok(()) }
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    pub fn vault(&self) -> &Vault {
        &self.vault
    }

    /// `relative` uses `/`, as it stands in records.
    pub fn write(&self, relative: &str, bytes: &[u8]) -> io::Result<()> {
        atomic::write(&self.vault, &self.root.join(relative), bytes)
    }

    pub fn read(&self, relative: &str) -> io::Result<Vec<u8>> {
        self.vault.read(&self.root.join(relative))
    }

    pub fn record_path(source: &Source) -> String {
        format!("metrics/{}.json", source.file_name)
    }

    pub fn read_record(&self, source: &Source) -> Option<Record> {
        serde_json::from_slice(&self.read(&Self::record_path(source)).ok()?).ok()
    }

    /// Takes a photo's results away, the record first. Tells whether there were any.
    pub fn remove(&self, source: &Source, extra: &[String]) -> io::Result<bool> {
        let mut removed = false;
        let usual = ["overlays/{}.jpg", "probs/{}.lesion.png", "probs/{}.skin.png", "masks/{}.png"]
            .map(|p| p.replace("{}", &source.file_name));
        for path in std::iter::once(Self::record_path(source)).chain(extra.iter().cloned()).chain(usual) {
            match private::remove(&self.root.join(path)) {
                Ok(was_there) => removed |= was_there,
                // A name that cannot exist has no results either.
                Err(e) if matches!(e.kind(), InvalidFilename | NotADirectory | IsADirectory) => {}
                Err(e) => return Err(e),
            }
        }
        Ok(removed)
    }

    /// A record that exists is believed only if its input and its outputs are still what it says.
    ///
    /// An input is taken as unchanged without reading it when it has its old size and neither its content nor its inode
    /// was touched since the record was written; otherwise, and always with `verify`, its hash decides.
    pub fn state(&self, source: &Source, extra: &[String], verify: bool) -> Result<(), Unfinished> {
        let place = |path: &str| self.vault.place(&self.root.join(path));
        let record_file = place(&Self::record_path(source));
        let Some(record) = self.read_record(source) else { return Err(Unfinished::New) };
        let Outcome::Done(done) = record.outcome else { return Err(Unfinished::New) };
        if record.schema != record::RECORD_SCHEMA || done.input.path != source.name {
            return Err(Unfinished::New);
        }
        let untouched = || -> Option<bool> {
            let input = fs::metadata(&source.path).ok()?;
            let written = fs::metadata(&record_file).ok()?.modified().ok()?;
            Some(done.input.bytes == Some(input.len()) && last_touched(&input)? < written)
        };
        if verify || untouched() != Some(true) {
            let same = fs::read(&source.path).ok().map(|bytes| blake3::hash(&bytes).to_hex().to_string());
            if same != done.input.blake3 {
                return Err(Unfinished::InputChanged);
            }
        }
        let whole = |path: &str| fs::metadata(place(path)).is_ok_and(|m| m.len() > 0);
        let mask = self.read(&done.mask.path).ok().map(|bytes| blake3::hash(&bytes).to_hex().to_string());
        if mask.as_deref() != Some(done.mask.blake3.as_str()) || !extra.iter().all(|path| whole(path)) {
            return Err(Unfinished::OutputDamaged);
        }
        Ok(())
    }
}

fn take_lock(root: &Path) -> Result<File, UsageError> {
    let shown = root.display();
    let cannot =
        |e: io::Error| UsageError(format!("The output folder {shown} cannot be used: {e}. Choose another with -o."));
    let lock = File::options().create(true).truncate(false).write(true).open(root.join(LOCK)).map_err(cannot)?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(UsageError(format!(
            "Another derm-seg is writing to {shown}. Wait for it, or choose another folder with -o."
        ))),
        Err(TryLockError::Error(e)) => Err(cannot(e)),
    }
}

/// The later of content change and, where the system tells, change of the file's own data (a copy that keeps its old date).
fn last_touched(metadata: &fs::Metadata) -> Option<SystemTime> {
    let modified = metadata.modified().ok()?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        let changed = SystemTime::UNIX_EPOCH
            + std::time::Duration::new(metadata.ctime().try_into().ok()?, metadata.ctime_nsec().try_into().ok()?);
        Some(modified.max(changed))
    }
    #[cfg(not(unix))]
    Some(modified)
}

/// Settings that differ, one line each: the single values, not the objects that hold them.
fn differences(earlier: &Value, now: &Value) -> Vec<String> {
    let show = |v: &Value| if v.is_null() { "unset".to_owned() } else { v.to_string() };
    let line = |c: Change| format!("{}: {} there, {} now", c.name, show(&c.base), show(&c.new));
    changes(earlier, now, &[]).into_iter().map(line).collect()
}
