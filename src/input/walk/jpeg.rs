//! The segments of a JPEG file, in order.

use super::be16;

pub const SOI: u8 = 0xD8;
pub const EOI: u8 = 0xD9;
pub const SOS: u8 = 0xDA;
pub const COM: u8 = 0xFE;
pub const APP0: u8 = 0xE0;

/// Signatures of application segments: an EXIF block (another zero follows), a part of a colour profile (its number and
/// the count of parts follow).
pub const EXIF: &[u8] = b"Exif\0";
pub const ICC: &[u8] = b"ICC_PROFILE\0";

/// One part of the file. Their bytes, joined, are the whole file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part<'a> {
    /// A marker with its payload (empty for markers that have none); `whole` includes the marker and the length.
    Segment { marker: u8, payload: &'a [u8], whole: &'a [u8] },
    /// Entropy-coded data after a scan header.
    Scan(&'a [u8]),
    /// Bytes between segments that decoders skip.
    Stray(&'a [u8]),
    /// What follows the end of the image.
    Trailer(&'a [u8]),
}

pub struct Parts<'a> {
    bytes: &'a [u8],
    at: usize,
    state: State,
}

#[derive(PartialEq)]
enum State {
    Marker,
    Scan,
    Ended,
}

/// `bytes` must begin with a start-of-image marker; anything else is one stray part.
pub fn parts(bytes: &[u8]) -> Parts<'_> {
    Parts { bytes, at: 0, state: State::Marker }
}

/// Whether the file reaches an end-of-image marker after picture data; a truncated transfer does not.
pub fn is_complete(bytes: &[u8]) -> bool {
    let mut scanned = false;
    for part in parts(bytes) {
        match part {
            Part::Scan(data) => scanned |= !data.is_empty(),
            Part::Segment { marker: EOI, .. } => return scanned,
            _ => {}
        }
    }
    false
}

impl<'a> Parts<'a> {
    fn take(&mut self, end: usize) -> &'a [u8] {
        let part = &self.bytes[self.at..end];
        self.at = end;
        part
    }

    fn segment(&mut self, marker: u8) -> Part<'a> {
        if !has_payload(marker) {
            if marker == EOI {
                self.state = State::Ended;
            }
            let whole = self.take(self.at + 2);
            return Part::Segment { marker, payload: &[], whole };
        }
        let length = be16(self.bytes, self.at + 2).map_or(0, usize::from);
        let end = self.at + 2 + length;
        if length < 2 || end > self.bytes.len() {
            // Cut off, or a length that cannot be: nothing behind it can be trusted to be a segment.
            let stray = self.take(self.bytes.len());
            return Part::Stray(stray);
        }
        if marker == SOS {
            self.state = State::Scan;
        }
        let whole = self.take(end);
        Part::Segment { marker, payload: &whole[4..], whole }
    }
}

impl<'a> Iterator for Parts<'a> {
    type Item = Part<'a>;

    fn next(&mut self) -> Option<Part<'a>> {
        if self.at >= self.bytes.len() {
            return None;
        }
        if self.state == State::Ended {
            let end = self.bytes.len();
            return Some(Part::Trailer(self.take(end)));
        }
        let scan = std::mem::replace(&mut self.state, State::Marker) == State::Scan;
        let marker_at = next_marker(self.bytes, self.at, scan);
        if scan {
            return Some(Part::Scan(self.take(marker_at)));
        }
        if marker_at > self.at {
            return Some(Part::Stray(self.take(marker_at)));
        }
        let marker = self.bytes[self.at + 1];
        Some(self.segment(marker))
    }
}

fn has_payload(marker: u8) -> bool {
    !matches!(marker, 0x01 | 0xD0..=0xD9)
}

/// Where the next marker's last 0xFF stands, or the end of the file. Inside a scan, restart markers belong to the scan.
fn next_marker(bytes: &[u8], from: usize, in_scan: bool) -> usize {
    for at in memchr::memchr_iter(0xFF, &bytes[from..]).map(|i| from + i) {
        match bytes.get(at + 1) {
            None => break,
            Some(0x00 | 0xFF) => {}
            Some(0xD0..=0xD7) if in_scan => {}
            Some(_) => return at,
        }
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tiny() -> Vec<u8> {
        let mut jpeg = vec![0xFF, SOI, 0xFF, COM, 0, 4, b'h', b'i', 0xFF, 0xFF, SOS, 0, 3, 9];
        jpeg.extend([1, 0xFF, 0x00, 2, 0xFF, 0xD0, 3, 0xFF, EOI, b't', b'r']);
        jpeg
    }

    #[test]
    fn parts_are_the_whole_file_in_order() {
        let jpeg = tiny();
        let mut joined = Vec::new();
        let mut names = Vec::new();
        for part in parts(&jpeg) {
            let (name, bytes) = match part {
                Part::Segment { marker, whole, .. } => (format!("{marker:02X}"), whole),
                Part::Scan(b) => ("scan".into(), b),
                Part::Stray(b) => ("stray".into(), b),
                Part::Trailer(b) => ("trailer".into(), b),
            };
            names.push(name);
            joined.extend_from_slice(bytes);
        }
        assert_eq!(joined, jpeg);
        assert_eq!(names, ["D8", "FE", "stray", "DA", "scan", "D9", "trailer"]);
    }

    #[test]
    fn complete_only_with_its_end() {
        let jpeg = tiny();
        let end = jpeg.len() - 2;
        assert!(is_complete(&jpeg) && is_complete(&jpeg[..end]));
        for cut in 0..end {
            assert!(!is_complete(&jpeg[..cut]), "cut at {cut}");
        }
        assert!(!is_complete(&[0xFF, SOI, 0xFF, EOI]), "no picture data");
    }
}
