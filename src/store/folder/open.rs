//! Whether a folder is ours, and opening it: nothing is written to another's, and nobody else writes to ours meanwhile.

use std::fs;
use std::io::{self, ErrorKind::NotFound};
use std::path::Path;

use serde_json::Value;

use super::{ENCRYPTED_TO, OutputFolder, is_results};
use crate::disk::vault::{self, Locked, Vault};
use crate::disk::{Lock, describe, is_temporary, lock_file, private};
use crate::error::UsageError;
use crate::store::layout::{LOCK, RUN_FILE};
use crate::store::pictures::Overlay;
use crate::store::tables::{RUN_SCHEMA, RunFile};

impl OutputFolder {
    /// Opens or makes the folder for a run; refuses a folder of other content, or one in use.
    pub fn open(root: &Path, vault: &Vault) -> Result<Self, UsageError> {
        let shown = root.display();
        let cannot = |e: io::Error| {
            UsageError(format!("The output folder {shown} cannot be used: {}. Choose another with -o.", describe(&e)))
        };
        let folder = Self::read_only(root, vault)?;
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
        let folder = Self::read_only(root, vault)?;
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
    pub fn read_only(root: &Path, vault: &Vault) -> Result<Self, UsageError> {
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
}

/// Earlier versions counted overlays among the settings, and tinted them.
fn as_of_now(mut run: RunFile) -> RunFile {
    let side = run.settings.as_object_mut().and_then(|settings| settings.remove("overlay_longest_side"));
    let side = side.and_then(|side| u32::try_from(side.as_u64()?).ok());
    run.overlay = run.overlay.or(side.map(|longest_side| Overlay { longest_side, filled: true }));
    run
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
