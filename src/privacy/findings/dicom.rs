//! DICOM attributes: those of the Basic Application Level Confidentiality Profile, private ones, what is burned or laid over
//! the picture, and what a picture in the file says besides itself.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::{Found, jpeg, text};
use crate::domain::record::Severity;
use crate::input::walk::dicom::{Broken, DataSet, Dicom, Element, PIXEL_DATA, PREAMBLE};
use crate::input::walk::jpeg::SOI;
use Severity::{Identifying, Info, Possible};

/// Tag, kind and name of an attribute.
const PROFILE: &str = include_str!("dicom.tsv");
/// A file that is taken for a code book of people has fewer.
const MAX_ELEMENTS: usize = 1 << 20;
const PATIENT_NAME: u32 = 0x0010_0010;
const PATIENT_ID: u32 = 0x0010_0020;
const IDENTITY_REMOVED: u32 = 0x0012_0062;

static KINDS: LazyLock<HashMap<u32, &'static str>> = LazyLock::new(|| {
    let lines = PROFILE.lines().filter(|line| !line.starts_with('#'));
    let kind = |line: &'static str| {
        let (tag, rest) = line.split_once('\t')?;
        Some((u32::from_str_radix(tag, 16).ok()?, rest.split_once('\t')?.0))
    };
    lines.filter_map(kind).collect()
});

/// What the profile says that an attribute of this tag tells.
pub fn kind_of(tag: u32) -> Option<&'static str> {
    KINDS.get(&tag).copied()
}

fn severity(kind: &str) -> Severity {
    match kind {
        "unique_id" | "date" | "person_detail" | "institution" | "thumbnail" | "maker_note" => Possible,
        "device" => Info,
        _ => Identifying,
    }
}

/// Whether there may be text in the pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Likely {
    /// The file says so.
    Yes,
    /// The file does not say, and is of a kind that often has it: screens that were saved, ultrasound.
    Maybe,
}

pub fn shows_text(data: DataSet) -> Option<Likely> {
    const SAVED_SCREENS: &str = "1.2.840.10008.5.1.4.1.1.7";
    const ULTRASOUND: [&str; 4] = [
        "1.2.840.10008.5.1.4.1.1.3",
        "1.2.840.10008.5.1.4.1.1.3.1",
        "1.2.840.10008.5.1.4.1.1.6",
        "1.2.840.10008.5.1.4.1.1.6.1",
    ];
    let text = |tag| data.get(tag).and_then(|element| element.text()).unwrap_or_default();
    let class = text(0x0008_0016);
    let is_screen = class.strip_prefix(SAVED_SCREENS).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
    match text(0x0028_0301).as_str() {
        "YES" => Some(Likely::Yes),
        "NO" => None,
        _ => (is_screen || ULTRASOUND.contains(&class.as_str())).then_some(Likely::Maybe),
    }
}

pub fn scan(bytes: &[u8], found: &mut Found) {
    let preamble = bytes.get(..PREAMBLE).filter(|_| bytes.get(PREAMBLE..PREAMBLE + 4) == Some(b"DICM"));
    // The header of a TIFF file that has the same pixels says nothing; a text does.
    if preamble.is_some_and(|preamble| {
        !text::is_blank(preamble) && !preamble.starts_with(b"II*") && !preamble.starts_with(b"MM\0")
    }) {
        found.add("trailing_data", "dicom_preamble", Identifying);
    }
    let complete = Dicom::new(bytes).is_ok_and(|file| {
        let said = file.data().get(IDENTITY_REMOVED).and_then(|element| element.text());
        if shows_text(file.data()) == Some(Likely::Maybe) {
            found.add("burned_in_text", "picture", Possible);
        }
        let mut walk = Walk { found, are_codes: said.as_deref() == Some("YES"), left: MAX_ELEMENTS };
        // Nobody stops at the first part that is broken.
        let results = [walk.run(file.meta, "dicom_meta"), walk.run(file.data(), "dicom")];
        results.iter().all(Result::is_ok)
    });
    if !complete {
        found.add("unreadable_metadata", "dicom", Possible);
    }
}

struct Walk<'f> {
    found: &'f mut Found,
    /// The file says that names and numbers of patients in it are codes.
    are_codes: bool,
    left: usize,
}

impl Walk<'_> {
    fn run(&mut self, data: DataSet, place: &'static str) -> Result<(), Broken> {
        for element in data.elements() {
            self.left = self.left.checked_sub(1).ok_or(Broken)?;
            self.judge(&element?, place)?;
        }
        Ok(())
    }

    fn judge(&mut self, element: &Element, place: &'static str) -> Result<(), Broken> {
        if element.tag == PIXEL_DATA {
            return self.pictures(element);
        }
        if text::is_blank(element.value) {
            return Ok(());
        }
        if element.is_private() {
            self.found.add("private_tag", place, Identifying);
            return Ok(());
        }
        match element.tag {
            0x0028_0301 if is_yes(element) => self.found.add("burned_in_text", "picture", Identifying),
            0x0028_0302 if is_yes(element) => self.found.add("face", "picture", Identifying),
            // Overlays and curves lie over the picture, and often hold text.
            tag if matches!(tag >> 24, 0x60 | 0x50) && tag & 0xffff == 0x3000 => {
                self.found.add("overlay", place, Possible);
            }
            tag if matches!(tag >> 24, 0x60) && matches!(tag & 0xffff, 0x0022 | 0x1500 | 0x4000) => {
                self.found.add("free_text", place, Identifying);
            }
            _ => {}
        }
        if let Some(kind) = kind_of(element.tag) {
            let is_code = self.are_codes && matches!(element.tag, PATIENT_NAME | PATIENT_ID);
            self.found.add(kind, place, if is_code { Possible } else { severity(kind) });
        }
        if element.is_sequence {
            for item in element.items() {
                self.run(item?, "dicom_sequence")?;
            }
        }
        Ok(())
    }

    /// A JPEG inside has metadata of its own.
    fn pictures(&mut self, element: &Element) -> Result<(), Broken> {
        for fragment in element.fragments() {
            let fragment = fragment?;
            if fragment.starts_with(&[0xff, SOI, 0xff]) {
                // A fragment has an even length.
                let end = fragment.strip_suffix(&[0]).unwrap_or(fragment);
                self.found.nested(|found| jpeg::scan(end, found));
            }
        }
        Ok(())
    }
}

fn is_yes(element: &Element) -> bool {
    element.text().as_deref() == Some("YES")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_profile_is_read_as_a_whole() {
        let lines = PROFILE.lines().filter(|line| !line.starts_with('#')).count();
        assert_eq!((KINDS.len(), lines), (lines, 662));
        assert_eq!((kind_of(PATIENT_NAME), kind_of(0x0028_0010)), (Some("person_name"), None));
    }
}
