//! The chunks of a PNG file, in order.

use super::be32;

pub const SIGNATURE: &[u8; 8] = b"\x89PNG\r\n\x1a\n";

/// Chunks that decoding needs; they hold no text.
pub const PICTURE: [[u8; 4]; 16] = [
    *b"IHDR", *b"PLTE", *b"IDAT", *b"IEND", *b"tRNS", *b"cHRM", *b"gAMA", *b"sBIT", *b"sRGB", *b"bKGD", *b"hIST",
    *b"pHYs", *b"cICP", *b"mDCV", *b"cLLI", *b"oFFs",
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part<'a> {
    /// `whole` includes length, type and checksum.
    Chunk { kind: [u8; 4], data: &'a [u8], whole: &'a [u8] },
    /// A chunk that runs past the end of the file.
    Broken,
    /// What follows IEND.
    Trailer(&'a [u8]),
}

/// The parts after the signature.
pub fn parts(bytes: &[u8]) -> impl Iterator<Item = Part<'_>> {
    let mut rest = bytes.get(SIGNATURE.len()..).unwrap_or_default();
    let mut ended = false;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let bytes = std::mem::take(&mut rest);
        if ended {
            return Some(Part::Trailer(bytes));
        }
        let Some(length) = be32(bytes, 0).map(|n| n as usize).filter(|&n| bytes.len() >= 12 && n <= bytes.len() - 12)
        else {
            return Some(Part::Broken);
        };
        let kind = [bytes[4], bytes[5], bytes[6], bytes[7]];
        ended = kind == *b"IEND";
        rest = &bytes[12 + length..];
        Some(Part::Chunk { kind, data: &bytes[8..8 + length], whole: &bytes[..12 + length] })
    })
}

/// Whether there is such a chunk where decoders look for it.
pub fn has_before_picture(bytes: &[u8], wanted: [u8; 4]) -> bool {
    let kinds = parts(bytes).map_while(|part| match part {
        Part::Chunk { kind, .. } if kind != *b"IDAT" => Some(kind),
        _ => None,
    });
    kinds.into_iter().any(|kind| kind == wanted)
}
