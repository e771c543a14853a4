//! The conventions of the ISIC 2018 challenge, task 1: what cannot be known is a gift, and a Jaccard under 0.65 is a failure.

use serde::{Deserialize, Serialize};

use super::overlap::{Counts, EmptyPolicy};

const JACCARD_THRESHOLD: f64 = 0.65;

/// Figures of one image, or their macro mean over images.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Isic {
    /// The challenge's score: Jaccard, or 0 under 0.65.
    pub threshold_jaccard: f64,
    pub jaccard: f64,
    pub dice: f64,
    pub accuracy: f64,
    pub sensitivity: f64,
    pub specificity: f64,
}

impl Isic {
    pub fn of(counts: &Counts) -> Self {
        let jaccard = counts.jaccard(EmptyPolicy::One).unwrap_or(1.0);
        Isic {
            threshold_jaccard: if jaccard >= JACCARD_THRESHOLD { jaccard } else { 0.0 },
            jaccard,
            dice: counts.dice(EmptyPolicy::One).unwrap_or(1.0),
            accuracy: counts.accuracy().unwrap_or(1.0),
            sensitivity: counts.sensitivity().unwrap_or(1.0),
            specificity: counts.specificity().unwrap_or(1.0),
        }
    }

    /// Macro mean; nothing to average is `None`.
    pub fn mean(rows: impl Iterator<Item = Isic>) -> Option<Self> {
        let mut n = 0.0;
        let mut sum = Isic::default();
        for row in rows {
            n += 1.0;
            sum.threshold_jaccard += row.threshold_jaccard;
            sum.jaccard += row.jaccard;
            sum.dice += row.dice;
            sum.accuracy += row.accuracy;
            sum.sensitivity += row.sensitivity;
            sum.specificity += row.specificity;
        }
        (n > 0.0).then(|| Isic {
            threshold_jaccard: sum.threshold_jaccard / n,
            jaccard: sum.jaccard / n,
            dice: sum.dice / n,
            accuracy: sum.accuracy / n,
            sensitivity: sum.sensitivity / n,
            specificity: sum.specificity / n,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_jaccard_under_the_threshold_scores_nothing() {
        assert_eq!(Isic::of(&Counts { tp: 64, fp: 36, fn_: 0, tn: 0 }).threshold_jaccard, 0.0);
        assert_eq!(Isic::of(&Counts { tp: 65, fp: 35, fn_: 0, tn: 0 }).threshold_jaccard, 0.65);
    }

    #[test]
    fn what_cannot_be_known_is_one() {
        let both_empty = Isic::of(&Counts { tn: 9, ..Counts::default() });
        assert_eq!((both_empty.threshold_jaccard, both_empty.dice, both_empty.sensitivity), (1.0, 1.0, 1.0));
        assert_eq!(Isic::of(&Counts { tp: 9, ..Counts::default() }).specificity, 1.0);
        let missed = Isic::of(&Counts { fn_: 9, ..Counts::default() });
        assert_eq!((missed.jaccard, missed.dice, missed.sensitivity), (0.0, 0.0, 0.0));
    }

    #[test]
    fn the_mean_is_over_images_not_pixels() {
        let rows = [Counts { tp: 1000, ..Counts::default() }, Counts { fp: 1, tn: 1, ..Counts::default() }];
        let mean = Isic::mean(rows.iter().map(Isic::of)).unwrap();
        assert_eq!((mean.jaccard, mean.accuracy), (0.5, 0.75));
        assert_eq!(Isic::mean(std::iter::empty()), None);
    }
}
