//! Small pictures of masks, and of photos where they were asked for, as text that HTML can hold.

use std::path::Path;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use image::codecs::jpeg::JpegEncoder;
use image::{ExtendedColorType, ImageEncoder};
use png::{BitDepth, ColorType, Compression, Encoder};

use super::rows::Row;
use crate::batch::{MemoryGate, footprint};
use crate::disk::vault::Vault;
use crate::domain::geometry::Rect;
use crate::domain::mask::LabelMap;
use crate::domain::photo::resize;
use crate::input::decode::{Limits, decode, header};
use crate::store::results::Results;

const MASK_LONGER_SIDE: u32 = 128;
const PHOTO_LONGER_SIDE: u32 = 192;
const PHOTO_QUALITY: u8 = 62;
/// As stored, and as classes.
const MASK_BYTES_A_PIXEL: u64 = 2;

/// Base64 of a PNG and of a JPEG; absent where there is none or it cannot be read.
#[derive(Default)]
pub struct Pictures {
    pub mask: Option<String>,
    pub photo: Option<String>,
}

pub fn pictures(row: &Row, results: &Results, photos: Option<&Path>, memory: &MemoryGate) -> Pictures {
    let Some((mask, size)) = &row.mask else { return Pictures::default() };
    let mask = {
        let _share = memory.enter_picture((size.width, size.height), MASK_BYTES_A_PIXEL);
        results.mask(mask, *size).ok().and_then(|labels| mask_png(&labels)).map(|bytes| BASE64_STANDARD.encode(bytes))
    };
    Pictures {
        mask,
        photo: photos
            .and_then(|folder| photo_jpeg(&folder.join(&row.path), &results.vault, memory))
            .map(|bytes| BASE64_STANDARD.encode(bytes)),
    }
}

fn scaled(width: u32, height: u32, longer: u32) -> (u32, u32) {
    let side = |s: u32| (u64::from(s) * u64::from(longer)).div_ceil(u64::from(width.max(height))) as u32;
    if width.max(height) <= longer { (width, height) } else { (side(width), side(height)) }
}

/// Transparent where nothing was found, so that it can lie on its photo.
fn mask_png(labels: &LabelMap) -> Option<Vec<u8>> {
    let (width, height) = scaled(labels.width, labels.height, MASK_LONGER_SIDE);
    let at = |to: u32, from_size: u32, to_size: u32| {
        ((2 * u64::from(to) + 1) * u64::from(from_size) / (2 * u64::from(to_size))) as u32
    };
    let mut packed = Vec::with_capacity(width as usize * height as usize / 4 + height as usize);
    for y in 0..height {
        let row: Vec<u8> =
            (0..width).map(|x| labels.at(at(x, labels.width, width), at(y, labels.height, height)).min(3)).collect();
        packed
            .extend(row.chunks(4).map(|four| four.iter().enumerate().fold(0, |byte, (i, c)| byte | c << (6 - 2 * i))));
    }
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, width, height);
    encoder.set_color(ColorType::Indexed);
    encoder.set_depth(BitDepth::Two);
    encoder.set_palette(&[0, 0, 0, 232, 200, 170, 200, 0, 120, 128, 128, 128][..]);
    encoder.set_trns(&[0, 110, 255, 255][..]);
    encoder.set_compression(Compression::High);
    let mut writer = encoder.write_header().ok()?;
    writer.write_image_data(&packed).ok()?;
    writer.finish().ok()?;
    Some(bytes)
}

/// Decoded and encoded again: no metadata of the photo comes along.
fn photo_jpeg(path: &Path, vault: &Vault, memory: &MemoryGate) -> Option<Vec<u8>> {
    let limits = Limits::default();
    let file = vault.read_within(path, limits.max_file_bytes).ok()?;
    let header = header(&file, &limits).ok()?;
    let _share = memory.enter(footprint(file.len(), header));
    let photo = decode(&file, header, PHOTO_LONGER_SIDE).ok()?.photo;
    let (width, height) = scaled(photo.width, photo.height, PHOTO_LONGER_SIDE);
    let rgb = resize(&photo, Rect::whole(photo.width, photo.height), width, height).ok()?;
    let mut bytes = Vec::new();
    JpegEncoder::new_with_quality(&mut bytes, PHOTO_QUALITY)
        .write_image(&rgb, width, height, ExtendedColorType::Rgb8)
        .ok()?;
    Some(bytes)
}
