//! GIF without its metadata: the first picture, with what is needed to show it.

use crate::input::walk::gif::{END, GRAPHIC_CONTROL, Part, parts};

pub fn scrub(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut clean = Vec::with_capacity(bytes.len());
    for part in parts(bytes) {
        match part {
            Part::Header(header) => clean.extend_from_slice(header),
            Part::Extension { label: GRAPHIC_CONTROL, whole, .. } => clean.extend_from_slice(whole),
            Part::Image(image) => {
                clean.extend_from_slice(image);
                clean.push(END);
                return Some(clean);
            }
            _ => {}
        }
    }
    None
}
