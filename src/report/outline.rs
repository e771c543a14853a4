//! Masks as lines: what a class covers, as the path of an SVG drawing of the photo's shape.

use std::fmt::Write;

use crate::annotations::polygons::{Ring, outlines, simplify};
use crate::domain::mask::LabelMap;
use crate::measure::components::components;

/// In pixels of the drawing: less than the width of the line.
const TOLERANCE: f64 = 0.75;

/// The outlines of one class; empty where there is none of it.
pub fn path(labels: &LabelMap, class: u8) -> String {
    let mut path = String::new();
    for component in components(labels, class) {
        for polygon in outlines(&component) {
            std::iter::once(&polygon.outer).chain(&polygon.holes).for_each(|ring| add(&mut path, ring));
        }
    }
    path
}

fn add(path: &mut String, ring: &Ring) {
    let few = simplify(ring, TOLERANCE);
    // What is smaller than the line is drawn as it is.
    let points = if few.len() < 3 { ring } else { &few };
    let mut last = [0, 0];
    for (i, &[x, y]) in points.iter().enumerate() {
        let letter = match i {
            0 => "M",
            1 => "l",
            _ => " ",
        };
        let (dx, dy) = (x - last[0], y - last[1]);
        let separator = if dy < 0 { "" } else { " " };
        let letter = if letter == " " && dx < 0 { "" } else { letter };
        // Writing into a string cannot fail.
        let _ = write!(path, "{letter}{dx}{separator}{dy}");
        last = [x, y];
    }
    path.push('z');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::mask::{LESION, SKIN};

    #[test]
    fn a_square_with_a_hole_is_two_rings() {
        let mut labels = LabelMap::filled(12, 10, SKIN);
        for (x, y) in (2..9).flat_map(|x| (1..8).map(move |y| (x, y))) {
            let is_hole = (4..7).contains(&x) && (3..6).contains(&y);
            labels.data[y * 12 + x] = if is_hole { SKIN } else { LESION };
        }
        assert_eq!(path(&labels, LESION), "M9 1l0 7-7 0 0-7zM7 6l0-3-3 0 0 3z");
        assert_eq!(path(&LabelMap::filled(3, 3, SKIN), LESION), "");
        assert_eq!(path(&LabelMap::filled(300, 200, LESION).reduced(30, 20), LESION), "M30 0l0 20-30 0 0-20z");
    }
}
