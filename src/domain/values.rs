//! Grey values with all their steps, for models that want more of them than the 256 of a photo.

use fast_image_resize::Resizer;
use fast_image_resize::images::TypedImage;
use fast_image_resize::pixels::F32;
use serde::{Deserialize, Serialize};

use super::geometry::Rect;
use super::photo::{Photo, luma, reduction_to};
use crate::error::PhotoError;

/// What the values are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GreyValues {
    /// As a window shows them, 0 black and 255 white, without rounding to whole steps.
    Window,
    /// As they are stored; of DICOM files in the file's own unit, such as Hounsfield units.
    Stored,
}

/// Upright, row by row. There may be fewer than the photo has pixels, as in the photo itself.
#[derive(Clone, Debug, PartialEq)]
pub struct Values {
    width: u32,
    height: u32,
    data: Vec<f32>,
}

impl Values {
    pub fn new(width: u32, height: u32, data: Vec<f32>) -> Self {
        assert_eq!(data.len(), width as usize * height as usize, "a value for every pixel");
        Self { width, height, data }
    }

    /// The brightness of a photo.
    pub fn of(photo: &Photo) -> Self {
        let (width, height) = photo.stored_size();
        Self::new(width, height, photo.rgb.as_chunks::<3>().0.iter().map(|pixel| f32::from(luma(pixel))).collect())
    }

    /// Lying values made upright; `width` and `height` are those of the upright picture.
    pub fn upright((width, height): (u32, u32), orientation: u8, lying: Vec<f32>) -> Self {
        if orientation <= 1 {
            return Self::new(width, height, lying);
        }
        let (w, h) = (width as usize, height as usize);
        let columns = if orientation >= 5 { h } else { w };
        let place = |x: usize, y: usize| {
            let (right, bottom) = (w - 1 - x, h - 1 - y);
            let (column, row) = match orientation {
                2 => (right, y),
                3 => (right, bottom),
                4 => (x, bottom),
                5 => (y, x),
                6 => (y, right),
                7 => (bottom, right),
                _ => (bottom, x),
            };
            row * columns + column
        };
        let data = (0..h).flat_map(|y| (0..w).map(move |x| (x, y))).map(|(x, y)| lying[place(x, y)]).collect();
        Self::new(width, height, data)
    }

    /// Values beyond the range become its ends.
    pub fn within(mut self, range: Option<[f64; 2]>) -> Self {
        if let Some([least, most]) = range {
            self.data.iter_mut().for_each(|v| *v = v.clamp(least as f32, most as f32));
        }
        self
    }

    pub fn map(mut self, of: impl Fn(f32) -> f32) -> Self {
        self.data.iter_mut().for_each(|v| *v = of(*v));
        self
    }

    /// `part` at another size; it is told in pixels of the photo, which is as large as `own`.
    pub fn resize(&self, own: (u32, u32), part: Rect, width: u32, height: u32) -> Result<Vec<f32>, PhotoError> {
        let pixels = self.data.iter().map(|v| F32::new(*v)).collect();
        let source = TypedImage::from_pixels(self.width, self.height, pixels)
            .map_err(|e| PhotoError::ResizeFailed(e.to_string()))?;
        let mut target = TypedImage::<F32>::new(width, height);
        let options = reduction_to(own, (self.width, self.height), part);
        Resizer::new()
            .resize_typed(&source, &mut target, &options)
            .map_err(|e| PhotoError::ResizeFailed(e.to_string()))?;
        Ok(target.pixels().iter().map(|pixel| pixel.0).collect())
    }
}

#[cfg(test)]
mod tests {
    use image::metadata::Orientation;
    use image::{DynamicImage, GrayImage};

    use super::*;

    #[test]
    fn values_are_turned_as_photos_are() {
        let lying: Vec<u8> = (0..6).collect();
        for orientation in 1..=8 {
            let mut picture = DynamicImage::ImageLuma8(GrayImage::from_raw(3, 2, lying.clone()).unwrap());
            picture.apply_orientation(Orientation::from_exif(orientation).unwrap());
            let size = (picture.width(), picture.height());
            let turned = Values::upright(size, orientation, lying.iter().map(|v| f32::from(*v)).collect());
            let wanted: Vec<f32> = picture.into_luma8().into_raw().into_iter().map(f32::from).collect();
            assert_eq!(turned.data, wanted, "{orientation}");
        }
    }

    #[test]
    fn a_reduction_keeps_what_lies_between_steps() {
        let values = Values::new(4, 2, vec![-1000.25, -1000.25, 0.5, 0.5, -1000.25, -1000.25, 0.5, 0.5]);
        let half = values.resize((4, 2), Rect::whole(4, 2), 2, 1).unwrap();
        assert!(half[0] < -800.0 && half[1] > -200.0, "{half:?}");
        let right = values.clone().resize((8, 4), Rect { x: 4.0, y: 0.0, width: 4.0, height: 4.0 }, 2, 2).unwrap();
        assert_eq!(right, [0.5; 4]);
        assert_eq!(values.within(Some([-600.0, 0.0])).data[..3], [-600.0, -600.0, 0.0]);
    }
}
