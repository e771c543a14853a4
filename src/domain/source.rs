//! A photo that is still a file: where it lies, and what it is called in results.

use std::path::PathBuf;

use crate::error::PhotoError;

/// One photo to process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    pub path: PathBuf,
    /// Which frame of a file with several, from 1 on.
    pub frame: Option<u32>,
    /// How the photo is called in results: relative, `/` between parts, unique.
    pub name: String,
    /// As `name`, but distinct from the others on systems that ignore case, too, and short enough to write.
    pub file_name: String,
    /// Found unusable while looking for photos (an unreadable folder, say): becomes a failed record.
    pub problem: Option<PhotoError>,
    /// Of a person who opted out: never opened.
    pub opted_out: bool,
}
