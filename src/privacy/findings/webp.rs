//! WebP: EXIF, XMP and profile chunks, further frames, unknown chunks, trailing bytes.

use super::{Found, icc, tiff, xmp};
use crate::domain::record::Severity;
use crate::input::walk::riff::{Part, parts};

pub fn scan(bytes: &[u8], found: &mut Found) {
    for part in parts(bytes) {
        match part {
            Part::Trailer(trailer) => found.trailer(trailer),
            Part::Broken => found.add("unreadable_metadata", "webp", Severity::Possible),
            Part::Chunk { kind, data, .. } => match &kind {
                b"EXIF" => tiff::scan(data.strip_prefix(b"Exif\0\0".as_slice()).unwrap_or(data), "exif", found),
                b"XMP " => xmp::scan(data, found),
                b"ICCP" => icc::scan(data, found),
                b"ANIM" | b"ANMF" => found.add("further_image", "webp", Severity::Possible),
                b"VP8 " | b"VP8L" | b"VP8X" | b"ALPH" => {}
                _ => found.add("unknown_chunk", "webp", Severity::Possible),
            },
        }
    }
}
