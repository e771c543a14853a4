//! ICC profiles: their numbers are colour, but their text may name a person, a computer or a display.

use super::{Found, text};
use crate::domain::record::Severity;
use crate::input::walk::be32;
use crate::input::walk::icc::tags;

const MAX_TEXT: usize = 4096;

/// Words of the makers' own profiles. A text with none of them may be somebody's calibration.
const STANDARD: [&str; 34] = [
    "srgb",
    "display p3",
    "adobe rgb",
    "prophoto",
    "dci",
    "rec.",
    "rec2020",
    "bt.",
    "itu",
    "generic",
    "dot gain",
    "gray",
    "grey",
    "swop",
    "fogra",
    "japan color",
    "eci",
    "romm",
    "apple",
    "hewlett-packard",
    "public domain",
    "google",
    "nikon",
    "canon",
    "epson",
    "colormatch",
    "linear",
    "iec",
    "reference viewing",
    "facebook",
    "artifex",
    "lcms",
    "no copyright",
    "crt",
];

pub fn scan(profile: &[u8], found: &mut Found) {
    if profile.is_empty() {
        return;
    }
    let Some(tags) = tags(profile) else {
        found.add("unreadable_metadata", "icc", Severity::Possible);
        return;
    };
    for tag in tags {
        let Some(value) = profile.get(tag.start..tag.start.saturating_add(tag.size.min(MAX_TEXT)).min(profile.len()))
        else {
            continue;
        };
        if let Some(severity) = value.get(8..).and_then(|text| text_severity(&value[..4], text)) {
            found.add("profile_text", "icc", severity);
        }
    }
}

fn text_severity(kind: &[u8], value: &[u8]) -> Option<Severity> {
    if !matches!(kind, b"text" | b"desc" | b"mluc" | b"dict" | b"utf8" | b"utf16") {
        return None;
    }
    // A text in several languages begins with a table of them.
    let table = if kind == b"mluc" { 8 + 12 * (be32(value, 0)? as usize).min(MAX_TEXT) } else { 0 };
    // Both one-byte and two-byte text become readable without their zeros.
    let text = value.get(table..).unwrap_or_default();
    let plain: Vec<u8> = text.iter().filter(|&&b| b >= b' ').map(u8::to_ascii_lowercase).collect();
    if text::is_blank(&plain) {
        return None;
    }
    let contains = |word: &str| memchr::memmem::find(&plain, word.as_bytes()).is_some();
    let looks_personal = plain.contains(&b'@') || contains("/users/") || contains("/home/") || contains("\\users\\");
    Some(match looks_personal {
        true => Severity::Identifying,
        false if STANDARD.iter().any(|word| contains(word)) => Severity::Info,
        false => Severity::Possible,
    })
}
