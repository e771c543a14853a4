//! What the page shows of one photo: its outlines, and the photo itself where that was asked for, as text that HTML can hold.

use std::path::Path;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use image::codecs::jpeg::JpegEncoder;
use image::{ExtendedColorType, ImageEncoder};
use serde::Serialize;

use super::ReportPlan;
use super::outline::path;
use super::rows::Row;
use crate::batch::{MemoryGate, footprint};
use crate::disk::vault::Vault;
use crate::domain::frame;
use crate::domain::geometry::Rect;
use crate::domain::mask::{LESION, SKIN, is_lesion};
use crate::domain::photo::resize;
use crate::domain::record::DicomInput;
use crate::input::decode::{Limits, decode, header};

const PHOTO_QUALITY: u8 = 80;
/// Finer outlines than this are not seen.
const FINEST_OUTLINE: u32 = 1200;
/// As stored, and as classes.
const MASK_BYTES_A_PIXEL: u64 = 2;

/// Absent where there is none or it cannot be read.
#[derive(Default)]
pub struct Pictures {
    pub outlines: Option<Outlines>,
    /// Base64 of a JPEG.
    pub photo: Option<String>,
    /// The scores name a reference, and it could not be drawn.
    pub lacks_truth: bool,
}

/// Width and height of the drawing; outlines of the lesions (of the first kind, where there are several), of the skin around them,
/// of the reference's lesions, and of the later kinds.
#[derive(Serialize)]
pub struct Outlines(u32, u32, String, String, String, Vec<String>);

/// So many photos fit a page at this size: a border can be judged in a few hundred, and thousands can still be looked through.
pub fn default_size(photos: usize) -> u32 {
    match photos {
        0..=300 => 1200,
        301..=2000 => 800,
        _ => 320,
    }
}

pub fn pictures(row: &Row, plan: &ReportPlan, photo_size: u32, memory: &MemoryGate) -> Pictures {
    let Some((mask, size)) = &row.mask else { return Pictures::default() };
    let (width, height) = scaled(size.width, size.height, photo_size.min(FINEST_OUTLINE));
    let mut lacks_truth = false;
    let mut outlines = || {
        let _share = memory.enter_picture((size.width, size.height), 2 * MASK_BYTES_A_PIXEL);
        let labels = plan.results.mask(mask, *size).ok()?.reduced(width, height);
        let truth = plan.truth.as_ref().filter(|_| row.is_scored).and_then(|truth| {
            let map =
                truth.of(&row.path, row.orientation).filter(|map| (map.width, map.height) == (size.width, size.height));
            lacks_truth = map.is_none();
            Some(path(&map?.reduced(width, height), LESION))
        });
        // Skin goes on under the lesions: its outline is that of both.
        let mut skin = labels.clone();
        skin.data.iter_mut().filter(|class| is_lesion(**class)).for_each(|class| *class = SKIN);
        let has_skin = labels.data.contains(&SKIN);
        let skin = if has_skin { path(&skin, SKIN) } else { String::new() };
        let later = LESION + 1..LESION + plan.results.kinds().len() as u8;
        let later = later.map(|kind| path(&labels, kind)).collect();
        Some(Outlines(width, height, path(&labels, LESION), skin, truth.unwrap_or_default(), later))
    };
    let outlines = outlines();
    let photo =
        plan.photos.as_ref().and_then(|folder| photo_jpeg(folder, row, photo_size, &plan.results.vault, memory));
    Pictures { outlines, photo: photo.map(|bytes| BASE64_STANDARD.encode(bytes)), lacks_truth }
}

fn scaled(width: u32, height: u32, longer: u32) -> (u32, u32) {
    let side = |s: u32| (u64::from(s) * u64::from(longer)).div_ceil(u64::from(width.max(height))) as u32;
    if width.max(height) <= longer { (width, height) } else { (side(width), side(height)) }
}

/// Decoded and encoded again: no metadata of the photo comes along.
fn photo_jpeg(folder: &Path, row: &Row, size: u32, vault: &Vault, memory: &MemoryGate) -> Option<Vec<u8>> {
    let limits = Limits::default();
    let dicom = row.dicom.as_ref();
    let path = frame::file_of(&row.path).filter(|_| dicom.is_some_and(|dicom| dicom.frames > 1)).unwrap_or(&row.path);
    let file = vault.read_within(&folder.join(path), limits.max_file_bytes).ok()?;
    let mut header = header(&file, &limits).ok()?;
    header.frame = dicom.map(|dicom| dicom.frame);
    header.window = dicom.and_then(DicomInput::window_of_manifest);
    let _share = memory.enter(footprint(file.len(), header));
    let photo = decode(&file, header, size).ok()?.photo;
    let (width, height) = scaled(photo.width, photo.height, size);
    let rgb = resize(&photo, Rect::whole(photo.width, photo.height), width, height).ok()?;
    let mut bytes = Vec::new();
    JpegEncoder::new_with_quality(&mut bytes, PHOTO_QUALITY)
        .write_image(&rgb, width, height, ExtendedColorType::Rgb8)
        .ok()?;
    Some(bytes)
}
