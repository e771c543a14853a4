//! GIF: comments, application data, further frames, trailing bytes.

use super::{Found, text, xmp};
use crate::record::Severity;

const TRAILER: u8 = 0x3B;
const EXTENSION: u8 = 0x21;
const IMAGE: u8 = 0x2C;

pub fn scan(bytes: &[u8], found: &mut Found) {
    if walk(bytes, found).is_none() {
        found.add("unreadable_metadata", "gif", Severity::Possible);
    }
}

/// `None` where the file ends before its trailer or makes no sense.
fn walk(bytes: &[u8], found: &mut Found) -> Option<()> {
    let mut at = 13 + colour_table(*bytes.get(10)?);
    let mut images = 0;
    loop {
        let block = *bytes.get(at)?;
        match block {
            TRAILER => {
                found.trailer(&bytes[at + 1..]);
                return Some(());
            }
            EXTENSION => {
                let label = *bytes.get(at + 1)?;
                let end = sub_blocks_end(bytes, at + 2)?;
                extension(label, &bytes[at + 2..end], found);
                at = end;
            }
            IMAGE => {
                images += 1;
                if images > 1 {
                    found.add("further_image", "gif", Severity::Possible);
                }
                let data = at + 10 + colour_table(*bytes.get(at + 9)?) + 1;
                at = sub_blocks_end(bytes, data)?;
            }
            _ => return None,
        }
    }
}

fn extension(label: u8, blocks: &[u8], found: &mut Found) {
    match label {
        0xF9 => {}
        0xFF => match blocks.get(1..12) {
            Some(b"NETSCAPE2.0" | b"ANIMEXTS1.0" | b"ICCRGBG1012") => {}
            Some(b"XMP DataXMP") => xmp::scan(&blocks[12..], found),
            _ => found.add("unknown_chunk", "gif", Severity::Possible),
        },
        _ => text::free(blocks.get(1..).unwrap_or_default(), "gif_comment", found),
    }
}

fn colour_table(flags: u8) -> usize {
    if flags & 0x80 == 0 { 0 } else { 3 << ((flags & 7) + 1) }
}

fn sub_blocks_end(bytes: &[u8], mut at: usize) -> Option<usize> {
    loop {
        match *bytes.get(at)? {
            0 => return Some(at + 1),
            length => at += 1 + usize::from(length),
        }
    }
}
