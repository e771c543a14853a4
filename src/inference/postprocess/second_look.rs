//! The second look: where the first found something, the model sees that part of the photo again, larger.
//!
//! Both maps are merged on the closer one's grid, fading to the first towards the crop's edge so that no seam shows.

use super::ProbMap;
use super::paint::Crossings;
use crate::domain::geometry::Rect;
use crate::domain::mask::LESION;
use crate::inference::manifest::SecondLook;

/// The square to look at again, or none where nothing was found or it is larger than the rule says.
pub fn closer_look(first: &ProbMap, rule: &SecondLook, photo_width: u32, photo_height: u32) -> Option<Rect> {
    let width = first.width();
    let (mut x0, mut y0, mut x1, mut y1) = (usize::MAX, usize::MAX, 0, 0);
    for kind in usize::from(LESION)..first.classes() {
        for (y, row) in first.plane(kind as u8).chunks_exact(width).enumerate() {
            for (x, &p) in row.iter().enumerate() {
                if f64::from(p) >= rule.min_probability {
                    (x0, x1) = (x0.min(x), x1.max(x + 1));
                    (y0, y1) = (y0.min(y), y1.max(y + 1));
                }
            }
        }
    }
    if x0 == usize::MAX {
        return None;
    }
    let (left, top) = first.placement.to_photo(x0 as f64, y0 as f64);
    let (right, bottom) = first.placement.to_photo(x1 as f64, y1 as f64);
    let (photo_width, photo_height) = (f64::from(photo_width), f64::from(photo_height));
    let longest = photo_width.max(photo_height);
    // A find in the bars of a letterbox may reach beyond the photo.
    let side = (right - left).max(bottom - top).min(longest);
    if side > rule.max_fraction * longest {
        return None;
    }
    let wanted = (side * (1.0 + 2.0 * rule.margin)).max(f64::from(rule.min_side_px)).round();
    let (width, height) = (wanted.min(photo_width), wanted.min(photo_height));
    let place = |centre: f64, size: f64, limit: f64| (centre - size / 2.0).clamp(0.0, limit - size).round();
    Some(Rect {
        x: place((left + right) / 2.0, width, photo_width),
        y: place((top + bottom) / 2.0, height, photo_height),
        width,
        height,
    })
}

/// Share of the crop's side over which it fades into the first look.
const FADE: f64 = 0.1;

/// `closer`, counting as much as the rule says, with its rim faded into `first`; edges that are the photo's own do not fade.
pub fn merge(first: &ProbMap, mut closer: ProbMap, rule: &SecondLook, photo_width: u32, photo_height: u32) -> ProbMap {
    let source = closer.placement.source;
    let (photo_width, photo_height) = (f64::from(photo_width), f64::from(photo_height));
    // 0 at an inner edge of the crop, 1 from FADE on.
    let rise = |at: f64, start: f64, size: f64, limit: f64| {
        let from_start = if start <= 0.0 { 1.0 } else { (at - start) / (size * FADE) };
        let from_end = if start + size >= limit { 1.0 } else { (start + size - at) / (size * FADE) };
        from_start.min(from_end).clamp(0.0, 1.0) as f32
    };
    let (xs, ys) = closer.middles();
    let across: Vec<f32> = xs.iter().map(|&u| rise(u, source.x, source.width, photo_width)).collect();
    let down: Vec<f32> = ys.iter().map(|&v| rise(v, source.y, source.height, photo_height)).collect();
    let far = Crossings::at_cells_of(first, &closer);
    for ((class, y, x), near) in closer.planes.indexed_iter_mut() {
        let weight = rule.weight as f32 * across[x].min(down[y]);
        if weight < 1.0 {
            let far = far.sample(class, x, y);
            *near = far + (*near - far) * weight;
        }
    }
    closer
}

#[cfg(test)]
mod tests {
    use ndarray::Array3;

    use super::*;
    use crate::domain::geometry::Placement;

    const RULE: SecondLook = SecondLook {
        min_probability: 0.3,
        max_fraction: 0.4,
        margin: 0.5,
        min_side_px: 16,
        weight: 1.0,
        mirrored: false,
    };

    fn spot(x: std::ops::Range<usize>, y: std::ops::Range<usize>) -> ProbMap {
        let mut planes = Array3::zeros((3, 30, 40));
        planes.slice_mut(ndarray::s![2, y, x]).fill(0.9);
        let placement = Placement {
            source: Rect::whole(400, 300),
            content: Rect::whole(40, 30),
            frame_width: 40,
            frame_height: 30,
        };
        ProbMap { planes, placement }
    }

    #[test]
    fn a_small_find_is_looked_at_again_and_a_large_one_is_not() {
        let crop = closer_look(&spot(10..14, 5..8), &RULE, 400, 300).unwrap();
        assert_eq!(crop, Rect { x: 80.0, y: 25.0, width: 80.0, height: 80.0 });
        assert_eq!(closer_look(&spot(5..30, 5..25), &RULE, 400, 300), None);
        let every = SecondLook { max_fraction: 1.0, ..RULE };
        assert_eq!(closer_look(&spot(0..40, 0..30), &every, 400, 300), Some(Rect::whole(400, 300)));
        assert_eq!(closer_look(&spot(0..0, 0..0), &RULE, 400, 300), None);
    }

    #[test]
    fn a_find_in_the_corner_stays_inside_the_photo() {
        let crop = closer_look(&spot(38..40, 28..30), &RULE, 400, 300).unwrap();
        assert_eq!(crop, Rect { x: 360.0, y: 260.0, width: 40.0, height: 40.0 });
    }

    #[test]
    fn the_crop_fades_into_the_first_look_at_inner_edges_only() {
        let first = spot(0..0, 0..0);
        let source = Rect { x: 0.0, y: 100.0, width: 100.0, height: 100.0 };
        let mut planes = Array3::zeros((3, 100, 100));
        planes.index_axis_mut(ndarray::Axis(0), 2).fill(1.0);
        let closer = ProbMap {
            planes,
            placement: Placement { source, content: Rect::whole(100, 100), frame_width: 100, frame_height: 100 },
        };
        let half = merge(&first, closer.clone(), &SecondLook { weight: 0.5, ..RULE }, 400, 300);
        assert_eq!(half.planes[[2, 50, 50]], 0.5, "the mean of both looks");
        let merged = merge(&first, closer, &RULE, 400, 300);
        assert_eq!(merged.planes[[2, 50, 0]], 1.0, "the photo's own edge");
        assert!(merged.planes[[2, 50, 99]] < 0.1 && merged.planes[[2, 0, 50]] < 0.1);
        assert_eq!(merged.planes[[2, 50, 50]], 1.0);
    }
}
