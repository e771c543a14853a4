//! JPEG through libjpeg-turbo (feature `turbojpeg`), decoded at a half, a quarter or an eighth of its size where nothing
//! later needs more: about half the time for a photo of 12 megapixels.

use turbojpeg::{Colorspace, Decompressor, Image, PixelFormat, ScalingFactor};

use crate::error::PhotoError;

use super::broken;

/// The picture's pixels at the largest reduction that leaves at least `enough` pixels on the longer side; none for inks, which
/// the other decoder reads.
pub fn decode(bytes: &[u8], enough: u32) -> Result<Option<(Vec<u8>, bool)>, PhotoError> {
    let mut decoder = Decompressor::new().map_err(broken)?;
    let header = decoder.read_header(bytes).map_err(broken)?;
    let grey = header.colorspace == Colorspace::Gray;
    if header.is_lossless || !(grey || matches!(header.colorspace, Colorspace::YCbCr | Colorspace::RGB)) {
        return Ok(None);
    }
    let longest = header.width.max(header.height);
    let factors = [ScalingFactor::ONE_EIGHTH, ScalingFactor::ONE_QUARTER, ScalingFactor::ONE_HALF];
    let factor = factors.into_iter().find(|f| f.scale(longest) >= enough as usize).unwrap_or(ScalingFactor::ONE);
    decoder.set_scaling_factor(factor).map_err(broken)?;
    let (width, height) = (factor.scale(header.width), factor.scale(header.height));
    let (format, channels) = if grey { (PixelFormat::GRAY, 1) } else { (PixelFormat::RGB, 3) };
    let mut pixels = vec![0u8; width * height * channels];
    let output = Image { pixels: pixels.as_mut_slice(), width, pitch: width * channels, height, format };
    decoder.decompress(bytes, output).map_err(broken)?;
    Ok(Some((pixels, grey)))
}
