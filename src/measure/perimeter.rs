//! The length of a component's outline, holes included, as scikit-image's `perimeter(neighborhood=4)` defines it
//! (the estimator of Benkrid and Crookes).
//!
//! Border pixels are those with a side neighbour outside. Each adds a length that depends on which of its eight
//! neighbours are border pixels too. Only border pixels are visited.

use std::f64::consts::SQRT_2;

use super::components::Run;

pub fn perimeter(runs: &[Run], bbox: [u32; 4]) -> f64 {
    let [left, _, width, height] = bbox;
    let mut rows = runs.chunk_by(|a, b| a.y == b.y);
    // Around the row that is being measured.
    let mut above = BorderRow::new(width);
    let mut at = BorderRow::new(width);
    let mut below = BorderRow::new(width);
    let mut histogram = [0_u64; 50];
    let (mut previous, mut current): (&[Run], &[Run]) = (&[], &[]);
    for _ in 0..height + 2 {
        // The row below tells which pixels of the current one are border pixels; then the row above can be measured.
        let next = rows.next().unwrap_or(&[]);
        below.mark(current, previous, next, left);
        for &x in &at.positions {
            let sides = above.is(x) + below.is(x) + at.is(x - 1) + at.is(x + 1);
            let corners = above.is(x - 1) + above.is(x + 1) + below.is(x - 1) + below.is(x + 1);
            histogram[usize::from(1 + 2 * sides + 10 * corners)] += 1;
        }
        (above, at, below) = (at, below, above);
        (previous, current) = (current, next);
    }
    histogram.iter().enumerate().map(|(code, &n)| n as f64 * length(code)).sum()
}

/// The border pixels of one row, with an empty cell at both ends.
struct BorderRow {
    cells: Vec<u8>,
    positions: Vec<usize>,
}

impl BorderRow {
    fn new(width: u32) -> Self {
        Self { cells: vec![0; width as usize + 2], positions: Vec::new() }
    }

    fn is(&self, x: usize) -> u8 {
        self.cells[x]
    }

    fn mark(&mut self, row: &[Run], above: &[Run], below: &[Run], left: u32) {
        for x in self.positions.drain(..) {
            self.cells[x] = 0;
        }
        for run in row {
            self.set(run.start - left);
            self.set(run.end - 1 - left);
            for neighbours in [above, below] {
                self.mark_uncovered(run, neighbours, left);
            }
        }
    }

    /// The pixels of `run` that have none of the `neighbours` beside them.
    fn mark_uncovered(&mut self, run: &Run, neighbours: &[Run], left: u32) {
        let mut at = run.start;
        let first = neighbours.partition_point(|n| n.end <= run.start);
        for neighbour in neighbours[first..].iter().take_while(|n| n.start < run.end) {
            (at..neighbour.start).for_each(|x| self.set(x - left));
            at = neighbour.end;
        }
        (at..run.end).for_each(|x| self.set(x - left));
    }

    fn set(&mut self, x: u32) {
        let x = x as usize + 1;
        if self.cells[x] == 0 {
            self.cells[x] = 1;
            self.positions.push(x);
        }
    }
}

fn length(code: usize) -> f64 {
    match code {
        5 | 7 | 15 | 17 | 25 | 27 => 1.0,
        21 | 33 => SQRT_2,
        13 | 23 => (1.0 + SQRT_2) / 2.0,
        _ => 0.0,
    }
}
