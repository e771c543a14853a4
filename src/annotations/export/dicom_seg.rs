//! Masks as DICOM segmentations: for each photo that is DICOM a file with a binary segment for each class, which refers to the
//! photo. Identifiers are derived, so that a second export gives the same bytes; nothing of the photo's texts is copied.

use std::collections::HashMap;

use anyhow::{Context, Result};

use super::{ExportPlan, ExportSummary, annotation_names, each_photo, forget};
use crate::annotations::polygons::kind_name;
use crate::disk::{have_to_itself, write};
use crate::domain::dicom::{EXPLICIT_LITTLE, beginning, earlier, element, item};
use crate::domain::mask::{LabelMap, SKIN};
use crate::domain::record::Done;
use crate::domain::source::Source;
use crate::error::PhotoError;
use crate::input::decode::dicom::Origin;
use crate::people::{Pseudonyms, uid_of};

/// Where the photos are, and how files refer to them.
pub struct SegPlan {
    /// By the names that records give them.
    pub sources: HashMap<String, Source>,
    /// Results that carry codes: the photos are meant as `scrub` copies them.
    pub codes: Option<Pseudonyms>,
    pub uid_root: Option<String>,
}

const SEGMENTATION: &[u8] = b"1.2.840.10008.5.1.4.1.1.66.4";
const ENDING: &str = "seg.dcm";

pub(super) fn write_all(
    plan: &ExportPlan,
    seg: &SegPlan,
    photos: &[String],
    theirs: &[String],
    summary: &mut ExportSummary,
) -> Result<()> {
    let _lock = have_to_itself(&plan.dest, &plan.results.vault)?;
    let names = annotation_names(photos, ENDING);
    forget(theirs, ENDING, &names, &plan.dest)?;
    let mut failed = Vec::new();
    let write_one = |number: usize, photo: &Done, labels: &LabelMap| {
        let bytes = match origin(plan, seg, photo).and_then(|origin| file(plan, seg, photo, labels, &origin)) {
            Ok(bytes) => bytes,
            Err(why) => return Ok(Some(why)),
        };
        let path = plan.dest.join(&names[number]);
        write(&plan.results.vault, &path, &bytes).with_context(|| format!("cannot write {}", path.display()))?;
        Ok(None)
    };
    each_photo(plan, summary, write_one, |photo, why| {
        failed.extend(why.map(|why| (photo.input.path.clone(), photo.lesions.len(), why)));
        Ok(())
    })?;
    for (path, lesions, why) in failed {
        summary.photos -= 1;
        summary.lesions -= lesions;
        summary.failed.push((path, why));
    }
    summary.files = summary.photos;
    Ok(())
}

/// What the photo's file says of itself, if it is still the one that was segmented.
fn origin(plan: &ExportPlan, seg: &SegPlan, photo: &Done) -> Result<Origin, String> {
    let Some(dicom) = &photo.input.dicom else {
        return Err("the photo is no DICOM file, to which a segmentation could refer".into());
    };
    let source = seg.sources.get(&photo.input.path).ok_or("the photo is not in the folder of --photos")?;
    let bytes = crate::disk::read(&source.path)
        .map_err(|e| format!("the photo cannot be read: {}", crate::disk::describe(&e)))?;
    if photo.input.blake3.as_deref() != Some(blake3::hash(&bytes).to_hex().as_str()) {
        return Err("the photo was changed since the run".into());
    }
    let bytes = plan.results.vault.unseal(bytes).map_err(|e| e.to_string())?;
    Origin::of(&bytes, dicom.frame).map_err(|e: PhotoError| e.to_string())
}

type Elements = Vec<(u32, [u8; 2], Vec<u8>)>;

fn joined(mut elements: Elements) -> Vec<u8> {
    elements.sort_by_key(|(tag, ..)| *tag);
    elements.iter().flat_map(|(tag, vr, value)| element(*tag, *vr, value)).collect()
}

fn text(tag: u32, vr: &[u8; 2], text: &str) -> (u32, [u8; 2], Vec<u8>) {
    (tag, *vr, text.as_bytes().to_vec())
}

fn word(tag: u32, word: u16) -> (u32, [u8; 2], Vec<u8>) {
    (tag, *b"US", word.to_le_bytes().to_vec())
}

/// A sequence of one item.
fn one(tag: u32, inside: Elements) -> (u32, [u8; 2], Vec<u8>) {
    (tag, *b"SQ", item(&joined(inside)))
}

fn code(tag: u32, [value, scheme, meaning]: [&str; 3]) -> (u32, [u8; 2], Vec<u8>) {
    let code = [text(0x0008_0100, b"SH", value), text(0x0008_0102, b"SH", scheme), text(0x0008_0104, b"LO", meaning)];
    one(tag, code.to_vec())
}

/// Tags as a value.
fn tag_value(tag: u32) -> Vec<u8> {
    let [a, b, c, d] = tag.to_le_bytes();
    vec![c, d, a, b]
}

fn numbers<const N: usize>(values: [f64; N]) -> String {
    // Sixteen characters at the most.
    values
        .map(|v| format!("{:.16}", (v * 1e6).round() / 1e6).chars().take(16).collect::<String>())
        .map(|text| short(&text))
        .join("\\")
}

fn short(text: &str) -> String {
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text.to_owned() }
}

/// A segmentation in the making.
struct Segmentation<'a> {
    plan: &'a ExportPlan,
    seg: &'a SegPlan,
    photo: &'a Done,
    labels: &'a LabelMap,
    origin: &'a Origin,
    classes: Vec<u8>,
    /// Identifiers of the photo as its copy has them, or as they are.
    study: String,
    series: String,
    instance: String,
}

fn file(plan: &ExportPlan, seg: &SegPlan, photo: &Done, labels: &LabelMap, origin: &Origin) -> Result<Vec<u8>, String> {
    let [study, series, instance] = [&origin.study, &origin.series, &origin.instance].map(|uid| seg.uid(uid));
    let made = Segmentation { plan, seg, photo, labels, origin, classes: plan.classes(), study, series, instance };
    let all = [made.whose(), made.identifiers(), made.picture()?, made.place(), made.segments()].concat();
    Ok([beginning(SEGMENTATION, made.own("instance").as_bytes(), EXPLICIT_LITTLE), joined(all)].concat())
}

impl SegPlan {
    fn uid(&self, uid: &str) -> String {
        self.codes.as_ref().map_or_else(|| uid.to_owned(), |codes| codes.uid(self.uid_root.as_deref(), uid))
    }
}

impl Segmentation<'_> {
    /// An identifier of the segmentation: the same in every export of the same.
    fn own(&self, what: &str) -> String {
        let (photo, model) = (self.photo, &self.photo.model.sha256);
        let frame = photo.input.dicom.as_ref().map(|d| d.frame);
        let text = match what {
            // What is of the whole series must not depend on the photo.
            "series" => format!("series\0{}\0{model}", self.series),
            _ => format!("{what}\0{}\0{frame:?}\0{model}\0{}\0{:?}", self.instance, photo.mask.blake3, self.classes),
        };
        let digest = blake3::hash(text.as_bytes());
        let bytes: [u8; 16] = digest.as_bytes()[..16].try_into().expect("a digest has 32 bytes");
        uid_of(self.seg.uid_root.as_deref(), u128::from_be_bytes(bytes))
    }

    /// The patient and the dates, as far as they are codes, and who made the segmentation.
    fn whose(&self) -> Elements {
        let (origin, model) = (self.origin, &self.photo.model);
        let (patient, date) = match &self.seg.codes {
            Some(codes) => {
                let weeks = codes.weeks_back(&origin.patient);
                (codes.patient(&origin.patient), origin.date.as_ref().and_then(|date| earlier(date, weeks)))
            }
            // Already codes, where the file says so.
            None if origin.is_coded => (String::from_utf8_lossy(&origin.patient).into_owned(), origin.date.clone()),
            None => (String::new(), origin.date.clone()),
        };
        let date = date.unwrap_or_default();
        vec![
            text(0x0008_0020, b"DA", &date),
            text(0x0008_0023, b"DA", if date.is_empty() { "19700101" } else { &date }),
            text(0x0008_0030, b"TM", ""),
            text(0x0008_0033, b"TM", "000000"),
            text(0x0008_0050, b"SH", ""),
            text(0x0008_0070, b"LO", "derm-seg"),
            text(0x0008_0090, b"PN", ""),
            text(0x0008_1090, b"LO", &limited(&model.name)),
            text(0x0010_0010, b"PN", &patient),
            text(0x0010_0020, b"LO", &patient),
            text(0x0010_0030, b"DA", ""),
            text(0x0010_0040, b"CS", ""),
            text(0x0018_1000, b"LO", &model.sha256[..16.min(model.sha256.len())]),
            text(0x0018_1020, b"LO", &limited(&model.version)),
            text(0x0070_0084, b"PN", ""),
        ]
    }

    /// What the file is, and to what it refers.
    fn identifiers(&self) -> Elements {
        let photo = one(0x0008_114A, self.refers(Vec::new()));
        vec![
            (0x0008_0016, *b"UI", SEGMENTATION.to_vec()),
            text(0x0008_0018, b"UI", &self.own("instance")),
            text(0x0008_0060, b"CS", "SEG"),
            one(0x0008_1115, vec![text(0x0020_000E, b"UI", &self.series), photo]),
            text(0x0020_000D, b"UI", &self.study),
            text(0x0020_000E, b"UI", &self.own("series")),
            text(0x0020_0010, b"SH", ""),
            text(0x0020_0011, b"IS", "900"),
            text(0x0020_0013, b"IS", "1"),
        ]
    }

    fn refers(&self, more: Elements) -> Elements {
        let both = vec![text(0x0008_1150, b"UI", &self.origin.class), text(0x0008_1155, b"UI", &self.instance)];
        [both, more].concat()
    }

    /// How the pixels lie in the file.
    fn picture(&self) -> Result<Elements, String> {
        let dimensions = text(0x0020_9164, b"UI", &self.own("dimensions"));
        let by_segment = [(0x0020_9165, *b"AT", tag_value(0x0062_000B)), (0x0020_9167, *b"AT", tag_value(0x0062_000A))];
        Ok(vec![
            text(0x0008_0008, b"CS", "DERIVED\\PRIMARY"),
            one(0x0020_9221, vec![dimensions.clone()]),
            one(0x0020_9222, [&[dimensions][..], &by_segment].concat()),
            word(0x0028_0002, 1),
            text(0x0028_0004, b"CS", "MONOCHROME2"),
            text(0x0028_0008, b"IS", &self.classes.len().to_string()),
            word(0x0028_0010, side(self.labels.height)?),
            word(0x0028_0011, side(self.labels.width)?),
            word(0x0028_0100, 1),
            word(0x0028_0101, 1),
            word(0x0028_0102, 0),
            word(0x0028_0103, 0),
            text(0x0028_2110, b"CS", "00"),
            text(0x0062_0001, b"CS", "BINARY"),
            text(0x0070_0080, b"CS", "SEGMENTATION"),
            text(0x0070_0081, b"LO", ""),
        ])
    }

    /// Spacing, position and orientation: the place of a segmentation is told as a whole or not at all.
    fn in_space(&self) -> Option<([f64; 2], [f64; 3], [f64; 6])> {
        let origin = self.origin;
        origin.frame_of_reference.as_ref()?;
        Some((origin.spacing?, origin.position?, origin.orientation?))
    }

    fn place(&self) -> Elements {
        let mut shared = Vec::new();
        if let Some((spacing, _, orientation)) = self.in_space() {
            let thickness = text(0x0018_0050, b"DS", &numbers([self.origin.thickness.unwrap_or(1.0)]));
            shared.push(one(0x0028_9110, vec![thickness, text(0x0028_0030, b"DS", &numbers(spacing))]));
            shared.push(one(0x0020_9116, vec![text(0x0020_0037, b"DS", &numbers(orientation))]));
        }
        let mut all = vec![one(0x5200_9229, shared)];
        match &self.origin.frame_of_reference {
            None => all.push(text(0x0020_0020, b"CS", "")),
            Some(frame) => {
                all.push(text(0x0020_0052, b"UI", &self.seg.uid(frame)));
                all.push(text(0x0020_1040, b"LO", ""));
            }
        }
        all
    }

    /// A frame for each class.
    fn segments(&self) -> Elements {
        let (mut segments, mut frames, mut bits) = (Vec::new(), Vec::new(), Vec::new());
        for (number, class) in (1u16..).zip(&self.classes) {
            segments.extend(item(&joined(self.segment(number, *class))));
            frames.extend(item(&joined(self.frame(number))));
            bits.extend(self.labels.data.iter().map(|label| label == class));
        }
        vec![(0x0062_0002, *b"SQ", segments), (0x5200_9230, *b"SQ", frames), (0x7FE0_0010, *b"OB", packed(&bits))]
    }

    fn segment(&self, number: u16, class: u8) -> Elements {
        let (category, kind) = match class {
            SKIN => (["123037004", "SCT", "Anatomical Structure"], ["39937001", "SCT", "Skin"]),
            _ => (["49755003", "SCT", "Morphologically Altered Structure"], ["52988006", "SCT", "Lesion"]),
        };
        vec![
            code(0x0062_0003, category),
            word(0x0062_0004, number),
            text(0x0062_0005, b"LO", &limited(kind_name(class, self.plan.results.kinds()))),
            text(0x0062_0008, b"CS", "AUTOMATIC"),
            text(0x0062_0009, b"LO", &limited(&self.photo.model.name)),
            code(0x0062_000F, kind),
        ]
    }

    fn frame(&self, number: u16) -> Elements {
        let frame = match self.origin.frames {
            1 => Vec::new(),
            _ => vec![text(0x0008_1160, b"IS", &self.photo.input.dicom.as_ref().map_or(1, |d| d.frame).to_string())],
        };
        let purpose = code(0x0040_A170, ["121322", "DCM", "Source image for image processing operation"]);
        let source = one(0x0008_2112, self.refers([frame, vec![purpose]].concat()));
        let mut all = vec![
            one(0x0008_9124, vec![source, code(0x0008_9215, ["113076", "DCM", "Segmentation"])]),
            one(0x0020_9111, vec![(0x0020_9157, *b"UL", u32::from(number).to_le_bytes().to_vec())]),
            one(0x0062_000A, vec![word(0x0062_000B, number)]),
        ];
        if let Some((_, position, _)) = self.in_space() {
            all.push(one(0x0020_9113, vec![text(0x0020_0032, b"DS", &numbers(position))]));
        }
        all
    }
}

/// Plain characters, as many as an attribute may have.
fn limited(text: &str) -> String {
    text.chars().map(|c| if c.is_ascii_graphic() && c != '\\' || c == ' ' { c } else { '_' }).take(64).collect()
}

fn side(length: u32) -> Result<u16, String> {
    u16::try_from(length).map_err(|_| "a segmentation has sides of 65535 pixels at the most".to_owned())
}

/// Frames follow each other without a gap, the first pixel in the lowest bit.
fn packed(bits: &[bool]) -> Vec<u8> {
    bits.chunks(8).map(|eight| eight.iter().enumerate().fold(0, |byte, (i, bit)| byte | u8::from(*bit) << i)).collect()
}
