//! A decoded photo: what every later stage sees of the input file.

use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};

use super::geometry::Rect;
use super::mask::{BACKGROUND, LabelMap};
use super::record::CropBox;
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
    let mut target = Image::new(width, height, PixelType::U8x3);
    let options = reduction_to((photo.width, photo.height), (stored_width, stored_height), part);
    Resizer::new().resize(&source, &mut target, &options).map_err(|e| PhotoError::ResizeFailed(e.to_string()))?;
    Ok(target.into_vec())
}

/// How a part of a picture is brought to another size. The part is told in pixels of the photo, as large as `own`; `stored`
/// is the size of what there is of it.
pub fn reduction_to(own: (u32, u32), stored: (u32, u32), part: Rect) -> ResizeOptions {
    // In stored pixels; rounding must not lead a hair's breadth out of the picture.
    let side = |start: f64, size: f64, own: u32, stored: u32| {
        let (limit, scale) = (f64::from(stored), f64::from(stored) / f64::from(own));
        let start = (start * scale).clamp(0.0, limit);
        (start, (size * scale).min(limit - start))
    };
    let (left, width) = side(part.x, part.width, own.0, stored.0);
    let (top, height) = side(part.y, part.height, own.1, stored.1);
    let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::Bilinear)).use_alpha(false);
    options.crop(left, top, width, height)
}

/// A part of the photo as a picture of its own, of which the longer side has `size` pixels, or as many as in the photo. What
/// lies beyond the photo is black.
pub fn cut(photo: &Photo, part: CropBox, size: Option<u32>) -> Result<Photo, PhotoError> {
    let scale = size.map_or(1.0, |size| f64::from(size) / f64::from(part.width.max(part.height)));
    let scaled = |length: i64| (length as f64 * scale).round() as i64;
    let side = |length: u32| scaled(i64::from(length)).max(1) as u32;
    let (width, height) = (side(part.width), side(part.height));
    let (left, right) = inside(part.x, part.width, photo.width);
    let (top, bottom) = inside(part.y, part.height, photo.height);
    let mut rgb = vec![0; width as usize * height as usize * 3];
    // Where the pixels of the photo go.
    let (x, y) = (scaled(left - part.x), scaled(top - part.y));
    let wide = (scaled(right - part.x) - x).clamp(0, i64::from(width) - x) as u32;
    let high = (scaled(bottom - part.y) - y).clamp(0, i64::from(height) - y) as u32;
    if wide > 0 && high > 0 {
        let of = |start: i64, end: i64| (start as f64, (end - start) as f64);
        let ((x0, w), (y0, h)) = (of(left, right), of(top, bottom));
        let content = resize(photo, Rect { x: x0, y: y0, width: w, height: h }, wide, high)?;
        for (row, pixels) in content.chunks_exact(wide as usize * 3).enumerate() {
            let at = ((y as usize + row) * width as usize + x as usize) * 3;
            rgb[at..at + pixels.len()].copy_from_slice(pixels);
        }
    }
    Ok(Photo { width, height, rgb })
}

/// Where a part begins and ends inside the photo, along one axis.
fn inside(start: i64, side: u32, limit: u32) -> (i64, i64) {
    let limit = i64::from(limit);
    (start.clamp(0, limit), (start + i64::from(side)).clamp(0, limit))
}

/// The same part of a mask; what lies beyond the photo is background.
pub fn cut_labels(labels: &LabelMap, part: CropBox) -> LabelMap {
    let mut cut = LabelMap::filled(part.width, part.height, BACKGROUND);
    let (left, right) = inside(part.x, part.width, labels.width);
    let (top, bottom) = inside(part.y, part.height, labels.height);
    if left < right {
        for y in top..bottom {
            let row = &labels.row(y as u32)[left as usize..right as usize];
            let at = (y - part.y) as usize * part.width as usize + (left - part.x) as usize;
            cut.data[at..at + row.len()].copy_from_slice(row);
        }
    }
    cut
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbered(width: u32, height: u32) -> Photo {
        Photo {
            width,
            height,
            rgb: (0..width * height).flat_map(|i| [i as u8, (i / 7) as u8, 255 - i as u8]).collect(),
        }
    }

    #[test]
    fn a_cut_has_the_pixels_of_the_photo_and_black_beyond_it() {
        let photo = numbered(12, 9);
        let part = CropBox { x: -2, y: 4, width: 8, height: 7 };
        let crop = cut(&photo, part, None).unwrap();
        let labels = LabelMap { width: 12, height: 9, data: (0..108).collect() };
        let mask = cut_labels(&labels, part);
        assert_eq!((crop.width, crop.height, mask.width, mask.height), (8, 7, 8, 7));
        for (x, y) in (0..8).flat_map(|x| (0..7).map(move |y| (x, y))) {
            let (u, v) = (i64::from(x) - 2, i64::from(y) + 4);
            let is_inside = u >= 0 && v < 9;
            let (rgb, class) = match is_inside {
                true => (photo.pixel(u as u32, v as u32), labels.at(u as u32, v as u32)),
                false => ([0; 3], 0),
            };
            assert_eq!((crop.pixel(x, y), mask.at(x, y)), (rgb, class), "{x}, {y}");
        }
        let larger = cut(&photo, CropBox { x: 2, y: 2, width: 4, height: 2 }, Some(16)).unwrap();
        assert_eq!((larger.width, larger.height), (16, 8));
    }

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
