//! Which pixels a polygon holds: those whose centre is inside by the even-odd rule.

/// Calls `paint` with y and the first and past-the-last x of every stretch of pixels inside the rings, cut at the frame.
pub fn fill(rings: &[Vec<[f64; 2]>], (width, height): (u32, u32), mut paint: impl FnMut(u32, u32, u32)) {
    let mut edges: Vec<Edge> = rings.iter().flat_map(|ring| edges(ring, height)).collect();
    edges.sort_by_key(|edge| edge.first_row);
    let mut waiting = edges.into_iter().peekable();
    let mut active: Vec<Edge> = Vec::new();
    let mut crossings = Vec::new();
    for y in waiting.peek().map_or(height, |edge| edge.first_row)..height {
        active.retain(|edge| edge.end_row > y);
        while let Some(edge) = waiting.next_if(|edge| edge.first_row <= y) {
            active.push(edge);
        }
        crossings.clear();
        crossings.extend(active.iter().map(|edge| edge.at_row(y)));
        crossings.sort_by(f64::total_cmp);
        for pair in crossings.chunks_exact(2) {
            // A centre on the left edge is inside, one on the right edge outside: neighbours share no pixel.
            let column = |x: f64| (x - 0.5).ceil().clamp(0.0, f64::from(width)) as u32;
            if column(pair[0]) < column(pair[1]) {
                paint(y, column(pair[0]), column(pair[1]));
            }
        }
    }
}

struct Edge {
    /// Rows whose centre line the edge crosses.
    first_row: u32,
    end_row: u32,
    from: [f64; 2],
    slope: f64,
}

impl Edge {
    fn at_row(&self, y: u32) -> f64 {
        self.from[0] + (f64::from(y) + 0.5 - self.from[1]) * self.slope
    }
}

fn edges(ring: &[[f64; 2]], height: u32) -> impl Iterator<Item = Edge> {
    let next = ring.iter().cycle().skip(1);
    ring.iter().zip(next).filter_map(move |(&a, &b)| {
        let (upper, lower) = if a[1] <= b[1] { (a, b) } else { (b, a) };
        let row = |y: f64| (y - 0.5).ceil().clamp(0.0, f64::from(height)) as u32;
        let (first_row, end_row) = (row(upper[1]), row(lower[1]));
        let slope = (lower[0] - upper[0]) / (lower[1] - upper[1]);
        (first_row < end_row).then_some(Edge { first_row, end_row, from: upper, slope })
    })
}
