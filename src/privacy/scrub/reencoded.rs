//! TIFF and BMP: the decoded pixels are written anew without loss, already the right way up.

use std::io::Cursor;

use image::codecs::bmp::BmpEncoder;
use image::codecs::tiff::TiffEncoder;
use image::{DynamicImage, ImageDecoder, ImageEncoder, ImageFormat, ImageReader, ImageResult};

use super::icc;

pub fn scrub(bytes: &[u8], format: ImageFormat) -> ImageResult<Vec<u8>> {
    let mut decoder = ImageReader::with_format(Cursor::new(bytes), format).into_decoder()?;
    let orientation = decoder.orientation()?;
    let profile = decoder.icc_profile()?;
    let mut picture = DynamicImage::from_decoder(decoder)?;
    picture.apply_orientation(orientation);
    picture = without_grey_alpha(picture);
    let mut clean = Cursor::new(Vec::new());
    if format == ImageFormat::Tiff {
        let mut encoder = TiffEncoder::new(&mut clean);
        if let Some(profile) =
            profile.filter(|profile| fits(profile, &picture)).and_then(|profile| icc::cleaned(&profile))
        {
            let _unsupported = encoder.set_icc_profile(profile);
        }
        picture.write_with_encoder(encoder)?;
    } else {
        picture.write_with_encoder(BmpEncoder::new(&mut clean))?;
    }
    Ok(clean.into_inner())
}

/// Neither encoder writes grey with transparency; as colour it is the same.
pub fn without_grey_alpha(picture: DynamicImage) -> DynamicImage {
    match picture {
        DynamicImage::ImageLumaA8(_) => picture.into_rgba8().into(),
        DynamicImage::ImageLumaA16(_) => picture.into_rgba16().into(),
        other => other,
    }
}

/// A profile for ink says nothing about pixels that were decoded to red, green and blue.
pub fn fits(profile: &[u8], picture: &DynamicImage) -> bool {
    let space: &[u8] = if picture.color().has_color() { b"RGB " } else { b"GRAY" };
    profile.get(16..20) == Some(space)
}
