//! Crops as picture files: cut from the photo's own pixels, without metadata.

use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::PngEncoder;
use image::{ExtendedColorType, ImageEncoder, ImageResult};

use super::layout::crop_path;
use crate::domain::crop::{CropRule, Encoding, Part};
use crate::domain::photo::{Photo, cut};
use crate::domain::record::{Crop, CropOf, Input, Lesion, Size};
use crate::error::PhotoError;

/// A file of results, ready to be written.
pub type NewFile = (String, Vec<u8>);

/// The crops of one photo, and their files. `file_name` is the photo's path as results are written under it.
pub fn make_crops(
    photo: &Photo,
    lesions: &[Lesion],
    rule: &CropRule,
    input: &Input,
    file_name: &str,
) -> Result<(Vec<Crop>, Vec<NewFile>), PhotoError> {
    let size = Size { width: photo.width, height: photo.height };
    let mut crops = Vec::new();
    let mut files = Vec::new();
    for (of, Part { lesions, area }) in rule.parts(lesions, size) {
        let picture = cut(photo, area, rule.size)?;
        let bytes = encode(&picture, rule.encoding)
            .map_err(|e| PhotoError::EncodeFailed { what: "crop", why: e.to_string() })?;
        let lesion = lesions.first().copied().filter(|_| of == CropOf::Lesion);
        let name = lesion.map_or("photo".to_owned(), |id| id.to_string());
        let file = crop_path(file_name, &name, rule.encoding.ending());
        let stored = Size { width: input.width.unwrap_or(size.width), height: input.height.unwrap_or(size.height) };
        crops.push(Crop {
            of,
            lesion,
            lesions,
            file: file.clone(),
            blake3: blake3::hash(&bytes).to_hex().to_string(),
            area,
            stored_box: area.stored(input.orientation.unwrap_or(1), stored),
            width: picture.width,
            height: picture.height,
            scale: f64::from(picture.width.max(picture.height)) / f64::from(area.width.max(area.height)),
        });
        files.push((file, bytes));
    }
    Ok((crops, files))
}

fn encode(picture: &Photo, encoding: Encoding) -> ImageResult<Vec<u8>> {
    let mut bytes = Vec::new();
    let (width, height, rgb) = (picture.width, picture.height, ExtendedColorType::Rgb8);
    match encoding {
        Encoding::Jpeg(quality) => {
            JpegEncoder::new_with_quality(&mut bytes, quality).write_image(&picture.rgb, width, height, rgb)?;
        }
        Encoding::Png => PngEncoder::new(&mut bytes).write_image(&picture.rgb, width, height, rgb)?,
    }
    Ok(bytes)
}
