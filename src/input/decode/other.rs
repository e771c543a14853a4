//! PNG, TIFF, BMP, WebP and GIF through the `image` crate. Of animations and multi-page files the first picture is taken.

use image::DynamicImage;
use image::metadata::Orientation;

use super::opener::{Bound, open};
use super::{Header, Limits, PhotoFormat, Raw};
use crate::domain::colour::{Samples, Space};
use crate::domain::record::Size;
use crate::domain::values::GreyValues;
use crate::error::{PhotoError, PhotoWarning};
use crate::input::walk::{gif, png, riff, tiff};

pub fn header(bytes: &[u8], format: PhotoFormat, limits: &Limits) -> Result<(Size, Orientation), PhotoError> {
    let mut opened = open(bytes, format, limits.bound())?;
    Ok((opened.size, opened.orientation()))
}

pub fn decode(bytes: &[u8], header: Header) -> Result<Raw, PhotoError> {
    let Size { width, height } = header.size;
    let mut opened = open(bytes, header.format, Bound::Pixels(u64::from(width) * u64::from(height)))?;
    let space = opened.profile().map_or(Space::Srgb, Space::Icc);
    let picture = opened.pixels()?;
    let values = header.values.and_then(|wanted| sixteen_bits(&picture, wanted));
    let mut warnings = Vec::new();
    if has_more_pictures(bytes, header.format) {
        warnings.push(PhotoWarning::FirstPictureOnly);
    }
    Ok(Raw { samples: flatten(picture, &mut warnings), space, warnings, values })
}

/// Of a grey picture with more steps than a photo has.
fn sixteen_bits(picture: &DynamicImage, wanted: GreyValues) -> Option<Vec<f32>> {
    let DynamicImage::ImageLuma16(grey) = picture else { return None };
    let step = if wanted == GreyValues::Window { 257.0 } else { 1.0 };
    Some(grey.as_raw().iter().map(|v| f32::from(*v) / step).collect())
}

/// Transparent parts become white, as on paper.
pub fn flatten(picture: DynamicImage, warnings: &mut Vec<PhotoWarning>) -> Samples {
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
        warnings.push(PhotoWarning::AlphaFlattened);
    }
    Samples::Rgb(rgb)
}

fn has_more_pictures(bytes: &[u8], format: PhotoFormat) -> bool {
    match format {
        PhotoFormat::Png => png::has_before_picture(bytes, *b"acTL"),
        PhotoFormat::WebP => riff::is_animated(bytes),
        PhotoFormat::Gif => {
            gif::parts(bytes).filter(|part| matches!(part, gif::Part::Image(_) | gif::Part::Broken)).nth(1).is_some()
        }
        PhotoFormat::Tiff => tiff::has_second_page(bytes),
        PhotoFormat::Jpeg | PhotoFormat::Bmp | PhotoFormat::Dicom => false,
        #[cfg(feature = "heic")]
        PhotoFormat::Heic => false,
    }
}
