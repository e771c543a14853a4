//! A mask file as it is stored: values, palette or colours, before anyone says what they mean.

use std::path::Path;

use image::DynamicImage;

use crate::annotations::AnnotationError;
use crate::disk::vault::Vault;
use crate::input::decode::opener::{Bound, StoredPng, open, stored_png};
use crate::input::decode::{PhotoFormat, sniff};

#[derive(Clone)]
pub struct Raster {
    pub width: u32,
    pub height: u32,
    pub pixels: Pixels,
}

#[derive(Clone)]
pub enum Pixels {
    /// One value a pixel, 0 to 255.
    Grey(Vec<u8>),
    /// One index a pixel, and the colours they stand for.
    Palette(Vec<u8>, Vec<[u8; 3]>),
    /// Interleaved red, green and blue.
    Rgb(Vec<u8>),
}

/// A mask of more than this is none: a byte for each of a thousand megapixels.
const MOST: Bound = Bound::Bytes(1 << 30);
const MOST_BYTES: u64 = 1 << 30;

/// The content decides the format. PNG is read as it is stored because only so its palette indices can be seen.
pub fn read(path: &Path, vault: &Vault) -> Result<Raster, AnnotationError> {
    raster(&vault.read_within(path, MOST_BYTES)?)
}

pub fn raster(bytes: &[u8]) -> Result<Raster, AnnotationError> {
    match sniff(bytes).map_err(|e| AnnotationError::NoPicture(e.to_string()))? {
        PhotoFormat::Png => Ok(of_png(stored_png(bytes, MOST)?)),
        format => {
            let picture = open(bytes, format, MOST)?.pixels()?;
            Ok(Raster { width: picture.width(), height: picture.height(), pixels: of_picture(picture) })
        }
    }
}

fn of_png(png: StoredPng) -> Raster {
    let StoredPng { size, colour, depth, palette, line, samples } = png;
    let data = one_byte_a_sample(samples, depth, size.width as usize * colour.samples(), line, colour);
    let pixels = match colour {
        png::ColorType::Grayscale => Pixels::Grey(data),
        png::ColorType::Indexed => Pixels::Palette(data, palette),
        png::ColorType::Rgb => Pixels::Rgb(data),
        png::ColorType::GrayscaleAlpha => Pixels::Grey(data.chunks_exact(2).map(|p| on_black(p[0], p[1])).collect()),
        png::ColorType::Rgba => {
            let colour = |p: &[u8]| [on_black(p[0], p[3]), on_black(p[1], p[3]), on_black(p[2], p[3])];
            Pixels::Rgb(data.chunks_exact(4).flat_map(colour).collect())
        }
    };
    Raster { width: size.width, height: size.height, pixels }
}

/// Grey of few bits means what it shows (white is 255), indices stay what they are. Sixteen bits lose their lower eight.
fn one_byte_a_sample(
    data: Vec<u8>,
    depth: png::BitDepth,
    samples: usize,
    line: usize,
    color: png::ColorType,
) -> Vec<u8> {
    let bits = match depth {
        png::BitDepth::Eight => return data,
        png::BitDepth::Sixteen => return data.chunks_exact(2).map(|s| s[0]).collect(),
        packed => packed as usize,
    };
    let most = (1u8 << bits) - 1;
    let scale = if color == png::ColorType::Grayscale { 255 / most } else { 1 };
    let per_byte = 8 / bits;
    let mut out = Vec::with_capacity(data.len() * per_byte);
    for row in data.chunks_exact(line) {
        let end = out.len() + samples;
        for &byte in row {
            out.extend((0..per_byte).map(|i| ((byte >> (8 - bits * (i + 1))) & most) * scale));
        }
        out.truncate(end);
    }
    out
}

fn of_picture(picture: DynamicImage) -> Pixels {
    match picture {
        DynamicImage::ImageLuma8(grey) => Pixels::Grey(grey.into_raw()),
        DynamicImage::ImageLuma16(_) => Pixels::Grey(picture.into_luma8().into_raw()),
        DynamicImage::ImageLumaA8(_) | DynamicImage::ImageLumaA16(_) => {
            Pixels::Grey(picture.into_luma_alpha8().chunks_exact(2).map(|p| on_black(p[0], p[1])).collect())
        }
        other if other.color().has_alpha() => {
            let colour = |p: &[u8]| [on_black(p[0], p[3]), on_black(p[1], p[3]), on_black(p[2], p[3])];
            Pixels::Rgb(other.into_rgba8().chunks_exact(4).flat_map(colour).collect())
        }
        other => Pixels::Rgb(other.into_rgb8().into_raw()),
    }
}

/// What is transparent was not drawn.
fn on_black(value: u8, alpha: u8) -> u8 {
    ((u16::from(value) * u16::from(alpha) + 127) / 255) as u8
}

#[cfg(test)]
pub mod tests {
    use super::*;

    /// A PNG of any colour type, from packed rows.
    pub fn png_file(
        w: u32,
        h: u32,
        color: png::ColorType,
        depth: png::BitDepth,
        palette: &[u8],
        data: &[u8],
    ) -> Vec<u8> {
        let mut out = Vec::new();
        let mut encoder = png::Encoder::new(&mut out, w, h);
        encoder.set_color(color);
        encoder.set_depth(depth);
        if !palette.is_empty() {
            encoder.set_palette(palette.to_vec());
        }
        encoder.write_header().unwrap().write_image_data(data).unwrap();
        out
    }

    fn pixels(file: Vec<u8>) -> Vec<u8> {
        match raster(&file).unwrap().pixels {
            Pixels::Grey(v) | Pixels::Palette(v, _) | Pixels::Rgb(v) => v,
        }
    }

    #[test]
    fn packed_values_are_unpacked_row_by_row() {
        use png::{BitDepth::*, ColorType::*};
        let palette = [0, 0, 0, 9, 9, 9, 255, 0, 0];
        let indexed = png_file(3, 2, Indexed, Two, &palette, &[0b00_01_10_00, 0b10_00_01_00]);
        assert_eq!(pixels(indexed), [0, 1, 2, 2, 0, 1]);
        let one_bit = png_file(9, 1, Grayscale, One, &[], &[0b1000_0001, 0b1000_0000]);
        assert_eq!(pixels(one_bit), [255, 0, 0, 0, 0, 0, 0, 255, 255]);
        let sixteen = png_file(2, 1, Grayscale, Sixteen, &[], &[255, 255, 0, 7]);
        assert_eq!(pixels(sixteen), [255, 0]);
    }

    #[test]
    fn what_is_transparent_was_not_drawn() {
        use png::{BitDepth::Eight, ColorType::*};
        let rgba = png_file(2, 1, Rgba, Eight, &[], &[255, 0, 0, 0, 255, 0, 0, 255]);
        assert_eq!(pixels(rgba), [0, 0, 0, 255, 0, 0]);
        assert_eq!(pixels(png_file(1, 1, GrayscaleAlpha, Eight, &[], &[255, 0])), [0]);
    }

    #[test]
    fn a_damaged_file_is_an_error() {
        let file = png_file(2, 2, png::ColorType::Grayscale, png::BitDepth::Eight, &[], &[0; 4]);
        assert!(raster(&file[..file.len() - 20]).is_err());
        assert!(raster(b"no picture").is_err());
    }
}
