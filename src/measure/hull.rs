//! The convex hull of a component as scikit-image draws it, and the largest distance across it.
//!
//! A pixel stands for the four midpoints of its sides. The hull image holds every pixel whose centre is inside or on the
//! convex polygon around those points. Coordinates are doubled, so that all points are integers and the result is exact.

use super::components::Run;

/// For a row of points: its y and its leftmost and rightmost x.
type Extent = (i64, i64, i64);

/// The filled convex hull, row by row.
pub struct Hull {
    rows: Vec<Run>,
}

impl Hull {
    pub fn of(runs: &[Run]) -> Self {
        let rows = row_extents(runs);
        let extents = side_midpoints(&rows);
        let left = chain(extents.iter().map(|&(y, left, _)| (left, y)), 1);
        let right = chain(extents.iter().map(|&(y, _, right)| (right, y)), -1);
        let (mut l, mut r) = (0, 0);
        let rows = rows
            .iter()
            .map(|run| {
                let y = 2 * i64::from(run.y);
                while left[l + 1].1 < y {
                    l += 1;
                }
                while right[r + 1].1 < y {
                    r += 1;
                }
                let (numerator, denominator) = crossing(left[l], left[l + 1], y);
                let start = -((-numerator).div_euclid(2 * denominator));
                let (numerator, denominator) = crossing(right[r], right[r + 1], y);
                let last = numerator.div_euclid(2 * denominator);
                Run { y: run.y, start: start as u32, end: last as u32 + 1 }
            })
            .collect();
        Self { rows }
    }

    pub fn area(&self) -> u64 {
        self.rows.iter().map(Run::pixels).sum()
    }

    /// The largest distance between two points of the hull image's outline.
    pub fn feret_diameter(&self) -> f64 {
        let extents = side_midpoints(&self.rows);
        let mut corners = chain(extents.iter().map(|&(y, left, _)| (left, y)), 1);
        corners.extend(chain(extents.iter().map(|&(y, _, right)| (right, y)), -1));
        let mut largest = 0;
        for (i, a) in corners.iter().enumerate() {
            for b in &corners[i + 1..] {
                largest = largest.max((a.0 - b.0).pow(2) + (a.1 - b.1).pow(2));
            }
        }
        (largest as f64).sqrt() / 2.0
    }
}

/// One run a row, from its first to its last pixel. A connected component leaves no row out.
fn row_extents(runs: &[Run]) -> Vec<Run> {
    let mut rows: Vec<Run> = Vec::new();
    for run in runs {
        match rows.last_mut() {
            Some(row) if row.y == run.y => row.end = run.end,
            _ => rows.push(*run),
        }
    }
    rows
}

/// The extents of the midpoints of pixel sides, in doubled coordinates, top to bottom.
fn side_midpoints(rows: &[Run]) -> Vec<Extent> {
    let centre = |run: &Run| (2 * i64::from(run.y), 2 * i64::from(run.start), 2 * (i64::from(run.end) - 1));
    let mut extents: Vec<Extent> = Vec::with_capacity(2 * rows.len() + 1);
    for (y, left, right) in rows.iter().map(centre) {
        match extents.last_mut() {
            Some(upper) => *upper = (upper.0, upper.1.min(left), upper.2.max(right)),
            None => extents.push((y - 1, left, right)),
        }
        extents.push((y, left - 1, right + 1));
        extents.push((y + 1, left, right));
    }
    extents
}

/// The convex chain through points that go down; `side` is 1 for the left one and -1 for the right one.
fn chain(points: impl Iterator<Item = (i64, i64)>, side: i64) -> Vec<(i64, i64)> {
    let mut kept: Vec<(i64, i64)> = Vec::new();
    for p in points {
        while let [.., a, b] = kept[..] {
            let turn = (b.0 - a.0) * (p.1 - b.1) - (b.1 - a.1) * (p.0 - b.0);
            if turn * side < 0 {
                break;
            }
            kept.pop();
        }
        kept.push(p);
    }
    kept
}

/// Where the segment from `a` down to `b` crosses the row `y`, as a fraction.
fn crossing(a: (i64, i64), b: (i64, i64), y: i64) -> (i64, i64) {
    (a.0 * (b.1 - a.1) + (b.0 - a.0) * (y - a.1), b.1 - a.1)
}
