//! PNG: text chunks, EXIF, time, further frames, unknown chunks, trailing bytes.

use std::io::Read;

use flate2::read::ZlibDecoder;

use super::{Found, icc, iptc, text, tiff, xmp};
use crate::domain::record::Severity;
use crate::input::walk::png::{PICTURE, Part, parts};

const PLACE: &str = "png_text";
/// Unpacked text beyond this is not looked at: a text chunk of an honest file is far smaller.
const MAX_TEXT: u64 = 4 << 20;
/// Many small chunks that unpack to much: no more than this many are unpacked.
const MAX_UNPACKED: usize = 64;

pub fn scan(bytes: &[u8], found: &mut Found) {
    let mut unpacked = 0;
    for part in parts(bytes) {
        match part {
            Part::Trailer(trailer) => found.trailer(trailer),
            Part::Broken => found.add("unreadable_metadata", "png", Severity::Possible),
            Part::Chunk { kind, data, .. } => {
                if matches!(&kind, b"zTXt" | b"iTXt" | b"iCCP") {
                    unpacked += 1;
                    if unpacked > MAX_UNPACKED {
                        found.add("unreadable_metadata", "png", Severity::Possible);
                        continue;
                    }
                }
                chunk(kind, data, found);
            }
        }
    }
}

fn chunk(kind: [u8; 4], data: &[u8], found: &mut Found) {
    match &kind {
        b"tEXt" => {
            if let Some((keyword, value)) = split_at_nul(data) {
                keyed_text(keyword, value, found);
            }
        }
        b"zTXt" => {
            if let Some((keyword, packed)) = split_at_nul(data) {
                keyed_text(keyword, &inflate(packed.get(1..).unwrap_or_default()), found);
            }
        }
        b"iTXt" => international(data, found),
        b"iCCP" => {
            if let Some((_, packed)) = split_at_nul(data) {
                icc::scan(&inflate(packed.get(1..).unwrap_or_default()), found);
            }
        }
        b"eXIf" => tiff::scan(data.strip_prefix(b"Exif\0\0".as_slice()).unwrap_or(data), "exif", found),
        b"tIME" => found.add("date", "png", Severity::Possible),
        b"acTL" | b"fcTL" | b"fdAT" => found.add("further_image", "png", Severity::Possible),
        _ if PICTURE.contains(&kind) => {}
        _ => found.add("unknown_chunk", "png", Severity::Possible),
    }
}

/// Keyword, compression flag and method, language, translated keyword, text.
fn international(data: &[u8], found: &mut Found) {
    let Some((keyword, rest)) = split_at_nul(data) else { return };
    let Some((flags, rest)) = rest.split_at_checked(2) else { return };
    let Some((_language, rest)) = split_at_nul(rest) else { return };
    let Some((_translated, value)) = split_at_nul(rest) else { return };
    if flags[0] == 1 { keyed_text(keyword, &inflate(value), found) } else { keyed_text(keyword, value, found) }
}

fn keyed_text(keyword: &[u8], value: &[u8], found: &mut Found) {
    match keyword {
        b"XML:com.adobe.xmp" => xmp::scan(value, found),
        b"Author" | b"Artist" | b"Copyright" => {
            if !text::is_blank(value) {
                found.add("person_name", PLACE, Severity::Identifying);
            }
        }
        b"Software" | b"Source" | b"Creation Tool" => found.add("device", PLACE, Severity::Info),
        b"Creation Time" | b"create-date" | b"modify-date" | b"date:create" | b"date:modify" | b"date:timestamp" => {
            found.add("date", PLACE, Severity::Possible);
        }
        _ if keyword.starts_with(b"Raw profile type ") => raw_profile(&keyword[17..], value, found),
        _ => text::free(value, PLACE, found),
    }
}

/// ImageMagick's way to carry other metadata: a name, a length and hexadecimal digits.
fn raw_profile(name: &[u8], value: &[u8], found: &mut Found) {
    let digits = value.splitn(4, |&b| b == b'\n').last().unwrap_or_default();
    let mut nibbles = digits.iter().filter_map(|&b| (b as char).to_digit(16).map(|n| n as u8));
    let mut bytes = Vec::new();
    while let (Some(high), Some(low)) = (nibbles.next(), nibbles.next()) {
        bytes.push(high << 4 | low);
    }
    match name {
        b"exif" | b"APP1" if bytes.starts_with(b"http") => xmp::scan(&bytes, found),
        b"exif" | b"APP1" => tiff::scan(bytes.strip_prefix(b"Exif\0\0".as_slice()).unwrap_or(&bytes), "exif", found),
        b"xmp" => xmp::scan(&bytes, found),
        b"icc" | b"icm" => icc::scan(&bytes, found),
        b"iptc" | b"8bim" => match bytes.strip_prefix(tiff::PHOTOSHOP) {
            Some(resources) => tiff::scan_photoshop(resources, found),
            None if bytes.starts_with(b"8BIM") => tiff::scan_photoshop(&bytes, found),
            None => iptc::scan(&bytes, found),
        },
        _ => found.add("unreadable_metadata", PLACE, Severity::Possible),
    }
}

fn split_at_nul(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = memchr::memchr(0, bytes)?;
    Some((&bytes[..at], &bytes[at + 1..]))
}

/// What can be unpacked of a zlib stream, up to the bound.
fn inflate(packed: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    // A damaged stream gives what came before the damage.
    let _ = ZlibDecoder::new(packed).take(MAX_TEXT).read_to_end(&mut bytes);
    bytes
}
