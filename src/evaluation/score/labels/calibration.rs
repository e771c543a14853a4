//! Probabilities judged by their size: of the cases that were called 80 % sure, are eight in ten right?

use super::interval::wilson;
use super::{Case, ratio};
use serde::Serialize;

/// Of equal width; each holds its upper edge and not its lower one, the first also 0.
pub const BINS: usize = 10;

/// A line of a reliability table.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Bin {
    pub from: f64,
    pub to: f64,
    pub n: u64,
    pub mean_probability: Option<f64>,
    /// The share that is so.
    pub observed: Option<f64>,
    pub wilson95: Option<[f64; 2]>,
}

pub struct Calibration {
    /// For cases with probabilities: the highest one, and whether that label is the true one.
    top: Vec<Option<(f64, bool)>>,
}

fn bin(probability: f64) -> usize {
    (0..BINS - 1).find(|i| probability <= (*i as f64 + 1.0) / BINS as f64).unwrap_or(BINS - 1)
}

/// The first of the highest.
pub fn likeliest(probabilities: &[f64]) -> usize {
    (1..probabilities.len()).fold(0, |best, i| if probabilities[i] > probabilities[best] { i } else { best })
}

impl Calibration {
    pub fn new(cases: &[Case]) -> Self {
        let top = |case: &Case| {
            let probabilities = case.probabilities.as_ref().filter(|p| !p.is_empty())?;
            let best = likeliest(probabilities);
            Some((probabilities[best], best == case.truth))
        };
        Self { top: cases.iter().map(top).collect() }
    }

    /// Expected calibration error of the likeliest label, Brier score over all labels, and that of each label.
    pub fn scores(
        &self,
        cases: &[Case],
        labels: usize,
        weights: &[u32],
    ) -> (Option<f64>, Option<f64>, Vec<Option<f64>>) {
        let mut gaps = [0.0; BINS];
        let mut n = 0_u64;
        let mut squares = vec![0.0; labels];
        for ((case, top), weight) in cases.iter().zip(&self.top).zip(weights) {
            let (Some(probabilities), Some((confidence, right))) = (&case.probabilities, top) else { continue };
            let weight = f64::from(*weight);
            n += weight as u64;
            gaps[bin(*confidence)] += weight * (f64::from(u8::from(*right)) - confidence);
            for (label, probability) in probabilities.iter().enumerate() {
                let truly = f64::from(u8::from(case.truth == label));
                squares[label] += weight * (probability - truly).powi(2);
            }
        }
        let share = |sum: f64| (n > 0).then(|| sum / n as f64);
        let ece = share(gaps.iter().map(|gap| gap.abs()).sum());
        (ece, share(squares.iter().sum()), squares.into_iter().map(share).collect())
    }

    pub fn tables(&self, cases: &[Case], labels: usize) -> (Vec<Bin>, Vec<Vec<Bin>>) {
        let of_label = |label: usize| {
            table(cases.iter().filter_map(|case| Some((case.probabilities.as_ref()?[label], case.truth == label))))
        };
        (table(self.top.iter().flatten().copied()), (0..labels).map(of_label).collect())
    }
}

fn table(cases: impl Iterator<Item = (f64, bool)>) -> Vec<Bin> {
    let mut sums = [(0_u64, 0_u64, 0.0); BINS];
    for (probability, right) in cases {
        let sum = &mut sums[bin(probability)];
        *sum = (sum.0 + 1, sum.1 + u64::from(right), sum.2 + probability);
    }
    let line = |(i, (n, right, sum)): (usize, (u64, u64, f64))| Bin {
        from: i as f64 / BINS as f64,
        to: (i as f64 + 1.0) / BINS as f64,
        n,
        mean_probability: (n > 0).then(|| sum / n as f64),
        observed: ratio(right, n),
        wilson95: wilson(right, n),
    };
    sums.into_iter().enumerate().map(line).collect()
}
