//! Who was taken for what, and the rates that follow. Cases on which the classifier abstained are counted apart.

use super::{Case, mean, ratio};

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Confusion {
    /// By true label, then by the label that was said.
    pub counts: Vec<Vec<u64>>,
    /// By true label.
    pub abstained: Vec<u64>,
}

/// One label against the rest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub tp: u64,
    pub fp: u64,
    pub fn_: u64,
    pub tn: u64,
}

impl Confusion {
    pub fn count(cases: &[Case], labels: usize, weights: &[u32]) -> Self {
        let mut confusion = Self { counts: vec![vec![0; labels]; labels], abstained: vec![0; labels] };
        for (case, weight) in cases.iter().zip(weights) {
            *match case.said {
                Some(said) => &mut confusion.counts[case.truth][said],
                None => &mut confusion.abstained[case.truth],
            } += u64::from(*weight);
        }
        confusion
    }

    /// Cases that the classifier decided.
    pub fn decided(&self) -> u64 {
        self.counts.iter().flatten().sum()
    }

    pub fn right(&self) -> u64 {
        (0..self.counts.len()).map(|label| self.counts[label][label]).sum()
    }

    pub fn accuracy(&self) -> Option<f64> {
        ratio(self.right(), self.decided())
    }

    /// The mean sensitivity of the labels that occur.
    pub fn balanced_accuracy(&self) -> Option<f64> {
        mean((0..self.counts.len()).map(|label| self.of(label).sensitivity()))
    }

    pub fn of(&self, label: usize) -> Counts {
        let tp = self.counts[label][label];
        let truly: u64 = self.counts[label].iter().sum();
        let said: u64 = self.counts.iter().map(|row| row[label]).sum();
        Counts { tp, fp: said - tp, fn_: truly - tp, tn: self.decided() + tp - truly - said }
    }
}

impl Counts {
    pub fn sensitivity(&self) -> Option<f64> {
        ratio(self.tp, self.tp + self.fn_)
    }

    pub fn specificity(&self) -> Option<f64> {
        ratio(self.tn, self.tn + self.fp)
    }

    pub fn ppv(&self) -> Option<f64> {
        ratio(self.tp, self.tp + self.fp)
    }

    pub fn npv(&self) -> Option<f64> {
        ratio(self.tn, self.tn + self.fn_)
    }

    pub fn f1(&self) -> Option<f64> {
        ratio(2 * self.tp, 2 * self.tp + self.fp + self.fn_)
    }
}
