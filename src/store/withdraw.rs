//! Taking people out of finished results. A photo's record in metrics/ goes after its other files, and the tables after all
//! records: whatever moment it is killed at, the same command finds what is left and goes on.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{self, BufRead, BufReader};
use std::path::Path;

use serde_json::{Value, json};
use walkdir::WalkDir;

use super::folder::OutputFolder;
use super::tables::{RunFile, Tables};
use crate::disk::private::{remove, remove_one};
use crate::disk::vault;
use crate::disk::vault::{Vault, clear_name, has_sealed_name};
use crate::domain::record::{Outcome, Record};
use crate::people::OptOut;

/// Folders of results that mirror the inputs, and what follows the photo's path in their files' names.
const MIRRORS: [(&str, &[&str]); 5] = [
    ("masks", &[".png"]),
    ("overlays", &[".jpg"]),
    ("probs", &[".lesion.png", ".skin.png"]),
    ("crops", &[]),
    ("metrics", &[".json"]),
];
/// Files that later commands make of the records of all photos together.
const DERIVED: [&str; 6] = ["scores.json", "scores.csv", "compare.json", "report.html", "tracks.json", "tracks.csv"];
const LOG: &str = "withdrawals.jsonl";
/// How many photos a withdrawal is about, from its beginning to its end.
const BEGUN: &str = ".derm-seg.withdrawal";

/// What was, or would be, removed: numbers only, as the log has them.
#[derive(Debug)]
pub struct Withdrawn {
    pub photos: usize,
    pub files: usize,
    pub derived: Vec<&'static str>,
    pub lines_without_results: usize,
}

/// What there is of the people in one results folder.
pub struct Withdrawal<'a> {
    folder: &'a OutputFolder,
    people: &'a OptOut,
    /// Files, those of metrics/ last.
    files: Vec<std::path::PathBuf>,
    photos: BTreeSet<String>,
    rows: usize,
    lines_without_results: usize,
}

impl<'a> Withdrawal<'a> {
    pub fn find(folder: &'a OutputFolder, people: &'a OptOut) -> io::Result<Self> {
        let mut found =
            Self { folder, people, files: Vec::new(), photos: BTreeSet::new(), rows: 0, lines_without_results: 0 };
        let mut names = BTreeSet::new();
        // Results are written under another name where two differ only in case: the record knows the photo's own.
        let mut renamed = BTreeMap::new();
        found.each_record(|record| {
            let name = &record.input().path;
            if people.excludes(name) {
                found_in(&mut renamed, record);
                names.insert(name.clone());
            }
        })?;
        found.rows = names.len();
        for file in files_below(&folder.root().join("metrics"))? {
            if let Some(record) = found.read_record(&file)
                && people.excludes(&record.input().path)
            {
                found_in(&mut renamed, &record);
                names.insert(record.input().path.clone());
            }
        }
        for (mirror, endings) in MIRRORS {
            let root = folder.root().join(mirror);
            for file in files_below(&root)? {
                let Some(photo) = photo_of(&root, &file, endings) else { continue };
                let name = renamed.get(&photo).unwrap_or(&photo);
                if renamed.contains_key(&photo) || people.excludes(name) && !found.is_anothers(&photo, &file, mirror)? {
                    names.insert(name.clone());
                    found.files.push(file);
                }
            }
        }
        found.lines_without_results = people.lines_without_photos(names.iter().map(String::as_str));
        found.photos = names;
        Ok(found)
    }

    /// A file whose path reads like theirs may belong to another photo that was written under that name.
    fn is_anothers(&self, photo: &str, file: &Path, mirror: &str) -> io::Result<bool> {
        if mirror == "metrics" {
            return Ok(self.read_record(file).is_some_and(|record| !self.people.excludes(&record.input().path)));
        }
        let record = self.read_record(&self.folder.root().join(format!("metrics/{photo}.json")));
        Ok(record.is_some_and(|record| !self.people.excludes(&record.input().path)))
    }

    fn each_record(&self, mut see: impl FnMut(&Record)) -> io::Result<()> {
        let file = match self.folder.vault().open(&self.folder.root().join("records.jsonl")) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(()),
            other => other?,
        };
        for line in BufReader::new(file).lines() {
            see(&serde_json::from_str(&line?)?);
        }
        Ok(())
    }

    /// Things of theirs that are there.
    pub fn found(&self) -> usize {
        self.files.len() + self.rows
    }

    fn derived(&self) -> Vec<&'static str> {
        let is_touched = self.found() > 0 || self.begun().is_some();
        DERIVED.into_iter().filter(|name| is_touched && vault::exists(&self.folder.root().join(name))).collect()
    }

    fn begun(&self) -> Option<usize> {
        String::from_utf8(self.folder.read(BEGUN).ok()?).ok()?.trim().parse().ok()
    }

    fn read_record(&self, file: &Path) -> Option<Record> {
        serde_json::from_slice(&self.folder.vault().read(file).ok()?).ok()
    }

    pub fn would_remove(&self) -> Withdrawn {
        Withdrawn {
            photos: self.photos.len(),
            files: self.files.len(),
            derived: self.derived(),
            lines_without_results: self.lines_without_results,
        }
    }

    pub fn carry_out(&self) -> io::Result<Withdrawn> {
        let mut done = self.would_remove();
        let begun = self.begun();
        done.photos = done.photos.max(begun.unwrap_or(0));
        if self.found() == 0 && begun.is_none() {
            return Ok(done);
        }
        self.folder.write(BEGUN, done.photos.to_string().as_bytes())?;
        for name in &done.derived {
            remove(&self.folder.root().join(name))?;
        }
        for file in &self.files {
            remove(file)?;
        }
        self.remove_empty_folders();
        self.rewrite_tables()?;
        self.log(&done)?;
        remove(&self.folder.root().join(BEGUN))?;
        Ok(done)
    }

    /// A folder's name may be a person's.
    fn remove_empty_folders(&self) {
        for (mirror, _) in MIRRORS {
            let folders = WalkDir::new(self.folder.root().join(mirror)).min_depth(1).contents_first(true);
            for folder in folders.into_iter().flatten().filter(|entry| entry.file_type().is_dir()) {
                // Refused where anything is left in it.
                let _ = fs::remove_dir(folder.path());
            }
        }
    }

    fn rewrite_tables(&self) -> io::Result<()> {
        let root = self.folder.root();
        if !vault::exists(&root.join("records.jsonl")) {
            return Ok(());
        }
        let mut tables = Tables::create(self.folder.vault(), root)?;
        let mut gone = Vec::new();
        let mut failure = None;
        self.each_record(|record| {
            if self.people.excludes(&record.input().path) {
                gone.push(Gone::of(record));
            } else if let Err(e) = tables.add(record) {
                failure.get_or_insert(e);
            }
        })?;
        if let Some(e) = failure {
            return Err(e);
        }
        // The totals first: with the rows, the knowledge of how many there were would be gone.
        self.rewrite_totals(&gone)?;
        tables.finish()
    }

    fn rewrite_totals(&self, gone: &[Gone]) -> io::Result<()> {
        let mut run: RunFile = serde_json::from_slice(&self.folder.read("run.json")?)?;
        let rows = self.count_rows()?;
        // A rerun after a kill between the two writes finds the totals right already.
        if run.totals.inputs != rows as u64 + run.totals.not_reached {
            return Ok(());
        }
        let count = |wanted: fn(&Gone) -> bool| gone.iter().filter(|gone| wanted(gone)).count() as u64;
        run.totals.inputs -= gone.len() as u64;
        run.totals.done -= count(|gone| gone.status == "done");
        run.totals.excluded -= count(|gone| gone.status == "excluded");
        run.totals.failed -= count(|gone| gone.status == "failed");
        run.totals.without_lesion -= count(|gone| gone.without_lesion);
        let mut bytes = serde_json::to_vec_pretty(&run)?;
        bytes.push(b'\n');
        self.folder.write("run.json", &bytes)
    }

    fn count_rows(&self) -> io::Result<usize> {
        let mut rows = 0;
        self.each_record(|_| rows += 1)?;
        Ok(rows)
    }

    /// One line for each withdrawal: how many, never who.
    fn log(&self, done: &Withdrawn) -> io::Result<()> {
        let earlier = self.folder.read(LOG).unwrap_or_default();
        let earlier = String::from_utf8_lossy(&earlier);
        let line: Value = json!({"schema": "derm-seg/withdrawal/1", "tool_version": env!("CARGO_PKG_VERSION"), "photos": done.photos});
        self.folder.write(LOG, format!("{earlier}{line}\n").as_bytes())
    }
}

/// What the totals need to know of a row that goes.
struct Gone {
    status: &'static str,
    without_lesion: bool,
}

impl Gone {
    fn of(record: &Record) -> Self {
        Self { status: record.status(), without_lesion: record.done().is_some_and(|done| done.area.lesion_px == 0) }
    }
}

/// Remembers under which path the results of a photo were written.
fn found_in(renamed: &mut BTreeMap<String, String>, record: &Record) {
    if let Outcome::Done(done) = &record.outcome
        && let Some(written) = done.mask.path.strip_prefix("masks/").and_then(|path| path.strip_suffix(".png"))
    {
        renamed.insert(written.to_owned(), done.input.path.clone());
    }
}

/// The photo's path that a file below a mirror belongs to; in crops/ the folder is the photo.
fn photo_of(root: &Path, file: &Path, endings: &[&str]) -> Option<String> {
    let relative = file.strip_prefix(root).ok()?.to_str()?.replace('\\', "/");
    let relative = clear_name(&relative);
    if endings.is_empty() {
        return relative.rsplit_once('/').map(|(photo, _)| photo.to_owned());
    }
    endings.iter().find_map(|ending| relative.strip_suffix(ending)).map(str::to_owned)
}

/// Of results that are made anew, those that lie in another form than they will be written in.
pub fn forget_other_form(root: &Path, vault: &Vault) -> io::Result<()> {
    for (mirror, _) in MIRRORS {
        let files = files_below(&root.join(mirror))?;
        for file in files.iter().filter(|file| has_sealed_name(file) != vault.encrypts()) {
            fs::remove_file(file)?;
        }
    }
    for name in DERIVED.into_iter().chain(["run.json", "summary.csv"]) {
        remove_one(&vault.other_place(&root.join(name)))?;
    }
    Ok(())
}

fn files_below(folder: &Path) -> io::Result<Vec<std::path::PathBuf>> {
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let mut files = Vec::new();
    for entry in WalkDir::new(folder).sort_by_file_name() {
        let entry = entry?;
        if entry.file_type().is_file() {
            files.push(entry.into_path());
        }
    }
    Ok(files)
}
