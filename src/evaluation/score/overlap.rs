//! Overlap of one class between a prediction and a reference: the four counts and the ratios made of them.

use serde::{Deserialize, Serialize};

use crate::domain::mask::{IGNORE, LabelMap};

/// Pixels by agreement. A pixel that either mask asks to ignore is in none of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    pub tp: u64,
    pub fp: u64,
    #[serde(rename = "fn")]
    pub fn_: u64,
    pub tn: u64,
}

/// Which of the two masks holds the class at all: without both, most figures cannot be known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Case {
    Normal,
    EmptyPred,
    EmptyTruth,
    BothEmpty,
}

impl Case {
    pub fn as_str(self) -> &'static str {
        match self {
            Case::Normal => "normal",
            Case::EmptyPred => "empty_pred",
            Case::EmptyTruth => "empty_truth",
            Case::BothEmpty => "both_empty",
        }
    }
}

/// What Dice and Jaccard are where neither mask holds the class.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EmptyPolicy {
    /// Unknown: the row is left out of the mean.
    #[default]
    Null,
    /// Agreement, as the ISIC challenges count it.
    One,
}

impl Counts {
    /// Both maps have the same size; the caller has made sure.
    pub fn of(prediction: &LabelMap, truth: &LabelMap, class: u8) -> Self {
        let mut counts = Counts::default();
        // Sums of one chunk stay small enough for the compiler to count many pixels at once.
        for (p, t) in prediction.data.chunks(1 << 14).zip(truth.data.chunks(1 << 14)) {
            let (mut tp, mut pred, mut reference, mut valid) = (0u32, 0u32, 0u32, 0u32);
            for (&p, &t) in p.iter().zip(t) {
                let known = (p != IGNORE) & (t != IGNORE);
                let (p, t) = ((p == class) & known, (t == class) & known);
                tp += u32::from(p & t);
                pred += u32::from(p);
                reference += u32::from(t);
                valid += u32::from(known);
            }
            counts.tp += u64::from(tp);
            counts.fp += u64::from(pred - tp);
            counts.fn_ += u64::from(reference - tp);
            counts.tn += u64::from(valid + tp - pred - reference);
        }
        counts
    }

    pub fn case(&self) -> Case {
        match (self.tp + self.fp == 0, self.tp + self.fn_ == 0) {
            (false, false) => Case::Normal,
            (true, false) => Case::EmptyPred,
            (false, true) => Case::EmptyTruth,
            (true, true) => Case::BothEmpty,
        }
    }

    pub fn dice(&self, empty: EmptyPolicy) -> Option<f64> {
        ratio(2 * self.tp, 2 * self.tp + self.fp + self.fn_).or(both_empty(empty))
    }

    pub fn jaccard(&self, empty: EmptyPolicy) -> Option<f64> {
        ratio(self.tp, self.tp + self.fp + self.fn_).or(both_empty(empty))
    }

    pub fn sensitivity(&self) -> Option<f64> {
        ratio(self.tp, self.tp + self.fn_)
    }

    pub fn specificity(&self) -> Option<f64> {
        ratio(self.tn, self.tn + self.fp)
    }

    pub fn precision(&self) -> Option<f64> {
        ratio(self.tp, self.tp + self.fp)
    }

    pub fn accuracy(&self) -> Option<f64> {
        ratio(self.tp + self.tn, self.tp + self.tn + self.fp + self.fn_)
    }
}

fn both_empty(policy: EmptyPolicy) -> Option<f64> {
    (policy == EmptyPolicy::One).then_some(1.0)
}

fn ratio(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::mask::{BACKGROUND, LESION, SKIN};

    fn map(data: &[u8]) -> LabelMap {
        LabelMap { width: data.len() as u32, height: 1, data: data.to_vec() }
    }

    #[test]
    fn counts_and_ratios_of_a_known_row() {
        let c = Counts::of(&map(&[2, 2, 2, 0, 1, 1]), &map(&[2, 2, 0, 2, 0, 1]), LESION);
        assert_eq!(c, Counts { tp: 2, fp: 1, fn_: 1, tn: 2 });
        assert_eq!(c.case(), Case::Normal);
        assert_eq!(c.dice(EmptyPolicy::Null), Some(4.0 / 6.0));
        assert_eq!(c.jaccard(EmptyPolicy::Null), Some(0.5));
        assert_eq!((c.sensitivity(), c.precision()), (Some(2.0 / 3.0), Some(2.0 / 3.0)));
        assert_eq!((c.specificity(), c.accuracy()), (Some(2.0 / 3.0), Some(4.0 / 6.0)));
        assert_eq!(Counts::of(&map(&[2, 1]), &map(&[1, 1]), SKIN), Counts { tp: 1, fp: 0, fn_: 1, tn: 0 });
    }

    #[test]
    fn ignored_pixels_count_nowhere() {
        let c = Counts::of(&map(&[2, 2, IGNORE, 0]), &map(&[IGNORE, 2, 2, IGNORE]), LESION);
        assert_eq!(c, Counts { tp: 1, fp: 0, fn_: 0, tn: 0 });
        let nothing = Counts::of(&map(&[2]), &map(&[IGNORE]), LESION);
        assert_eq!((nothing.case(), nothing.accuracy()), (Case::BothEmpty, None));
    }

    #[test]
    fn one_empty_mask_scores_zero_and_leaves_the_rest_unknown() {
        let no_prediction = Counts::of(&map(&[0, 0]), &map(&[2, 0]), LESION);
        assert_eq!(no_prediction.case(), Case::EmptyPred);
        for policy in [EmptyPolicy::Null, EmptyPolicy::One] {
            assert_eq!((no_prediction.dice(policy), no_prediction.jaccard(policy)), (Some(0.0), Some(0.0)));
        }
        assert_eq!((no_prediction.precision(), no_prediction.sensitivity()), (None, Some(0.0)));

        let no_truth = Counts::of(&map(&[2, 0]), &map(&[0, 0]), LESION);
        assert_eq!(no_truth.case(), Case::EmptyTruth);
        assert_eq!(no_truth.dice(EmptyPolicy::One), Some(0.0));
        assert_eq!((no_truth.precision(), no_truth.sensitivity()), (Some(0.0), None));
    }

    #[test]
    fn both_empty_is_unknown_unless_it_was_asked_to_be_one() {
        let c = Counts::of(&map(&[0, 1]), &map(&[BACKGROUND, 0]), LESION);
        assert_eq!(c.case(), Case::BothEmpty);
        assert_eq!((c.dice(EmptyPolicy::Null), c.jaccard(EmptyPolicy::Null)), (None, None));
        assert_eq!((c.dice(EmptyPolicy::One), c.jaccard(EmptyPolicy::One)), (Some(1.0), Some(1.0)));
        assert_eq!((c.sensitivity(), c.precision(), c.specificity()), (None, None, Some(1.0)));
    }

    #[test]
    fn a_full_lesion_has_no_specificity() {
        let c = Counts::of(&map(&[2, 2]), &map(&[2, 2]), LESION);
        assert_eq!((c.specificity(), c.dice(EmptyPolicy::Null)), (None, Some(1.0)));
    }

    #[test]
    fn counts_go_past_the_size_of_one_chunk() {
        let many = vec![LESION; (1 << 14) * 2 + 5];
        assert_eq!(Counts::of(&map(&many), &map(&many), LESION).tp, many.len() as u64);
    }
}
