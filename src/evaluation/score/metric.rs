//! The figures of one image by name: the names that tables, JSON and gates share.

use serde::{Deserialize, Serialize};

use super::boundary::{band_width, boundary_iou};
use super::distance::distances;
use super::isic::Isic;
use super::overlap::{Case, Counts, EmptyPolicy};
use super::region::lesions;
use crate::domain::mask::{LESION, LabelMap, SKIN};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Better {
    Higher,
    Lower,
}

/// One column of figures.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Metric {
    pub name: String,
    pub better: Better,
    /// `ratio`, `px` or `mm`.
    pub unit: String,
}

/// What the caller can choose.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    pub empty: EmptyPolicy,
    /// Tolerances of NSD, in pixels.
    pub tolerances: Vec<f64>,
}

impl Default for Options {
    fn default() -> Self {
        Options { empty: EmptyPolicy::Null, tolerances: vec![2.0] }
    }
}

const OVERLAP: [&str; 6] = ["dice", "jaccard", "sensitivity", "specificity", "precision", "accuracy"];
const DISTANCES: [&str; 4] = ["hd95", "hd100", "masd", "assd"];

/// Every figure of a row, in the order of `PairScore::values`.
pub fn metrics(options: &Options) -> Vec<Metric> {
    let metric = |name: String, better, unit: &str| Metric { name, better, unit: unit.to_owned() };
    let higher = |name: &str| metric(name.to_owned(), Better::Higher, "ratio");
    let mut all: Vec<Metric> = OVERLAP.into_iter().map(higher).collect();
    all.push(higher("threshold_jaccard"));
    all.extend(DISTANCES.map(|name| metric(name.to_owned(), Better::Lower, "px")));
    all.extend(options.tolerances.iter().map(|t| higher(&format!("nsd@{t}"))));
    all.push(higher("boundary_iou"));
    all.extend(DISTANCES.map(|name| metric(format!("{name}_mm"), Better::Lower, "mm")));
    all.extend(OVERLAP.map(|name| higher(&format!("skin.{name}"))));
    all
}

/// The figures of one image.
#[derive(Clone, Debug, PartialEq)]
pub struct PairScore {
    pub case: Case,
    pub counts: Counts,
    pub isic: Isic,
    /// One for each of `metrics`.
    pub values: Vec<Option<f64>>,
}

/// Scores one prediction against one reference of the same size. `mm_per_px` is the photo's recorded calibration;
/// `skin` says whether the reference marks normal skin too.
pub fn score(
    prediction: &LabelMap,
    truth: &LabelMap,
    options: &Options,
    mm_per_px: Option<f64>,
    skin: bool,
) -> PairScore {
    let counts = Counts::of(prediction, truth, LESION);
    let isic = Isic::of(&counts);
    let region = lesions(prediction, truth);
    let far = distances(region.as_ref(), &options.tolerances);
    let band = band_width(prediction.width, prediction.height);

    let mut values = overlap_values(&counts, options.empty);
    values.push(Some(isic.threshold_jaccard));
    let pixels = [far.hd95, far.hd100, far.masd, far.assd];
    values.extend(pixels);
    values.extend(far.nsd);
    values.push(boundary_iou(region.as_ref(), band));
    values.extend(pixels.map(|px| Some(px? * mm_per_px?)));
    if skin {
        values.extend(overlap_values(&Counts::of(prediction, truth, SKIN), options.empty));
    } else {
        values.extend([None; OVERLAP.len()]);
    }
    PairScore { case: counts.case(), counts, isic, values }
}

fn overlap_values(counts: &Counts, empty: EmptyPolicy) -> Vec<Option<f64>> {
    vec![
        counts.dice(empty),
        counts.jaccard(empty),
        counts.sensitivity(),
        counts.specificity(),
        counts.precision(),
        counts.accuracy(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluation::score::testing::rectangle;

    fn value(score: &PairScore, options: &Options, name: &str) -> Option<f64> {
        let i = metrics(options).iter().position(|m| m.name == name).unwrap();
        score.values[i]
    }

    #[test]
    fn every_figure_has_its_name() {
        let options = Options { tolerances: vec![1.0, 2.5], ..Options::default() };
        let a = rectangle(30, 30, [5, 5, 10, 10]);
        let b = rectangle(30, 30, [7, 5, 10, 10]);
        let s = score(&a, &b, &options, Some(0.5), true);
        assert_eq!(s.values.len(), metrics(&options).len());
        assert_eq!(value(&s, &options, "dice"), Some(0.8));
        assert_eq!(value(&s, &options, "hd95"), Some(2.0));
        assert_eq!(value(&s, &options, "hd95_mm"), Some(1.0));
        assert_eq!(value(&s, &options, "nsd@2.5"), Some(1.0));
        assert!(value(&s, &options, "skin.dice").unwrap() > 0.9);
        assert_eq!(value(&s, &options, "threshold_jaccard"), Some(80.0 / 120.0));
    }

    #[test]
    fn without_calibration_or_skin_those_figures_are_unknown() {
        let a = rectangle(30, 30, [5, 5, 10, 10]);
        let options = Options::default();
        let s = score(&a, &a, &options, None, false);
        assert_eq!((value(&s, &options, "hd95_mm"), value(&s, &options, "skin.dice")), (None, None));
        assert_eq!(value(&s, &options, "hd95"), Some(0.0));
    }

    #[test]
    fn both_empty_is_unknown_but_a_gift_in_isic_terms() {
        let none = rectangle(8, 8, [0, 0, 0, 0]);
        let options = Options::default();
        let s = score(&none, &none, &options, None, false);
        assert_eq!(s.case, Case::BothEmpty);
        for name in ["dice", "jaccard", "hd95", "hd100", "masd", "assd", "nsd@2", "boundary_iou"] {
            assert_eq!(value(&s, &options, name), None, "{name}");
        }
        assert_eq!(value(&s, &options, "threshold_jaccard"), Some(1.0));
        let s = score(&none, &none, &Options { empty: EmptyPolicy::One, ..options.clone() }, None, false);
        assert_eq!((value(&s, &options, "dice"), value(&s, &options, "nsd@2")), (Some(1.0), None));
    }
}
