//! Where a model's frame lies in a photo, and how to get back.
//!
//! Coordinates are continuous: pixel i covers [i, i+1), its centre is i + 0.5.

use ndarray::{Array, Axis, Dimension};

use super::record::CropBox;

/// The same values in the opposite order along one axis.
pub fn swapped<T: Clone, D: Dimension>(mut values: Array<T, D>, along: Axis) -> Array<T, D> {
    values.invert_axis(along);
    values.as_standard_layout().into_owned()
}

/// A rectangle in photo pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rect {
    pub x: f64,
    pub y: f64,
    pub width: f64,
    pub height: f64,
}

impl Rect {
    pub fn whole(width: u32, height: u32) -> Self {
        Self { x: 0.0, y: 0.0, width: f64::from(width), height: f64::from(height) }
    }

    pub fn of(area: CropBox) -> Self {
        let (width, height) = (f64::from(area.width), f64::from(area.height));
        Self { x: area.x as f64, y: area.y as f64, width, height }
    }

    /// Whether all of the other lies in this one.
    pub fn holds(&self, other: Rect) -> bool {
        let within = |start: f64, size: f64, own: f64, own_size: f64| start >= own && start + size <= own + own_size;
        within(other.x, other.width, self.x, self.width) && within(other.y, other.height, self.y, self.height)
    }

    pub fn contains(&self, x: f64, y: f64) -> bool {
        x >= self.x && y >= self.y && x < self.x + self.width && y < self.y + self.height
    }
}

/// How a part of the photo was laid into a frame of `frame_width` x `frame_height`: `source` fills `content`, bars fill the rest.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Placement {
    pub source: Rect,
    pub content: Rect,
    pub frame_width: u32,
    pub frame_height: u32,
}

impl Placement {
    pub fn to_frame(&self, x: f64, y: f64) -> (f64, f64) {
        (
            self.content.x + (x - self.source.x) * self.content.width / self.source.width,
            self.content.y + (y - self.source.y) * self.content.height / self.source.height,
        )
    }

    pub fn to_photo(&self, x: f64, y: f64) -> (f64, f64) {
        (
            self.source.x + (x - self.content.x) * self.source.width / self.content.width,
            self.source.y + (y - self.content.y) * self.source.height / self.content.height,
        )
    }

    /// The same placement for a map of another resolution, such as an output at a quarter of the input.
    pub fn scaled_to(&self, width: u32, height: u32) -> Self {
        let sx = f64::from(width) / f64::from(self.frame_width);
        let sy = f64::from(height) / f64::from(self.frame_height);
        let c = self.content;
        let content = Rect { x: c.x * sx, y: c.y * sy, width: c.width * sx, height: c.height * sy };
        Self { source: self.source, content, frame_width: width, frame_height: height }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back_is_the_same_point_for_frames_that_are_not_square() {
        let placement = Placement {
            source: Rect { x: 13.0, y: 40.0, width: 301.0, height: 77.0 },
            content: Rect { x: 0.0, y: 60.0, width: 320.0, height: 72.0 },
            frame_width: 320,
            frame_height: 192,
        };
        for placement in [placement, placement.scaled_to(80, 48)] {
            for (x, y) in [(13.0, 40.0), (100.25, 90.5), (314.0, 117.0)] {
                let (u, v) = placement.to_frame(x, y);
                let (a, b) = placement.to_photo(u, v);
                assert!((a - x).abs() < 1e-9 && (b - y).abs() < 1e-9, "({x}, {y}) became ({a}, {b})");
            }
        }
        // The corners of the source are the corners of the content.
        assert_eq!(placement.to_frame(13.0, 40.0), (0.0, 60.0));
        assert_eq!(placement.to_frame(314.0, 117.0), (320.0, 132.0));
    }
}
