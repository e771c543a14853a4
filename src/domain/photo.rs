//! A decoded photo: what every later stage sees of the input file.

use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};

use super::geometry::Rect;
use crate::error::PhotoError;

/// Upright pixels in 8-bit sRGB, interleaved RGB, row by row.
///
/// `width` and `height` are the photo's own, and so are all coordinates. Its pixels may be stored at a half, a quarter or an
/// eighth of that, where a JPEG was decoded no finer than the model needs; `pixel` hides it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Photo {
    pub width: u32,
    pub height: u32,
    pub rgb: Vec<u8>,
}

impl Photo {
    /// How many pixels of the photo a stored pixel stands for, along each side: 1, 2, 4 or 8.
    pub fn reduction(&self) -> u32 {
        let fits = |r: &u32| self.width.div_ceil(*r) as usize * self.height.div_ceil(*r) as usize * 3 == self.rgb.len();
        [1, 2, 4, 8].into_iter().find(fits).unwrap_or(1)
    }

    /// Width and height of the stored pixels.
    pub fn stored_size(&self) -> (u32, u32) {
        let reduction = self.reduction();
        (self.width.div_ceil(reduction), self.height.div_ceil(reduction))
    }

    pub fn pixel(&self, x: u32, y: u32) -> [u8; 3] {
        let reduction = self.reduction();
        let width = self.width.div_ceil(reduction) as usize;
        let i = ((y / reduction) as usize * width + (x / reduction) as usize) * 3;
        [self.rgb[i], self.rgb[i + 1], self.rgb[i + 2]]
    }
}

/// The grey of an RGB pixel: ITU-R BT.601 luma, as Pillow's and OpenCV's.
pub fn luma(pixel: &[u8]) -> u8 {
    ((u32::from(pixel[0]) * 299 + u32::from(pixel[1]) * 587 + u32::from(pixel[2]) * 114 + 500) / 1000) as u8
}

/// `part` of the photo at another size, interleaved RGB.
pub fn resize(photo: &Photo, part: Rect, width: u32, height: u32) -> Result<Vec<u8>, PhotoError> {
    let (stored_width, stored_height) = photo.stored_size();
    let source = ImageRef::new(stored_width, stored_height, &photo.rgb, PixelType::U8x3)
        .map_err(|e| PhotoError::ResizeFailed(e.to_string()))?;
    // In stored pixels; rounding must not lead a hair's breadth out of the picture.
    let stored = |start: f64, size: f64, own: u32, stored: u32| {
        let (limit, scale) = (f64::from(stored), f64::from(stored) / f64::from(own));
        let start = (start * scale).clamp(0.0, limit);
        (start, (size * scale).min(limit - start))
    };
    let (left, crop_width) = stored(part.x, part.width, photo.width, stored_width);
    let (top, crop_height) = stored(part.y, part.height, photo.height, stored_height);
    let mut target = Image::new(width, height, PixelType::U8x3);
    let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::Bilinear)).use_alpha(false).crop(
        left,
        top,
        crop_width,
        crop_height,
    );
    Resizer::new().resize(&source, &mut target, &options).map_err(|e| PhotoError::ResizeFailed(e.to_string()))?;
    Ok(target.into_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reduced_photo_answers_in_its_own_coordinates() {
        // 5 x 3 stored at a half: 3 x 2.
        let rgb = (0..6).flat_map(|v| [v; 3]).collect();
        let photo = Photo { width: 5, height: 3, rgb };
        assert_eq!((photo.reduction(), photo.stored_size()), (2, (3, 2)));
        assert_eq!(
            (photo.pixel(0, 0), photo.pixel(4, 0), photo.pixel(1, 2), photo.pixel(4, 2)),
            ([0; 3], [2; 3], [3; 3], [5; 3])
        );
    }
}
