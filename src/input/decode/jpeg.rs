//! JPEG: baseline, progressive, grey, CMYK.
//!
//! Decoders fill the rest of a truncated file with grey and call it a success; here such a file is an error, because half
//! a photo gives a mask that looks like a whole one.

use image::metadata::Orientation;
use zune_core::bytestream::ZCursor;
use zune_core::colorspace::ColorSpace;
use zune_core::options::DecoderOptions;
use zune_jpeg::JpegDecoder;

use super::{Limits, Raw, broken, scaled};
use crate::domain::colour::{Samples, Space};
use crate::domain::record::Size;
use crate::error::{PhotoError, PhotoWarning};
use crate::input::walk::jpeg::{Part, SOS, is_complete, parts};
use crate::input::walk::tiff::says_adobe_rgb;

fn open(bytes: &[u8], colours: Option<ColorSpace>) -> Result<JpegDecoder<ZCursor<&[u8]>>, PhotoError> {
    let mut options =
        DecoderOptions::default().set_strict_mode(false).set_max_width(usize::MAX).set_max_height(usize::MAX);
    if let Some(colours) = colours {
        options = options.jpeg_set_out_colorspace(colours);
    }
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    decoder.decode_headers().map_err(|e| broken(format!("{e:?}")))?;
    Ok(decoder)
}

pub fn header(bytes: &[u8], limits: &Limits) -> Result<(Size, Orientation), PhotoError> {
    let decoder = open(bytes, None)?;
    let (width, height) = decoder.dimensions().ok_or_else(|| broken("no size in the header"))?;
    let size = Size { width: width as u32, height: height as u32 };
    limits.bound().check(size, 0)?;
    let orientation =
        decoder.exif().and_then(|exif| Orientation::from_exif_chunk(exif)).unwrap_or(Orientation::NoTransforms);
    Ok((size, orientation))
}

/// `enough` pixels on the longer side will do.
pub fn decode(bytes: &[u8], enough: u32) -> Result<Raw, PhotoError> {
    if !is_complete(bytes) {
        return Err(PhotoError::Truncated);
    }
    if let Some((pixels, grey)) = scaled::decode(bytes, enough) {
        let samples = if grey { Samples::Grey(pixels) } else { Samples::Rgb(pixels) };
        return Ok(Raw { samples, space: colour_space(&open(bytes, None)?), warnings: Vec::new(), values: None });
    }
    let stored = open(bytes, None)?.input_colorspace().unwrap_or(ColorSpace::YCbCr);
    let wanted = match stored {
        ColorSpace::Luma => ColorSpace::Luma,
        ColorSpace::CMYK => ColorSpace::CMYK,
        _ => ColorSpace::RGB,
    };
    let mut decoder = open(bytes, Some(wanted))?;
    let mut pixels = decoder.decode().map_err(|e| broken(format!("{e:?}")))?;
    let (width, height) = decoder.dimensions().ok_or_else(|| broken("no size in the header"))?;
    if pixels.len() != width * height * wanted.num_components() {
        return Err(broken("the decoder gave fewer pixels than the header says"));
    }
    let space = colour_space(&decoder);
    let samples = match wanted {
        ColorSpace::Luma => Samples::Grey(pixels),
        ColorSpace::CMYK => {
            // Adobe's programs store ink inverted, and say so with their marker.
            if has_adobe_marker(bytes) {
                pixels.iter_mut().for_each(|v| *v = 255 - *v);
            }
            Samples::Cmyk(pixels)
        }
        _ => Samples::Rgb(pixels),
    };
    // YCCK comes out as RGB already: its ink profile cannot be applied any more.
    let space = if stored == ColorSpace::YCCK { Space::Srgb } else { space };
    let warnings = Vec::from_iter((stored == ColorSpace::YCCK).then_some(PhotoWarning::YcckApproximate));
    Ok(Raw { samples, space, warnings, values: None })
}

fn colour_space(decoder: &JpegDecoder<ZCursor<&[u8]>>) -> Space {
    match (decoder.icc_profile(), decoder.exif()) {
        (Some(profile), _) => Space::Icc(profile),
        (None, Some(exif)) if says_adobe_rgb(exif) => Space::AdobeRgb,
        _ => Space::Srgb,
    }
}

fn has_adobe_marker(bytes: &[u8]) -> bool {
    let before_scan = parts(bytes).take_while(|part| !matches!(part, Part::Segment { marker: SOS, .. }));
    before_scan
        .into_iter()
        .any(|part| matches!(part, Part::Segment { marker: 0xEE, payload, .. } if payload.starts_with(b"Adobe")))
}
