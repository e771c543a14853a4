//! The walk through a zip, in the order of its own list.

use std::io::Read;

use zip::ZipArchive;
use zip::result::ZipError;

use super::packed::swells;
use super::{Broken, Entry, Kind, Stream};

/// The kind of a file in the mode that Unix gives it.
const KIND: u32 = 0o170_000;
const REGULAR: u32 = 0o100_000;

pub struct Zip {
    archive: ZipArchive<Box<dyn Stream>>,
    packed: u64,
    unpacked: u64,
    next: usize,
}

impl Zip {
    pub fn open(file: Box<dyn Stream>, bytes: u64) -> Result<Self, Broken> {
        let archive = ZipArchive::new(file).map_err(|error| match error {
            ZipError::Io(e) => Broken::from(e),
            // Its list is at its end.
            _ => Broken::CutOff,
        })?;
        Ok(Self { archive, packed: bytes, unpacked: 0, next: 0 })
    }

    pub fn next_entry(&mut self) -> Result<Option<Entry>, Broken> {
        if self.next > self.archive.len() || self.next == self.archive.len() && !self.archive.has_duplicate_names() {
            return Ok(None);
        }
        self.next += 1;
        if self.next > self.archive.len() {
            return Ok(Some(Entry { name: Vec::new(), kind: Kind::Repeated, bytes: 0 }));
        }
        let entry = self.archive.by_index_data(self.next - 1).map_err(of_member)?;
        let name = match std::str::from_utf8(entry.name_raw()) {
            Ok(name) => name.to_owned(),
            // Names of old programs are in an old code.
            Err(_) => entry.name().map_err(of_member)?.into_owned(),
        };
        let kind = match entry.unix_mode().map(|mode| mode & KIND) {
            _ if entry.is_dir() => Kind::Folder,
            Some(0 | REGULAR) | None if !entry.is_symlink() => Kind::File,
            _ => Kind::Other,
        };
        Ok(Some(Entry { name: name.into_bytes(), kind, bytes: entry.size() }))
    }

    pub fn start(&mut self, bytes: usize) -> Result<Vec<u8>, Broken> {
        self.read(bytes as u64)
    }

    pub fn content(&mut self) -> Result<Vec<u8>, Broken> {
        let told = self.archive.by_index_data(self.next - 1).map_err(of_member)?.size();
        self.unpacked = self.unpacked.saturating_add(told);
        if swells(self.packed, self.unpacked) {
            return Err(Broken::Swells);
        }
        let content = self.read(told.saturating_add(1))?;
        if content.len() as u64 == told { Ok(content) } else { Err(Broken::Damaged) }
    }

    fn read(&mut self, bytes: u64) -> Result<Vec<u8>, Broken> {
        let member = self.archive.by_index(self.next - 1).map_err(of_member)?;
        let mut content = Vec::new();
        member.take(bytes).read_to_end(&mut content)?;
        Ok(content)
    }
}

fn of_member(error: ZipError) -> Broken {
    match error {
        ZipError::Io(e) => Broken::from(e),
        ZipError::UnsupportedArchive(ZipError::PASSWORD_REQUIRED) | ZipError::InvalidPassword => Broken::Password,
        ZipError::UnsupportedArchive(_) | ZipError::CompressionMethodNotSupported(_) => Broken::Method,
        _ => Broken::Damaged,
    }
}
