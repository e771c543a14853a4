//! A file's bytes become upright sRGB pixels. The content decides what a file is, never its name.
//!
//! `jpeg` reads JPEG, the commonest by far, and `scaled` the large ones at a reduced size; `dicom` files of hospitals; `heic`, where it is built in, those of phones; `other` the rest
//! through the `image` crate; `sniff` tells them apart. `opener`
//! makes the decoders: sizes are checked against the limits before anything is allocated for pixels.

pub mod dicom;
#[cfg(feature = "heic")]
mod heic;
mod jpeg;
pub(crate) mod opener;
mod other;
mod scaled;
mod sniff;

pub use sniff::{PhotoFormat, SNIFF_BYTES, sniff};

use image::metadata::Orientation;
use image::{DynamicImage, RgbImage};

use crate::domain::colour::{Doubt, Samples, Space, to_srgb};
use crate::domain::photo::Photo;
use crate::domain::record::{Size, Window};
use crate::domain::values::{GreyValues, Values};
use crate::error::{PhotoError, PhotoWarning};
use opener::{Bound, Refused, one_line};

/// What a photo may cost at the most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    pub max_pixels: u64,
    pub max_file_bytes: u64,
}

impl Default for Limits {
    /// 128 megapixels: above any current camera's 102; 1 GiB: an uncompressed 16-bit TIFF of that size, and some.
    fn default() -> Self {
        Self { max_pixels: 128 << 20, max_file_bytes: 1 << 30 }
    }
}

/// The photo, and what was learnt of the file on the way.
#[derive(Clone, Debug)]
pub struct Decoded {
    pub photo: Photo,
    /// With all their steps, where the header asks for them.
    pub values: Option<Values>,
    pub header: Header,
    pub warnings: Vec<PhotoWarning>,
    /// Which values of a DICOM file are black and white; none where they are shown as they are.
    pub window: Option<Window>,
}

/// Known before any pixel is decoded.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Header {
    pub format: PhotoFormat,
    /// As stored, before the orientation.
    pub size: Size,
    /// EXIF value, 1 to 8.
    pub orientation: u8,
    /// Which frame of several is meant, from 1 on.
    pub frame: Option<u32>,
    /// The window that was asked for, in place of the file's.
    pub window: Option<Window>,
    /// Which grey values are wanted besides the photo.
    pub values: Option<GreyValues>,
    /// Whether it shows things as a camera does: what an X-ray or a slice shows is neither colour nor light.
    pub is_photograph: bool,
    /// Bytes that the file takes in memory besides itself and its pixels.
    pub unpacked: u64,
}

/// Pixels as they came out of a decoder.
struct Raw {
    samples: Samples,
    space: Space,
    warnings: Vec<PhotoWarning>,
    /// Where they are wanted, and there are more of them than in `samples`.
    values: Option<Vec<f32>>,
}

/// Reads the header only, and checks the size against the limits.
pub fn header(bytes: &[u8], limits: &Limits) -> Result<Header, PhotoError> {
    let format = sniff(bytes)?;
    let (mut unpacked, mut is_photograph) = (0, true);
    let (size, orientation) = match format {
        PhotoFormat::Jpeg => jpeg::header(bytes, limits)?,
        PhotoFormat::Dicom => {
            let size;
            (size, unpacked, is_photograph) = dicom::header(bytes, limits)?;
            (size, Orientation::NoTransforms)
        }
        #[cfg(feature = "heic")]
        PhotoFormat::Heic => {
            let size;
            (size, unpacked) = heic::header(bytes, limits)?;
            (size, Orientation::NoTransforms)
        }
        _ => other::header(bytes, format, limits)?,
    };
    let orientation = orientation.to_exif();
    Ok(Header { format, size, orientation, frame: None, window: None, values: None, is_photograph, unpacked })
}

/// `enough` pixels on the longer side will do: a JPEG that has twice as many is decoded at a reduced size.
pub fn decode(bytes: &[u8], header: Header, enough: u32) -> Result<Decoded, PhotoError> {
    let (raw, window) = match header.format {
        PhotoFormat::Jpeg => (jpeg::decode(bytes, enough)?, None),
        PhotoFormat::Dicom => dicom::decode(bytes, header)?,
        #[cfg(feature = "heic")]
        PhotoFormat::Heic => (heic::decode(bytes, header)?, None),
        _ => (other::decode(bytes, header)?, None),
    };
    let mut warnings = raw.warnings;
    let grey = match (raw.values, &raw.samples) {
        (None, Samples::Grey(steps)) if header.values.is_some() => Some(steps.iter().map(|v| f32::from(*v)).collect()),
        (values, _) => values,
    };
    let (rgb, doubt) = to_srgb(raw.samples, &raw.space);
    warnings.extend(doubt.map(|doubt| match doubt {
        Doubt::ProfileUnusable => PhotoWarning::ColourProfileUnusable,
        Doubt::CmykApproximate => PhotoWarning::CmykApproximate,
    }));
    let photo = turn_upright(rgb, header)?;
    let values = match (header.values, grey) {
        (None, _) => None,
        (Some(_), Some(grey)) => Some(Values::upright(photo.stored_size(), header.orientation, grey)),
        (Some(GreyValues::Window), None) => Some(Values::of(&photo)),
        (Some(GreyValues::Stored), None) => return Err(PhotoError::NotGrey),
    };
    Ok(Decoded { photo, values, header, warnings, window })
}

fn turn_upright(rgb: Vec<u8>, header: Header) -> Result<Photo, PhotoError> {
    let Size { width, height } = header.size;
    let lying = Photo { width, height, rgb };
    let (stored_width, stored_height) = lying.stored_size();
    if lying.rgb.len() != stored_width as usize * stored_height as usize * 3 {
        return Err(broken("the decoder gave fewer pixels than the header says"));
    }
    if header.orientation == 1 {
        return Ok(lying);
    }
    let stored =
        RgbImage::from_raw(stored_width, stored_height, lying.rgb).ok_or_else(|| broken("the picture is empty"))?;
    let mut picture = DynamicImage::ImageRgb8(stored);
    picture.apply_orientation(Orientation::from_exif(header.orientation).unwrap_or(Orientation::NoTransforms));
    let (width, height) = if header.orientation >= 5 { (height, width) } else { (width, height) };
    Ok(Photo { width, height, rgb: picture.into_rgb8().into_raw() })
}

impl Limits {
    pub fn bound(&self) -> Bound {
        Bound::Pixels(self.max_pixels)
    }
}

impl From<Refused> for PhotoError {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::TooLarge(size) => PhotoError::TooManyPixels(size.to_string()),
            Refused::Broken(why) => broken(why),
        }
    }
}

fn broken(why: impl std::fmt::Display) -> PhotoError {
    PhotoError::DecodeFailed(one_line(&why))
}
