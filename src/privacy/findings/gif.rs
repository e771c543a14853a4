//! GIF: comments, application data, further frames, trailing bytes.

use super::{Found, text, xmp};
use crate::domain::record::Severity;
use crate::input::walk::gif::{APPLICATION, GRAPHIC_CONTROL, Part, parts};

pub fn scan(bytes: &[u8], found: &mut Found) {
    let mut images = 0;
    let mut ended = false;
    for part in parts(bytes) {
        match part {
            Part::Extension { label: GRAPHIC_CONTROL, .. } | Part::Header(_) => {}
            Part::Extension { label: APPLICATION, data, .. } => application(data, found),
            Part::Extension { data, .. } => text::free(data.get(1..).unwrap_or_default(), "gif_comment", found),
            Part::Image(_) => images += 1,
            Part::Trailer(trailer) => found.trailer(trailer),
            Part::End => ended = true,
            Part::Broken => {}
        }
    }
    if images > 1 {
        found.add("further_image", "gif", Severity::Possible);
    }
    if !ended {
        found.add("unreadable_metadata", "gif", Severity::Possible);
    }
}

fn application(data: &[u8], found: &mut Found) {
    match data.get(1..12) {
        Some(b"NETSCAPE2.0" | b"ANIMEXTS1.0" | b"ICCRGBG1012") => {}
        Some(b"XMP DataXMP") => xmp::scan(&data[12..], found),
        _ => found.add("unknown_chunk", "gif", Severity::Possible),
    }
}
