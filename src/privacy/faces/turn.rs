//! A picture turned by quarters, and points of the turned picture brought back.

use crate::domain::photo::Photo;

/// How far the picture is turned against the clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    None,
    Quarter,
    Half,
    ThreeQuarters,
}

impl Turn {
    pub const ALL: [Turn; 4] = [Turn::None, Turn::Quarter, Turn::Half, Turn::ThreeQuarters];

    /// The picture, turned; its pixels must be stored at their own size.
    pub fn picture(self, upright: &Photo) -> Photo {
        let (columns, rows) = (upright.width as isize, upright.height as isize);
        // The upright picture's pixel that comes first, and how far it is from there to the next one in a row and in a column.
        let (first, right, down) = match self {
            Turn::None => return upright.clone(),
            Turn::Quarter => (columns - 1, columns, -1),
            Turn::Half => (columns * rows - 1, -1, -columns),
            Turn::ThreeQuarters => (columns * (rows - 1), -columns, 1),
        };
        let (width, height) = match self {
            Turn::Half => (columns, rows),
            _ => (rows, columns),
        };
        let mut rgb = Vec::with_capacity(upright.rgb.len());
        for y in 0..height {
            for x in 0..width {
                let i = (first + x * right + y * down) as usize * 3;
                rgb.extend_from_slice(&upright.rgb[i..i + 3]);
            }
        }
        Photo { width: width as u32, height: height as u32, rgb }
    }

    /// Where a point of the turned picture lies in the upright one.
    pub fn back(self, (x, y): (f64, f64), upright: &Photo) -> (f64, f64) {
        let (width, height) = (f64::from(upright.width), f64::from(upright.height));
        match self {
            Turn::None => (x, y),
            Turn::Quarter => (width - y, x),
            Turn::Half => (width - x, height - y),
            Turn::ThreeQuarters => (y, height - x),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_quarters_are_a_whole_turn() {
        // 3 x 2: a b c / d e f.
        let upright = Photo { width: 3, height: 2, rgb: (0..6).flat_map(|v| [v; 3]).collect() };
        let values = |photo: &Photo| photo.rgb.iter().step_by(3).copied().collect::<Vec<_>>();
        assert_eq!(Turn::None.picture(&upright), upright);
        let quarter = Turn::Quarter.picture(&upright);
        assert_eq!((quarter.width, quarter.height, values(&quarter)), (2, 3, vec![2, 5, 1, 4, 0, 3]));
        assert_eq!(values(&Turn::Half.picture(&upright)), [5, 4, 3, 2, 1, 0]);
        assert_eq!(Turn::Quarter.picture(&quarter), Turn::Half.picture(&upright));
        assert_eq!(Turn::Half.picture(&quarter), Turn::ThreeQuarters.picture(&upright));
        assert_eq!(Turn::ThreeQuarters.picture(&quarter), upright);
    }
}
