//! A photo that is still a file, or a member of an archive: where it lies, and what it is called in results.

use std::cmp::Ordering;
use std::path::PathBuf;

use crate::error::PhotoError;

/// The order of photos in tables: folder by folder.
pub fn by_folders(a: &str, b: &str) -> Ordering {
    a.split('/').cmp(b.split('/'))
}

/// One photo to process.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Source {
    /// The file, or the archive that it is in; empty where that comes over standard input.
    pub path: PathBuf,
    /// Which frame of a file with several, from 1 on.
    pub frame: Option<u32>,
    /// Which member of the archive.
    pub member: Option<InArchive>,
    /// How the photo is called in results: relative, `/` between parts, unique.
    pub name: String,
    /// What the file's own name is, where `name` is a code.
    pub plain_name: Option<String>,
    /// As `name`, but distinct from the others on systems that ignore case, too, and short enough to write.
    pub file_name: String,
    /// Found unusable while looking for photos (an unreadable folder, say): becomes a failed record.
    pub problem: Option<PhotoError>,
    /// Of a person who opted out: never opened.
    pub opted_out: bool,
}

/// Which member of its archive a photo is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InArchive {
    /// From 1 on.
    pub number: u64,
    pub bytes: u64,
}
