//! Taking people out of finished results. A photo's record in metrics/ goes after its other files, and the tables after all
//! records: whatever moment it is killed at, the same command finds what is left and goes on.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::io::{self, BufRead, BufReader, ErrorKind::NotFound};
use std::path::{Path, PathBuf};

use serde_json::json;
use walkdir::WalkDir;

use super::folder::OutputFolder;
use super::layout::{
    BASE, DERIVED, LOCK, METRICS, MIRRORS, OPTED_OUT, RECORDS, RUN_FILE, SUMMARY, WITHDRAWAL_BEGUN, WITHDRAWALS,
    WITHDRAWN, file_name_of, files_below, photo_of,
};
use super::tables::{RunFile, Tables};
use crate::disk::describe;
use crate::disk::vault::{self, Vault, clear_name};
use crate::disk::{remove, remove_empty_folder, settle};
use crate::domain::record::Record;
use crate::error::UsageError;
use crate::people::{Kind, OptOut, Remembered};

/// Files of the folder itself, which are about nobody or are rewritten.
const OWN: [&str; 9] = [LOCK, BASE, RUN_FILE, RECORDS, SUMMARY, WITHDRAWALS, WITHDRAWN, OPTED_OUT, WITHDRAWAL_BEGUN];

/// What was, or would be, removed: numbers only, as the log has them.
#[derive(Debug)]
pub struct Removal {
    pub photos: usize,
    pub files: usize,
    pub derived: Vec<&'static str>,
    /// Lines of the list that match no photo, and never did.
    pub lines_without_results: usize,
    /// Files of which nobody can tell whose they are.
    pub unknown_files: Vec<PathBuf>,
}

/// What there is of the people in one results folder.
pub struct Withdrawal<'a> {
    folder: &'a OutputFolder,
    people: &'a OptOut,
    remembered: Remembered,
    /// Theirs, those of metrics/ last.
    files: Vec<PathBuf>,
    unknown_files: Vec<PathBuf>,
    /// Names of their photos.
    photos: BTreeSet<String>,
    /// How many of them stand in the tables.
    rows: usize,
}

/// A photo that has a record.
struct Recorded {
    name: String,
    /// The photo's bytes, by their hash.
    content: Option<String>,
    in_tables: bool,
}

/// People who were withdrawn from the results in a folder, if any ever were.
pub fn withdrawn_people(root: &Path, vault: &Vault) -> Result<Option<Remembered>, UsageError> {
    remembered(root, WITHDRAWN, "was withdrawn", vault)
}

/// People who were on the list that the last run was given, if it was given one.
pub fn opted_out_people(root: &Path, vault: &Vault) -> Result<Option<Remembered>, UsageError> {
    remembered(root, OPTED_OUT, "opted out", vault)
}

fn remembered(root: &Path, file: &str, who: &str, vault: &Vault) -> Result<Option<Remembered>, UsageError> {
    let unreadable = |why: &str| {
        UsageError(format!(
            "{}/{file}, which tells who {who}, cannot be read: {why}. Without it they would come back into the results; \
             restore it, or choose another folder with -o.",
            root.display()
        ))
    };
    match vault.read(&root.join(file)) {
        Err(e) if e.kind() == NotFound => Ok(None),
        Err(e) => Err(unreadable(&describe(&e))),
        Ok(bytes) => Remembered::read(&bytes).map(Some).ok_or_else(|| unreadable("it is damaged")),
    }
}

impl<'a> Withdrawal<'a> {
    pub fn find(folder: &'a OutputFolder, people: &'a OptOut) -> io::Result<Self> {
        let earlier = withdrawn_people(folder.root(), folder.vault()).map_err(io::Error::other)?;
        let mut found = Self {
            folder,
            people,
            remembered: earlier.map_or_else(Remembered::nobody, Ok)?,
            files: Vec::new(),
            unknown_files: Vec::new(),
            photos: BTreeSet::new(),
            rows: 0,
        };
        let recorded = found.recorded()?;
        // The same photo may lie there twice, under a name that the list does not know.
        for photo in recorded.values().filter(|photo| people.excludes(&photo.name)) {
            photo.content.iter().for_each(|content| found.remembered.add(Kind::Content, content));
        }
        let theirs: HashSet<&String> =
            recorded.iter().filter(|(_, photo)| found.is_theirs(photo)).map(|(file_name, _)| file_name).collect();
        found.photos = theirs.iter().map(|file_name| recorded[*file_name].name.clone()).collect();
        found.rows = theirs.iter().filter(|file_name| recorded[**file_name].in_tables).count();
        found.sort_files(&recorded, &theirs)?;
        Ok(found)
    }

    fn is_theirs(&self, photo: &Recorded) -> bool {
        let is_known = |content: &String| self.remembered.knows(Kind::Content, content);
        self.people.excludes(&photo.name) || photo.content.as_ref().is_some_and(is_known)
    }

    /// Every photo of which there is a record, by the name that its files have.
    fn recorded(&self) -> io::Result<BTreeMap<String, Recorded>> {
        let mut all = BTreeMap::new();
        let metrics = self.folder.root().join(METRICS);
        for file in files_below(&metrics)? {
            let Some(file_name) = photo_of(&metrics, &file, &[".json"]) else { continue };
            if let Ok(record) = self.folder.read_record(&file_name) {
                all.insert(file_name, Recorded::of(&record, false));
            }
        }
        self.each_row(|record| {
            let file_name = record.done().map_or(&*record.input().path, file_name_of);
            all.insert(file_name.to_owned(), Recorded::of(record, true));
            Ok(())
        })?;
        Ok(all)
    }

    /// Looks at every file there is: theirs, somebody else's, or nobody can tell whose.
    fn sort_files(&mut self, recorded: &BTreeMap<String, Recorded>, theirs: &HashSet<&String>) -> io::Result<()> {
        let mut records = Vec::new();
        for file in files_below(self.folder.root())? {
            match self.photo_with(&file) {
                Some((mirror, photo)) => {
                    let owner = recorded.get(&photo);
                    if theirs.contains(&photo) || owner.is_none() && self.people.excludes(&photo) {
                        if owner.is_none() {
                            self.photos.insert(photo);
                        }
                        let list = if mirror == METRICS { &mut records } else { &mut self.files };
                        list.push(file);
                    } else if !owner.is_some_and(|owner| owner.in_tables) {
                        self.unknown_files.push(file);
                    }
                }
                None if self.is_own(&file) => {}
                None => self.unknown_files.push(file),
            }
        }
        self.files.append(&mut records);
        Ok(())
    }

    /// The mirror that a file is in, and the photo that it belongs to.
    fn photo_with(&self, file: &Path) -> Option<(&'static str, String)> {
        MIRRORS
            .into_iter()
            .find_map(|(mirror, endings)| Some((mirror, photo_of(&self.folder.root().join(mirror), file, endings)?)))
    }

    fn is_own(&self, file: &Path) -> bool {
        let name = file.strip_prefix(self.folder.root()).ok().and_then(Path::to_str).map(clear_name);
        name.is_some_and(|name| OWN.contains(&name) || DERIVED.contains(&name))
    }

    fn each_row(&self, mut see: impl FnMut(&Record) -> io::Result<()>) -> io::Result<()> {
        let file = match self.folder.vault().open(&self.folder.root().join(RECORDS)) {
            Err(e) if e.kind() == NotFound => return Ok(()),
            other => other?,
        };
        for line in BufReader::new(file).lines() {
            see(&serde_json::from_str(&line?)?)?;
        }
        Ok(())
    }

    /// Things of theirs that are there.
    pub fn found(&self) -> usize {
        self.files.len() + self.rows
    }

    fn derived(&self) -> io::Result<Vec<&'static str>> {
        let is_touched = self.found() > 0 || self.begun()?.is_some();
        let there = |name: &&str| is_touched && vault::exists(&self.folder.root().join(name));
        Ok(DERIVED.into_iter().filter(there).collect())
    }

    fn begun(&self) -> io::Result<Option<usize>> {
        match self.folder.read(WITHDRAWAL_BEGUN) {
            Err(e) if e.kind() == NotFound => Ok(None),
            // Whatever it says, something was begun.
            other => Ok(Some(String::from_utf8(other?).ok().and_then(|text| text.trim().parse().ok()).unwrap_or(0))),
        }
    }

    pub fn would_remove(&self) -> io::Result<Removal> {
        let photos = self.photos.iter().map(String::as_str);
        Ok(Removal {
            photos: self.photos.len(),
            files: self.files.len(),
            derived: self.derived()?,
            lines_without_results: self.people.lines_never_met(photos, &self.remembered),
            unknown_files: self.unknown_files.clone(),
        })
    }

    /// Who they are is remembered first: a run that comes in between must not take them in again.
    pub fn carry_out(&mut self) -> io::Result<Removal> {
        let mut done = self.would_remove()?;
        let begun = self.begun()?;
        done.photos = done.photos.max(begun.unwrap_or(0));
        self.people.remember(&mut self.remembered, self.photos.iter().map(String::as_str));
        let mut people = serde_json::to_vec_pretty(&self.remembered)?;
        people.push(b'\n');
        self.folder.write(WITHDRAWN, &people)?;
        if self.found() == 0 && begun.is_none() {
            return Ok(done);
        }
        self.folder.write(WITHDRAWAL_BEGUN, done.photos.to_string().as_bytes())?;
        for name in &done.derived {
            remove(&self.folder.root().join(name))?;
        }
        for file in &self.files {
            remove(file)?;
        }
        self.remove_empty_folders()?;
        self.rewrite_tables()?;
        self.log(&done)?;
        settle(self.folder.root())?;
        remove(&self.folder.root().join(WITHDRAWAL_BEGUN))?;
        Ok(done)
    }

    /// A folder's name may be a person's.
    fn remove_empty_folders(&self) -> io::Result<()> {
        for (mirror, _) in MIRRORS {
            let folders = WalkDir::new(self.folder.root().join(mirror)).min_depth(1).contents_first(true);
            for folder in folders.into_iter().flatten().filter(|entry| entry.file_type().is_dir()) {
                remove_empty_folder(folder.path())?;
            }
        }
        Ok(())
    }

    fn rewrite_tables(&self) -> io::Result<()> {
        let root = self.folder.root();
        if !vault::exists(&root.join(RECORDS)) {
            return Ok(());
        }
        let mut tables = Tables::create(self.folder.vault(), root, self.folder.settings())?;
        let mut gone = Vec::new();
        self.each_row(|record| match self.is_theirs(&Recorded::of(record, true)) {
            true => {
                gone.push(Gone::of(record));
                Ok(())
            }
            false => tables.add(record),
        })?;
        // The totals first: with the rows, the knowledge of how many there were would be gone.
        self.rewrite_totals(&gone)?;
        tables.finish()
    }

    fn rewrite_totals(&self, gone: &[Gone]) -> io::Result<()> {
        let mut run: RunFile = serde_json::from_slice(&self.folder.read(RUN_FILE)?)?;
        let mut rows = 0;
        self.each_row(|_| {
            rows += 1;
            Ok(())
        })?;
        // A rerun after a kill between the two writes finds the totals right already.
        if run.totals.inputs != rows + run.totals.not_reached {
            return Ok(());
        }
        let count = |wanted: fn(&Gone) -> bool| gone.iter().filter(|gone| wanted(gone)).count() as u64;
        run.totals.inputs -= gone.len() as u64;
        run.totals.done -= count(|gone| gone.status == "done");
        run.totals.excluded -= count(|gone| gone.status == "excluded");
        run.totals.failed -= count(|gone| gone.status == "failed");
        run.totals.without_lesion -= count(|gone| gone.without_lesion);
        self.folder.write_run(&run)
    }

    /// One line for each withdrawal: how many, never who.
    fn log(&self, done: &Removal) -> io::Result<()> {
        let earlier = match self.folder.read(WITHDRAWALS) {
            Err(e) if e.kind() == NotFound => Vec::new(),
            other => other?,
        };
        let line = json!({"schema": "derm-seg/withdrawal/1", "tool_version": env!("CARGO_PKG_VERSION"), "photos": done.photos});
        self.folder.write(WITHDRAWALS, &[earlier, format!("{line}\n").into_bytes()].concat())
    }
}

impl Recorded {
    fn of(record: &Record, in_tables: bool) -> Self {
        let input = record.input();
        Self { name: input.path.clone(), content: input.blake3.clone(), in_tables }
    }
}

/// What the totals need to know of a row that goes.
struct Gone {
    status: &'static str,
    without_lesion: bool,
}

impl Gone {
    fn of(record: &Record) -> Self {
        Self {
            status: record.status(),
            without_lesion: record.done().is_some_and(|done| done.area.lesion_px == Some(0)),
        }
    }
}
