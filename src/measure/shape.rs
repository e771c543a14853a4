//! Size and form of one lesion, as scikit-image's `regionprops` defines them (`tests/oracle` compares the two).
//!
//! Moments are summed run by run in integers: they are exact, and a lesion that fills the photo costs no more than its rows.

use std::f64::consts::{FRAC_PI_4, PI};

use super::components::Component;
use super::hull::Hull;
use super::perimeter::perimeter;
use super::symmetry::asymmetry;
use crate::domain::record::Lesion;

/// All that the mask alone tells of a lesion; `id` and the shares of frame and skin are the caller's.
pub fn describe(component: &Component, frame: (u32, u32)) -> Lesion {
    let moments = Moments::of(component);
    let area = component.area as f64;
    let perimeter_px = perimeter(&component.runs, component.bbox);
    let hull = Hull::of(&component.runs);
    let [x, y, width, height] = component.bbox;
    Lesion {
        area_px: component.area,
        bbox: component.bbox,
        centroid: moments.centroid,
        perimeter_px,
        equivalent_diameter_px: (4.0 * area / PI).sqrt(),
        major_axis_px: 4.0 * moments.major.sqrt(),
        minor_axis_px: 4.0 * moments.minor.sqrt(),
        orientation_rad: moments.orientation,
        eccentricity: if moments.major > 0.0 { (1.0 - moments.minor / moments.major).sqrt() } else { 0.0 },
        solidity: area / hull.area() as f64,
        extent: area / (f64::from(width) * f64::from(height)),
        circularity: (perimeter_px > 0.0).then(|| 4.0 * PI * area / perimeter_px.powi(2)),
        feret_diameter_px: hull.feret_diameter(),
        euler_number: component.euler,
        asymmetry: asymmetry(component, moments.centroid, moments.orientation),
        touches_border: x == 0 || y == 0 || x + width == frame.0 || y + height == frame.1,
        ..Lesion::default()
    }
}

struct Moments {
    /// x, y.
    centroid: [f64; 2],
    /// Variance of the pixel centres along the major and the minor axis.
    major: f64,
    minor: f64,
    /// Radians from the row axis to the major axis.
    orientation: f64,
}

impl Moments {
    fn of(component: &Component) -> Self {
        let [left, top, ..] = component.bbox;
        let (mut sx, mut sy, mut sxx, mut sxy, mut syy) = (0_i128, 0_i128, 0_i128, 0_i128, 0_i128);
        for run in &component.runs {
            let (a, b) = (i128::from(run.start - left), i128::from(run.end - left));
            let (y, n) = (i128::from(run.y - top), b - a);
            let sum_x = (a + b - 1) * n / 2;
            sx += sum_x;
            sy += y * n;
            sxx += sum_of_squares_below(b) - sum_of_squares_below(a);
            sxy += y * sum_x;
            syy += y * y * n;
        }
        let n = i128::from(component.area);
        let nn = (n * n) as f64;
        let covariance = |sum: i128, p: i128, q: i128| (n * sum - p * q) as f64 / nn;
        let (xx, xy, yy) = (covariance(sxx, sx, sx), covariance(sxy, sx, sy), covariance(syy, sy, sy));
        let mean = (xx + yy) / 2.0;
        let half_spread = ((xx - yy) / 2.0).hypot(xy);
        Self {
            centroid: [f64::from(left) + sx as f64 / n as f64, f64::from(top) + sy as f64 / n as f64],
            major: mean + half_spread,
            minor: (mean - half_spread).max(0.0),
            orientation: match yy - xx {
                // Without a longer side the axis is a diagonal by convention.
                0.0 if xy > 0.0 => FRAC_PI_4,
                0.0 => -FRAC_PI_4,
                difference => 0.5 * (2.0 * xy).atan2(difference),
            },
        }
    }
}

/// 0² + 1² + … + (n - 1)².
fn sum_of_squares_below(n: i128) -> i128 {
    (n - 1) * n * (2 * n - 1) / 6
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::mask::{LESION, LabelMap};
    use crate::measure::components::components;
    use crate::measure::testing::{disc, mask, noise};

    fn shape(map: &LabelMap) -> Lesion {
        describe(&components(map, LESION)[0], (map.width, map.height))
    }

    fn close(a: f64, b: f64) {
        assert!((a - b).abs() <= 1e-9 * b.abs().max(1.0), "{a} is not {b}");
    }

    #[test]
    fn a_single_pixel() {
        let s = shape(&mask(&["...", ".#.", "..."]));
        assert_eq!((s.area_px, s.bbox, s.centroid), (1, [1, 1, 1, 1], [1.0, 1.0]));
        assert_eq!((s.perimeter_px, s.circularity), (0.0, None));
        assert_eq!((s.major_axis_px, s.minor_axis_px, s.eccentricity), (0.0, 0.0, 0.0));
        assert_eq!((s.solidity, s.extent, s.feret_diameter_px, s.euler_number), (1.0, 1.0, 1.0, 1));
        assert_eq!((s.asymmetry, s.touches_border), ([0.0, 0.0], false));
        close(s.equivalent_diameter_px, (4.0 / PI).sqrt());
    }

    #[test]
    fn a_horizontal_and_a_vertical_line() {
        let s = shape(&mask(&["......", ".####.", "......"]));
        // Variance of 0, 1, 2, 3 is 5/4.
        close(s.major_axis_px, 4.0 * 1.25_f64.sqrt());
        assert_eq!((s.minor_axis_px, s.eccentricity, s.centroid), (0.0, 1.0, [2.5, 1.0]));
        close(s.orientation_rad.abs(), PI / 2.0);
        // The two inner pixels have a neighbour on both sides and count 1 each; the ends have one and count nothing.
        assert_eq!(s.perimeter_px, 2.0);
        close(s.feret_diameter_px, 4.0);
        let s = shape(&mask(&["#", "#", "#", "#"]));
        assert_eq!((s.orientation_rad, s.perimeter_px, s.touches_border), (0.0, 2.0, true));
    }

    #[test]
    fn a_rectangle() {
        let s = shape(&mask(&["......", ".####.", ".####.", ".####.", "......"]));
        // Ten border pixels, all with two side neighbours among them: the outline through their centres is 3 + 2 + 3 + 2.
        assert_eq!((s.area_px, s.perimeter_px, s.solidity, s.extent), (12, 10.0, 1.0, 1.0));
        close(s.circularity.unwrap(), 4.0 * PI * 12.0 / 100.0);
        // From the left side's middle of one corner pixel to the right side's middle of the opposite one.
        close(s.feret_diameter_px, (4.0_f64.powi(2) + 2.0_f64.powi(2)).sqrt());
        assert_eq!(s.asymmetry, [0.0, 0.0]);
    }

    #[test]
    fn a_diagonal() {
        let s = shape(&mask(&["#..", ".#.", "..#"]));
        close(s.orientation_rad, FRAC_PI_4);
        close(s.perimeter_px, 2.0_f64.sqrt());
        close(s.minor_axis_px, 0.0);
        assert_eq!((s.area_px, s.euler_number), (3, 1));
        assert_eq!(shape(&mask(&["..#", ".#.", "#.."])).orientation_rad, -FRAC_PI_4);
    }

    #[test]
    fn a_donut_counts_both_outlines() {
        let s = shape(&mask(&["#######", "#######", "#######", "###.###", "#######", "#######", "#######"]));
        assert_eq!((s.area_px, s.euler_number, s.solidity), (48, 0, 48.0 / 49.0));
        // Outside 24; the four pixels beside the hole touch each other at corners only, which adds 4 times the root of 2.
        close(s.perimeter_px, 24.0 + 4.0 * 2.0_f64.sqrt());
    }

    #[test]
    fn a_corner_shape_fills_only_part_of_its_hull() {
        // The hull's slope runs through the centres of a row of pixels, which count as inside.
        let s = shape(&mask(&["#....", "#....", "#....", "#....", "#####"]));
        assert_eq!((s.area_px, s.solidity), (9, 9.0 / 15.0));
    }

    #[test]
    fn a_full_frame() {
        let s = shape(&LabelMap::filled(40, 30, LESION));
        assert_eq!((s.perimeter_px, s.solidity, s.touches_border), (2.0 * (39.0 + 29.0), 1.0, true));
        close(s.orientation_rad.abs(), PI / 2.0);
    }

    #[test]
    fn a_disc_is_round_and_symmetric() {
        let s = shape(&disc(300, 260, 150.0, 130.0, 100.0));
        // The outline of a disc of pixels is longer than that of the circle: this definition gives 0.90, not 1.
        assert!((s.circularity.unwrap() - 0.90).abs() < 0.01, "{s:?}");
        assert!((s.major_axis_px - 200.0).abs() < 0.5 && s.eccentricity < 0.01, "{s:?}");
        assert!(s.solidity > 0.99 && s.asymmetry[0] < 0.01 && s.asymmetry[1] < 0.01, "{s:?}");
    }

    #[test]
    fn half_a_disc_is_symmetric_about_one_axis_only() {
        let mut map = disc(300, 300, 150.0, 150.0, 120.0);
        map.data[150 * 300..].fill(0);
        let [about_major, about_minor] = shape(&map).asymmetry;
        assert!(about_major > 0.1 && about_minor < 0.01, "{about_major} {about_minor}");
    }

    #[test]
    fn turning_and_mirroring_changes_place_and_direction_only() {
        for seed in 0..12 {
            let map = noise(40, 40, seed);
            let s = shape(&map);
            let turned = shape(&LabelMap {
                width: map.height,
                height: map.width,
                data: (0..map.width)
                    .flat_map(|x| (0..map.height).rev().map(move |y| (x, y)))
                    .map(|(x, y)| map.at(x, y))
                    .collect(),
            });
            let mut upside_down = map.clone();
            upside_down.data.reverse();
            for other in [turned, shape(&upside_down)] {
                assert_eq!(
                    (s.area_px, s.euler_number, s.touches_border),
                    (other.area_px, other.euler_number, other.touches_border)
                );
                close(s.perimeter_px, other.perimeter_px);
                close(s.major_axis_px, other.major_axis_px);
                close(s.minor_axis_px, other.minor_axis_px);
                close(s.solidity, other.solidity);
                close(s.feret_diameter_px, other.feret_diameter_px);
                for (a, b) in s.asymmetry.iter().zip(other.asymmetry) {
                    // Mirrored points between two pixels may round to either.
                    assert!((a - b).abs() < 0.02, "{a} {b}");
                }
            }
        }
    }
}
