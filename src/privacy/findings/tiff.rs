//! TIFF tags: EXIF blocks of every format, and TIFF files themselves (classic and Big); and Photoshop's resources, since each of
//! the two may hold the other.

use std::collections::BTreeSet;

use super::{Found, icc, iptc, text, xmp};
use crate::domain::record::Severity;
use crate::input::walk::tiff::{Entry, Tiff, size_of_kind};
use crate::input::walk::{be16, be32};
use Severity::{Identifying, Info, Possible};

/// An honest file has a handful of directories with a few dozen entries each.
const MAX_DIRECTORIES: usize = 256;
const MAX_ENTRIES: usize = 8192;

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    /// The n-th of the chain.
    Main(u8),
    Sub,
    Exif,
    Gps,
}

/// `place` is `exif` or `tiff`: in a TIFF file the first directory describes the picture itself.
pub fn scan(bytes: &[u8], place: &'static str, found: &mut Found) {
    if text::is_blank(bytes) {
        return;
    }
    found.nested(|found| {
        let complete = Tiff::new(bytes).is_some_and(|tiff| Walk { tiff, place, found: &mut *found }.run());
        if !complete {
            found.add("unreadable_metadata", place, Possible);
        }
    });
}

struct Walk<'a, 'f> {
    tiff: Tiff<'a>,
    place: &'static str,
    found: &'f mut Found,
}

impl<'a> Walk<'a, '_> {
    /// Whether everything could be read.
    fn run(&mut self) -> bool {
        let mut complete = true;
        let mut entries_left = MAX_ENTRIES;
        let mut seen = BTreeSet::new();
        let mut waiting = vec![(Kind::Main(0), self.tiff.first())];
        while let Some((kind, place)) = waiting.pop() {
            let Some(place) = place else {
                complete = false;
                continue;
            };
            if place == 0 || !seen.insert(place) {
                continue;
            }
            if seen.len() > MAX_DIRECTORIES {
                return false;
            }
            complete &= self.directory(kind, place, &mut entries_left, &mut waiting);
        }
        complete
    }

    fn directory(
        &mut self,
        kind: Kind,
        place: usize,
        entries_left: &mut usize,
        waiting: &mut Vec<(Kind, Option<usize>)>,
    ) -> bool {
        let Some(directory) = self.tiff.directory(place) else { return false };
        let mut complete = true;
        for entry in directory.entries() {
            if *entries_left == 0 {
                return false;
            }
            *entries_left -= 1;
            match entry {
                Some(entry) => self.judge(kind, &entry, waiting),
                None => complete = false,
            }
        }
        if !directory.is_whole() {
            return false;
        }
        if let Kind::Main(n) = kind {
            // Some writers leave the last pointer out.
            waiting.push((Kind::Main(n.saturating_add(1)), directory.next().or(Some(0))));
        }
        complete
    }

    fn judge(&mut self, kind: Kind, entry: &Entry<'a>, waiting: &mut Vec<(Kind, Option<usize>)>) {
        let Entry { tag, value, .. } = *entry;
        match tag {
            0x8769 => return waiting.push((Kind::Exif, self.tiff.value(entry, 0))),
            0x8825 => return waiting.push((Kind::Gps, self.tiff.value(entry, 0))),
            0x014A => {
                let pointers = value.len() / size_of_kind(entry.kind).unwrap_or(4);
                waiting.extend((0..pointers.min(16)).map(|i| (Kind::Sub, self.tiff.value(entry, i))));
                return;
            }
            _ => {}
        }
        if text::is_blank(value) {
            return;
        }
        match kind {
            Kind::Gps => self.gps(tag),
            Kind::Main(n) if n > 0 => {
                let kind = if self.place == "exif" { "thumbnail" } else { "further_image" };
                self.found.add(kind, self.place, Possible);
                self.tag(entry);
            }
            Kind::Sub => {
                self.found.add("further_image", self.place, Possible);
                self.tag(entry);
            }
            Kind::Main(_) | Kind::Exif => self.tag(entry),
        }
    }

    fn gps(&mut self, tag: u16) {
        match tag {
            0x02 | 0x04 | 0x06 | 0x14 | 0x16 | 0x1C => self.found.add("gps", self.place, Identifying),
            0x07 | 0x1D => self.found.add("date", self.place, Possible),
            _ => {}
        }
    }

    fn tag(&mut self, entry: &Entry) {
        let (place, found) = (self.place, &mut *self.found);
        let value = entry.value;
        match entry.tag {
            // Artist, XPAuthor, CameraOwnerName, Photographer, ImageEditor.
            0x013B | 0x9C9D | 0xA430 | 0xA437 | 0xA438 => found.add("person_name", place, Identifying),
            0x8298 => found.add("copyright", place, Identifying),
            // Camera, lens and DNG body serial numbers.
            0xA431 | 0xA435 | 0xC62F => found.add("serial_number", place, Identifying),
            0xA420 | 0xC65D => found.add("unique_id", place, Possible),
            0x0132 | 0x9003 | 0x9004 | 0x9010..=0x9012 | 0x9290..=0x9292 | 0xC71B => found.add("date", place, Possible),
            // MakerNote, DNGPrivateData, DeviceSettingDescription: closed formats that often hold serial numbers and names.
            0x927C | 0xC634 | 0xA40B => found.add("maker_note", place, Possible),
            // ImageDescription, DocumentName, PageName, ImageHistory, XPTitle, XPComment, XPKeywords, XPSubject, ImageTitle,
            // OriginalRawFileName, GDAL metadata.
            0x010E | 0x010D | 0x011D | 0x9213 | 0x9C9B | 0x9C9C | 0x9C9E | 0x9C9F | 0xA436 | 0xC68B | 0xA480 => {
                text::free(value, place, found);
            }
            // UserComment begins with eight bytes for its character set.
            0x9286 => text::free(value.get(8..).unwrap_or_default(), place, found),
            0x010F | 0x0110 | 0x0131 | 0xC614 | 0xA433 | 0xA434 | 0xA439..=0xA43C => found.add("device", place, Info),
            // HostComputer, RelatedSoundFile.
            0x013C => found.add("host", place, Possible),
            0xA004 => found.add("sound_file", place, Possible),
            // Where a map's picture lies on the ground.
            0x830E | 0x8482 | 0x85D8 | 0x87AF..=0x87B1 => found.add("gps", place, Identifying),
            0x02BC => xmp::scan(value, found),
            0x83BB => iptc::scan(value, found),
            0x8649 => scan_photoshop(value, found),
            0x8773 => icc::scan(value, found),
            // Photoshop's own layers: what was painted over is still there.
            0x935C => found.add("edit_history", place, Identifying),
            tag if is_known(tag) => {}
            _ if entry.kind == 2 || value.len() > 16 => found.add("unknown_tag", place, Possible),
            _ => {}
        }
    }
}

/// Tags about the layout of the picture and the settings of the shot: numbers that tell nothing about a person.
fn is_known(tag: u16) -> bool {
    matches!(
        tag,
        0x0001 | 0x0002 | 0x000B | 0x00FE..=0x010C | 0x0111..=0x011C | 0x011E..=0x0129 | 0x012D | 0x013D..=0x0149
            | 0x0151..=0x0159 | 0x0200..=0x0214 | 0x1000..=0x1002 | 0x4746 | 0x4749 | 0x828D..=0x829D | 0x8822..=0x8835
            | 0x9000 | 0x9101 | 0x9102 | 0x9201..=0x920A | 0x9214 | 0x9216 | 0x9400..=0x9405 | 0xA000..=0xA003 | 0xA005
            | 0xA20B..=0xA217 | 0xA300..=0xA302 | 0xA401..=0xA40A | 0xA40C | 0xA432 | 0xA460..=0xA462 | 0xA500 | 0xC4A5
            | 0xEA1C | 0xEA1D
    )
}

pub const PHOTOSHOP: &[u8] = b"Photoshop 3.0\0";

/// The `8BIM` resources after the Photoshop signature.
pub fn scan_photoshop(mut bytes: &[u8], found: &mut Found) {
    while !bytes.is_empty() {
        let Some((id, data, rest)) = resource(bytes) else {
            if !text::is_blank(bytes) {
                found.add("unreadable_metadata", "photoshop", Severity::Possible);
            }
            return;
        };
        found.nested(|found| match id {
            0x0404 => iptc::scan(data, found),
            0x0409 | 0x040C => found.add("thumbnail", "photoshop", Severity::Possible),
            0x040F => icc::scan(data, found),
            0x0422 | 0x0423 => scan(data, "exif", found),
            0x0424 => xmp::scan(data, found),
            0x03F0 | 0x040B => text::free(data, "photoshop", found),
            0x040A if data.iter().any(|&b| b != 0) => found.add("copyright", "photoshop", Severity::Info),
            0x0425 => {}
            _ => found.add("edit_history", "photoshop", Severity::Info),
        });
        bytes = rest;
    }
}

/// Id, data and what follows: signature, id, Pascal string padded to even, length, data padded to even.
fn resource(bytes: &[u8]) -> Option<(u16, &[u8], &[u8])> {
    if !matches!(bytes.get(..4)?, b"8BIM" | b"PHUT" | b"AgHg" | b"DCSR" | b"MeSa") {
        return None;
    }
    let id = be16(bytes, 4)?;
    let name = usize::from(*bytes.get(6)?) + 1;
    let at = 6 + name + name % 2;
    let start = at + 4;
    let end = start.checked_add(be32(bytes, at)? as usize)?;
    let data = bytes.get(start..end)?;
    Some((id, data, bytes.get(end + end % 2..).unwrap_or_default()))
}
