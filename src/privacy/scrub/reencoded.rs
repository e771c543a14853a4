//! TIFF and BMP: the decoded pixels are written again without loss, already the right way up.

use std::io::Cursor;

use image::codecs::bmp::BmpEncoder;
use image::codecs::tiff::TiffEncoder;
use image::{DynamicImage, ImageEncoder, ImageResult};

use super::icc;
use crate::error::PhotoError;
use crate::input::decode::opener::open;
use crate::input::decode::{Limits, PhotoFormat};

pub fn scrub(bytes: &[u8], format: PhotoFormat, limits: &Limits) -> Result<Vec<u8>, PhotoError> {
    let mut opened = open(bytes, format, limits.bound())?;
    let (orientation, profile) = (opened.orientation(), opened.profile());
    let mut picture = opened.pixels()?;
    picture.apply_orientation(orientation);
    encode(without_grey_alpha(picture), profile, format)
        .map_err(|e| PhotoError::EncodeFailed { what: "clean copy", why: e.to_string() })
}

fn encode(picture: DynamicImage, profile: Option<Vec<u8>>, format: PhotoFormat) -> ImageResult<Vec<u8>> {
    let mut clean = Cursor::new(Vec::new());
    if format == PhotoFormat::Tiff {
        let mut encoder = TiffEncoder::new(&mut clean);
        if let Some(profile) =
            profile.filter(|profile| fits(profile, &picture)).and_then(|profile| icc::cleaned(&profile))
        {
            let _unsupported = encoder.set_icc_profile(profile);
        }
        picture.write_with_encoder(encoder)?;
    } else {
        picture.write_with_encoder(BmpEncoder::new(&mut clean))?;
    }
    Ok(clean.into_inner())
}

/// Neither encoder writes grey with transparency; as colour it is the same.
pub fn without_grey_alpha(picture: DynamicImage) -> DynamicImage {
    match picture {
        DynamicImage::ImageLumaA8(_) => picture.into_rgba8().into(),
        DynamicImage::ImageLumaA16(_) => picture.into_rgba16().into(),
        other => other,
    }
}

/// A profile for ink says nothing about pixels that were decoded to red, green and blue.
pub fn fits(profile: &[u8], picture: &DynamicImage) -> bool {
    let space: &[u8] = if picture.color().has_color() { b"RGB " } else { b"GRAY" };
    profile.get(16..20) == Some(space)
}
