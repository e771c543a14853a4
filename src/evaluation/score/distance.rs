//! How far apart two edges are: percentile and maximum Hausdorff distance, mean distances, and the share within a tolerance.

use super::edges::{Point, edges};
use super::nearest::nearest_squared;
use super::region::Bitmap;

/// Added to a tolerance so that a distance that equals it is within it, whatever the last bit of a root.
const TOLERANCE_SLACK: f64 = 1e-9;

/// Distances in pixels; unknown where a mask is empty.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Distances {
    /// The larger of the two directed 95th percentiles (linear interpolation).
    pub hd95: Option<f64>,
    pub hd100: Option<f64>,
    /// Mean of the two directed means.
    pub masd: Option<f64>,
    /// Mean over the edge pixels of both masks together.
    pub assd: Option<f64>,
    /// For each tolerance, the share of the edge pixels of both masks within it.
    pub nsd: Vec<Option<f64>>,
}

/// `None` stands for two empty masks.
pub fn distances(lesions: Option<&(Bitmap, Bitmap)>, tolerances: &[f64]) -> Distances {
    let Some((prediction, truth)) = lesions else {
        return Distances { nsd: vec![None; tolerances.len()], ..Distances::default() };
    };
    let (p, t) = (edges(prediction), edges(truth));
    if p.is_empty() || t.is_empty() {
        return Distances { nsd: vec![Some(0.0); tolerances.len()], ..Distances::default() };
    }
    let there = Directed::new(&p, &t);
    let back = Directed::new(&t, &p);
    let n = (there.sorted.len() + back.sorted.len()) as f64;
    Distances {
        hd95: Some(there.percentile(0.95).max(back.percentile(0.95))),
        hd100: Some(there.percentile(1.0).max(back.percentile(1.0))),
        masd: Some((there.mean() + back.mean()) / 2.0),
        assd: Some((there.sum + back.sum) / n),
        nsd: tolerances.iter().map(|&t| Some((there.within(t) + back.within(t)) as f64 / n)).collect(),
    }
}

/// Distances from every edge pixel of one mask to the other's edge.
struct Directed {
    sorted: Vec<u64>,
    sum: f64,
}

impl Directed {
    fn new(from: &[Point], to: &[Point]) -> Self {
        let mut sorted = nearest_squared(from, to);
        sorted.sort_unstable();
        let sum = sorted.iter().map(|&d| root(d)).sum();
        Directed { sorted, sum }
    }

    fn mean(&self) -> f64 {
        self.sum / self.sorted.len() as f64
    }

    fn percentile(&self, q: f64) -> f64 {
        let position = (self.sorted.len() - 1) as f64 * q;
        let below = root(self.sorted[position.floor() as usize]);
        let above = root(self.sorted[position.ceil() as usize]);
        below + (above - below) * position.fract()
    }

    fn within(&self, tolerance: f64) -> usize {
        self.sorted.partition_point(|&d| root(d) <= tolerance + TOLERANCE_SLACK)
    }
}

fn root(squared: u64) -> f64 {
    (squared as f64).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluation::score::testing::{rectangle, region_of};

    #[test]
    fn golden_a_square_against_itself_shifted_by_two() {
        let (a, b) = (rectangle(30, 30, [5, 5, 10, 10]), rectangle(30, 30, [7, 5, 10, 10]));
        let d = distances(region_of(&a, &b).as_ref(), &[1.0, 2.0]);
        assert_eq!((d.hd95, d.hd100), (Some(2.0), Some(2.0)));
        assert_eq!(d.assd, Some(1.0));
        assert_eq!(d.nsd[1], Some(1.0));
        assert!(d.nsd[0].unwrap() < 1.0);
    }

    #[test]
    fn golden_a_full_square_against_its_inner_square() {
        let (a, b) = (rectangle(20, 20, [0, 0, 20, 20]), rectangle(20, 20, [2, 2, 16, 16]));
        let d = distances(region_of(&a, &b).as_ref(), &[2.0]);
        assert!((d.hd95.unwrap() - 2.3842).abs() < 5e-5, "{d:?}");
        assert_eq!(d.hd100, Some(8f64.sqrt()));
        // Other tools take the percentile of both directions together, which is another number of the same masks.
        let (full, inner) = region_of(&a, &b).unwrap();
        let (full, inner) = (edges(&full), edges(&inner));
        let both = [Directed::new(&full, &inner).sorted, Directed::new(&inner, &full).sorted];
        let mut sorted = both.concat();
        sorted.sort_unstable();
        assert!((Directed { sorted, sum: 0.0 }.percentile(0.95) - 2.2361).abs() < 5e-5);
    }

    #[test]
    fn a_distance_that_equals_the_tolerance_is_within_it() {
        // Single pixels, the root of 5 apart.
        let (a, b) = (rectangle(9, 9, [2, 2, 1, 1]), rectangle(9, 9, [4, 3, 1, 1]));
        let root = 5f64.sqrt();
        let d = distances(region_of(&a, &b).as_ref(), &[root, root - 0.5e-9, root - 2e-9, 2.0]);
        assert_eq!(d.nsd, [Some(1.0), Some(1.0), Some(0.0), Some(0.0)]);
    }

    #[test]
    fn identical_masks_are_at_no_distance() {
        let a = rectangle(9, 9, [3, 3, 1, 1]);
        let d = distances(region_of(&a, &a).as_ref(), &[0.0]);
        assert_eq!(
            (d.hd95, d.hd100, d.masd, d.assd, d.nsd[0]),
            (Some(0.0), Some(0.0), Some(0.0), Some(0.0), Some(1.0))
        );
    }

    #[test]
    fn one_empty_mask_has_no_distance_and_nothing_within_tolerance() {
        let (a, none) = (rectangle(9, 9, [3, 3, 2, 2]), rectangle(9, 9, [0, 0, 0, 0]));
        for region in [region_of(&a, &none), region_of(&none, &a)] {
            let d = distances(region.as_ref(), &[2.0, 5.0]);
            assert_eq!(d, Distances { nsd: vec![Some(0.0); 2], ..Distances::default() });
        }
    }

    #[test]
    fn two_empty_masks_have_no_figure_at_all() {
        assert_eq!(distances(None, &[2.0]), Distances { nsd: vec![None], ..Distances::default() });
    }

    #[test]
    fn the_pooled_mean_and_the_mean_of_means_differ_where_the_edges_do() {
        // One pixel against a 5×5 square three columns away: 1 edge pixel against 16.
        let (a, b) = (rectangle(20, 20, [0, 5, 1, 1]), rectangle(20, 20, [3, 3, 5, 5]));
        let d = distances(region_of(&a, &b).as_ref(), &[3.0]);
        assert!(d.masd.unwrap() < d.assd.unwrap());
        assert_eq!(d.nsd[0], Some(2.0 / 17.0));
    }
}
