//! Reading a mask of a results folder: as `run` wrote it, or as somebody saved it after correcting it. Nothing is guessed: a
//! file that is not clearly a mask of the model's classes is refused.

use std::io;
use std::io::Cursor;

use png::{BitDepth, ColorType, Decoder, DecodingError, Reader, Transformations};

use super::pictures::palette;
use crate::disk::describe;
use crate::domain::mask::LabelMap;
use crate::domain::record::Size;

/// Why a mask of a results folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum MaskError {
    #[error("{}", describe(.0))]
    Unreadable(#[from] io::Error),
    #[error("it is not a whole PNG file")]
    Damaged(#[from] DecodingError),
    #[error("it is too large")]
    TooLarge,
    #[error("the mask is {width}x{height}, its photo {}x{}", photo.width, photo.height)]
    OtherSize { width: u32, height: u32, photo: Size },
    #[error(
        "it holds other values: a mask has the values 0 background, 1 normal skin, 2 lesion (or the kinds of the model, from 2 on), or their colours"
    )]
    OtherValues,
    #[error("it is no map of probabilities as `derm-seg run --probs` writes them")]
    NoProbabilities,
    #[error("it is not the mask that its record promises")]
    NotPromised,
    #[error("the mask was changed after the run, and cannot be used ({0}); `derm-seg run --overwrite` makes it again")]
    Edited(Box<MaskError>),
}

/// `size` is the photo's; `kinds` is how many kinds of lesion the model tells apart.
pub fn decode(bytes: &[u8], size: Size, kinds: usize) -> Result<LabelMap, MaskError> {
    let colours = palette(kinds);
    let class_of = |colour: &[u8]| class_of(colour, &colours);
    let most = (colours.len() / 3 - 1) as u8;
    let mut reader = open(bytes, size)?;
    let (color, depth) = (reader.info().color_type, reader.info().bit_depth);
    // By their colours, so that it does not matter in which order a program saved them.
    let palette: Vec<Option<u8>> = reader.info().palette.iter().flat_map(|p| p.chunks_exact(3)).map(class_of).collect();
    let mut pixels = vec![0; reader.output_buffer_size().ok_or(MaskError::TooLarge)?];
    let frame = reader.next_frame(&mut pixels)?;
    pixels.truncate(frame.buffer_size());
    let opaque = |pixel: &[u8]| class_of(&pixel[..3]).filter(|_| pixel[3] == 255);
    let data: Option<Vec<u8>> = match (color, depth) {
        (ColorType::Indexed, depth) => {
            let rows = pixels.chunks_exact(frame.line_size);
            let indices = rows.flat_map(|row| unpacked(row, depth as usize).take(size.width as usize));
            indices.map(|index| *palette.get(usize::from(index))?).collect()
        }
        (ColorType::Grayscale, BitDepth::Eight) => pixels.iter().all(|&value| value <= most).then_some(pixels),
        (ColorType::Rgb, BitDepth::Eight) => pixels.chunks_exact(3).map(class_of).collect(),
        (ColorType::Rgba, BitDepth::Eight) => pixels.chunks_exact(4).map(opaque).collect(),
        _ => None,
    };
    let data = data.ok_or(MaskError::OtherValues)?;
    Ok(LabelMap { width: size.width, height: size.height, data })
}

/// A map of `run --probs`, of 8 or of 16 bits, as values 0 to 255.
pub fn decode_probabilities(bytes: &[u8], size: Size) -> Result<Vec<u8>, MaskError> {
    let mut reader = open(bytes, size)?;
    let depth = reader.info().bit_depth;
    if reader.info().color_type != ColorType::Grayscale || !matches!(depth, BitDepth::Eight | BitDepth::Sixteen) {
        return Err(MaskError::NoProbabilities);
    }
    let mut values = vec![0; reader.output_buffer_size().ok_or(MaskError::TooLarge)?];
    reader.next_frame(&mut values)?;
    if depth == BitDepth::Eight {
        return Ok(values);
    }
    let rounded = |pair: &[u8]| ((u32::from(pair[0]) << 8 | u32::from(pair[1])) + 128) / 257;
    Ok(values.chunks_exact(2).map(|pair| rounded(pair) as u8).collect())
}

/// The values of one row, of which a byte holds one or several.
fn unpacked(row: &[u8], bits: usize) -> impl Iterator<Item = u8> {
    let most = (u16::from(u8::MAX) >> (8 - bits)) as u8;
    row.iter().flat_map(move |byte| (0..8 / bits).rev().map(move |i| byte >> (i * bits) & most))
}

/// Whether it is some whole picture, of whatever values and size.
pub fn is_picture(bytes: &[u8], size: Size) -> bool {
    let whole = || {
        let mut reader = open(bytes, size).ok()?;
        let mut pixels = vec![0; reader.output_buffer_size()?];
        reader.next_frame(&mut pixels).ok()?;
        reader.finish().ok()
    };
    match image::guess_format(bytes) {
        Ok(image::ImageFormat::Png) => is_of_another_size(bytes, size) || whole().is_some(),
        format => format.is_ok(),
    }
}

fn is_of_another_size(bytes: &[u8], size: Size) -> bool {
    Decoder::new(Cursor::new(bytes)).read_info().is_ok_and(|reader| reader.info().size() != (size.width, size.height))
}

fn open(bytes: &[u8], size: Size) -> Result<Reader<Cursor<&[u8]>>, MaskError> {
    let mut decoder = Decoder::new(Cursor::new(bytes));
    decoder.set_transformations(Transformations::IDENTITY);
    let reader = decoder.read_info()?;
    let (width, height) = reader.info().size();
    if (width, height) != (size.width, size.height) {
        return Err(MaskError::OtherSize { width, height, photo: size });
    }
    Ok(reader)
}

fn class_of(colour: &[u8], palette: &[u8]) -> Option<u8> {
    palette.chunks_exact(3).position(|entry| entry == colour).map(|class| class as u8)
}

#[cfg(test)]
mod tests {
    use super::super::encode_mask;
    use super::super::pictures::PALETTE;
    use super::*;

    fn png_file(color: ColorType, depth: png::BitDepth, palette: &[u8], data: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, 3, 1);
        encoder.set_color(color);
        encoder.set_depth(depth);
        if !palette.is_empty() {
            encoder.set_palette(palette.to_vec());
        }
        encoder.write_header().unwrap().write_image_data(data).unwrap();
        bytes
    }

    const SIZE: Size = Size { width: 3, height: 1 };

    #[test]
    fn what_was_written_and_what_programs_save_of_it_is_read() {
        let [black, skin, lesion] = [&PALETTE[..3], &PALETTE[3..6], &PALETTE[6..]];
        let eight = png::BitDepth::Eight;
        let files = [
            encode_mask(&LabelMap { width: 3, height: 1, data: vec![0, 1, 2] }, 1).unwrap(),
            png_file(ColorType::Grayscale, eight, &[], &[0, 1, 2]),
            png_file(ColorType::Rgb, eight, &[], &PALETTE),
            png_file(ColorType::Indexed, eight, &[lesion, black, skin].concat(), &[1, 2, 0]),
        ];
        for file in files {
            assert_eq!(decode(&file, SIZE, 1).unwrap().data, [0, 1, 2]);
        }
    }

    #[test]
    fn what_is_no_mask_is_refused() {
        let paint = png_file(ColorType::Grayscale, png::BitDepth::Eight, &[], &[0, 255, 0]);
        assert!(matches!(decode(&paint, SIZE, 1), Err(MaskError::OtherValues)));
        assert!(is_picture(&paint, SIZE) && !is_picture(&paint[..paint.len() - 20], SIZE));
        assert!(matches!(decode(&paint, Size { width: 4, height: 1 }, 1), Err(MaskError::OtherSize { .. })));
        assert!(is_picture(&paint, Size { width: 4, height: 1 }), "somebody scaled it");
        assert!(!is_picture(b"", SIZE) && decode(b"", SIZE, 1).is_err());
    }

    #[test]
    fn kinds_of_lesions_are_read_where_the_model_has_them() {
        let map = LabelMap { width: 3, height: 1, data: vec![1, 3, 4] };
        let written = encode_mask(&map, 3).unwrap();
        assert_eq!(decode(&written, SIZE, 3).unwrap(), map);
        assert!(matches!(decode(&written, SIZE, 2), Err(MaskError::OtherValues)));
        let grey = png_file(ColorType::Grayscale, png::BitDepth::Eight, &[], &map.data);
        assert_eq!(decode(&grey, SIZE, 3).unwrap(), map);
    }
}
