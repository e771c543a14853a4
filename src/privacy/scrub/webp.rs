//! WebP without its metadata: only the chunks of the picture are copied.

use super::{exif, icc};
use crate::input::walk::riff::{Part, parts};

const HAS_ICC: u8 = 0x20;
const HAS_ALPHA: u8 = 0x10;
const HAS_EXIF: u8 = 0x08;

/// `None` for animations: their frames cannot be told from pictures that were not meant to be seen.
pub fn scrub(bytes: &[u8]) -> Option<Vec<u8>> {
    let (mut header, mut profile, mut block, mut picture) = (None, None, None, Vec::new());
    for part in parts(bytes) {
        let Part::Chunk { kind, data, whole } = part else { continue };
        match &kind {
            b"VP8X" => header = Some(<[u8; 10]>::try_from(data.get(..10)?).ok()?),
            b"ICCP" => profile = icc::cleaned(data),
            b"EXIF" => block = exif::minimal(data.strip_prefix(b"Exif\0\0".as_slice()).unwrap_or(data)),
            b"VP8 " | b"VP8L" | b"ALPH" => picture.extend_from_slice(whole),
            b"ANIM" | b"ANMF" => return None,
            _ => {}
        }
    }
    let mut body = b"WEBP".to_vec();
    if let Some(mut header) = header {
        header[0] &= HAS_ALPHA;
        header[0] |= if profile.is_some() { HAS_ICC } else { 0 } | if block.is_some() { HAS_EXIF } else { 0 };
        chunk(&mut body, b"VP8X", &header)?;
        if let Some(profile) = profile {
            chunk(&mut body, b"ICCP", &profile)?;
        }
    }
    body.extend(picture);
    if let Some(block) = block.filter(|_| header.is_some()) {
        chunk(&mut body, b"EXIF", &block)?;
    }
    let mut clean = b"RIFF".to_vec();
    clean.extend(u32::try_from(body.len()).ok()?.to_le_bytes());
    clean.extend(body);
    Some(clean)
}

fn chunk(to: &mut Vec<u8>, kind: &[u8; 4], data: &[u8]) -> Option<()> {
    to.extend(kind);
    to.extend(u32::try_from(data.len()).ok()?.to_le_bytes());
    to.extend_from_slice(data);
    to.extend(vec![0; data.len() % 2]);
    Some(())
}
