//! The output folder: whether it is ours, who may write to it, under which settings, and what in it is already done.

use std::fs;
use std::io::{
    self,
    ErrorKind::{InvalidFilename, IsADirectory, NotADirectory, NotFound},
};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde_json::Value;

use super::layout::{
    BASE, CROPS, DERIVED, LOCK, MIRRORS, OPTED_OUT, RECORDS, RUN_FILE, SUMMARY, crops_there, file_name_of, files_of,
    mask_path, record_path,
};
use super::mask_file;
use super::pictures::Overlay;
use super::tables::{RUN_SCHEMA, RunFile};
use crate::disk;
use crate::disk::describe;
use crate::disk::vault::{self, Locked, Vault};
use crate::disk::{Lock, atomic, is_temporary, lock_file, private, sweep};
use crate::domain::changes::{Change, changes};
use crate::domain::record::{Crop, Done, Outcome, RECORD_SCHEMA, Record};
use crate::domain::source::Source;
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

/// What is there of a photo.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Nothing that is believed.
    New,
    InputChanged,
    OutputDamaged,
    /// The mask is whole, and a picture that is asked for is not there.
    PictureMissing,
    /// Somebody changed the mask after it was written.
    MaskEdited,
    Done,
    /// It is in an archive, and its content has to be seen to tell.
    Unread,
}

impl OutputFolder {
    /// Opens or makes the folder for a run; refuses a folder of other content, or one in use.
    pub fn open(root: &Path, vault: &Vault) -> Result<Self, UsageError> {
        let shown = root.display();
        let cannot = |e: io::Error| {
            UsageError(format!("The output folder {shown} cannot be used: {}. Choose another with -o.", describe(&e)))
        };
        let folder = Self::look(root, vault)?;
        private::make_folders(root, vault.is_private()).map_err(cannot)?;
        let folder = Self { _lock: Some(take_lock(root)?), ..folder };
        folder.tidy().map_err(cannot)?;
        Ok(folder)
    }

    /// Opens results that are there, to take something out of them.
    pub fn open_results(root: &Path, vault: &Vault) -> Result<Self, UsageError> {
        let shown = root.display();
        let not_results = || {
            let why = if root.exists() { "holds no results (there is no run.json)" } else { "does not exist" };
            UsageError(format!("{shown} {why}; name the folder that `derm-seg run` wrote"))
        };
        if !vault::exists(&root.join(RUN_FILE)) {
            return Err(not_results());
        }
        let folder = Self::look(root, vault)?;
        folder.refuse_locked()?;
        let run = folder.earlier.as_ref().ok_or_else(not_results)?;
        if run.settings[ENCRYPTED_TO].as_str() != vault.fingerprint().as_deref() {
            return Err(UsageError(format!(
                "What is left in {shown} has to be written as it was: give the --encrypt-to of the run, or none if it had none."
            )));
        }
        let folder = Self { _lock: Some(take_lock(root)?), ..folder };
        folder.tidy().map_err(|e| UsageError(format!("{shown} cannot be used: {}", describe(&e))))?;
        Ok(folder)
    }

    /// Nothing is made, nothing is locked. That a folder is ours is proven by its run.json, before anything in it is written
    /// or removed; an empty one is free.
    pub fn look(root: &Path, vault: &Vault) -> Result<Self, UsageError> {
        let shown = root.display();
        if root.exists() && !root.is_dir() {
            return Err(UsageError(format!("The output folder {shown} is a file. Choose another with -o.")));
        }
        let folder =
            |earlier, locked| Self { root: root.to_owned(), vault: vault.clone(), earlier, locked, _lock: None };
        let foreign = |what: &str| {
            UsageError(format!(
                "The folder {shown} {what}; nothing was changed. Choose an empty or new folder with -o."
            ))
        };
        let bytes = match vault.read(&root.join(RUN_FILE)) {
            Ok(bytes) => bytes,
            Err(e) if e.kind() == NotFound => {
                return match is_free(root)
                    .map_err(|e| UsageError(format!("{shown} cannot be listed: {}", describe(&e))))?
                {
                    true => Ok(folder(None, None)),
                    false => Err(foreign("holds other files and no derm-seg results (there is no run.json)")),
                };
            }
            Err(e) => match Locked::of(&e) {
                Some(locked) if is_results(root) => return Ok(folder(None, Some(locked))),
                _ => return Err(foreign(&format!("has a run.json that cannot be read ({})", describe(&e)))),
            },
        };
        let is_ours = |value: &Value| value["schema"] == RUN_SCHEMA;
        let value = serde_json::from_slice(&bytes).ok().filter(is_ours);
        match value.and_then(|value| serde_json::from_value(value).ok()) {
            Some(run) => Ok(folder(Some(as_of_now(run)), None)),
            None => Err(foreign("has a run.json that is damaged, or of another program or version")),
        }
    }

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

    /// A record that exists is believed only if its input and its outputs are still what it says.
    ///
    /// An input is taken as unchanged without reading it when it has its old size and neither its content nor its inode
    /// was touched since the record was written; otherwise, and always with `verify`, its hash decides. For a member of an
    /// archive that is the archive's inode, and the hash is `blake3`, once it was read.
    /// `is_complete` tells whether a record has all that is asked for.
    pub fn state(
        &self,
        source: &Source,
        extra: &[String],
        is_complete: impl Fn(&Done) -> bool,
        verify: bool,
        blake3: Option<&str>,
    ) -> State {
        let Ok(record) = self.read_record(&source.file_name) else { return State::New };
        let Outcome::Done(done) = record.outcome else { return State::New };
        if done.input.path != source.name || done.mask.path != mask_path(&source.file_name) {
            return State::New;
        }
        let mask = self.mask_state(&done);
        if mask == State::MaskEdited {
            return mask;
        }
        match self.is_same_input(source, &done, verify, blake3) {
            // A mask that somebody drew is not lost to a change of its photo.
            Some(false) if done.edited.is_some() => return State::MaskEdited,
            Some(false) => return State::InputChanged,
            None => return State::Unread,
            Some(true) => {}
        }
        let whole = |path: &String| {
            fs::metadata(self.vault.place(&self.root.join(path))).is_ok_and(|metadata| metadata.len() > 0)
        };
        let crops = done.crops.iter().flatten().map(|crop| &crop.file);
        if mask == State::Done && !(is_complete(&done) && extra.iter().chain(crops).all(whole)) {
            State::PictureMissing
        } else {
            mask
        }
    }

    /// None where that cannot be told without reading an archive.
    fn is_same_input(&self, source: &Source, done: &Done, verify: bool, blake3: Option<&str>) -> Option<bool> {
        if blake3.is_some() {
            return Some(blake3 == done.input.blake3.as_deref());
        }
        let record = self.vault.place(&self.root.join(record_path(&source.file_name)));
        let untouched = || -> Option<bool> {
            let input = fs::metadata(&source.path).ok()?;
            let written = fs::metadata(record).ok()?.modified().ok()?;
            let bytes = source.member.map_or(input.len(), |member| member.bytes);
            Some(done.input.bytes == Some(bytes) && last_touched(&input)? < written)
        };
        if !verify && untouched() == Some(true) {
            return Some(true);
        }
        if source.member.is_some() {
            return None;
        }
        let hash = crate::disk::read(&source.path).ok().map(|bytes| blake3::hash(&bytes).to_hex().to_string());
        Some(hash == done.input.blake3)
    }

    /// A mask that was changed and is still a picture was changed by somebody; anything else is damage.
    fn mask_state(&self, done: &Done) -> State {
        match self.read(&done.mask.path) {
            Ok(bytes) if blake3::hash(&bytes).to_hex().as_str() == done.mask.blake3 => State::Done,
            Ok(bytes) if mask_file::is_picture(&bytes, done.photo) => State::MaskEdited,
            _ => State::OutputDamaged,
        }
    }
}

/// Earlier versions counted overlays among the settings, and tinted them.
fn as_of_now(mut run: RunFile) -> RunFile {
    let side = run.settings.as_object_mut().and_then(|settings| settings.remove("overlay_longest_side"));
    let side = side.and_then(|side| u32::try_from(side.as_u64()?).ok());
    run.overlay = run.overlay.or(side.map(|longest_side| Overlay { longest_side, filled: true }));
    run
}

/// A name that is too long, or that a folder or file of other results has already.
pub fn is_about_the_name(error: &io::Error) -> bool {
    matches!(error.kind(), InvalidFilename | NotADirectory | IsADirectory)
}

/// Whether there is nothing in a folder, or only what a run leaves that ended before it could say anything.
fn is_free(root: &Path) -> io::Result<bool> {
    let entries = match fs::read_dir(root) {
        Err(e) if e.kind() == NotFound => return Ok(true),
        other => other?,
    };
    for entry in entries {
        let name = entry?.file_name();
        if name != LOCK && !is_temporary(&name) {
            return Ok(false);
        }
    }
    Ok(true)
}

fn take_lock(root: &Path) -> Result<Lock, UsageError> {
    let shown = root.display();
    match lock_file(&root.join(LOCK)) {
        Ok(Some(lock)) => Ok(lock),
        Ok(None) => Err(UsageError(format!(
            "Another derm-seg is writing to {shown}. Wait for it, or choose another folder with -o."
        ))),
        Err(e) => Err(UsageError(format!(
            "The output folder {shown} cannot be used: {}. Choose another with -o.",
            describe(&e)
        ))),
    }
}

/// The later of content change and, where the system tells, change of the file's own data (a copy that keeps its old date).
pub fn last_touched(metadata: &fs::Metadata) -> Option<SystemTime> {
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
pub(super) fn differences(earlier: &Value, now: &Value) -> Vec<String> {
    let show = |v: &Value| if v.is_null() { "unset".to_owned() } else { v.to_string() };
    let line = |c: Change| format!("{}: {} there, {} now", c.name, show(&c.base), show(&c.new));
    changes(earlier, now, &[]).into_iter().map(line).collect()
}
