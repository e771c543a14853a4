//! PNG, TIFF, BMP, WebP and GIF through the `image` crate. Of animations and multi-page files the first picture is taken.

use std::io::Cursor;

use image::metadata::Orientation;
use image::{AnimationDecoder, DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits as ImageLimits};

use super::{Format, Raw, broken, warning};
use crate::domain::colour::{Samples, Space};
use crate::domain::record::{Size, Warning};
use crate::error::PhotoError;

fn open(bytes: &[u8], format: Format) -> Result<impl ImageDecoder + '_, PhotoError> {
    let format = match format {
        Format::Jpeg => ImageFormat::Jpeg,
        Format::Png => ImageFormat::Png,
        Format::Tiff => ImageFormat::Tiff,
        Format::Bmp => ImageFormat::Bmp,
        Format::WebP => ImageFormat::WebP,
        Format::Gif => ImageFormat::Gif,
    };
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    reader.no_limits();
    reader.into_decoder().map_err(broken)
}

pub fn header(bytes: &[u8], format: Format) -> Result<(Size, Orientation), PhotoError> {
    let mut decoder = open(bytes, format)?;
    let (width, height) = decoder.dimensions();
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    Ok((Size { width, height }, orientation))
}

pub fn decode(bytes: &[u8], format: Format) -> Result<Raw, PhotoError> {
    let mut decoder = open(bytes, format)?;
    let space = decoder.icc_profile().ok().flatten().map_or(Space::Srgb, Space::Icc);
    // The size was checked; what a decoder needs besides its output is bounded by a multiple of it.
    let mut limits = ImageLimits::no_limits();
    limits.max_alloc = Some(decoder.total_bytes().saturating_mul(3).saturating_add(64 << 20));
    decoder.set_limits(limits).map_err(broken)?;
    let picture = DynamicImage::from_decoder(decoder).map_err(broken)?;
    let mut warnings = Vec::new();
    if has_more_pictures(bytes, format) {
        warnings.push(warning("first_picture_only", "the file holds several pictures; only the first was used"));
    }
    Ok(Raw { samples: flatten(picture, &mut warnings), space, warnings })
}

/// Transparent parts become white, as on paper.
fn flatten(picture: DynamicImage, warnings: &mut Vec<Warning>) -> Samples {
    if !picture.color().has_alpha() {
        return match picture {
            DynamicImage::ImageLuma8(_) | DynamicImage::ImageLuma16(_) => {
                Samples::Grey(picture.into_luma8().into_raw())
            }
            _ => Samples::Rgb(picture.into_rgb8().into_raw()),
        };
    }
    let rgba = picture.into_rgba8();
    let mut transparent = false;
    let mut rgb = Vec::with_capacity(rgba.len() / 4 * 3);
    for pixel in rgba.pixels() {
        let [r, g, b, alpha] = pixel.0.map(u16::from);
        transparent |= alpha != 255;
        rgb.extend([r, g, b].map(|v| ((v * alpha + 255 * (255 - alpha) + 127) / 255) as u8));
    }
    if transparent {
        warnings.push(warning("alpha_flattened", "the photo has transparent parts; they were put on white"));
    }
    Samples::Rgb(rgb)
}

fn has_more_pictures(bytes: &[u8], format: Format) -> bool {
    match format {
        Format::Png => {
            image::codecs::png::PngDecoder::new(Cursor::new(bytes)).is_ok_and(|d| d.is_apng().unwrap_or(false))
        }
        Format::WebP => image::codecs::webp::WebPDecoder::new(Cursor::new(bytes)).is_ok_and(|d| d.has_animation()),
        Format::Gif => {
            image::codecs::gif::GifDecoder::new(Cursor::new(bytes)).is_ok_and(|d| d.into_frames().take(2).count() > 1)
        }
        Format::Tiff => tiff_has_second_page(bytes).unwrap_or(false),
        Format::Jpeg | Format::Bmp => false,
    }
}

/// The first directory of a classic TIFF ends with the place of the next one, 0 if there is none.
fn tiff_has_second_page(bytes: &[u8]) -> Option<bool> {
    let little = bytes.first() == Some(&b'I');
    let u16_at = |at: usize| {
        let b = bytes.get(at..at + 2)?.try_into().ok()?;
        Some(if little { u16::from_le_bytes(b) } else { u16::from_be_bytes(b) })
    };
    let u32_at = |at: usize| {
        let b = bytes.get(at..at + 4)?.try_into().ok()?;
        Some(if little { u32::from_le_bytes(b) } else { u32::from_be_bytes(b) })
    };
    if u16_at(2)? != 42 {
        return None;
    }
    let first = u32_at(4)? as usize;
    let entries = usize::from(u16_at(first)?);
    Some(u32_at(first + 2 + entries * 12)? != 0)
}
