//! Results on their way out as a tar, for `-o -`. A photo's files are sent when its record is written, and go from the folder
//! then; only the record stays until the tables are made of it.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use tar::{Builder, EntryType, Header};

use super::folder::OutputFolder;
use super::layout::{METRICS, crops_there, files_below, files_of};
use crate::disk;

pub struct Outbox<W: Write> {
    sent: Mutex<Sent<W>>,
    is_private: bool,
}

struct Sent<W: Write> {
    tar: Builder<W>,
    folders: BTreeSet<PathBuf>,
}

impl<W: Write> Outbox<W> {
    pub fn new(to: W, is_private: bool) -> Self {
        Self { sent: Mutex::new(Sent { tar: Builder::new(to), folders: BTreeSet::new() }), is_private }
    }

    /// All that there is of a photo, the record last: also in a tar that breaks off, a photo with a record is whole.
    pub fn send_photo(&self, folder: &OutputFolder, file_name: &str) -> io::Result<()> {
        let place = |path: String| folder.vault().place(&folder.root().join(path));
        let mut files: Vec<PathBuf> = files_of(file_name).map(place).filter(|file| file.is_file()).collect();
        let mut crops = crops_there(folder.root(), file_name)?;
        crops.sort_unstable();
        files.extend(crops);
        let is_record = |file: &PathBuf| file.starts_with(folder.root().join(METRICS));
        files.sort_by_key(is_record);
        // One photo after the other: the lock is held for all of its files.
        let mut sent = self.sent.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        for file in files {
            sent.file(folder.root(), &file, self.is_private)?;
            if !is_record(&file) {
                disk::remove_one(&file)?;
            }
        }
        Ok(())
    }

    /// What is about all photos, and the end of the tar.
    pub fn finish(self, folder: &OutputFolder) -> io::Result<()> {
        let mut sent = self.sent.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
        for file in files_below(folder.root())? {
            if !file.starts_with(folder.root().join(METRICS)) {
                sent.file(folder.root(), &file, self.is_private)?;
            }
        }
        sent.tar.into_inner()?.flush()
    }
}

impl<W: Write> Sent<W> {
    fn file(&mut self, root: &Path, file: &Path, is_private: bool) -> io::Result<()> {
        let name = file.strip_prefix(root).map_err(io::Error::other)?;
        let date = fs::metadata(file)?.modified()?.duration_since(std::time::UNIX_EPOCH);
        let date = date.map_or(0, |since| since.as_secs());
        let above: Vec<&Path> = name.ancestors().skip(1).filter(|path| !path.as_os_str().is_empty()).collect();
        for folder in above.into_iter().rev() {
            if self.folders.insert(folder.to_owned()) {
                let mode = if is_private { 0o700 } else { 0o755 };
                self.tar.append_data(&mut header(EntryType::Directory, mode, 0, date), folder, io::empty())?;
            }
        }
        let bytes = disk::read(file)?;
        let mode = if is_private { 0o600 } else { 0o644 };
        let mut header = header(EntryType::Regular, mode, bytes.len() as u64, date);
        self.tar.append_data(&mut header, name, bytes.as_slice())
    }
}

/// Without an owner: who ran the program is nobody's business.
fn header(kind: EntryType, mode: u32, bytes: u64, date: u64) -> Header {
    let mut header = Header::new_gnu();
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_uid(0);
    header.set_gid(0);
    header.set_size(bytes);
    header.set_mtime(date);
    header
}
