//! The values of a frame: grey as they were stored, colours as 8-bit RGB.

use hayro_jpeg2000::{DecodeSettings, DecoderContext, Image};
use jpeg_decoder::{ColorTransform, Decoder, PixelFormat};

use super::attributes::{Attributes, Photometric};
use super::frames::{encapsulated, native};
use super::{broken, too_short, unsupported};
use crate::error::PhotoError;
use crate::input::decode::opener::one_line;
use crate::input::walk::dicom::{Dicom, Syntax};
use crate::input::walk::jpeg::is_complete;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stored {
    Grey(Vec<i32>),
    /// Interleaved.
    Rgb(Vec<u8>),
}

/// Samples as a decoder gives them, interleaved, not yet with a sign.
enum Decoded {
    Bytes(Vec<u8>),
    Words(Vec<u16>),
    Doubles(Vec<u32>),
}

pub fn stored(file: &Dicom, attributes: &Attributes, frame: u32) -> Result<Stored, PhotoError> {
    if frame == 0 || frame > attributes.frames {
        return Err(too_short());
    }
    let mut photometric = attributes.photometric;
    let mut bits = attributes.bits_stored;
    let samples = match file.syntax {
        syntax if syntax.is_native() => uncompressed(file, attributes, frame)?,
        Syntax::Rle => interleaved(rle(&encapsulated(file, attributes, frame)?, attributes)?, attributes, true),
        Syntax::Jpeg | Syntax::JpegLossless => {
            let decoded = jpeg(&encapsulated(file, attributes, frame)?, attributes)?;
            // What the decoder was told to convert is red, green and blue now.
            if !photometric.is_grey() && photometric != Photometric::Palette {
                photometric = Photometric::Rgb;
            }
            decoded
        }
        Syntax::Jpeg2000 => {
            photometric = if attributes.samples == 3 && photometric != Photometric::YbrFull {
                Photometric::Rgb
            } else {
                photometric
            };
            let (decoded, precision) = jpeg2000(&encapsulated(file, attributes, frame)?, attributes)?;
            bits = precision.min(bits);
            decoded
        }
        other => return Err(PhotoError::UnsupportedSyntax(other.name())),
    };
    let pixels = attributes.size.width as usize * attributes.size.height as usize;
    let values: usize = match &samples {
        Decoded::Bytes(v) => v.len(),
        Decoded::Words(v) => v.len(),
        Decoded::Doubles(v) => v.len(),
    };
    if values != pixels * attributes.samples {
        return Err(too_short());
    }
    match photometric {
        photometric if photometric.is_grey() => grey(samples, attributes, bits).map(Stored::Grey),
        Photometric::Palette => palette(file, &grey(samples, attributes, bits)?).map(Stored::Rgb),
        Photometric::YbrFull | Photometric::YbrFull422 => {
            let mut colours = bytes(samples, bits)?;
            colours.as_chunks_mut::<3>().0.iter_mut().for_each(|pixel| *pixel = rgb_of(*pixel));
            Ok(Stored::Rgb(colours))
        }
        _ => bytes(samples, bits).map(Stored::Rgb),
    }
}

/// Signed where the file says so; bits beyond those that are stored are not the picture's.
fn grey(samples: Decoded, attributes: &Attributes, bits: u16) -> Result<Vec<i32>, PhotoError> {
    let bits = u32::from(bits);
    let shift = u32::from(attributes.high_bit + 1).saturating_sub(u32::from(attributes.bits_stored)).min(31);
    let value = |raw: u32| {
        let unused = 32 - bits;
        let raw = (raw >> shift) << unused;
        if attributes.signed { (raw as i32) >> unused } else { (raw >> unused) as i32 }
    };
    Ok(match samples {
        Decoded::Bytes(samples) => samples.into_iter().map(|v| value(v.into())).collect(),
        Decoded::Words(samples) => samples.into_iter().map(|v| value(v.into())).collect(),
        Decoded::Doubles(samples) => {
            let values: Vec<i32> = samples.into_iter().map(value).collect();
            if !attributes.signed && values.iter().any(|v| *v < 0) {
                return Err(unsupported("values over 2147483647"));
            }
            values
        }
    })
}

/// Colours with eight bits, whatever they had.
fn bytes(samples: Decoded, bits: u16) -> Result<Vec<u8>, PhotoError> {
    match samples {
        Decoded::Bytes(samples) if bits == 8 => Ok(samples),
        Decoded::Words(samples) if (8..=16).contains(&bits) => {
            Ok(samples.into_iter().map(|v| (v >> (bits - 8)).min(255) as u8).collect())
        }
        Decoded::Doubles(samples) if (8..=32).contains(&bits) => {
            Ok(samples.into_iter().map(|v| (v >> (bits - 8)).min(255) as u8).collect())
        }
        _ => Err(unsupported("colours with fewer than 8 bits")),
    }
}

/// The inverse of the full-range YCbCr of JPEG.
fn rgb_of([y, cb, cr]: [u8; 3]) -> [u8; 3] {
    let (y, cb, cr) = (f64::from(y), f64::from(cb) - 128.0, f64::from(cr) - 128.0);
    [y + 1.402 * cr, y - 0.344_136 * cb - 0.714_136 * cr, y + 1.772 * cb]
        .map(|v| (v + 0.5).floor().clamp(0.0, 255.0) as u8)
}

fn uncompressed(file: &Dicom, attributes: &Attributes, frame: u32) -> Result<Decoded, PhotoError> {
    let own = native(file, attributes, frame)?;
    let is_big = file.syntax == Syntax::ExplicitBig;
    let decoded = match attributes.bits_allocated {
        1 => {
            let pixels = attributes.size.width as usize * attributes.size.height as usize * attributes.samples;
            let bit = |i: usize| own.bytes[(own.first_bit + i) / 8] >> ((own.first_bit + i) % 8) & 1;
            Decoded::Bytes((0..pixels).map(bit).collect())
        }
        8 => Decoded::Bytes(own.bytes.to_vec()),
        16 => {
            let word = |b: &[u8; 2]| if is_big { u16::from_be_bytes(*b) } else { u16::from_le_bytes(*b) };
            Decoded::Words(own.bytes.as_chunks().0.iter().map(word).collect())
        }
        32 => {
            let double = |b: &[u8; 4]| if is_big { u32::from_be_bytes(*b) } else { u32::from_le_bytes(*b) };
            Decoded::Doubles(own.bytes.as_chunks().0.iter().map(double).collect())
        }
        _ => return Err(unsupported("values that take neither 1, 8, 16 nor 32 bits")),
    };
    match decoded {
        Decoded::Bytes(bytes) if attributes.photometric == Photometric::YbrFull422 => {
            // Y1 Y2 Cb Cr: two pixels.
            let pairs = bytes.as_chunks::<4>().0.iter();
            Ok(Decoded::Bytes(pairs.flat_map(|[a, b, cb, cr]| [*a, *cb, *cr, *b, *cb, *cr]).collect()))
        }
        decoded => Ok(interleaved(decoded, attributes, attributes.is_planar)),
    }
}

/// All of red, then all of green, then all of blue become pixels.
fn interleaved(samples: Decoded, attributes: &Attributes, is_planar: bool) -> Decoded {
    fn mixed<T: Copy>(planes: &[T], count: usize) -> Vec<T> {
        let plane = planes.len() / count;
        (0..plane).flat_map(|i| (0..count).map(move |c| planes[c * plane + i])).collect()
    }
    match (samples, attributes.samples) {
        (samples, 0 | 1) => samples,
        (samples, _) if !is_planar => samples,
        (Decoded::Bytes(v), count) => Decoded::Bytes(mixed(&v, count)),
        (Decoded::Words(v), count) => Decoded::Words(mixed(&v, count)),
        (Decoded::Doubles(v), count) => Decoded::Doubles(mixed(&v, count)),
    }
}

/// A plane for every byte of every sample, the highest byte first, each packed by itself.
fn rle(bytes: &[u8], attributes: &Attributes) -> Result<Decoded, PhotoError> {
    const HEADER: usize = 64;
    let number =
        |i: usize| bytes.get(4 * i..4 * i + 4).and_then(|b| Some(u32::from_le_bytes(b.try_into().ok()?) as usize));
    let pixels = attributes.size.width as usize * attributes.size.height as usize;
    let (samples, each) = (attributes.samples, usize::from(attributes.bits_allocated) / 8);
    let segments = number(0).ok_or_else(too_short)?;
    if segments != samples * each || !matches!(attributes.bits_allocated, 8 | 16 | 32) || segments > 15 {
        return Err(broken("it has not as many parts as its header says"));
    }
    let start = |i: usize| number(i + 1).filter(|&at| at >= HEADER && at <= bytes.len()).ok_or_else(too_short);
    let mut planes = Vec::with_capacity(segments);
    for i in 0..segments {
        let end = if i + 1 < segments { start(i + 1)? } else { bytes.len() };
        planes.push(unpacked(bytes.get(start(i)?..end).ok_or_else(too_short)?, pixels)?);
    }
    let value =
        |sample: usize, i: usize| (0..each).fold(0u32, |v, byte| v << 8 | u32::from(planes[sample * each + byte][i]));
    let all = (0..samples).flat_map(|sample| (0..pixels).map(move |i| (sample, i)));
    Ok(match each {
        1 => Decoded::Bytes(planes.concat()),
        2 => Decoded::Words(all.map(|(sample, i)| value(sample, i) as u16).collect()),
        _ => Decoded::Doubles(all.map(|(sample, i)| value(sample, i)).collect()),
    })
}

/// PackBits.
fn unpacked(mut packed: &[u8], length: usize) -> Result<Vec<u8>, PhotoError> {
    let mut plane = Vec::with_capacity(length);
    while plane.len() < length {
        let (&count, rest) = packed.split_first().ok_or(PhotoError::Truncated)?;
        packed = match count {
            0..=127 => {
                let (literal, rest) = rest.split_at_checked(usize::from(count) + 1).ok_or(PhotoError::Truncated)?;
                plane.extend_from_slice(literal);
                rest
            }
            128 => rest,
            129..=255 => {
                let (&value, rest) = rest.split_first().ok_or(PhotoError::Truncated)?;
                plane.resize(plane.len() + 257 - usize::from(count), value);
                rest
            }
        };
    }
    // Some programs pack a byte of padding as well.
    plane.truncate(length);
    Ok(plane)
}

fn jpeg(bytes: &[u8], attributes: &Attributes) -> Result<Decoded, PhotoError> {
    let failed = |e: jpeg_decoder::Error| match e {
        jpeg_decoder::Error::Unsupported(_) => unsupported("a kind of JPEG that is not read, such as one of 12 bits"),
        other => broken(one_line(&other)),
    };
    if !is_complete(bytes) {
        return Err(PhotoError::Truncated);
    }
    let mut decoder = Decoder::new(bytes);
    let pixels = attributes.size.width as usize * attributes.size.height as usize;
    decoder.set_max_decoding_buffer_size(pixels * attributes.samples * 2);
    if attributes.samples == 3 {
        // The header of DICOM decides, not Adobe's marker.
        let is_rgb = attributes.photometric == Photometric::Rgb;
        decoder.set_color_transform(if is_rgb { ColorTransform::RGB } else { ColorTransform::YCbCr });
    }
    decoder.read_info().map_err(failed)?;
    let info = decoder.info().ok_or_else(too_short)?;
    if (u32::from(info.width), u32::from(info.height)) != (attributes.size.width, attributes.size.height) {
        return Err(broken("the picture inside has another size than its header says"));
    }
    let samples = decoder.decode().map_err(failed)?;
    Ok(match info.pixel_format {
        PixelFormat::L16 => Decoded::Words(samples.as_chunks().0.iter().map(|b| u16::from_ne_bytes(*b)).collect()),
        PixelFormat::L8 | PixelFormat::RGB24 => Decoded::Bytes(samples),
        PixelFormat::CMYK32 => return Err(unsupported("four inks")),
    })
}

/// Also tells how many bits the values have.
fn jpeg2000(bytes: &[u8], attributes: &Attributes) -> Result<(Decoded, u16), PhotoError> {
    let failed = |e: hayro_jpeg2000::DecodeError| broken(one_line(&e));
    let settings = DecodeSettings { resolve_palette_indices: false, strict: false, target_resolution: None };
    let image = Image::new(bytes, &settings).map_err(failed)?;
    if (image.width(), image.height()) != (attributes.size.width, attributes.size.height) {
        return Err(broken("the picture inside has another size than its header says"));
    }
    let precision = u16::from(image.original_bit_depth());
    if !(1..=16).contains(&precision) {
        return Err(unsupported("values that take more than 16 bits"));
    }
    let is_signed = is_signed(bytes);
    let mut context = DecoderContext::default();
    let decoded = image.decode(&mut context).map_err(failed)?;
    let planes = decoded.components();
    let pixels = attributes.size.width as usize * attributes.size.height as usize;
    if planes.len() != attributes.samples || planes.iter().any(|plane| plane.samples().len() != pixels) {
        return Err(too_short());
    }
    let most = ((1u32 << precision) - 1) as f32;
    // The decoder lifts signed values, too, so that none is under 0.
    let half = if is_signed { 1u32 << (precision - 1) } else { 0 };
    let mask = (1u32 << precision) - 1;
    let word = |v: f32| ((v.round().clamp(0.0, most) as u32).wrapping_sub(half) & mask) as u16;
    let values = (0..pixels).flat_map(|i| planes.iter().map(move |plane| plane.samples()[i]));
    Ok(match precision {
        ..=8 => (Decoded::Bytes(values.map(|v| word(v) as u8).collect()), precision),
        _ => (Decoded::Words(values.map(word).collect()), precision),
    })
}

/// What the first component's size says: SIZ follows the start of the codestream at once.
fn is_signed(bytes: &[u8]) -> bool {
    let start = memchr::memmem::find(bytes, &[0xff, 0x4f, 0xff, 0x51]);
    start.and_then(|at| bytes.get(at + 42)).is_some_and(|precision| precision & 0x80 != 0)
}

/// Indices become the colours of the file's three tables.
fn palette(file: &Dicom, indices: &[i32]) -> Result<Vec<u8>, PhotoError> {
    let data = file.data();
    let table = |i: u32| -> Result<(i32, Vec<u8>), PhotoError> {
        let described = data.get(0x0028_1101 + i).map(|e| e.words()).unwrap_or_default();
        let [count, first, bits] = described[..] else { return Err(broken("its palette is not described")) };
        let count = if count == 0 { 1 << 16 } else { usize::from(count) };
        let steps = |words: Vec<u16>| -> Vec<u8> {
            let shift = if bits == 16 { 8 } else { 0 };
            words.iter().take(count).map(|v| (v >> shift) as u8).collect()
        };
        let values: Vec<u8> = match (data.get(0x0028_1201 + i), data.get(0x0028_1221 + i)) {
            (Some(element), _) if element.value.len() >= 2 * count => steps(element.words()),
            // Entries of a byte each.
            (Some(element), _) => element.value.iter().copied().take(count).collect(),
            (None, Some(element)) => steps(from_segments(&element.words(), count)?),
            (None, None) => return Err(broken("it has no palette")),
        };
        if values.is_empty() {
            return Err(broken("its palette is empty"));
        }
        Ok((i32::from(first as i16), values))
    };
    let tables = [table(0)?, table(1)?, table(2)?];
    let colour = |index: i32, (first, values): &(i32, Vec<u8>)| {
        let at = i64::from(index) - i64::from(*first);
        values[at.clamp(0, values.len() as i64 - 1) as usize]
    };
    Ok(indices.iter().flat_map(|index| tables.each_ref().map(|table| colour(*index, table))).collect())
}

/// A palette that is written as runs of entries and lines between them (PS3.3 C.7.9.2).
fn from_segments(words: &[u16], count: usize) -> Result<Vec<u16>, PhotoError> {
    let mut entries: Vec<u16> = Vec::new();
    let mut rest = words;
    while let [kind, length, tail @ ..] = rest {
        if entries.len() >= count {
            break;
        }
        let length = usize::from(*length);
        rest = match kind {
            0 => {
                let (run, tail) = tail.split_at_checked(length).ok_or_else(too_short)?;
                entries.extend_from_slice(run);
                tail
            }
            1 => {
                let (Some(from), [to, tail @ ..]) = (entries.last().copied(), tail) else { return Err(too_short()) };
                let (from, to) = (f64::from(from), f64::from(*to));
                let entry = |i: usize| (from + (to - from) * i as f64 / length as f64).round() as u16;
                entries.extend((1..=length).map(entry));
                tail
            }
            _ => return Err(unsupported("a palette that refers to itself")),
        };
    }
    Ok(entries)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packed_bits_unpack() {
        assert_eq!(unpacked(&[2, 1, 2, 3, 128, 254, 9], 6).unwrap(), [1, 2, 3, 9, 9, 9]);
        assert_eq!(unpacked(&[2, 1, 2], 3), Err(PhotoError::Truncated));
        assert_eq!(unpacked(&[], 1), Err(PhotoError::Truncated));
    }
}
