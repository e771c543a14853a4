//! A DICOM file that says only what its pixels mean: the Basic Application Level Confidentiality Profile with dates shifted.
//!
//! Not what is known to tell is left out, but only what is known to be harmless is kept, and of that only values of the form
//! that they must have: numbers, terms of the standard, codes made with the key. Nothing else of the file is copied; the pixels are.

mod kept;

use crate::domain::dicom::{EXPLICIT_LITTLE, METHOD, beginning, earlier, element, item, tag_bytes};
use crate::domain::record::{Finding, Severity};
use crate::error::PhotoError;
use crate::input::decode::dicom::{picture, stored};
use crate::input::walk::dicom::{DataSet, Dicom, Element, PIXEL_DATA, Syntax};
use crate::people::Pseudonyms;
use crate::privacy::findings;
use crate::privacy::findings::shows_text;

use super::{icc, jpeg};
use kept::{KEPT, Keep};

/// How files of DICOM are copied.
#[derive(Clone, Copy, Debug)]
pub struct DicomRule<'a> {
    pub codes: &'a Pseudonyms,
    /// What new identifiers begin with; 2.25 without it.
    pub uid_root: Option<&'a str>,
    /// Somebody has looked, and text in the pixels may stay.
    pub keep_burned_in: bool,
}

/// What the standard wants of every picture, also if the file did without.
const WANTED: [u32; 10] = [
    0x0008_0020,
    0x0008_0030,
    0x0008_0050,
    0x0008_0070,
    0x0008_0090,
    0x0010_0010,
    0x0010_0020,
    0x0010_0030,
    0x0010_0040,
    0x0020_0010,
];
/// Written by us in every copy: that it is one, and how it was made.
const ABOUT_THE_COPY: [u32; 4] = [0x0012_0062, 0x0012_0063, 0x0012_0064, 0x0028_0303];
const PATIENT_ID: u32 = 0x0010_0020;
const PHOTOMETRIC: u32 = 0x0028_0004;
const FRAME_POINTER: u32 = 0x0028_0009;
/// Of an overlay inside the unused bits of the pixels.
const OVERLAY_BITS: u32 = 0x0100;

pub fn scrub(bytes: &[u8], rule: Option<&DicomRule>) -> Result<Vec<u8>, PhotoError> {
    let rule = rule.ok_or(PhotoError::ScrubNeedsKey)?;
    let file = Dicom::new(bytes)?;
    let data = file.data();
    if shows_text(data).is_some() && !rule.keep_burned_in {
        return Err(PhotoError::BurnedIn);
    }
    let overlay_in_pixels = data.elements().map_while(Result::ok).any(|element| {
        element.tag >> 24 == 0x60 && element.tag & 0xffff == OVERLAY_BITS && element.word().is_some_and(|bits| bits > 1)
    });
    if overlay_in_pixels {
        return Err(PhotoError::ScrubUnsupported);
    }
    let clean = copy(&file, rule)?;
    verify(bytes, &clean)?;
    Ok(clean)
}

fn copy(file: &Dicom, rule: &DicomRule) -> Result<Vec<u8>, PhotoError> {
    let data = file.data();
    let patient = data.get(PATIENT_ID).map(|element| element.value.trim_ascii().to_vec()).unwrap_or_default();
    let has_palette = data.get(PHOTOMETRIC).and_then(|e| e.text()).as_deref() == Some("PALETTE COLOR");
    let maker = Maker { rule, code: rule.codes.patient(&patient), weeks: rule.codes.weeks_back(&patient), has_palette };
    let mut elements = maker.kept(data);
    for attribute in KEPT.iter().filter(|attribute| WANTED.contains(&attribute.tag)) {
        if elements.iter().all(|(there, ..)| *there != attribute.tag) {
            let value = if attribute.keep == Keep::Code { maker.code.clone().into_bytes() } else { Vec::new() };
            elements.push((attribute.tag, attribute.vr, value));
        }
    }
    elements.push((ABOUT_THE_COPY[0], *b"CS", b"YES".to_vec()));
    elements.push((ABOUT_THE_COPY[1], *b"LO", METHOD.as_bytes().to_vec()));
    elements.push((ABOUT_THE_COPY[2], *b"SQ", methods()));
    elements.push((ABOUT_THE_COPY[3], *b"CS", b"MODIFIED".to_vec()));
    elements.sort_by_key(|(tag, ..)| *tag);
    let uid =
        |tag| elements.iter().find(|(there, ..)| *there == tag).map(|(.., value)| value.clone()).unwrap_or_default();
    let syntax = match file.syntax {
        Syntax::Other(name) => return Err(PhotoError::UnsupportedSyntax(name)),
        native if native.is_native() => EXPLICIT_LITTLE,
        _ => &file.syntax_uid,
    };
    let mut clean = beginning(&uid(0x0008_0016), &uid(0x0008_0018), syntax);
    elements.iter().for_each(|(tag, vr, value)| clean.extend(element(*tag, *vr, value)));
    clean.extend(pixels(file)?);
    Ok(clean)
}

struct Maker<'a> {
    rule: &'a DicomRule<'a>,
    code: String,
    weeks: i64,
    has_palette: bool,
}

type Kept = (u32, [u8; 2], Vec<u8>);

impl Maker<'_> {
    /// What may stay of these elements; what is broken, and what follows it, does not.
    fn kept(&self, data: DataSet) -> Vec<Kept> {
        let elements = data.elements().map_while(Result::ok);
        let kept = elements.filter_map(|element| {
            let attribute = kept::find(element.tag)?;
            Some((attribute.tag, attribute.vr, self.value(&element, &attribute.keep)?))
        });
        kept.collect()
    }

    /// None where the value has another form than it must have.
    fn value(&self, found: &Element, keep: &Keep) -> Option<Vec<u8>> {
        // What the standard wants to be there may be without a value.
        if found.value.iter().all(|b| matches!(b, 0 | b' '))
            && matches!(keep, Keep::Terms(_) | Keep::Numbers | Keep::Date)
        {
            return Some(Vec::new());
        }
        let text = || found.text().filter(|text| !text.is_empty());
        let value = match keep {
            Keep::Empty => Vec::new(),
            Keep::Code => self.code.clone().into_bytes(),
            // No more than there must be: where there is room, there may be text.
            Keep::Words => {
                let wanted = match found.tag {
                    0x0028_1101..=0x0028_1103 => 3,
                    FRAME_POINTER => 2,
                    _ => 1,
                };
                let words = found.words();
                let is_time = || matches!(words[..], [0x0018, 0x1063 | 0x1065]);
                if words.len() != wanted || found.tag == FRAME_POINTER && !is_time() {
                    return None;
                }
                words.iter().flat_map(|word| word.to_le_bytes()).collect()
            }
            Keep::Table => {
                let words = found.words();
                if words.len() > 1 << 16 || !self.has_palette {
                    return None;
                }
                words.iter().flat_map(|word| word.to_le_bytes()).collect()
            }
            Keep::Profile => icc::cleaned(found.value)?,
            Keep::Numbers => text().filter(|text| are_numbers(text))?.into_bytes(),
            Keep::Terms(terms) => {
                let text = text()?;
                let known: Vec<&str> =
                    text.split('\\').map(str::trim).take_while(|part| terms.contains(part)).collect();
                if known.is_empty() {
                    return None;
                }
                known.join("\\").into_bytes()
            }
            Keep::StandardUid => text().filter(|uid| is_uid(uid) && uid.starts_with("1.2.840.10008."))?.into_bytes(),
            Keep::CodedUid => self.rule.codes.uid(self.rule.uid_root, &text()?).into_bytes(),
            Keep::Date => earlier(&text()?, self.weeks)?.into_bytes(),
            Keep::Sequence => {
                let items = found.items().map_while(Result::ok);
                let items = items.map(|data| {
                    let inside: Vec<u8> =
                        self.kept(data).iter().flat_map(|(tag, vr, value)| element(*tag, *vr, value)).collect();
                    item(&inside)
                });
                items.collect::<Vec<_>>().concat()
            }
        };
        Some(value)
    }
}

fn are_numbers(text: &str) -> bool {
    text.split('\\').all(|part| part.trim().len() <= 16 && part.trim().parse::<f64>().is_ok_and(f64::is_finite))
}

fn is_uid(text: &str) -> bool {
    text.len() <= 64 && text.bytes().all(|b| b.is_ascii_digit() || b == b'.')
}

/// Codes of the methods (PS3.16, CID 7050).
fn methods() -> Vec<u8> {
    let code = |value: &str, meaning: &str| {
        let code = [(0x0008_0100, b"SH", value), (0x0008_0102, b"SH", "DCM"), (0x0008_0104, b"LO", meaning)];
        item(&code.map(|(tag, vr, text)| element(tag, *vr, text.as_bytes())).concat())
    };
    [
        code("113100", "Basic Application Confidentiality Profile"),
        code("113107", "Retain Longitudinal Temporal Information Modified Dates Option"),
    ]
    .concat()
}

/// The pixels as they were; the metadata of JPEG pictures is left out.
fn pixels(file: &Dicom) -> Result<Vec<u8>, PhotoError> {
    if file.syntax.is_native() {
        let (bits, bytes) = picture::native_little(file)?;
        return Ok(element(PIXEL_DATA, if bits > 8 { *b"OW" } else { *b"OB" }, &bytes));
    }
    let mut pieces = item(&[]);
    for frame in picture::compressed(file)? {
        let clean = match file.syntax {
            Syntax::Jpeg | Syntax::JpegLossless => jpeg::scrub(&frame).ok_or(PhotoError::ScrubUnsupported)?,
            Syntax::Jpeg2000 => without_comments(&frame).ok_or(PhotoError::ScrubUnsupported)?,
            _ => frame.into_owned(),
        };
        pieces.extend(item(&clean));
    }
    let mut all = [&tag_bytes(PIXEL_DATA)[..], b"OB\0\0\xff\xff\xff\xff"].concat();
    all.extend(pieces);
    all.extend([0xfe, 0xff, 0xdd, 0xe0, 0, 0, 0, 0]);
    Ok(all)
}

/// A codestream of JPEG 2000 without the comments of its main header; nothing where it lies in a file of its own.
fn without_comments(bytes: &[u8]) -> Option<Vec<u8>> {
    const COMMENT: [u8; 2] = [0xff, 0x64];
    const TILE: [u8; 2] = [0xff, 0x90];
    let mut clean = bytes.strip_prefix(&[0xff, 0x4f]).map(|_| vec![0xff, 0x4f])?;
    let mut at = 2;
    loop {
        let marker: [u8; 2] = bytes.get(at..at + 2)?.try_into().ok()?;
        if marker == TILE {
            clean.extend_from_slice(&bytes[at..]);
            return Some(clean);
        }
        let length = usize::from(u16::from_be_bytes(bytes.get(at + 2..at + 4)?.try_into().ok()?));
        let segment = bytes.get(at..at + 2 + length.max(2))?;
        if marker != COMMENT {
            clean.extend_from_slice(segment);
        }
        at += segment.len();
    }
}

/// The check that stands between a mistake above and somebody's data: nothing but what is on the list, no finding that names a
/// person, and the same values in every frame.
fn verify(original: &[u8], clean: &[u8]) -> Result<(), PhotoError> {
    let file = Dicom::new(clean)?;
    let still = |kind: &str, place: &str| PhotoError::StillFound { kind: kind.into(), place: place.into() };
    only_kept(file.data())?;
    // Text in the pixels stays where somebody said so.
    let identifying =
        |finding: &&Finding| finding.severity == Severity::Identifying && finding.kind != "burned_in_text";
    if let Some(finding) = findings::scan_bytes(clean).iter().find(identifying) {
        return Err(still(&finding.kind, &finding.place));
    }
    for frame in 1..=picture::frames(clean)? {
        if stored(original, frame)? != stored(clean, frame)? {
            return Err(PhotoError::NotTheSamePicture);
        }
    }
    Ok(())
}

fn only_kept(data: DataSet) -> Result<(), PhotoError> {
    for element in data.elements() {
        let element = element?;
        let is_known =
            kept::find(element.tag).is_some() || ABOUT_THE_COPY.contains(&element.tag) || element.tag == PIXEL_DATA;
        if !is_known {
            return Err(PhotoError::StillFound { kind: "unknown_tag".into(), place: "dicom".into() });
        }
        if element.is_sequence && !ABOUT_THE_COPY.contains(&element.tag) {
            for item in element.items() {
                only_kept(item?)?;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_in_order_and_nothing_on_it_is_private() {
        assert!(KEPT.is_sorted_by_key(|attribute| attribute.tag));
        assert!(KEPT.iter().all(|attribute| (attribute.tag >> 16) % 2 == 0));
        assert!(WANTED.iter().all(|tag| kept::find(*tag).is_some()));
    }

    #[test]
    fn comments_of_jpeg_2000_go() {
        let stream =
            [&[0xff, 0x4f, 0xff, 0x51, 0, 4, 1, 2, 0xff, 0x64, 0, 6][..], b"Name", &[0xff, 0x90, 0, 9]].concat();
        let clean = [0xff, 0x4f, 0xff, 0x51, 0, 4, 1, 2, 0xff, 0x90, 0, 9];
        assert_eq!(without_comments(&stream).unwrap(), clean);
        assert_eq!(without_comments(&stream[..14]), None);
    }
}
