//! JPEG without its metadata: segments are left out, the picture's own data is copied as it is.

use super::{exif, icc};
use crate::input::walk::jpeg::{APP0, EOI, EXIF, ICC, Part, SOI, parts};

const JFIF: &[u8] = b"JFIF\0";
/// Signature, version, density: what is left when there is no thumbnail.
const JFIF_LENGTH: usize = 12;
/// Signature, version, flags, colour transform.
const ADOBE_LENGTH: usize = 12;
/// The longest profile part that fits a segment beside the signature, its number and the count.
const ICC_PART: usize = 0xFFFF - 2 - ICC.len() - 2;

pub fn scrub(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut kept = Kept::default();
    let mut picture = Vec::with_capacity(bytes.len());
    for part in parts(bytes) {
        match part {
            Part::Segment { marker: SOI | EOI, .. } | Part::Stray(_) | Part::Trailer(_) => {}
            Part::Segment { marker, payload, whole } => {
                if is_picture(marker) {
                    picture.extend_from_slice(whole);
                } else {
                    kept.take(marker, payload);
                }
            }
            Part::Scan(data) => picture.extend_from_slice(data),
        }
    }
    let mut clean = vec![0xFF, SOI];
    if let Some(jfif) = kept.jfif {
        segment(&mut clean, 0xE0, &[&jfif[..JFIF_LENGTH], &[0, 0]])?;
    }
    if let Some(block) = kept.exif.and_then(exif::minimal) {
        segment(&mut clean, 0xE1, &[b"Exif\0\0", &block])?;
    }
    if let Some(profile) = icc::cleaned(&kept.profile) {
        let parts = profile.chunks(ICC_PART);
        let count = u8::try_from(parts.len()).ok()?;
        for (number, part) in (1..=count).zip(parts) {
            segment(&mut clean, 0xE2, &[ICC, &[number, count], part])?;
        }
    }
    if let Some(adobe) = kept.adobe {
        segment(&mut clean, 0xEE, &[&adobe[..ADOBE_LENGTH]])?;
    }
    clean.extend(picture);
    clean.extend([0xFF, EOI]);
    Some(clean)
}

/// What of the metadata is needed to show the picture as it was meant.
#[derive(Default)]
struct Kept<'a> {
    jfif: Option<&'a [u8]>,
    adobe: Option<&'a [u8]>,
    exif: Option<&'a [u8]>,
    profile: Vec<u8>,
}

impl<'a> Kept<'a> {
    fn take(&mut self, marker: u8, payload: &'a [u8]) {
        let signed = |signature: &[u8], least: usize| payload.starts_with(signature) && payload.len() >= least;
        match marker - APP0.min(marker) {
            0 if signed(JFIF, JFIF_LENGTH) => self.jfif = self.jfif.or(Some(payload)),
            // Of two blocks decoders here obey the last.
            1 if signed(EXIF, EXIF.len() + 1) => self.exif = Some(&payload[EXIF.len() + 1..]),
            2 if signed(ICC, ICC.len() + 2) => self.profile.extend_from_slice(&payload[ICC.len() + 2..]),
            14 if signed(b"Adobe", ADOBE_LENGTH) => self.adobe = self.adobe.or(Some(payload)),
            _ => {}
        }
    }
}

/// Frames, tables, restart intervals, scans and line counts.
fn is_picture(marker: u8) -> bool {
    matches!(marker, 0xC0..=0xC7 | 0xC9..=0xCF | 0xDA..=0xDF)
}

fn segment(to: &mut Vec<u8>, marker: u8, payload: &[&[u8]]) -> Option<()> {
    let length = 2 + payload.iter().map(|part| part.len()).sum::<usize>();
    to.extend([0xFF, marker]);
    to.extend(u16::try_from(length).ok()?.to_be_bytes());
    payload.iter().for_each(|part| to.extend_from_slice(part));
    Some(())
}
