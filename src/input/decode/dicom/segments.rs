//! What a DICOM segmentation says of its frames: which segment each is of, and which slice or frame it was drawn on.

use super::attributes::Attributes;
use crate::domain::plane::Plane;
use crate::domain::record::{DicomInput, Size};
use crate::error::PhotoError;
use crate::input::walk::dicom::{DataSet, Dicom, Element};

/// Of ordinary segmentations, and of those whose values are numbers of segments.
const CLASSES: [&str; 2] = ["1.2.840.10008.5.1.4.1.1.66.4", "1.2.840.10008.5.1.4.1.1.66.7"];
const SHARED: u32 = 0x5200_9229;
const PER_FRAME: u32 = 0x5200_9230;

#[derive(Clone, Debug)]
pub struct Segmentation {
    pub size: Size,
    /// `BINARY`, `LABELMAP`, or what is not read.
    pub kind: String,
    /// Number and label of each segment.
    pub labels: Vec<(u16, String)>,
    pub frames: Vec<SegmentFrame>,
    /// How many files it says that it was drawn on; 0 where it does not say.
    pub sources: usize,
}

#[derive(Clone, Debug)]
pub struct SegmentFrame {
    /// None in a label map, where the values tell.
    pub segment: Option<u16>,
    /// The frame of the file that it was drawn on, where that has several.
    pub of_frame: Option<u32>,
    pub plane: Option<Plane>,
}

/// Nothing for a file that is no segmentation.
pub fn segmentation(bytes: &[u8]) -> Result<Option<Segmentation>, PhotoError> {
    let file = Dicom::new(bytes)?;
    let data = file.data();
    let text = |tag| data.get(tag).and_then(|element| element.text()).unwrap_or_default();
    if !CLASSES.contains(&text(0x0008_0016).as_str()) {
        return Ok(None);
    }
    let attributes = Attributes::of(&file)?;
    let label = |item: DataSet| {
        let label =
            item.get(0x0062_0005).map(|e| String::from_utf8_lossy(e.value).trim_matches(['\0', ' ']).to_owned());
        Some((item.get(0x0062_0004)?.word()?, label.unwrap_or_default()))
    };
    let shared = items(data, SHARED).next();
    let frame = |item: DataSet| {
        let inside = |tag| of_group(item, tag).or_else(|| of_group(shared?, tag));
        let numbers = |tag| inside(tag).map(|element| element.numbers()).unwrap_or_default();
        let source = of_group(item, 0x0008_2112).and_then(|sources| sources.items().next()?.ok());
        let of_frame = source.and_then(|source| source.get(0x0008_1160)?.numbers().first().copied());
        let place = DicomInput {
            pixel_spacing_mm: numbers(0x0028_0030).try_into().ok(),
            position_mm: numbers(0x0020_0032).try_into().ok(),
            orientation: numbers(0x0020_0037).try_into().ok(),
            ..DicomInput::default()
        };
        SegmentFrame {
            segment: inside(0x0062_000B).and_then(|number| number.word()),
            of_frame: of_frame.map(|frame| frame as u32),
            plane: Plane::of(&place),
        }
    };
    Ok(Some(Segmentation {
        size: attributes.size,
        kind: text(0x0062_0001),
        labels: items(data, 0x0062_0002).filter_map(label).collect(),
        frames: items(data, PER_FRAME).take(attributes.frames as usize).map(frame).collect(),
        sources: items(data, 0x0008_1115).map(|series| items(series, 0x0008_114A).count()).sum(),
    }))
}

fn items(data: DataSet, tag: u32) -> impl Iterator<Item = DataSet> {
    data.get(tag).into_iter().flat_map(Element::items).map_while(Result::ok)
}

/// An attribute in one of the sequences of a frame.
fn of_group(item: DataSet, tag: u32) -> Option<Element> {
    let groups = item.elements().map_while(Result::ok).filter(|element| element.is_sequence);
    groups.filter_map(|group| group.items().next()?.ok()?.get(tag)).next()
}
