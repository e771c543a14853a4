//! A copy of a photo that says nothing but its picture.
//!
//! JPEG, PNG, WebP and GIF lose the parts that are not the picture, which itself is copied byte for byte; TIFF and BMP are
//! written anew without loss. No copy leaves this room before it has been scanned again and decoded to the same pixels.

mod exif;
mod gif;
mod icc;
mod jpeg;
mod png;
mod reencoded;
mod webp;

use std::io::Cursor;

use image::codecs::jpeg::JpegEncoder;
use image::{DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, ImageResult, RgbImage};

use super::findings;
use super::walk::jpeg::is_complete;
use crate::domain::photo::Photo;
use crate::error::{PhotoError, Stage};

/// Where a photo must be encoded anew.
const JPEG_QUALITY: u8 = 95;

/// The clean copy, proven to have no findings and the same pixels, right way up.
pub fn scrub(bytes: &[u8]) -> Result<Vec<u8>, PhotoError> {
    let format = image::guess_format(bytes)
        .map_err(|_| refused("unknown_format", "the file is not a photo in a known format"))?;
    let no_still_picture =
        || refused("scrub_unsupported", "the file holds no single still picture; save the picture by itself");
    let clean = match format {
        ImageFormat::Jpeg if !is_complete(bytes) => {
            return Err(refused(
                "truncated",
                "the photo is cut off: its end is missing; copy it again from its source",
            ));
        }
        ImageFormat::Jpeg => jpeg::scrub(bytes).ok_or_else(no_still_picture)?,
        ImageFormat::Png => png::scrub(bytes).ok_or_else(no_still_picture)?,
        ImageFormat::WebP => webp::scrub(bytes).ok_or_else(no_still_picture)?,
        ImageFormat::Gif => gif::scrub(bytes).ok_or_else(no_still_picture)?,
        ImageFormat::Tiff | ImageFormat::Bmp => reencoded::scrub(bytes, format).map_err(undecodable)?,
        _ => {
            return Err(refused(
                "unsupported_format",
                "this format cannot be scrubbed; convert it to JPEG, PNG or TIFF",
            ));
        }
    };
    verify(bytes, &clean)?;
    Ok(clean)
}

/// The picture in the format of `original`, upright and in sRGB, for when its pixels had to change.
pub fn encode_anew(photo: Photo, original: &[u8]) -> Result<Vec<u8>, PhotoError> {
    let failed = |e: ImageError| {
        PhotoError::new(Stage::Write, "encode_failed", format!("the changed picture could not be encoded: {e}"))
    };
    let format = image::guess_format(original).map_err(failed)?;
    let picture = RgbImage::from_raw(photo.width, photo.height, photo.rgb)
        .ok_or_else(|| refused("decode_failed", "the photo was not decoded at its full size"))?;
    let mut copy = Cursor::new(Vec::new());
    match format {
        ImageFormat::Jpeg => picture.write_with_encoder(JpegEncoder::new_with_quality(&mut copy, JPEG_QUALITY)),
        other => picture.write_to(&mut copy, other),
    }
    .map_err(failed)?;
    Ok(copy.into_inner())
}

/// The check that stands between a mistake above and somebody's data.
fn verify(original: &[u8], clean: &[u8]) -> Result<(), PhotoError> {
    let left = findings::scan_bytes(clean);
    if let Some(finding) = left.first() {
        let message =
            format!("{} was found in the copy again ({}); the copy was thrown away", finding.kind, finding.place);
        return Err(refused("scrub_unverified", &message));
    }
    let before = Shown::of(original).map_err(undecodable)?;
    let after = Shown::of(clean).map_err(undecodable)?;
    if before != after {
        return Err(refused("scrub_unverified", "the copy did not show the same picture; it was thrown away"));
    }
    Ok(())
}

/// All that decides how a photo looks.
#[derive(PartialEq)]
struct Shown {
    upright: DynamicImage,
    profile: Option<Vec<u8>>,
}

impl Shown {
    fn of(bytes: &[u8]) -> ImageResult<Self> {
        let reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format()?;
        let is_rewritten = matches!(reader.format(), Some(ImageFormat::Tiff | ImageFormat::Bmp));
        let mut decoder = reader.into_decoder()?;
        let orientation = decoder.orientation()?;
        let profile = decoder.icc_profile()?;
        let mut upright = DynamicImage::from_decoder(decoder)?;
        upright.apply_orientation(orientation);
        if is_rewritten {
            upright = reencoded::without_grey_alpha(upright);
        }
        let profile = profile.filter(|profile| !is_rewritten || reencoded::fits(profile, &upright));
        Ok(Self { upright, profile: profile.and_then(|profile| icc::cleaned(&profile)) })
    }
}

fn refused(code: &'static str, message: &str) -> PhotoError {
    PhotoError::new(Stage::Decode, code, message)
}

fn undecodable(error: image::ImageError) -> PhotoError {
    refused("decode_failed", &format!("the photo cannot be decoded: {error}"))
}

#[cfg(test)]
mod tests;
