//! The chunks of a RIFF file (WebP), in order.

use super::le32;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part<'a> {
    /// `whole` includes the header and the padding byte.
    Chunk { kind: [u8; 4], data: &'a [u8], whole: &'a [u8] },
    /// A chunk that runs past the end of its container.
    Broken,
    /// What follows the length that the header states.
    Trailer(&'a [u8]),
}

const HEADER: usize = 12;

pub fn is_webp(bytes: &[u8]) -> bool {
    bytes.len() >= HEADER && bytes.starts_with(b"RIFF") && &bytes[8..12] == b"WEBP"
}

/// The parts after the header of a file for which [`is_webp`] holds.
pub fn parts(bytes: &[u8]) -> impl Iterator<Item = Part<'_>> {
    let stated = le32(bytes, 4).map_or(0, |n| n as usize).saturating_add(8);
    let end = stated.clamp(HEADER.min(bytes.len()), bytes.len());
    let (inside, trailer) = bytes.split_at(end);
    let mut rest = inside.get(HEADER..).unwrap_or_default();
    let mut trailer = Some(trailer).filter(|t| !t.is_empty());
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return trailer.take().map(Part::Trailer);
        }
        let bytes = std::mem::take(&mut rest);
        let Some(length) = le32(bytes, 4).map(|n| n as usize).filter(|&n| n <= bytes.len() - 8) else {
            return Some(Part::Broken);
        };
        let whole = (8 + length + length % 2).min(bytes.len());
        rest = &bytes[whole..];
        let kind = [bytes[0], bytes[1], bytes[2], bytes[3]];
        Some(Part::Chunk { kind, data: &bytes[8..8 + length], whole: &bytes[..whole] })
    })
}

/// Whether the header of an extended file says that it moves.
pub fn is_animated(bytes: &[u8]) -> bool {
    const ANIMATION: u8 = 0x02;
    matches!(parts(bytes).next(), Some(Part::Chunk { kind, data: [flags, ..], .. }) if &kind == b"VP8X" && flags & ANIMATION != 0)
}
