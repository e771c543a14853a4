//! Exact distance from each of some pixels to the nearest of some others, as squared integers.
//!
//! Same idea as the linear-time Euclidean distance transforms (Felzenszwalb and Huttenlocher 2012; Meijster et al. 2000):
//! first the vertical distance in every column, then the lower envelope of one parabola a column in each row. Only what
//! is asked for is computed: rows without a query are skipped, vertical distances are kept for one row at a time, and a
//! row whose queries lie close to their targets is answered by looking left and right instead of by the envelope.

use super::edges::Point;

/// Both lists are in reading order. Squared distances in the order of `queries`; nothing where there is no target.
pub fn nearest_squared(queries: &[Point], targets: &[Point]) -> Vec<u64> {
    let Some(mut columns) = Columns::new(targets) else { return Vec::new() };
    let mut found = Vec::with_capacity(queries.len());
    for row in queries.chunk_by(|a, b| a.y == b.y) {
        columns.move_to(i64::from(row[0].y));
        let start = found.len();
        // Worth trying as long as it is cheaper than the envelope, which looks at every column.
        let mut budget = 2 * columns.width();
        for query in row {
            match columns.look_around(i64::from(query.x), &mut budget) {
                Some(squared) => found.push(squared as u64),
                None => {
                    found.truncate(start);
                    columns.read_envelope(row, &mut found);
                    break;
                }
            }
        }
    }
    found
}

/// Far enough never to be nearest, near enough that its square fits.
const FAR: i64 = 1 << 30;

/// The nearest target above (or on) and below one row, for every column from the first to the last target.
struct Columns<'a> {
    targets: &'a [Point],
    /// Row of the target that comes next in the same column, for every target.
    next: Vec<i64>,
    /// How many targets lie above or on the row.
    passed: usize,
    row: i64,
    /// The first column that holds a target.
    first: i64,
    above: Vec<i64>,
    below: Vec<i64>,
    /// Column and first `x` of every parabola of the lower envelope: kept to save allocating it again.
    envelope: Vec<(i64, i64)>,
}

impl<'a> Columns<'a> {
    fn new(targets: &'a [Point]) -> Option<Self> {
        let first = targets.iter().map(|p| p.x).min()?;
        let last = targets.iter().map(|p| p.x).max()?;
        let width = (last - first + 1) as usize;
        let mut below = vec![FAR; width];
        let mut next = vec![FAR; targets.len()];
        for (i, p) in targets.iter().enumerate().rev() {
            next[i] = std::mem::replace(&mut below[(p.x - first) as usize], i64::from(p.y));
        }
        let above = vec![-FAR; width];
        Some(Columns { targets, next, passed: 0, row: 0, first: first.into(), above, below, envelope: Vec::new() })
    }

    fn width(&self) -> i64 {
        self.above.len() as i64
    }

    fn move_to(&mut self, row: i64) {
        self.row = row;
        while let Some(p) = self.targets.get(self.passed).filter(|p| i64::from(p.y) <= row) {
            let column = (i64::from(p.x) - self.first) as usize;
            self.above[column] = p.y.into();
            self.below[column] = self.next[self.passed];
            self.passed += 1;
        }
    }

    /// Squared vertical distance to the nearest target of a column.
    fn vertical(&self, x: i64) -> i64 {
        let column = (x - self.first) as usize;
        let d = (self.row - self.above[column]).min(self.below[column] - self.row);
        d * d
    }

    fn squared(&self, column: i64, x: i64) -> i64 {
        (x - column) * (x - column) + self.vertical(column)
    }

    /// The nearest target by looking left and right until no farther column can be nearer; `None` when that costs too much.
    fn look_around(&self, x: i64, budget: &mut i64) -> Option<i64> {
        let last = self.first + self.width() - 1;
        let mut best = i64::MAX;
        let mut k = (self.first - x).max(x - last).max(0);
        while k * k < best && (x - k >= self.first || x + k <= last) {
            if x - k >= self.first && x - k <= last {
                best = best.min(self.squared(x - k, x));
            }
            if x + k >= self.first && x + k <= last {
                best = best.min(self.squared(x + k, x));
            }
            k += 1;
            *budget -= 1;
            if *budget < 0 {
                return None;
            }
        }
        Some(best)
    }

    /// The nearest target of every query of this row, from the lower envelope of the columns' parabolas.
    fn read_envelope(&mut self, row: &[Point], found: &mut Vec<u64>) {
        let mut envelope = std::mem::take(&mut self.envelope);
        envelope.clear();
        for column in self.first..self.first + self.width() {
            let height = self.vertical(column);
            if height >= FAR * FAR / 4 {
                continue; // no target in this column
            }
            while envelope.last().is_some_and(|&(top, start)| self.squared(top, start) > self.squared(column, start)) {
                envelope.pop();
            }
            let start = match envelope.last() {
                None => 0,
                // From the next whole number on, the new parabola is below the last one.
                Some(&(top, _)) => {
                    let rise = column * column - top * top + height - self.vertical(top);
                    rise.div_euclid(2 * (column - top)) + 1
                }
            };
            envelope.push((column, start));
        }
        let mut piece = 0;
        for query in row {
            let x = i64::from(query.x);
            while envelope.get(piece + 1).is_some_and(|&(_, start)| start <= x) {
                piece += 1;
            }
            found.push(self.squared(envelope[piece].0, x) as u64);
        }
        self.envelope = envelope;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluation::score::rng::SplitMix64;

    fn brute(queries: &[Point], targets: &[Point]) -> Vec<u64> {
        let squared = |a: &Point, b: &Point| u64::from(a.x.abs_diff(b.x)).pow(2) + u64::from(a.y.abs_diff(b.y)).pow(2);
        queries.iter().map(|q| targets.iter().map(|t| squared(q, t)).min().unwrap()).collect()
    }

    fn scattered(rng: &mut SplitMix64, n: usize, x0: u64, w: u64, y0: u64, h: u64) -> Vec<Point> {
        let mut cells: Vec<(u32, u32)> =
            (0..n).map(|_| ((y0 + rng.below(h)) as u32, (x0 + rng.below(w)) as u32)).collect();
        cells.sort_unstable();
        cells.dedup();
        cells.into_iter().map(|(y, x)| Point { x, y }).collect()
    }

    #[test]
    fn equals_brute_force_near_and_far() {
        let mut rng = SplitMix64::new(7);
        for round in 0..400 {
            let (n, m) = (1 + rng.below(60) as usize, 1 + rng.below(60) as usize);
            let (w, h) = (1 + rng.below(90), 1 + rng.below(90));
            let queries = scattered(&mut rng, n, 0, w, 0, h);
            // Every other round the targets lie to one side, where looking around is given up for the envelope.
            let x0 = if round % 2 == 0 { 0 } else { w + rng.below(300) };
            let y0 = rng.below(400);
            let targets = scattered(&mut rng, m, x0, w, y0, h);
            assert_eq!(nearest_squared(&queries, &targets), brute(&queries, &targets), "round {round}");
            assert_eq!(nearest_squared(&targets, &queries), brute(&targets, &queries), "round {round}, back");
        }
    }

    #[test]
    fn a_dense_row_far_from_its_targets_takes_the_envelope() {
        let queries: Vec<_> = (0..500).map(|x| Point { x, y: 0 }).collect();
        let targets: Vec<_> = (0..500).map(|x| Point { x, y: 300 + (x * 7919) % 97 }).collect();
        let mut targets = targets;
        targets.sort_by_key(|p| (p.y, p.x));
        assert_eq!(nearest_squared(&queries, &targets), brute(&queries, &targets));
    }

    #[test]
    fn without_targets_there_is_no_answer() {
        assert!(nearest_squared(&[Point { x: 0, y: 0 }], &[]).is_empty());
    }
}
