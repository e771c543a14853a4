//! A classifier's answers in figures with intervals: of all cases, of groups of them, and of two classifiers on the same cases.

use serde::Serialize;

use super::named::Named;
use crate::evaluation::score::labels::{
    Case, Confusion, McNemar, OF_LABEL, OVERALL, Prepared, Resampling, mcnemar, wilson,
};

/// A figure and how far it may be off.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Estimate {
    pub value: Option<f64>,
    /// Of a share: of how many cases.
    pub n: Option<u64>,
    /// Of a share, as if cases were independent.
    pub wilson95: Option<[f64; 2]>,
    pub ci95_by_image: Option<[f64; 2]>,
    /// Null where subjects are not known.
    pub ci95_by_subject: Option<[f64; 2]>,
}

impl Estimate {
    /// The interval to believe: by subject where subjects are known, because photos of one person are alike. Where all were right,
    /// or none, every resample is like the others, and only Wilson's says how far the share may be off.
    pub fn interval(&self, subjects_known: bool) -> Option<[f64; 2]> {
        match self.ci95_by_subject {
            _ if !subjects_known => self.wilson95.or(self.ci95_by_image),
            Some([low, high]) if low == high => self.wilson95.or(self.ci95_by_subject),
            by_subject => by_subject,
        }
    }
}

/// All cases together, or a group of them.
#[derive(Clone, Debug, Serialize)]
pub struct Group {
    pub n: usize,
    pub decided: u64,
    /// How many subjects the cases are of; null where subjects are not known.
    pub subjects: Option<usize>,
    pub confusion: Counted,
    pub figures: Named<Estimate>,
    /// By label, one against the rest.
    pub labels: Named<Named<Estimate>>,
}

#[derive(Clone, Debug, Serialize)]
pub struct Counted {
    /// By true label, then by the label that was said.
    pub counts: Vec<Vec<u64>>,
    /// By true label.
    pub abstained: Vec<u64>,
}

/// Two classifiers on the same cases.
#[derive(Clone, Debug, Serialize)]
pub struct Paired {
    pub n: usize,
    pub mcnemar: McNemar,
    pub figures: Named<Difference>,
}

#[derive(Clone, Debug, Serialize)]
pub struct Difference {
    pub first: Option<f64>,
    pub second: Option<f64>,
    /// First minus second.
    pub difference: Option<f64>,
    pub ci95_by_image: Option<[f64; 2]>,
    pub ci95_by_subject: Option<[f64; 2]>,
}

impl Difference {
    pub fn interval(&self, subjects_known: bool) -> Option<[f64; 2]> {
        if subjects_known { self.ci95_by_subject } else { self.ci95_by_image }
    }
}

/// `knows` tells for every label whether there are probabilities for it.
pub fn describe(cases: &[Case], labels: &[String], knows: &[bool], subjects: Option<&[usize]>, seed: u64) -> Group {
    let prepared = Prepared::new(cases, knows);
    let figures = prepared.figures(&vec![1; cases.len()]);
    let again = |weights: &[u32]| prepared.figures(weights).values;
    let by_image = Resampling::of_cases(cases.len()).intervals(seed, again);
    let of_subjects = subjects.map(Resampling::of_subjects);
    let by_subject = of_subjects.as_ref().and_then(|subjects| subjects.intervals(seed, again));
    let shares = shares(&figures.confusion);
    let estimate = |i: usize| {
        let (part, all) = shares[i].unzip();
        Estimate {
            value: figures.values[i],
            n: all,
            wilson95: part.zip(all).and_then(|(part, all)| wilson(part, all)),
            ci95_by_image: by_image.as_ref().and_then(|of| of[i]),
            ci95_by_subject: by_subject.as_ref().and_then(|of| of[i]),
        }
    };
    let of_label = |label: usize| {
        let start = OVERALL.len() + label * OF_LABEL.len();
        Named(OF_LABEL.iter().zip(start..).map(|(name, i)| ((*name).to_owned(), estimate(i))).collect())
    };
    Group {
        n: cases.len(),
        decided: figures.confusion.decided(),
        subjects: of_subjects.map(|subjects| subjects.groups()),
        figures: Named(OVERALL.iter().enumerate().map(|(i, name)| ((*name).to_owned(), estimate(i))).collect()),
        labels: Named(labels.iter().enumerate().map(|(i, name)| (name.clone(), of_label(i))).collect()),
        confusion: Counted { counts: figures.confusion.counts, abstained: figures.confusion.abstained },
    }
}

/// Which figures are shares, and of what; in the order of the figures.
fn shares(confusion: &Confusion) -> Vec<Option<(u64, u64)>> {
    let mut shares = vec![None; OVERALL.len()];
    shares[0] = Some((confusion.right(), confusion.decided()));
    for label in 0..confusion.counts.len() {
        let c = confusion.of(label);
        let rates = [(c.tp, c.tp + c.fn_), (c.tn, c.tn + c.fp), (c.tp, c.tp + c.fp), (c.tn, c.tn + c.fn_)];
        shares.extend(rates.map(Some));
        shares.extend([None; OF_LABEL.len() - 4]);
    }
    shares
}

/// `first` and `second` are of the same cases; a case on which a classifier abstained it did not get right.
pub fn paired([first, second]: [&[Case]; 2], knows: [&[bool]; 2], subjects: Option<&[usize]>, seed: u64) -> Paired {
    let prepared = [Prepared::new(first, knows[0]), Prepared::new(second, knows[1])];
    let both = |weights: &[u32]| {
        let [a, b] = [0, 1].map(|i| prepared[i].figures(weights).values);
        [a[..OVERALL.len()].to_vec(), b[..OVERALL.len()].to_vec()]
    };
    let differences = |weights: &[u32]| {
        let [a, b] = both(weights);
        a.into_iter().zip(b).map(|(a, b)| Some(a? - b?)).collect::<Vec<_>>()
    };
    let [a, b] = both(&vec![1; first.len()]);
    let by_image = Resampling::of_cases(first.len()).intervals(seed, differences);
    let by_subject = subjects.and_then(|of| Resampling::of_subjects(of).intervals(seed, differences));
    let difference = |i: usize| Difference {
        first: a[i],
        second: b[i],
        difference: a[i].zip(b[i]).map(|(a, b)| a - b),
        ci95_by_image: by_image.as_ref().and_then(|of| of[i]),
        ci95_by_subject: by_subject.as_ref().and_then(|of| of[i]),
    };
    let right = |case: &Case| case.said == Some(case.truth);
    Paired {
        n: first.len(),
        mcnemar: mcnemar(first.iter().zip(second).map(|(a, b)| (right(a), right(b)))),
        figures: Named(OVERALL.iter().enumerate().map(|(i, name)| ((*name).to_owned(), difference(i))).collect()),
    }
}
