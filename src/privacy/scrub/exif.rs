//! The two facts of an EXIF block that a picture cannot be shown right without: which way is up, and Adobe RGB.

use image::metadata::Orientation;

use crate::input::walk::tiff::says_adobe_rgb;

const SHORT: u16 = 3;
const LONG: u16 = 4;
const ASCII: u16 = 2;

/// A block with nothing else, or `None` where nothing needs to be said.
pub fn minimal(block: &[u8]) -> Option<Vec<u8>> {
    let orientation = Orientation::from_exif_chunk(block).map(Orientation::to_exif).filter(|&o| o != 1);
    let adobe_rgb = says_adobe_rgb(block);
    if orientation.is_none() && !adobe_rgb {
        return None;
    }
    let mut main = Vec::new();
    main.extend(orientation.map(|o| entry(0x0112, SHORT, 1, [o, 0, 0, 0])));
    let mut clean = b"II*\0\x08\0\0\0".to_vec();
    if adobe_rgb {
        // Offsets: this directory, then one entry that leads to the last directory.
        let exif_at = 8 + 2 + (main.len() + 1) * 12 + 4;
        let interoperability_at = exif_at + 2 + 12 + 4;
        main.push(entry(0x8769, LONG, 1, (exif_at as u32).to_le_bytes()));
        clean.extend(directory(&main));
        clean.extend(directory(&[entry(0xA005, LONG, 1, (interoperability_at as u32).to_le_bytes())]));
        clean.extend(directory(&[entry(0x0001, ASCII, 4, *b"R03\0")]));
    } else {
        clean.extend(directory(&main));
    }
    Some(clean)
}

fn entry(tag: u16, kind: u16, count: u32, value: [u8; 4]) -> [u8; 12] {
    let mut bytes = [0; 12];
    bytes[..2].copy_from_slice(&tag.to_le_bytes());
    bytes[2..4].copy_from_slice(&kind.to_le_bytes());
    bytes[4..8].copy_from_slice(&count.to_le_bytes());
    bytes[8..].copy_from_slice(&value);
    bytes
}

fn directory(entries: &[[u8; 12]]) -> Vec<u8> {
    let mut bytes = (entries.len() as u16).to_le_bytes().to_vec();
    entries.iter().for_each(|entry| bytes.extend(entry));
    bytes.extend([0; 4]);
    bytes
}
