//! Which pixels of a large region are looked at. Means and spreads of colour need some ten thousand pixels, not all twelve
//! million: they are estimates of the full-resolution figure, and small regions are read whole.

use super::components::Run;
use crate::domain::mask::{LESION, LabelMap, SKIN};

/// At most `limit` of a region's pixels, evenly spread in reading order: every n-th.
pub fn spread(runs: &[Run], area: u64, limit: u64) -> impl Iterator<Item = (u32, u32)> {
    let step = area.div_ceil(limit).max(1);
    let mut skip = 0;
    runs.iter().flat_map(move |run| {
        let first = u64::from(run.start) + skip;
        let taken = (run.start as u64 + run.pixels()).saturating_sub(first).div_ceil(step);
        skip = first + taken * step - u64::from(run.end);
        (0..taken).map(move |i| ((first + i * step) as u32, run.y))
    })
}

/// Every `step`-th pixel of every `step`-th row of a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lattice {
    left: u32,
    top: u32,
    pub columns: u32,
    pub rows: u32,
    pub step: u32,
}

impl Lattice {
    /// The densest lattice of at most about `limit` points over `window` (x, y, width, height).
    pub fn over(window: [u32; 4], limit: u64) -> Self {
        let [x, y, width, height] = window;
        let step = (f64::from(width) * f64::from(height) / limit as f64).sqrt().ceil().max(1.0) as u32;
        // Centred: the first point is half a step inside, so that no edge counts more than the opposite one.
        let inset = (step - 1) / 2;
        Self {
            left: x + inset.min(width.saturating_sub(1)),
            top: y + inset.min(height.saturating_sub(1)),
            columns: (width - inset.min(width.saturating_sub(1))).div_ceil(step),
            rows: (height - inset.min(height.saturating_sub(1))).div_ceil(step),
            step,
        }
    }

    pub fn over_frame(labels: &LabelMap, limit: u64) -> Self {
        Self::over([0, 0, labels.width, labels.height], limit)
    }

    pub fn point(&self, column: u32, row: u32) -> (u32, u32) {
        (self.left + column * self.step, self.top + row * self.step)
    }

    pub fn points(self) -> impl Iterator<Item = (u32, u32)> {
        (0..self.rows).flat_map(move |row| (0..self.columns).map(move |column| self.point(column, row)))
    }
}

/// The lattice points of normal skin that have a lesion point within `distance` pixels.
pub fn ring(labels: &LabelMap, lattice: Lattice, distance: f64) -> Vec<(u32, u32)> {
    let (columns, rows) = (lattice.columns as usize, lattice.rows as usize);
    let reach = distance / f64::from(lattice.step);
    let class = |column: usize, row: usize| {
        let (x, y) = lattice.point(column as u32, row as u32);
        labels.at(x, y)
    };
    // A disc around every lesion point is a row of intervals around every run of them. Their ends are noted as
    // steps up and down, and summed up along each row.
    let stride = columns + 1;
    let mut steps = vec![0_i32; stride * rows];
    for row in 0..rows {
        let mut column = 0;
        while column < columns {
            if class(column, row) != LESION {
                column += 1;
                continue;
            }
            let start = column;
            while column < columns && class(column, row) == LESION {
                column += 1;
            }
            let far = reach as usize;
            for other in row.saturating_sub(far)..(row + far + 1).min(rows) {
                let half = (reach.powi(2) - (other.abs_diff(row) as f64).powi(2)).sqrt() as usize;
                steps[other * stride + start.saturating_sub(half)] += 1;
                steps[other * stride + (column + half).min(columns)] -= 1;
            }
        }
    }
    let mut found = Vec::new();
    for row in 0..rows {
        let mut depth = 0;
        for column in 0..columns {
            depth += steps[row * stride + column];
            if depth > 0 && class(column, row) == SKIN {
                found.push(lattice.point(column as u32, row as u32));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::mask::LESION;
    use crate::measure::components::components;
    use crate::measure::testing::{mask, noise};

    #[test]
    fn a_small_region_is_read_whole_and_a_large_one_evenly() {
        let map = noise(50, 40, 3);
        for piece in components(&map, LESION) {
            let all: Vec<_> = piece.runs.iter().flat_map(|r| (r.start..r.end).map(move |x| (x, r.y))).collect();
            for limit in [1, 7, 100, 5_000] {
                let taken: Vec<_> = spread(&piece.runs, piece.area, limit).collect();
                let step = piece.area.div_ceil(limit) as usize;
                assert_eq!(taken, all.iter().copied().step_by(step).collect::<Vec<_>>(), "limit {limit}");
            }
        }
    }

    #[test]
    fn a_lattice_stays_inside_its_window_and_under_its_limit() {
        for window in [[3, 4, 1, 1], [0, 0, 100, 1], [5, 5, 17, 31], [0, 0, 400, 300]] {
            for limit in [1, 10, 1_000_000] {
                let lattice = Lattice::over(window, limit);
                let points: Vec<_> = lattice.points().collect();
                // One point more a row and column than the area asks for.
                let edge = u64::from((window[2] + window[3]) / lattice.step + 1);
                assert!(!points.is_empty() && points.len() as u64 <= limit + edge, "{lattice:?}");
                for (x, y) in points {
                    assert!(
                        (window[0]..window[0] + window[2]).contains(&x)
                            && (window[1]..window[1] + window[3]).contains(&y)
                    );
                }
            }
        }
        assert_eq!(Lattice::over([0, 0, 9, 9], 9).points().collect::<Vec<_>>()[..3], [(1, 1), (4, 1), (7, 1)]);
    }

    #[test]
    fn the_ring_is_the_skin_within_the_distance() {
        let map = mask(&["sssssss", "sssssss", "sss#sss", "sss#s..", "sssssss"]);
        let whole = Lattice::over_frame(&map, 1_000);
        assert_eq!(ring(&map, whole, 1.0), [(3, 1), (2, 2), (4, 2), (2, 3), (4, 3), (3, 4)]);
        assert!(ring(&map, whole, 0.5).is_empty());
        for distance in [1.0, 1.5, 2.0, 2.3, 10.0] {
            let near = |x: u32, y: u32| {
                [(3, 2), (3, 3)]
                    .iter()
                    .any(|&(a, b)| f64::hypot(f64::from(x) - f64::from(a), f64::from(y) - f64::from(b)) <= distance)
            };
            let expected: Vec<_> = whole.points().filter(|&(x, y)| map.at(x, y) == SKIN && near(x, y)).collect();
            assert_eq!(ring(&map, whole, distance), expected, "{distance}");
        }
    }
}
