//! How far a figure may be off: Wilson's interval for a share of independent cases, and the bootstrap for anything else.

use crate::domain::statistics::quantile;
use crate::evaluation::score::rng::SplitMix64;
use crate::evaluation::score::summary::RESAMPLES;

/// The normal distribution's 97.5 % quantile.
const Z: f64 = 1.959_963_984_540_054;

/// 95 % interval of a share; None of nothing.
pub fn wilson(part: u64, all: u64) -> Option<[f64; 2]> {
    if all == 0 {
        return None;
    }
    let (n, p) = (all as f64, part as f64 / all as f64);
    let middle = (p + Z * Z / (2.0 * n)) / (1.0 + Z * Z / n);
    let half = Z / (1.0 + Z * Z / n) * (p * (1.0 - p) / n + Z * Z / (4.0 * n * n)).sqrt();
    // At the ends the formula gives 0 and 1 but for rounding.
    let low = if part == 0 { 0.0 } else { middle - half };
    let high = if part == all { 1.0 } else { middle + half };
    Some([low, high])
}

/// Whom a bootstrap draws: cases, or people with all of their cases.
pub struct Resampling {
    groups: Vec<Vec<usize>>,
    cases: usize,
}

impl Resampling {
    pub fn of_cases(cases: usize) -> Self {
        Self { groups: (0..cases).map(|case| vec![case]).collect(), cases }
    }

    /// `subjects` gives each case's person as a number.
    pub fn of_subjects(subjects: &[usize]) -> Self {
        let mut groups = vec![Vec::new(); subjects.iter().max().map_or(0, |most| most + 1)];
        subjects.iter().enumerate().for_each(|(case, &subject)| groups[subject].push(case));
        groups.retain(|group: &Vec<usize>| !group.is_empty());
        Self { groups, cases: subjects.len() }
    }

    pub fn groups(&self) -> usize {
        self.groups.len()
    }

    /// 95 % percentile intervals of figures that are made of how often each case counts. A figure that cannot be known in
    /// more than half of the resamples has none; nor has anything where there is only one group to draw from.
    pub fn intervals(&self, seed: u64, figures: impl Fn(&[u32]) -> Vec<Option<f64>>) -> Option<Vec<Option<[f64; 2]>>> {
        if self.groups.len() < 2 {
            return None;
        }
        let mut rng = SplitMix64::new(seed);
        let mut seen: Vec<Vec<f64>> = Vec::new();
        let mut weights = vec![0; self.cases];
        for _ in 0..RESAMPLES {
            weights.fill(0);
            for _ in 0..self.groups.len() {
                let group = &self.groups[rng.below(self.groups.len() as u64) as usize];
                group.iter().for_each(|&case| weights[case] += 1);
            }
            let values = figures(&weights);
            seen.resize(values.len(), Vec::new());
            for (seen, value) in seen.iter_mut().zip(values) {
                seen.extend(value);
            }
        }
        let interval = |mut seen: Vec<f64>| {
            seen.sort_by(f64::total_cmp);
            (2 * seen.len() > RESAMPLES).then(|| [quantile(&seen, 0.025), quantile(&seen, 0.975)])
        };
        Some(seen.into_iter().map(interval).collect())
    }
}
