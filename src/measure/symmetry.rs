//! How far a component is from being its own mirror image about its principal axes.
//!
//! |M xor flip(M)| / 2|M| is the share of the component's pixels whose mirror point lies outside it, because mirroring keeps
//! areas. A mirror point belongs to the pixel that it falls into.

use super::components::{Component, Run};

/// Of a larger component, every k-th pixel of every k-th row is mirrored, which moves the share by less than 0.002.
const MAX_SAMPLES: u64 = 16_384;

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
        let (x, row) = (x + 0.5, y + 0.5 - f64::from(self.top));
        if row < 0.0 || row as usize + 1 >= self.starts.len() {
            return false;
        }
        let runs = &self.runs[self.starts[row as usize]..self.starts[row as usize + 1]];
        let after = runs.partition_point(|run| f64::from(run.start) <= x);
        after > 0 && x < f64::from(runs[after - 1].end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::mask::LESION;
    use crate::measure::components::components;
    use crate::measure::testing::disc;

    /// The same share, of all pixels.
    fn exact(component: &Component, [cx, cy]: [f64; 2], orientation: f64) -> f64 {
        let rows = Rows::of(component);
        let (ux, uy) = orientation.sin_cos();
        let pixels =
            component.runs.iter().flat_map(|run| (run.start..run.end).map(move |x| (f64::from(x), f64::from(run.y))));
        let outside = pixels.filter(|(x, y)| {
            let along = 2.0 * ((x - cx) * ux + (y - cy) * uy);
            !rows.contain(cx + along * ux - (x - cx), cy + along * uy - (y - cy))
        });
        outside.count() as f64 / component.area as f64
    }

    #[test]
    fn a_sample_of_a_large_lesion_tells_the_same() {
        for (notch, direction) in [(0.3, 0.4), (0.6, 1.3), (0.9, -0.8)] {
            let mut map = disc(900, 800, 450.0, 400.0, 380.0);
            let bite = disc(900, 800, 450.0 + 380.0 * notch, 330.0, 200.0);
            map.data.iter_mut().zip(&bite.data).filter(|(_, b)| **b == LESION).for_each(|(m, _)| *m = 0);
            let piece = &components(&map, LESION)[0];
            let centroid = [440.0, 405.0];
            let sampled = asymmetry(piece, centroid, direction)[0];
            let whole = exact(piece, centroid, direction);
            assert!((sampled - whole).abs() < 0.002 && whole > 0.02, "{sampled} {whole}");
        }
    }
}
