//! HEIC, the photos of phones: HEVC pictures, alone or as tiles, in a container that turns, mirrors and crops them. `heifer`
//! decodes; limits, colours and transparency are handled here. An orientation in EXIF is not followed: by the standard, the
//! container's own counts.

use heifer::heifer_isobmff::boxes::{ColorInfo, Property};
use image::{DynamicImage, RgbaImage};
use moxcms::ColorProfile;

use super::{Header, Limits, Raw, broken, other};
use crate::domain::colour::{Samples, Space};
use crate::domain::record::Size;
use crate::error::{PhotoError, PhotoWarning};
use crate::input::walk::heic::Heic;

/// A coded picture is a little larger than what is shown of it: whole blocks are coded.
const BORDER: u64 = 64;
/// Bytes that a pixel takes while a picture or a tile is decoded.
const WHILE_DECODING: u64 = 8;
/// Codes for colours (ITU-T H.273).
const DISPLAY_P3: u16 = 12;
const WIDE: u16 = 9;
const HDR: [u16; 2] = [16, 18];

/// The upright size, and what the decoder needs besides the picture.
pub fn header(bytes: &[u8], limits: &Limits) -> Result<(Size, u64), PhotoError> {
    let file = Heic::new(bytes).map_err(broken)?;
    let primary = file.file.primary_id;
    let first_part = file.picture.get(1).copied().unwrap_or(primary);
    for id in [primary, first_part] {
        if file.item(id).map_err(broken)?.item_type.0 == *b"av01" {
            return Err(PhotoError::UnsupportedFormat("AVIF"));
        }
    }
    let largest = largest_part(&file, limits)?;
    let (mut width, mut height) =
        file.file.image_size(primary).ok().flatten().ok_or_else(|| broken("it does not tell its size"))?;
    for property in file.properties(primary) {
        match *property {
            Property::Rotation(quarters) if quarters % 2 == 1 => (width, height) = (height, width),
            Property::CleanAperture { width: w, height: h, .. } => {
                let side = |(n, d): (u32, u32)| (f64::from(n) / f64::from(d)).round() as u32;
                (width, height) = (side(w).min(width), side(h).min(height));
            }
            _ => {}
        }
    }
    let size = Size { width, height };
    limits.bound().check(size, 0)?;
    Ok((size, largest * WHILE_DECODING))
}

/// Pixels of the largest picture in the file that has to be decoded; each is within the limits.
fn largest_part(file: &Heic, limits: &Limits) -> Result<u64, PhotoError> {
    let mut largest = 0;
    for &id in &file.picture {
        let Some((width, height)) = file.file.image_size(id).ok().flatten() else { continue };
        limits.bound().check(Size { width, height }, 0)?;
        largest = largest.max((u64::from(width) + BORDER) * (u64::from(height) + BORDER));
    }
    Ok(largest)
}

pub fn decode(bytes: &[u8], header: Header) -> Result<Raw, PhotoError> {
    let file = Heic::new(bytes).map_err(broken)?;
    let max_pixels = largest_part(&file, &Limits { max_pixels: u64::MAX, max_file_bytes: u64::MAX })?;
    // Photos are worked on side by side already.
    let options = heifer::Options { max_threads: 1, max_pixels };
    let image = heifer::decode_rgba8(bytes, &options).map_err(broken)?;
    if (image.width, image.height) != (header.size.width, header.size.height) {
        return Err(broken("its size is not what its header says"));
    }
    let (space, mut warnings) = colour_space(&file);
    if file.file.top_level_image_ids().len() > 1 {
        warnings.push(PhotoWarning::FirstPictureOnly);
    }
    let samples = match image.has_alpha {
        false => Samples::Rgb(image.data.chunks_exact(4).flat_map(|p| [p[0], p[1], p[2]]).collect()),
        true => {
            let picture =
                RgbaImage::from_raw(image.width, image.height, image.data).ok_or_else(|| broken("it is empty"))?;
            other::flatten(DynamicImage::ImageRgba8(picture), &mut warnings)
        }
    };
    Ok(Raw { samples, space, warnings, values: None })
}

/// A profile counts first, then the codes. What is meant for brighter or wider screens is taken as it is, and that is said.
fn colour_space(file: &Heic) -> (Space, Vec<PhotoWarning>) {
    let profile = file.colours().find_map(|said| match said {
        ColorInfo::Icc(profile) if !profile.is_empty() => Some(profile.clone()),
        _ => None,
    });
    if let Some(profile) = profile {
        return (Space::Icc(profile), Vec::new());
    }
    let codes = file.colours().find_map(|said| match *said {
        ColorInfo::Nclx { primaries, transfer, .. } => Some((primaries, transfer)),
        _ => None,
    });
    match codes {
        Some((_, transfer)) if HDR.contains(&transfer) => (Space::Srgb, vec![PhotoWarning::ColourProfileUnusable]),
        Some((DISPLAY_P3, _)) => match ColorProfile::new_display_p3().encode() {
            Ok(profile) => (Space::Icc(profile), Vec::new()),
            Err(_) => (Space::Srgb, vec![PhotoWarning::ColourProfileUnusable]),
        },
        Some((WIDE, _)) => (Space::Srgb, vec![PhotoWarning::ColourProfileUnusable]),
        _ => (Space::Srgb, Vec::new()),
    }
}
