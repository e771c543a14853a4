//! What a classifier said of many cases against what is true: counts, rates, ranking and calibration, with intervals.
//!
//! `confusion` counts, `ranking` judges probabilities by their order, `calibration` by their size, `interval` says how far
//! figures may be off, `paired` holds two classifiers against each other on the same cases. Definitions: `docs/labels.md`.

mod calibration;
mod confusion;
mod interval;
mod paired;
mod ranking;
#[cfg(test)]
mod tests;

pub use calibration::{BINS, Bin, likeliest};
pub use confusion::Confusion;
pub use interval::{Resampling, wilson};
pub use paired::{McNemar, mcnemar};

use calibration::Calibration;
use ranking::Ranking;

/// One photo, or one person, or whatever was classified.
#[derive(Clone, Debug, PartialEq)]
pub struct Case {
    /// The true label's place in the list of labels.
    pub truth: usize,
    /// The label that was said; None where the classifier abstained.
    pub said: Option<usize>,
    /// One for each label, 0 where the classifier does not know the label; None where there are no probabilities.
    pub probabilities: Option<Vec<f64>>,
}

/// Figures of all labels together, in the order of `Figures::values`.
pub const OVERALL: [&str; 7] =
    ["accuracy", "balanced_accuracy", "macro_f1", "macro_auroc", "macro_average_precision", "ece", "brier"];
/// Figures of each label, one against the rest.
pub const OF_LABEL: [&str; 8] =
    ["sensitivity", "specificity", "ppv", "npv", "f1", "auroc", "average_precision", "brier"];

/// Cases in the order that figures need, so that resamples of them are quick.
pub struct Prepared<'a> {
    cases: &'a [Case],
    labels: usize,
    ranking: Ranking,
    calibration: Calibration,
}

/// The figures of one sample; undefined ones are None.
#[derive(Clone, Debug, PartialEq)]
pub struct Figures {
    pub confusion: Confusion,
    /// As `OVERALL`, then as `OF_LABEL` for each label.
    pub values: Vec<Option<f64>>,
}

impl<'a> Prepared<'a> {
    /// `knows` tells for every label whether the classifier gives a probability for it.
    pub fn new(cases: &'a [Case], knows: &[bool]) -> Self {
        let (ranking, calibration) = (Ranking::new(cases, knows), Calibration::new(cases));
        Self { cases, labels: knows.len(), ranking, calibration }
    }

    pub fn cases(&self) -> &'a [Case] {
        self.cases
    }

    /// Each case as often as its weight says.
    pub fn figures(&self, weights: &[u32]) -> Figures {
        let confusion = Confusion::count(self.cases, self.labels, weights);
        let aurocs = self.ranking.of_labels(weights);
        let (ece, brier, briers) = self.calibration.scores(self.cases, self.labels, weights);
        let mut values = vec![
            confusion.accuracy(),
            confusion.balanced_accuracy(),
            mean((0..self.labels).map(|label| confusion.of(label).f1())),
            mean(aurocs.iter().map(|(auroc, _)| *auroc)),
            mean(aurocs.iter().map(|(_, precision)| *precision)),
            ece,
            brier,
        ];
        for label in 0..self.labels {
            let counts = confusion.of(label);
            let brier = briers[label].filter(|_| self.ranking.knows(label));
            values.extend([
                counts.sensitivity(),
                counts.specificity(),
                counts.ppv(),
                counts.npv(),
                counts.f1(),
                aurocs[label].0,
                aurocs[label].1,
                brier,
            ]);
        }
        Figures { confusion, values }
    }

    /// The reliability of the likeliest label, and that of each label.
    pub fn reliability(&self) -> (Vec<Bin>, Vec<Vec<Bin>>) {
        self.calibration.tables(self.cases, self.labels)
    }
}

/// Over those that are known.
fn mean(values: impl Iterator<Item = Option<f64>>) -> Option<f64> {
    let (sum, n) = values.flatten().fold((0.0, 0_u32), |(sum, n), value| (sum + value, n + 1));
    (n > 0).then(|| sum / f64::from(n))
}

fn ratio(part: u64, all: u64) -> Option<f64> {
    (all > 0).then(|| part as f64 / all as f64)
}
