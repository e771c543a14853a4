//! Identifying content of a photo's file and name: the kind, the place and the severity, never the value.
//!
//! Best effort: what is not found is not proven absent, and nobody looks at the pixels here. `Identifying` names or
//! locates a person or a device, or is free text that may; `Possible` may do so together with other knowledge; `Info`
//! is harmless by itself. Work is bounded by the file's size, and hostile bytes cannot make it panic.

mod bmp;
mod dicom;
mod gif;
#[cfg(feature = "heic")]
mod heic;
mod icc;
mod iptc;
mod jpeg;
mod name_lists;
mod names;
mod png;
mod text;
mod tiff;
mod webp;
mod xmp;

pub(super) use dicom::shows_text;

use std::collections::BTreeMap;
use std::path::Path;

use crate::domain::record::{Finding, Severity};
use crate::input::decode::{PhotoFormat, sniff};
use crate::input::walk::tiff::Tiff;
use crate::input::walk::{self, riff};

/// Scans a file's bytes and its relative path as shown to the user. Sorted, one finding for each kind and place.
pub fn scan(bytes: &[u8], path: &Path) -> Vec<Finding> {
    let mut found = Found::default();
    names::scan_path(path, &mut found);
    scan_file(bytes, &mut found);
    found.into_sorted()
}

/// The part of [`scan`] that looks inside the file.
pub fn scan_bytes(bytes: &[u8]) -> Vec<Finding> {
    let mut found = Found::default();
    scan_file(bytes, &mut found);
    found.into_sorted()
}

/// The part of [`scan`] that looks at the file's name and folders, for a file that must not or cannot be read.
pub fn scan_path(path: &Path) -> Vec<Finding> {
    let mut found = Found::default();
    names::scan_path(path, &mut found);
    found.into_sorted()
}

fn scan_file(bytes: &[u8], found: &mut Found) {
    #[cfg(feature = "heic")]
    if sniff(bytes) == Ok(PhotoFormat::Heic) {
        return heic::scan(bytes, found);
    }
    if sniff(bytes) == Ok(PhotoFormat::Dicom) {
        dicom::scan(bytes, found);
    } else if bytes.starts_with(&[0xFF, walk::jpeg::SOI]) {
        jpeg::scan(bytes, found);
    } else if bytes.starts_with(walk::png::SIGNATURE) {
        png::scan(bytes, found);
    } else if riff::is_webp(bytes) {
        webp::scan(bytes, found);
    } else if bytes.starts_with(b"GIF8") {
        gif::scan(bytes, found);
    } else if bytes.starts_with(b"BM") {
        bmp::scan(bytes, found);
    } else if Tiff::new(bytes).is_some() {
        tiff::scan(bytes, "tiff", found);
    } else {
        found.add("not_scanned", "file", Severity::Possible);
    }
}

/// What the picture itself shows: the only finding that does not come from bytes or names.
pub fn face() -> Finding {
    Finding { kind: "face".into(), place: "picture".into(), severity: Severity::Identifying }
}

/// Collects findings; of the same kind in the same place the gravest stays.
#[derive(Default)]
struct Found {
    findings: BTreeMap<(&'static str, &'static str), Severity>,
    /// How deep one kind of metadata is nested in another (EXIF in Photoshop data in EXIF ...).
    depth: u8,
}

impl Found {
    const MAX_DEPTH: u8 = 4;

    fn add(&mut self, kind: &'static str, place: &'static str, severity: Severity) {
        let known = self.findings.entry((kind, place)).or_insert(severity);
        *known = severity.max(*known);
    }

    /// Scans metadata inside metadata, unless it is nested deeper than any honest file nests it.
    fn nested(&mut self, scan: impl FnOnce(&mut Found)) {
        if self.depth < Self::MAX_DEPTH {
            self.depth += 1;
            scan(self);
            self.depth -= 1;
        }
    }

    /// Bytes after the end of the picture.
    fn trailer(&mut self, bytes: &[u8]) {
        if bytes.iter().all(|&b| b == 0 || b == 0xFF || b.is_ascii_whitespace()) {
            return;
        }
        let (kind, severity) = if bytes.get(4..8) == Some(b"ftyp") || memchr::memmem::find(bytes, b"ftypmp4").is_some()
        {
            ("motion_video", Severity::Identifying)
        } else if memchr::memmem::find(bytes, &[0xFF, 0xD8, 0xFF]).is_some() {
            ("embedded_image", Severity::Possible)
        } else {
            ("trailing_data", Severity::Identifying)
        };
        self.add(kind, "trailer", severity);
    }

    fn into_sorted(self) -> Vec<Finding> {
        self.findings
            .into_iter()
            .map(|((kind, place), severity)| Finding { kind: kind.to_owned(), place: place.to_owned(), severity })
            .collect()
    }
}

#[cfg(test)]
mod tests;
