//! A copy of a photo that says nothing but its picture.
//!
//! JPEG, PNG, WebP, GIF and HEIC lose the parts that are not the picture, which itself is copied byte for byte; TIFF and BMP are
//! written again without loss; of DICOM only what is on a list is kept. No copy leaves this room before it has been scanned again and decoded to the same pixels.

mod dicom;
mod exif;
mod gif;
#[cfg(feature = "heic")]
mod heic;
mod icc;
mod jpeg;
mod png;
mod reencoded;
mod webp;

use std::io::Cursor;

use image::codecs::jpeg::JpegEncoder;
use image::{ColorType, ImageError, ImageFormat, RgbImage};

pub use dicom::DicomRule;

use super::findings;
use crate::domain::photo::Photo;
use crate::error::PhotoError;
#[cfg(feature = "heic")]
use crate::input::decode;
use crate::input::decode::opener::open;
use crate::input::decode::{Limits, PhotoFormat, sniff};
use crate::input::walk::jpeg::is_complete;

/// Where a photo must be encoded again.
const JPEG_QUALITY: u8 = 95;

/// The clean copy, proven to have no findings and the same pixels, right way up.
/// DICOM needs a rule for its codes.
pub fn scrub(bytes: &[u8], limits: &Limits, rule: Option<&DicomRule>) -> Result<Vec<u8>, PhotoError> {
    let format = sniff(bytes)?;
    let clean = match format {
        PhotoFormat::Jpeg if !is_complete(bytes) => return Err(PhotoError::Truncated),
        PhotoFormat::Jpeg => jpeg::scrub(bytes).ok_or(PhotoError::ScrubUnsupported)?,
        PhotoFormat::Png => png::scrub(bytes).ok_or(PhotoError::ScrubUnsupported)?,
        PhotoFormat::WebP => webp::scrub(bytes).ok_or(PhotoError::ScrubUnsupported)?,
        PhotoFormat::Gif => gif::scrub(bytes).ok_or(PhotoError::ScrubUnsupported)?,
        // Checked by its own list.
        PhotoFormat::Dicom => return dicom::scrub(bytes, rule),
        #[cfg(feature = "heic")]
        PhotoFormat::Heic => heic::scrub(bytes).ok_or(PhotoError::ScrubUnsupported)?,
        PhotoFormat::Tiff | PhotoFormat::Bmp => reencoded::scrub(bytes, format, limits)?,
    };
    verify(bytes, &clean, limits)?;
    Ok(clean)
}

/// The picture in the format of `original`, upright and in sRGB, for when its pixels had to change.
pub fn encode_anew(photo: Photo, original: &[u8]) -> Result<Vec<u8>, PhotoError> {
    let failed = |e: ImageError| PhotoError::EncodeFailed { what: "changed picture", why: e.to_string() };
    #[cfg(feature = "heic")]
    if sniff(original) == Ok(PhotoFormat::Heic) {
        return heic::encode(&photo, JPEG_QUALITY);
    }
    let format = image::guess_format(original).map_err(failed)?;
    let picture = RgbImage::from_raw(photo.width, photo.height, photo.rgb)
        .ok_or_else(|| PhotoError::DecodeFailed("it was not decoded at its full size".to_owned()))?;
    let mut copy = Cursor::new(Vec::new());
    match format {
        ImageFormat::Jpeg => picture.write_with_encoder(JpegEncoder::new_with_quality(&mut copy, JPEG_QUALITY)),
        other => picture.write_to(&mut copy, other),
    }
    .map_err(failed)?;
    Ok(copy.into_inner())
}

/// The check that stands between a mistake above and somebody's data.
fn verify(original: &[u8], clean: &[u8], limits: &Limits) -> Result<(), PhotoError> {
    let left = findings::scan_bytes(clean);
    if let Some(finding) = left.first() {
        return Err(PhotoError::StillFound { kind: finding.kind.clone(), place: finding.place.clone() });
    }
    if Shown::of(original, limits)? != Shown::of(clean, limits)? {
        return Err(PhotoError::NotTheSamePicture);
    }
    Ok(())
}

/// All that decides how a photo looks; of its pixels a hash, so that two large pictures are never in memory at once.
#[derive(Debug, PartialEq)]
struct Shown {
    size: (u32, u32),
    colour: ColorType,
    pixels: blake3::Hash,
    profile: Option<Vec<u8>>,
}

impl Shown {
    fn of(bytes: &[u8], limits: &Limits) -> Result<Self, PhotoError> {
        let format = sniff(bytes)?;
        #[cfg(feature = "heic")]
        if format == PhotoFormat::Heic {
            let header = decode::header(bytes, limits)?;
            // In sRGB: a profile without its words gives the same colours.
            let Photo { width, height, rgb } = decode::decode(bytes, header, u32::MAX)?.photo;
            return Ok(Self {
                size: (width, height),
                colour: ColorType::Rgb8,
                pixels: blake3::hash(&rgb),
                profile: None,
            });
        }
        let is_rewritten = matches!(format, PhotoFormat::Tiff | PhotoFormat::Bmp);
        let mut opened = open(bytes, format, limits.bound())?;
        let (orientation, profile) = (opened.orientation(), opened.profile());
        let mut upright = opened.pixels()?;
        upright.apply_orientation(orientation);
        if is_rewritten {
            upright = reencoded::without_grey_alpha(upright);
        }
        let profile = profile.filter(|profile| !is_rewritten || reencoded::fits(profile, &upright));
        Ok(Self {
            size: (upright.width(), upright.height()),
            colour: upright.color(),
            pixels: blake3::hash(upright.as_bytes()),
            profile: profile.and_then(|profile| icc::cleaned(&profile)),
        })
    }
}

#[cfg(test)]
mod tests;
