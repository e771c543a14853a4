//! How far a component is from being its own mirror image about its principal axes.
//!
//! |M xor flip(M)| / 2|M| is the share of the component's pixels whose mirror point lies outside it, because mirroring keeps
//! areas. A mirror point belongs to the pixel that it falls into.

use super::components::{Component, Run};

/// Of a larger component, every k-th pixel of every k-th row is mirrored, which moves the share by less than 0.002.
const MAX_SAMPLES: u64 = 65_536;

/// About the major and about the minor axis, each from 0 (symmetric) to 1.
pub fn asymmetry(component: &Component, centroid: [f64; 2], orientation: f64) -> [f64; 2] {
    let rows = Rows::of(component);
    let step = (component.area as f64 / MAX_SAMPLES as f64).sqrt().ceil().max(1.0) as u32;
    // The major axis as a unit vector in x and y.
    let (ux, uy) = orientation.sin_cos();
    let (mut samples, mut outside) = (0_u64, [0_u64; 2]);
    for run in component.runs.iter().filter(|run| run.y.is_multiple_of(step)) {
        let dy = f64::from(run.y) - centroid[1];
        for x in (run.start.next_multiple_of(step)..run.end).step_by(step as usize) {
            let dx = f64::from(x) - centroid[0];
            let along = 2.0 * (dx * ux + dy * uy);
            let (mx, my) = (along * ux - dx, along * uy - dy);
            samples += 1;
            outside[0] += u64::from(!rows.contain(centroid[0] + mx, centroid[1] + my));
            outside[1] += u64::from(!rows.contain(centroid[0] - mx, centroid[1] - my));
        }
    }
    outside.map(|n| if samples == 0 { 0.0 } else { n as f64 / samples as f64 })
}

/// A component's runs with the place where each row begins.
struct Rows<'a> {
    runs: &'a [Run],
    top: u32,
    starts: Vec<usize>,
}

impl<'a> Rows<'a> {
    fn of(component: &'a Component) -> Self {
        let [_, top, _, height] = component.bbox;
        let mut starts = vec![0; height as usize + 1];
        for run in &component.runs {
            starts[(run.y - top) as usize + 1] += 1;
        }
        for row in 0..height as usize {
            starts[row + 1] += starts[row];
        }
        Self { runs: &component.runs, top, starts }
    }

    fn contain(&self, x: f64, y: f64) -> bool {
        // Half-way rounds up, on both sides of zero.
        let (x, row) = ((x + 0.5).floor(), (y + 0.5).floor() - f64::from(self.top));
        if row < 0.0 || row as usize + 1 >= self.starts.len() {
            return false;
        }
        let runs = &self.runs[self.starts[row as usize]..self.starts[row as usize + 1]];
        let after = runs.partition_point(|run| f64::from(run.start) <= x);
        after > 0 && x < f64::from(runs[after - 1].end)
    }
}
