//! Draws a probability map into the photo's pixels: bilinear, half-pixel centres.
//!
//! Between four neighbouring cells the interpolated probabilities are a convex combination of the four, and the
//! probabilities that give one class form a convex set: where all four corners agree, the whole square between them has
//! their class and is filled without computing anything. Elsewhere every pixel is computed.

use std::ops::Range;

use super::{Decision, ProbMap, pixel_bounds};
use crate::domain::mask::{LESION, LabelMap, MAX_KINDS};

/// Where a row or column of pixels falls between the map's cells.
#[derive(Clone, Copy)]
struct Tap {
    low: usize,
    high: usize,
    /// Weight of `high`.
    weight: f32,
}

/// The taps of the pixels `range` along one axis of `cells` cells, from pixel centres mapped by `to_frame`.
fn taps(range: Range<u32>, cells: usize, to_frame: impl Fn(f64) -> f64) -> Vec<Tap> {
    range.map(|pixel| tap(to_frame(f64::from(pixel) + 0.5), cells)).collect()
}

fn tap(frame: f64, cells: usize) -> Tap {
    let position = (frame - 0.5).clamp(0.0, (cells - 1) as f64);
    let low = position as usize;
    Tap { low, high: (low + 1).min(cells - 1), weight: (position - low as f64) as f32 }
}

fn mix(a: f32, b: f32, weight: f32) -> f32 {
    a + (b - a) * weight
}

/// One class's probability at a point of the photo.
pub fn sample(map: &ProbMap, class: u8, x: f64, y: f64) -> f32 {
    let (u, v) = map.placement.to_frame(x, y);
    between(map.plane(class), map.width(), tap(u, map.width()), tap(v, map.height()))
}

fn between(plane: &[f32], width: usize, across: Tap, down: Tap) -> f32 {
    let row = |y: usize| mix(plane[y * width + across.low], plane[y * width + across.high], across.weight);
    mix(row(down.low), row(down.high), down.weight)
}

/// A map read where columns and rows of the photo cross: where each of them falls is worked out once.
pub struct Crossings<'a> {
    planes: Vec<&'a [f32]>,
    width: usize,
    across: Vec<Tap>,
    down: Vec<Tap>,
}

impl<'a> Crossings<'a> {
    /// The middles of the cells of `other`.
    pub fn at_cells_of(map: &'a ProbMap, other: &ProbMap) -> Self {
        let (xs, ys) = other.middles();
        let across = xs.iter().map(|&x| tap(map.placement.to_frame(x, 0.0).0, map.width()));
        let down = ys.iter().map(|&y| tap(map.placement.to_frame(0.0, y).1, map.height()));
        let planes = (0..map.classes() as u8).map(|class| map.plane(class)).collect();
        Self { planes, width: map.width(), across: across.collect(), down: down.collect() }
    }

    pub fn sample(&self, class: usize, column: usize, row: usize) -> f32 {
        between(self.planes[class], self.width, self.across[column], self.down[row])
    }
}

pub fn paint(labels: &mut LabelMap, map: &ProbMap, decision: Decision) {
    // Three classes are what most models have, and what is fast.
    match map.classes() {
        3 => paint_classes::<3>(labels, map, decision),
        _ => paint_classes::<MAX_CLASSES>(labels, map, decision),
    }
}

pub const MAX_CLASSES: usize = LESION as usize + MAX_KINDS;

/// `N` is at least the number of classes.
fn paint_classes<const N: usize>(labels: &mut LabelMap, map: &ProbMap, decision: Decision) {
    let (columns, rows) = pixel_bounds(map.placement.source, labels.width, labels.height);
    if columns.is_empty() || rows.is_empty() {
        return;
    }
    let (width, height) = (map.width(), map.height());
    let across = taps(columns.clone(), width, |x| map.placement.to_frame(x, 0.0).0);
    let down = taps(rows.clone(), height, |y| map.placement.to_frame(0.0, y).1);
    let classes = map.classes().min(N);
    let nothing = if classes < N { vec![0.0; width * height] } else { Vec::new() };
    let planes: [&[f32]; N] =
        std::array::from_fn(|class| if class < classes { map.plane(class as u8) } else { &nothing[..] });
    let class = |chances: [f32; N]| decision.class(&chances[..classes]);
    let cells: Vec<u8> = (0..width * height).map(|i| class(planes.map(|plane| plane[i]))).collect();
    let spans = spans(&across);

    let stride = labels.width as usize;
    for (y, t) in rows.zip(&down) {
        let (low, high) = (t.low * width, t.high * width);
        let row_start = y as usize * stride + columns.start as usize;
        let row = &mut labels.data[row_start..row_start + across.len()];
        for span in &spans {
            let (l, r) = (across[span.start].low, across[span.start].high);
            let corner = cells[low + l];
            if cells[low + r] == corner && cells[high + l] == corner && cells[high + r] == corner {
                row[span.clone()].fill(corner);
                continue;
            }
            // The left and right edges of the square at this row, class by class.
            let left = planes.map(|p| mix(p[low + l], p[high + l], t.weight));
            let right = planes.map(|p| mix(p[low + r], p[high + r], t.weight));
            for (pixel, a) in row[span.clone()].iter_mut().zip(&across[span.clone()]) {
                *pixel = class(std::array::from_fn(|class| mix(left[class], right[class], a.weight)));
            }
        }
    }
}

/// Runs of pixels between the same two cells.
fn spans(across: &[Tap]) -> Vec<Range<usize>> {
    let mut spans = Vec::new();
    let mut start = 0;
    for x in 1..=across.len() {
        if x == across.len() || across[x].low != across[start].low || across[x].high != across[start].high {
            spans.push(start..x);
            start = x;
        }
    }
    spans
}

/// One class's probability over the photo, row by row, as values 0 to `scale`: the closest look that covers a pixel counts.
pub fn probability_rows(
    looks: &[ProbMap],
    class: u8,
    width: u32,
    height: u32,
    scale: f32,
) -> impl Iterator<Item = Vec<u16>> {
    let prepared: Vec<_> = looks
        .iter()
        .map(|map| {
            let (columns, rows) = pixel_bounds(map.placement.source, width, height);
            let across = taps(columns.clone(), map.width(), |x| map.placement.to_frame(x, 0.0).0);
            (map, columns, rows, across)
        })
        .collect();
    (0..height).map(move |y| {
        let mut row = vec![0u16; width as usize];
        for (map, columns, rows, across) in &prepared {
            if rows.contains(&y) {
                let t = tap(map.placement.to_frame(0.0, f64::from(y) + 0.5).1, map.height());
                let plane = map.plane(class);
                let cells = map.width();
                for (pixel, a) in row[columns.start as usize..].iter_mut().zip(across) {
                    let at = |y: usize| mix(plane[y * cells + a.low], plane[y * cells + a.high], a.weight);
                    *pixel = (mix(at(t.low), at(t.high), t.weight) * scale).round() as u16;
                }
            }
        }
        row
    })
}

#[cfg(test)]
mod tests {
    use ndarray::Array3;

    use super::*;
    use crate::domain::geometry::{Placement, Rect};
    use crate::domain::mask::{BACKGROUND, SKIN};

    /// A map with patches, so that some squares agree and some do not.
    fn patchy(width: usize, height: usize, seed: u32) -> Array3<f32> {
        let mut state = seed;
        let mut planes = Array3::zeros((3, height, width));
        for y in 0..height {
            for x in 0..width {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let noise = (state >> 8) as f32 / (1u32 << 24) as f32;
                let lesion = if (x / 4 + y / 3) % 3 == 0 { 0.5 + 0.5 * noise } else { 0.3 * noise };
                let skin = (1.0 - lesion) * if x * 2 > width { 0.8 } else { noise };
                planes[[0, y, x]] = 1.0 - lesion - skin;
                planes[[1, y, x]] = skin;
                planes[[2, y, x]] = lesion;
            }
        }
        planes
    }

    #[test]
    fn filling_agreeing_squares_equals_computing_every_pixel() {
        for (photo, map, seed) in [
            ((301u32, 203u32), (24usize, 16usize), 1),
            ((64, 200), (32, 8), 2),
            ((10, 7), (32, 24), 3),
            ((1, 1), (5, 5), 4),
        ] {
            let placement = Placement {
                source: Rect::whole(photo.0, photo.1),
                content: Rect::whole(map.0 as u32, map.1 as u32),
                frame_width: map.0 as u32,
                frame_height: map.1 as u32,
            };
            let probabilities = ProbMap { planes: patchy(map.0, map.1, seed), placement };
            for lesion_threshold in [0.35, 0.5, 0.8] {
                let decision = Decision::of_lesion(lesion_threshold);
                let mut fast = LabelMap::filled(photo.0, photo.1, 9);
                paint(&mut fast, &probabilities, decision);
                for y in 0..photo.1 {
                    for x in 0..photo.0 {
                        let p = |class| sample(&probabilities, class, f64::from(x) + 0.5, f64::from(y) + 0.5);
                        let margin = (p(LESION) - lesion_threshold).abs().min((p(SKIN) - p(BACKGROUND)).abs());
                        // Rows first or columns first: at a tie to the last bit either class is right.
                        if margin > 1e-6 {
                            assert_eq!(
                                fast.at(x, y),
                                decision.class(&[p(BACKGROUND), p(SKIN), p(LESION)]),
                                "pixel {x}, {y}"
                            );
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn a_map_read_at_another_ones_cells_is_read_where_they_lie() {
        let map = |source, width: usize, height: usize, seed| {
            let content = Rect::whole(width as u32, height as u32);
            let (frame_width, frame_height) = (width as u32, height as u32);
            ProbMap {
                planes: patchy(width, height, seed),
                placement: Placement { source, content, frame_width, frame_height },
            }
        };
        let first = map(Rect::whole(300, 200), 24, 16, 5);
        let closer = map(Rect { x: 31.0, y: 90.0, width: 77.0, height: 110.0 }, 20, 30, 6);
        let far = Crossings::at_cells_of(&first, &closer);
        for row in 0..30 {
            for column in 0..20 {
                let (x, y) = closer.placement.to_photo(column as f64 + 0.5, row as f64 + 0.5);
                for class in 0..3 {
                    assert_eq!(far.sample(usize::from(class), column, row), sample(&first, class, x, y));
                }
            }
        }
    }

    #[test]
    fn a_part_of_the_photo_is_painted_and_no_more() {
        let source = Rect { x: 10.0, y: 20.0, width: 30.0, height: 10.0 };
        let mut planes = Array3::zeros((3, 4, 4));
        planes.index_axis_mut(ndarray::Axis(0), 2).fill(1.0);
        let map = ProbMap {
            planes,
            placement: Placement { source, content: Rect::whole(4, 4), frame_width: 4, frame_height: 4 },
        };
        let mut labels = LabelMap::filled(60, 40, BACKGROUND);
        paint(&mut labels, &map, Decision::of_lesion(0.5));
        assert_eq!(labels.count(LESION), 300);
        assert!(
            labels.at(10, 20) == LESION
                && labels.at(39, 29) == LESION
                && labels.at(9, 20) == BACKGROUND
                && labels.at(40, 29) == BACKGROUND
        );
    }
}
