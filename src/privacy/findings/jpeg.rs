//! JPEG: application segments, comments, stray and trailing bytes.

use super::{Found, icc, text, tiff, xmp};
use crate::domain::record::Severity;
use crate::input::walk::jpeg::{APP0, COM, EXIF, ICC, Part, parts};

const XMP: &[u8] = b"http://ns.adobe.com/xap/1.0/\0";
const XMP_EXTENSION: &[u8] = b"http://ns.adobe.com/xmp/extension/\0";
/// GUID, full length and offset before the text of an extension part.
const XMP_EXTENSION_HEADER: usize = 40;

pub fn scan(bytes: &[u8], found: &mut Found) {
    // A profile may be split over several segments, each with its number and the count.
    let mut profile = Vec::new();
    for part in parts(bytes) {
        match part {
            Part::Segment { marker: COM, payload, .. } => text::free(payload, "jpeg_comment", found),
            Part::Segment { marker, payload, .. } if (APP0..=APP0 + 15).contains(&marker) => {
                match payload.strip_prefix(ICC) {
                    Some(chunk) => profile.extend_from_slice(chunk.get(2..).unwrap_or_default()),
                    None => app(marker - APP0, payload, found),
                }
            }
            Part::Segment { .. } | Part::Scan(_) => {}
            Part::Stray(stray) => {
                if stray.iter().any(|&b| b != 0xFF && b != 0) {
                    found.add("stray_data", "jpeg", Severity::Possible);
                }
            }
            Part::Trailer(trailer) => found.trailer(trailer),
        }
    }
    icc::scan(&profile, found);
}

fn app(number: u8, payload: &[u8], found: &mut Found) {
    if let Some(exif) = payload.strip_prefix(EXIF) {
        tiff::scan(exif.get(1..).unwrap_or_default(), "exif", found);
    } else if let Some(packet) = payload.strip_prefix(XMP) {
        xmp::scan(packet, found);
    } else if let Some(extension) = payload.strip_prefix(XMP_EXTENSION) {
        xmp::scan(extension.get(XMP_EXTENSION_HEADER..).unwrap_or_default(), found);
    } else if let Some(resources) = payload.strip_prefix(tiff::PHOTOSHOP) {
        tiff::scan_photoshop(resources, found);
    } else if payload.starts_with(b"MPF\0") {
        found.add("further_image", "mpf", Severity::Possible);
    } else if payload.starts_with(b"JFXX\0") {
        found.add("thumbnail", "jfif", Severity::Possible);
    } else if let Some(jfif) = payload.strip_prefix(b"JFIF\0".as_slice()) {
        if jfif.len() > 9 {
            found.add("thumbnail", "jfif", Severity::Possible);
        }
    } else if number == 11 && payload.starts_with(b"JP") {
        // JUMBF boxes: content credentials name who made and changed a picture.
        found.add("content_credentials", "jumbf", Severity::Identifying);
    } else if !(number == 14 && payload.starts_with(b"Adobe") || number == 12 && payload.starts_with(b"Ducky")) {
        found.add("unknown_segment", "jpeg", Severity::Possible);
    }
}
