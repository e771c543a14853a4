//! Many values of one figure in a few numbers, with a seeded bootstrap interval for the mean.

use serde::{Deserialize, Serialize};

use super::rng::SplitMix64;
use crate::domain::statistics::quantile;

pub const RESAMPLES: usize = 2000;

/// Values that could not be known are counted in `missing` and are in no other number.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct MetricSummary {
    pub n: usize,
    pub missing: usize,
    /// How many subjects the known values are of; null where subjects are not known.
    #[serde(default)]
    pub subjects: Option<usize>,
    pub mean: Option<f64>,
    /// Of the sample (n - 1); null under two values.
    pub sd: Option<f64>,
    pub min: Option<f64>,
    pub q1: Option<f64>,
    pub median: Option<f64>,
    pub q3: Option<f64>,
    pub max: Option<f64>,
    /// 95 % interval of the mean, images resampled; null under two values.
    pub ci95_by_image: Option<[f64; 2]>,
    /// The same with whole subjects resampled, where subjects are known; null under two subjects.
    pub ci95_by_subject: Option<[f64; 2]>,
}

impl MetricSummary {
    /// The interval to believe: by subject where subjects are known, because images of one person are alike.
    pub fn interval(&self) -> Option<[f64; 2]> {
        match self.subjects {
            Some(_) => self.ci95_by_subject,
            // Scores of an earlier version do not count subjects.
            None => self.ci95_by_subject.or(self.ci95_by_image),
        }
    }
}

/// `subjects` gives each value's subject as a number; without it there is no interval by subject.
pub fn summarise(values: &[Option<f64>], subjects: Option<&[usize]>, seed: u64) -> MetricSummary {
    let known: Vec<f64> = values.iter().copied().flatten().collect();
    let of_subjects = subjects.map(|subjects| by_subject(values, subjects));
    let mut summary = MetricSummary {
        n: known.len(),
        missing: values.len() - known.len(),
        subjects: of_subjects.as_ref().map(Vec::len),
        ..MetricSummary::default()
    };
    if known.is_empty() {
        return summary;
    }
    let n = known.len() as f64;
    let mean = known.iter().sum::<f64>() / n;
    let squares: f64 = known.iter().map(|v| (v - mean).powi(2)).sum();
    summary.mean = Some(mean);
    summary.sd = (known.len() > 1).then(|| (squares / (n - 1.0)).sqrt());
    summary.ci95_by_image = interval(&known.iter().map(|&v| (v, 1)).collect::<Vec<_>>(), seed);
    summary.ci95_by_subject = of_subjects.and_then(|groups| interval(&groups, seed));

    let mut sorted = known;
    sorted.sort_by(f64::total_cmp);
    summary.min = Some(quantile(&sorted, 0.0));
    summary.q1 = Some(quantile(&sorted, 0.25));
    summary.median = Some(quantile(&sorted, 0.5));
    summary.q3 = Some(quantile(&sorted, 0.75));
    summary.max = Some(quantile(&sorted, 1.0));
    summary
}

/// Sum and number of the known values of every subject, in the order in which the subjects appear.
fn by_subject(values: &[Option<f64>], subjects: &[usize]) -> Vec<(f64, u32)> {
    let mut groups: Vec<(f64, u32)> = vec![(0.0, 0); subjects.iter().max().map_or(0, |m| m + 1)];
    for (value, &subject) in values.iter().zip(subjects) {
        if let Some(value) = value {
            groups[subject].0 += value;
            groups[subject].1 += 1;
        }
    }
    groups.retain(|g| g.1 > 0);
    groups
}

/// Percentile bootstrap of the mean over groups that are drawn whole. One group alone says nothing of how far others may be.
fn interval(groups: &[(f64, u32)], seed: u64) -> Option<[f64; 2]> {
    if groups.len() < 2 {
        return None;
    }
    let mut rng = SplitMix64::new(seed);
    let mut means: Vec<f64> = (0..RESAMPLES)
        .map(|_| {
            let (mut sum, mut n) = (0.0, 0u64);
            for _ in 0..groups.len() {
                let (s, k) = groups[rng.below(groups.len() as u64) as usize];
                sum += s;
                n += u64::from(k);
            }
            sum / n as f64
        })
        .collect();
    means.sort_by(f64::total_cmp);
    Some([quantile(&means, 0.025), quantile(&means, 0.975)])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn some(values: &[f64]) -> Vec<Option<f64>> {
        values.iter().copied().map(Some).collect()
    }

    #[test]
    fn the_numbers_of_a_known_list() {
        let mut values = some(&[1.0, 2.0, 3.0, 4.0]);
        values.push(None);
        let s = summarise(&values, None, 1);
        assert_eq!((s.n, s.missing, s.mean, s.median), (4, 1, Some(2.5), Some(2.5)));
        assert_eq!((s.q1, s.q3, s.min, s.max), (Some(1.75), Some(3.25), Some(1.0), Some(4.0)));
        assert!((s.sd.unwrap() - 1.2909944487358056).abs() < 1e-15);
        assert_eq!(s.ci95_by_subject, None);
    }

    #[test]
    fn nothing_known_is_all_null() {
        let s = summarise(&[None, None], Some(&[0, 0]), 1);
        assert_eq!(s, MetricSummary { missing: 2, subjects: Some(0), ..MetricSummary::default() });
    }

    #[test]
    fn one_value_or_one_subject_has_no_spread() {
        let s = summarise(&some(&[0.5]), None, 1);
        assert_eq!((s.sd, s.interval()), (None, None));
        // Many images of one person say nothing of others: the interval by image does not stand in for the other.
        let s = summarise(&some(&[0.5, 0.6, 0.7]), Some(&[0, 0, 0]), 1);
        assert!(s.ci95_by_image.is_some());
        assert_eq!((s.subjects, s.ci95_by_subject, s.interval()), (Some(1), None, None));
    }

    #[test]
    fn the_interval_is_near_the_normal_one_and_depends_on_the_seed_alone() {
        let values: Vec<_> = (0..400).map(|i| Some(f64::from((i * 7919) % 1000) / 1000.0)).collect();
        let s = summarise(&values, None, 42);
        let half = 1.96 * s.sd.unwrap() / 20.0;
        let [low, high] = s.ci95_by_image.unwrap();
        assert!((low - (s.mean.unwrap() - half)).abs() < 0.005, "{low}");
        assert!((high - (s.mean.unwrap() + half)).abs() < 0.005, "{high}");
        assert_eq!(s, summarise(&values, None, 42));
        assert_ne!(s.ci95_by_image, summarise(&values, None, 43).ci95_by_image);
    }

    #[test]
    fn images_of_one_subject_that_agree_widen_the_interval_by_subject() {
        // Ten subjects with ten equal images each: by image the sample looks ten times as large as it is.
        let values: Vec<_> = (0..100).map(|i| Some(f64::from(i / 10))).collect();
        let subjects: Vec<usize> = (0..100).map(|i| i / 10).collect();
        let s = summarise(&values, Some(&subjects), 1);
        let width = |ci: Option<[f64; 2]>| ci.unwrap()[1] - ci.unwrap()[0];
        assert!(width(s.ci95_by_subject) > 2.5 * width(s.ci95_by_image), "{s:?}");
    }

    #[test]
    fn subjects_weigh_by_their_images_in_the_mean() {
        let s = summarise(&some(&[0.0, 0.0, 0.0, 1.0]), Some(&[0, 0, 0, 1]), 1);
        assert_eq!(s.mean, Some(0.25));
        assert_eq!(s.ci95_by_subject, Some([0.0, 1.0]));
    }
}
