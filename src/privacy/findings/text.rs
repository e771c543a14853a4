//! Free text that a person, a hospital's system or a camera wrote.

use super::Found;
use crate::domain::record::Severity;

/// What cameras and programs write into a comment on their own, at its beginning.
const BY_DEVICES: [&str; 18] = [
    "OLYMPUS DIGITAL CAMERA",
    "KONICA MINOLTA DIGITAL CAMERA",
    "MINOLTA DIGITAL CAMERA",
    "SONY DSC",
    "SAMSUNG",
    "DIGITAL CAMERA",
    "Exif_JPEG_PICTURE",
    "CREATOR: gd-jpeg",
    "Intel(R) JPEG Library",
    "Intel(R) IPP JPEG",
    "Lavc",
    "LEAD Technologies",
    "File written by Adobe Photoshop",
    "Created with GIMP",
    "Created with The GIMP",
    "Screenshot",
    "AppleMark",
    "Optimized by JPEGmini",
];
/// A device's text is short; more than this is somebody's.
const DEVICE_TEXT_LENGTH: usize = 80;

/// Free text is taken as identifying unless it is blank or known to come from a device: nothing shows that it is harmless.
pub fn free(text: &[u8], place: &'static str, found: &mut Found) {
    if is_blank(text) {
        return;
    }
    let severity = if is_by_device(text) { Severity::Info } else { Severity::Identifying };
    found.add("free_text", place, severity);
}

/// Many cameras reserve a field and leave it empty.
pub fn is_blank(text: &[u8]) -> bool {
    text.iter().all(|&b| b == 0 || b == 0xFF || b.is_ascii_whitespace())
}

fn is_by_device(text: &[u8]) -> bool {
    let text = text.trim_ascii_start();
    text.len() <= DEVICE_TEXT_LENGTH && BY_DEVICES.iter().any(|known| text.starts_with(known.as_bytes()))
}
