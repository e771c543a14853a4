//! What a DICOM file says of its pixels: their form, their values, where they lie.

use crate::domain::record::{Size, Window, WindowFunction, WindowSource};
use crate::error::PhotoError;
use crate::input::walk::dicom::{DataSet, Dicom, Element, PIXEL_DATA};

pub const NUMBER_OF_FRAMES: u32 = 0x0028_0008;
const SHARED: u32 = 0x5200_9229;
const PER_FRAME: u32 = 0x5200_9230;
const FLOAT_PIXELS: [u32; 2] = [0x7FE0_0008, 0x7FE0_0009];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Photometric {
    Monochrome1,
    Monochrome2,
    Palette,
    Rgb,
    YbrFull,
    YbrFull422,
    /// The decoder of JPEG 2000 gives red, green and blue.
    YbrOfJpeg2000,
}

impl Photometric {
    pub fn is_grey(self) -> bool {
        matches!(self, Self::Monochrome1 | Self::Monochrome2)
    }
}

#[derive(Clone, Debug)]
pub struct Attributes {
    pub size: Size,
    pub frames: u32,
    pub samples: usize,
    pub photometric: Photometric,
    pub is_planar: bool,
    pub bits_allocated: u16,
    pub bits_stored: u16,
    pub high_bit: u16,
    pub signed: bool,
    /// One of the standard's terms, so that nothing else gets into records.
    pub modality: Option<String>,
    pub profile: Option<Vec<u8>>,
}

/// Of photographs and of other pictures of people.
const MODALITIES: [&str; 24] = [
    "CR", "CT", "DX", "ES", "GM", "IO", "IVUS", "MG", "MR", "NM", "OP", "OPT", "OT", "PT", "PX", "RF", "SC", "SEG",
    "SM", "US", "XA", "XC", "DMS", "OCT",
];

/// Of which grey pictures show what no camera sees: rays, echoes, magnetism.
const NOT_OF_LIGHT: [&str; 13] = ["CR", "CT", "DX", "IO", "IVUS", "MG", "MR", "NM", "PT", "PX", "RF", "US", "XA"];

impl Attributes {
    pub fn is_photograph(&self) -> bool {
        let of_light = self.modality.as_deref().is_none_or(|modality| !NOT_OF_LIGHT.contains(&modality));
        of_light || !self.photometric.is_grey()
    }

    pub fn of(file: &Dicom) -> Result<Self, PhotoError> {
        let data = file.data();
        let word = |tag| data.get(tag).and_then(|element| element.word());
        let (Some(height), Some(width)) = (word(0x0028_0010), word(0x0028_0011)) else {
            // Told from a file that was cut: that one breaks off.
            return Err(if data.elements().any(|e| e.is_err()) {
                PhotoError::Truncated
            } else {
                PhotoError::NoPicture
            });
        };
        let bits_allocated = word(0x0028_0100).unwrap_or(8);
        let bits_stored = word(0x0028_0101).unwrap_or(bits_allocated).clamp(1, 32);
        let samples = usize::from(word(0x0028_0002).unwrap_or(1));
        let frames = data.get(NUMBER_OF_FRAMES).and_then(|e| e.numbers().first().copied()).unwrap_or(1.0);
        let modality = data.get(0x0008_0060).and_then(|e| e.text());
        Ok(Self {
            size: Size { width: width.into(), height: height.into() },
            frames: (frames as u32).max(1),
            samples,
            photometric: photometric(data, samples)?,
            is_planar: word(0x0028_0006) == Some(1),
            bits_allocated,
            bits_stored,
            high_bit: word(0x0028_0102).unwrap_or(bits_stored - 1),
            signed: word(0x0028_0103) == Some(1),
            modality: modality.filter(|modality| MODALITIES.contains(&modality.as_str())),
            profile: data.get(0x0028_2000).map(|element| element.value.to_vec()),
        })
    }
}

fn photometric(data: DataSet, samples: usize) -> Result<Photometric, PhotoError> {
    let said = data.get(0x0028_0004).and_then(|element| element.text());
    let found = match (said.as_deref(), samples) {
        (Some("MONOCHROME1"), 1) => Photometric::Monochrome1,
        (Some("MONOCHROME2"), 1) => Photometric::Monochrome2,
        (Some("PALETTE COLOR"), 1) => Photometric::Palette,
        (Some("RGB"), 3) => Photometric::Rgb,
        (Some("YBR_FULL"), 3) => Photometric::YbrFull,
        (Some("YBR_FULL_422"), 3) => Photometric::YbrFull422,
        (Some("YBR_RCT" | "YBR_ICT"), 3) => Photometric::YbrOfJpeg2000,
        _ => return Err(PhotoError::UnsupportedPixels("a colour model that is not known")),
    };
    Ok(found)
}

/// The pixels of all frames.
pub fn pixels<'a>(file: &'a Dicom) -> Result<Element<'a>, PhotoError> {
    let data = file.data();
    if let Some(pixels) = data.get(PIXEL_DATA) {
        return Ok(pixels);
    }
    if FLOAT_PIXELS.iter().any(|tag| data.get(*tag).is_some()) {
        return Err(PhotoError::UnsupportedPixels("numbers with decimals"));
    }
    let is_cut = data.elements().any(|element| element.is_err());
    Err(if is_cut { PhotoError::Truncated } else { PhotoError::NoPicture })
}

/// An attribute of one frame: its own, one that all frames share, or the file's.
fn of_frame<'a>(file: &'a Dicom, frame: u32, tag: u32) -> Option<Element<'a>> {
    let data = file.data();
    let groups = [(PER_FRAME, frame as usize - 1), (SHARED, 0)];
    let in_group = |(sequence, number): (u32, usize)| {
        let item = data.get(sequence)?.items().map_while(Result::ok).nth(number)?;
        let macros = item.elements().map_while(Result::ok).filter(|element| element.is_sequence);
        macros.filter_map(|element| element.items().next()?.ok()?.get(tag)).next()
    };
    groups.into_iter().find_map(in_group).or_else(|| data.get(tag))
}

pub fn numbers(file: &Dicom, frame: u32, tag: u32) -> Vec<f64> {
    of_frame(file, frame, tag).map(|element| element.numbers()).unwrap_or_default()
}

/// How grey values become what is shown.
#[derive(Clone, Debug)]
pub struct Grey {
    pub slope: f64,
    pub intercept: f64,
    /// The first window of the file.
    pub window: Option<Window>,
    pub inverted: bool,
    /// Values from 0 to 255 that need no mapping.
    pub is_plain: bool,
    /// What is no part of the picture.
    pub padding: Option<i32>,
}

impl Grey {
    /// A stored value in the unit of the file.
    pub fn in_units(&self, stored: i32) -> f64 {
        f64::from(stored) * self.slope + self.intercept
    }

    pub fn of(file: &Dicom, attributes: &Attributes, frame: u32) -> Self {
        let first = |tag| numbers(file, frame, tag).first().copied();
        let slope = first(0x0028_1053).filter(|slope| *slope != 0.0);
        let window = first(0x0028_1050).zip(first(0x0028_1051)).filter(|(_, width)| *width > 0.0);
        let function = match of_frame(file, frame, 0x0028_1056).and_then(|element| element.text()).as_deref() {
            Some("LINEAR_EXACT") => WindowFunction::LinearExact,
            Some("SIGMOID") => WindowFunction::Sigmoid,
            _ => WindowFunction::Linear,
        };
        let padding = file.data().get(0x0028_0120).and_then(|element| element.word());
        Self {
            slope: slope.unwrap_or(1.0),
            intercept: first(0x0028_1052).unwrap_or(0.0),
            window: window.map(|(center, width)| Window { center, width, function, source: WindowSource::File }),
            inverted: attributes.photometric == Photometric::Monochrome1,
            is_plain: attributes.bits_stored == 8 && !attributes.signed,
            padding: padding.map(|word| if attributes.signed { i32::from(word as i16) } else { i32::from(word) }),
        }
    }
}

/// Where a frame lies.
#[derive(Clone, Debug)]
pub struct Place {
    /// Between rows and between columns, and who says so.
    pub spacing: Option<([f64; 2], &'static str)>,
    pub position: Option<[f64; 3]>,
    pub orientation: Option<[f64; 6]>,
}

impl Place {
    pub fn of(file: &Dicom, frame: u32) -> Self {
        let spacing = |tag, source| {
            let spacing: [f64; 2] = numbers(file, frame, tag).try_into().ok()?;
            spacing.iter().all(|side| *side > 0.0).then_some((spacing, source))
        };
        let of_pixels = || spacing(0x0028_0030, "pixel_spacing");
        // At the detector: what lies before it looks larger than it is.
        let of_detector = || spacing(0x0018_1164, "imager_pixel_spacing");
        Self {
            spacing: of_pixels().or_else(of_detector),
            position: numbers(file, frame, 0x0020_0032).try_into().ok(),
            orientation: numbers(file, frame, 0x0020_0037).try_into().ok(),
        }
    }
}
