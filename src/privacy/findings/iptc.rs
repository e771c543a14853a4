//! IPTC-IIM data sets.

use super::{Found, text};
use crate::domain::record::Severity;
use crate::input::walk::be16;

const PLACE: &str = "iptc";

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
