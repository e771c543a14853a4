//! Masks, overlays and probability maps as picture files. They carry no metadata.

use std::io::Cursor;

use image::codecs::jpeg::JpegEncoder;
use image::{ExtendedColorType, ImageEncoder};
use png::{BitDepth, ColorType, Compression, Encoder, Filter};
use serde::{Deserialize, Serialize};

use super::legend;
use crate::domain::mask::{BACKGROUND, LESION, LabelMap, MAX_KINDS, is_lesion};
use crate::domain::photo::Photo;
use crate::domain::photo::resize;
use crate::error::PhotoError;
use crate::inference::postprocess::{Segmentation, probability_rows};

/// Background black, normal skin a light skin tone, lesion magenta: far apart also for colour-blind eyes and in grey.
pub const PALETTE: [u8; 9] = [0, 0, 0, 232, 200, 170, 200, 0, 120];

/// Of the kinds of lesion after the first, in masks and in overlays.
const KIND_COLOURS: [[u8; 3]; MAX_KINDS - 1] = [
    [255, 214, 10],
    [70, 200, 90],
    [255, 140, 0],
    [90, 150, 255],
    [170, 120, 255],
    [0, 190, 190],
    [160, 90, 40],
    [255, 130, 190],
    [130, 130, 0],
    [0, 110, 160],
    [205, 205, 205],
    [120, 0, 60],
    [0, 90, 50],
];

/// The line of a kind of lesion in overlays and in the report.
pub fn kind_colour(kind: usize) -> [u8; 3] {
    kind.checked_sub(1).map_or(LESION_LINE, |later| KIND_COLOURS[later % KIND_COLOURS.len()])
}

/// The colours of a mask with so many kinds of lesion, by value.
pub fn palette(kinds: usize) -> Vec<u8> {
    let more = &KIND_COLOURS[..kinds.saturating_sub(1).min(KIND_COLOURS.len())];
    PALETTE.iter().copied().chain(more.iter().flatten().copied()).collect()
}

fn failed(what: &'static str, error: impl std::fmt::Display) -> PhotoError {
    PhotoError::EncodeFailed { what, why: error.to_string() }
}

/// A palette PNG whose values are the classes, with two bits a pixel, or eight where there are several kinds of lesion.
pub fn encode_mask(labels: &LabelMap, kinds: usize) -> Result<Vec<u8>, PhotoError> {
    if kinds > 1 {
        return encode_kinds(labels, kinds).map_err(|e| failed("mask", e));
    }
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, labels.width, labels.height);
    encoder.set_color(ColorType::Indexed);
    encoder.set_depth(BitDepth::Two);
    encoder.set_palette(&PALETTE[..]);
    encoder.set_compression(Compression::Fast);
    // Rows of a mask are mostly like the row above.
    encoder.set_filter(Filter::Up);
    let mut packed = Vec::with_capacity(labels.data.len() / 4 + labels.height as usize);
    for row in labels.data.chunks_exact(labels.width as usize) {
        let (whole, rest) = row.as_chunks::<4>();
        // One multiplication moves four values of two bits, a byte apart, side by side into the highest byte.
        packed.extend(whole.iter().map(|&p| (u32::from_le_bytes(p).wrapping_mul(0x4010_0401) >> 24) as u8));
        if !rest.is_empty() {
            packed.push(rest.iter().enumerate().fold(0, |byte, (i, p)| byte | p << (6 - 2 * i)));
        }
    }
    let mut writer = encoder.write_header().map_err(|e| failed("mask", e))?;
    writer.write_image_data(&packed).map_err(|e| failed("mask", e))?;
    writer.finish().map_err(|e| failed("mask", e))?;
    Ok(bytes)
}

fn encode_kinds(labels: &LabelMap, kinds: usize) -> Result<Vec<u8>, png::EncodingError> {
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, labels.width, labels.height);
    encoder.set_color(ColorType::Indexed);
    encoder.set_depth(BitDepth::Eight);
    encoder.set_palette(palette(kinds));
    encoder.set_compression(Compression::Fast);
    encoder.set_filter(Filter::Up);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&labels.data)?;
    writer.finish()?;
    Ok(bytes)
}

/// A grey PNG whose values are those of the map.
pub fn encode_grey(map: &LabelMap) -> Result<Vec<u8>, PhotoError> {
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, map.width, map.height);
    encoder.set_color(ColorType::Grayscale);
    encoder.set_compression(Compression::Fast);
    encoder.set_filter(Filter::Up);
    let written = encoder.write_header().and_then(|mut writer| writer.write_image_data(&map.data));
    written.map(|()| bytes).map_err(|e| failed("mask", e))
}

/// How the overlay is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Overlay {
    pub longest_side: u32,
    /// Lesions are tinted, too.
    pub filled: bool,
}

/// Bright lines on a dark one are seen on red, pale and dark skin. The report has the same colours.
const LESION_LINE: [u8; 3] = [25, 240, 255];
const SKIN_LINE: [u8; 3] = [255, 255, 255];
const CASING: [u8; 3] = [16, 16, 16];

/// The photo, reduced, with the outlines of lesions and of the visible skin. Several kinds of lesion have colours, and a legend.
pub fn encode_overlay(
    photo: &Photo,
    labels: &LabelMap,
    overlay: Overlay,
    kinds: &[String],
) -> Result<Vec<u8>, PhotoError> {
    let longest = photo.width.max(photo.height);
    let scale = (f64::from(overlay.longest_side) / f64::from(longest)).min(1.0);
    let side = |s: u32| ((f64::from(s) * scale).round() as u32).max(1);
    let (width, height) = (side(photo.width), side(photo.height));
    let mut rgb = resize(photo, crate::domain::geometry::Rect::whole(photo.width, photo.height), width, height)?;
    let small = labels.reduced(width, height);
    if overlay.filled {
        for (pixel, class) in rgb.chunks_exact_mut(3).zip(&small.data).filter(|(_, class)| is_lesion(**class)) {
            let line = kind_colour(usize::from(class - LESION));
            (0..3).for_each(|c| pixel[c] = ((u16::from(pixel[c]) * 2 + u16::from(line[c])) / 3) as u8);
        }
    }
    let thick = (width.max(height) / 600).max(1);
    let skin = edges(&small, |class| class != BACKGROUND);
    let mut lines = vec![(skin.clone(), CASING, thick / 2 + 1), (skin, SKIN_LINE, thick / 2)];
    for kind in 0..kinds.len().max(1) {
        let lesions = edges(&small, |class| usize::from(class) == usize::from(LESION) + kind);
        lines.push((lesions.clone(), CASING, thick + thick / 3 + 1));
        lines.push((lesions, kind_colour(kind), thick));
    }
    for (places, colour, reach) in lines {
        places.iter().for_each(|place| dot(&mut rgb, (width, height), *place, reach, colour));
    }
    if kinds.len() > 1 {
        let entries: Vec<_> = kinds.iter().enumerate().map(|(i, name)| (kind_colour(i), name.as_str())).collect();
        legend::draw(&mut rgb, (width, height), &entries);
    }
    let mut bytes = Vec::new();
    JpegEncoder::new_with_quality(Cursor::new(&mut bytes), 88)
        .write_image(&rgb, width, height, ExtendedColorType::Rgb8)
        .map_err(|e| failed("overlay", e))?;
    Ok(bytes)
}

/// Pixels of what `is_inside` with a neighbour that is not; the edge of the photo is no edge.
fn edges(labels: &LabelMap, is_inside: impl Fn(u8) -> bool) -> Vec<(u32, u32)> {
    let is_outside = |x: u32, y: u32| x < labels.width && y < labels.height && !is_inside(labels.at(x, y));
    let is_edge = |&(x, y): &(u32, u32)| {
        let around = [(x.wrapping_sub(1), y), (x + 1, y), (x, y.wrapping_sub(1)), (x, y + 1)];
        is_inside(labels.at(x, y)) && around.into_iter().any(|(x, y)| is_outside(x, y))
    };
    (0..labels.height).flat_map(|y| (0..labels.width).map(move |x| (x, y))).filter(is_edge).collect()
}

/// A round dot.
fn dot(rgb: &mut [u8], (width, height): (u32, u32), (x, y): (u32, u32), reach: u32, colour: [u8; 3]) {
    for row in y.saturating_sub(reach)..=(y + reach).min(height - 1) {
        for column in x.saturating_sub(reach)..=(x + reach).min(width - 1) {
            if row.abs_diff(y).pow(2) + column.abs_diff(x).pow(2) <= reach * reach + reach / 2 {
                let at = (row as usize * width as usize + column as usize) * 3;
                rgb[at..at + 3].copy_from_slice(&colour);
            }
        }
    }
}

/// One class's probability as a grey PNG of the photo's size: 0 is 0, full white is 1.
pub fn encode_probabilities(segmentation: &Segmentation, class: u8, bits: u8) -> Result<Vec<u8>, PhotoError> {
    let (width, height) = (segmentation.labels.width, segmentation.labels.height);
    let wide = bits == 16;
    let scale = if wide { 65535.0 } else { 255.0 };
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, width, height);
    encoder.set_color(ColorType::Grayscale);
    encoder.set_depth(if wide { BitDepth::Sixteen } else { BitDepth::Eight });
    encoder.set_compression(Compression::Fast);
    encoder.set_filter(Filter::Up);
    let mut data = Vec::with_capacity(width as usize * height as usize * if wide { 2 } else { 1 });
    for row in probability_rows(&segmentation.looks, class, width, height, scale) {
        if wide {
            data.extend(row.iter().flat_map(|v| v.to_be_bytes()));
        } else {
            data.extend(row.iter().map(|&v| v as u8));
        }
    }
    let mut writer = encoder.write_header().map_err(|e| failed("probability map", e))?;
    writer.write_image_data(&data).map_err(|e| failed("probability map", e))?;
    writer.finish().map_err(|e| failed("probability map", e))?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mask_reads_back_as_it_was_for_every_remainder_of_four() {
        for width in 1..=9u32 {
            let labels = LabelMap { width, height: 5, data: (0..width * 5).map(|i| (i * 7 % 3) as u8).collect() };
            let bytes = encode_mask(&labels, 1).unwrap();
            let mut decoder = png::Decoder::new(Cursor::new(&bytes));
            decoder.set_transformations(png::Transformations::IDENTITY);
            let mut reader = decoder.read_info().unwrap();
            assert_eq!(reader.info().palette.as_deref(), Some(&PALETTE[..]));
            let mut packed = vec![0; reader.output_buffer_size().unwrap()];
            reader.next_frame(&mut packed).unwrap();
            let row_bytes = width.div_ceil(4) as usize;
            for y in 0..5 {
                for x in 0..width as usize {
                    let value = packed[y * row_bytes + x / 4] >> (6 - 2 * (x % 4)) & 3;
                    assert_eq!(value, labels.at(x as u32, y as u32));
                }
            }
        }
    }
}
