//! Masks, overlays and probability maps as picture files. They carry no metadata.

use std::io::Cursor;

use image::codecs::jpeg::JpegEncoder;
use image::{ExtendedColorType, ImageEncoder};
use png::{BitDepth, ColorType, Compression, Encoder, Filter};

use crate::domain::mask::{LESION, LabelMap, SKIN};
use crate::domain::photo::Photo;
use crate::domain::photo::resize;
use crate::error::PhotoError;
use crate::inference::postprocess::{Segmentation, probability_rows};

/// Background black, normal skin a light skin tone, lesion magenta: far apart also for colour-blind eyes and in grey.
pub const PALETTE: [u8; 9] = [0, 0, 0, 232, 200, 170, 200, 0, 120];

fn failed(what: &'static str, error: impl std::fmt::Display) -> PhotoError {
    PhotoError::EncodeFailed { what, why: error.to_string() }
}

/// A palette PNG with two bits a pixel; its values are the classes.
pub fn encode_mask(labels: &LabelMap) -> Result<Vec<u8>, PhotoError> {
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
        packed.extend(whole.iter().map(|p| p[0] << 6 | p[1] << 4 | p[2] << 2 | p[3]));
        if !rest.is_empty() {
            packed.push(rest.iter().enumerate().fold(0, |byte, (i, p)| byte | p << (6 - 2 * i)));
        }
    }
    let mut writer = encoder.write_header().map_err(|e| failed("mask", e))?;
    writer.write_image_data(&packed).map_err(|e| failed("mask", e))?;
    writer.finish().map_err(|e| failed("mask", e))?;
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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Overlay {
    pub longest_side: u32,
}

/// The photo, reduced, with the lesions' outline and a hatching over what is background.
pub fn encode_overlay(photo: &Photo, labels: &LabelMap, overlay: Overlay) -> Result<Vec<u8>, PhotoError> {
    let longest = photo.width.max(photo.height);
    let scale = (f64::from(overlay.longest_side) / f64::from(longest)).min(1.0);
    let side = |s: u32| ((f64::from(s) * scale).round() as u32).max(1);
    let (width, height) = (side(photo.width), side(photo.height));
    let mut rgb = resize(photo, crate::domain::geometry::Rect::whole(photo.width, photo.height), width, height)?;
    // Classes at the centres of the reduced pixels.
    let source = |at: u32, from: u32, to: u32| ((u64::from(at) * 2 + 1) * u64::from(from) / (u64::from(to) * 2)) as u32;
    let small: Vec<u8> = (0..height)
        .flat_map(|y| (0..width).map(move |x| (x, y)))
        .map(|(x, y)| labels.at(source(x, photo.width, width), source(y, photo.height, height)))
        .collect();
    let thickness = (width.max(height) / 400).max(1) as i64;
    let class = |x: i64, y: i64| {
        let inside = x >= 0 && y >= 0 && x < i64::from(width) && y < i64::from(height);
        inside.then(|| small[(y * i64::from(width) + x) as usize])
    };
    for y in 0..i64::from(height) {
        for x in 0..i64::from(width) {
            let here = small[(y * i64::from(width) + x) as usize];
            let near = [(-thickness, 0), (thickness, 0), (0, -thickness), (0, thickness)];
            let edge =
                |of: u8| here == of && near.iter().any(|(dx, dy)| class(x + dx, y + dy).is_some_and(|c| c != of));
            let i = (y * i64::from(width) + x) as usize * 3;
            if edge(LESION) {
                rgb[i..i + 3].copy_from_slice(&PALETTE[6..9]);
            } else if edge(SKIN) && !near.iter().any(|(dx, dy)| class(x + dx, y + dy) == Some(LESION)) {
                rgb[i..i + 3].copy_from_slice(&[60, 200, 220]);
            } else if here == LESION {
                (0..3).for_each(|c| rgb[i + c] = ((u16::from(rgb[i + c]) * 3 + u16::from(PALETTE[6 + c])) / 4) as u8);
            }
        }
    }
    let mut bytes = Vec::new();
    JpegEncoder::new_with_quality(Cursor::new(&mut bytes), 88)
        .write_image(&rgb, width, height, ExtendedColorType::Rgb8)
        .map_err(|e| failed("overlay", e))?;
    Ok(bytes)
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
            let bytes = encode_mask(&labels).unwrap();
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
