//! IPTC-IIM data sets and the Photoshop resources that carry them.

use super::{Found, icc, text, tiff, xmp};
use crate::domain::record::Severity;
use crate::input::walk::{be16, be32};

pub const PHOTOSHOP: &[u8] = b"Photoshop 3.0\0";
const PLACE: &str = "iptc";

/// The `8BIM` resources after the Photoshop signature.
pub fn scan_photoshop(mut bytes: &[u8], found: &mut Found) {
    while !bytes.is_empty() {
        let Some((id, data, rest)) = resource(bytes) else {
            if !text::is_blank(bytes) {
                found.add("unreadable_metadata", "photoshop", Severity::Possible);
            }
            return;
        };
        found.nested(|found| match id {
            0x0404 => scan(data, found),
            0x0409 | 0x040C => found.add("thumbnail", "photoshop", Severity::Possible),
            0x040F => icc::scan(data, found),
            0x0422 | 0x0423 => tiff::scan(data, "exif", found),
            0x0424 => xmp::scan(data, found),
            0x03F0 | 0x040B => text::free(data, "photoshop", found),
            0x040A if data.iter().any(|&b| b != 0) => found.add("copyright", "photoshop", Severity::Info),
            0x0425 => {}
            _ => found.add("edit_history", "photoshop", Severity::Info),
        });
        bytes = rest;
    }
}

/// Id, data and what follows: signature, id, Pascal string padded to even, length, data padded to even.
fn resource(bytes: &[u8]) -> Option<(u16, &[u8], &[u8])> {
    if !matches!(bytes.get(..4)?, b"8BIM" | b"PHUT" | b"AgHg" | b"DCSR" | b"MeSa") {
        return None;
    }
    let id = be16(bytes, 4)?;
    let name = usize::from(*bytes.get(6)?) + 1;
    let at = 6 + name + name % 2;
    let start = at + 4;
    let end = start.checked_add(be32(bytes, at)? as usize)?;
    let data = bytes.get(start..end)?;
    Some((id, data, bytes.get(end + end % 2..).unwrap_or_default()))
}

/// Data sets: 0x1C, record, number, length, value.
pub fn scan(bytes: &[u8], found: &mut Found) {
    let mut at = 0;
    while let Some(start) = memchr::memchr(0x1C, bytes.get(at..).unwrap_or_default()).map(|i| at + i) {
        let (Some(&record), Some(&number), Some(length)) =
            (bytes.get(start + 1), bytes.get(start + 2), be16(bytes, start + 3))
        else {
            return;
        };
        // The high bit announces a longer length: nothing that long is written by an honest tool.
        let value = bytes.get(start + 5..).unwrap_or_default();
        let value = &value[..usize::from(length).min(value.len())];
        if !text::is_blank(value) {
            data_set(record, number, value, found);
        }
        at = start + 5 + value.len();
    }
}

fn data_set(record: u8, number: u8, value: &[u8], found: &mut Found) {
    use Severity::{Identifying, Info, Possible};
    match (record, number) {
        (2, 80 | 85 | 110 | 116 | 118 | 122) => found.add("person_name", PLACE, Identifying),
        (2, 26 | 27 | 90 | 92 | 95 | 100 | 101) => found.add("location", PLACE, Identifying),
        (2, 30 | 35 | 37 | 38 | 47 | 55 | 60 | 62 | 63) | (1, 70 | 80) => found.add("date", PLACE, Possible),
        (2, 22 | 103) | (1, 100) => found.add("unique_id", PLACE, Possible),
        (2, 65 | 70) => found.add("device", PLACE, Info),
        (2, 4 | 5 | 7 | 12 | 25 | 40 | 105 | 115 | 120 | 121) => text::free(value, PLACE, found),
        (2, 200..=202) => found.add("thumbnail", PLACE, Possible),
        (1, _) | (2, 0 | 10 | 15 | 20 | 130 | 131 | 135) => {}
        _ => found.add("unknown_tag", PLACE, Possible),
    }
}
