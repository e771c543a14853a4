//! Several annotators: their majority, how well they agree with each other, and whether the model is among them.

use serde::Serialize;

use super::overlap::{Counts, EmptyPolicy};
use super::summary::{MetricSummary, summarise};
use crate::domain::mask::{BACKGROUND, IGNORE, LESION, LabelMap, SKIN};

/// The class that more than half of the annotators chose; where none has that, lesion is not assumed: skin where all but
/// lesion votes say so, else background. A pixel that half of them or more ignore is ignored.
pub fn majority(maps: &[&LabelMap]) -> Option<LabelMap> {
    let first = maps.first()?;
    if let [only] = maps {
        return Some((*only).clone());
    }
    let mut data = vec![0; first.data.len()];
    for (i, pixel) in data.iter_mut().enumerate() {
        let votes = |class| maps.iter().filter(|m| m.data[i] == class).count();
        let (lesion, skin, ignore) = (votes(LESION), votes(SKIN), votes(IGNORE));
        let background = maps.len() - lesion - skin - ignore;
        *pixel = if ignore * 2 >= maps.len() {
            IGNORE
        } else if lesion * 2 > maps.len() - ignore {
            LESION
        } else if skin > background {
            SKIN
        } else {
            BACKGROUND
        };
    }
    Some(LabelMap { width: first.width, height: first.height, data })
}

/// Dice of the lesion for every pair of maps, `(0, 1), (0, 2), …, (1, 2), …`; `None` where a map is missing or both are empty.
pub fn pairwise_dice(maps: &[Option<LabelMap>], empty: EmptyPolicy) -> Vec<Option<f64>> {
    pairs(maps.len()).map(|(a, b)| dice(maps[a].as_ref()?, maps[b].as_ref()?, empty)).collect()
}

pub fn pairs(n: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..n).flat_map(move |a| (a + 1..n).map(move |b| (a, b)))
}

pub fn dice(a: &LabelMap, b: &LabelMap, empty: EmptyPolicy) -> Option<f64> {
    Counts::of(a, b, LESION).dice(empty)
}

/// What one image says about agreement.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ImageAgreement {
    /// As `pairwise_dice`.
    pub between: Vec<Option<f64>>,
    /// The model against each annotator.
    pub model: Vec<Option<f64>>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Agreement {
    pub annotators: Vec<String>,
    /// Dice between two annotators.
    pub pairs: Vec<PairAgreement>,
    /// Dice of the model against each annotator.
    pub model: Vec<ModelAgreement>,
    /// The lowest and the highest mean Dice between two annotators.
    pub inter_observer_range: Option<[f64; 2]>,
    /// Mean over the annotators of the model's mean Dice.
    pub model_mean: Option<f64>,
    /// `below`, `within` or `above` the range.
    pub model_against_range: Option<&'static str>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PairAgreement {
    pub a: String,
    pub b: String,
    pub dice: MetricSummary,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ModelAgreement {
    pub annotator: String,
    pub dice: MetricSummary,
}

pub fn agreement(annotators: &[String], images: &[ImageAgreement], subjects: Option<&[usize]>, seed: u64) -> Agreement {
    let summary = |pick: &dyn Fn(&ImageAgreement) -> Option<f64>| {
        summarise(&images.iter().map(pick).collect::<Vec<_>>(), subjects, seed)
    };
    let between: Vec<PairAgreement> = pairs(annotators.len())
        .enumerate()
        .map(|(i, (a, b))| PairAgreement {
            a: annotators[a].clone(),
            b: annotators[b].clone(),
            dice: summary(&|image| image.between[i]),
        })
        .collect();
    let model: Vec<ModelAgreement> = annotators
        .iter()
        .enumerate()
        .map(|(i, name)| ModelAgreement { annotator: name.clone(), dice: summary(&|image| image.model[i]) })
        .collect();

    let means = |of: Vec<Option<f64>>| of.into_iter().flatten().collect::<Vec<f64>>();
    let observers = means(between.iter().map(|p| p.dice.mean).collect());
    let range = observers.iter().copied().reduce(f64::min).zip(observers.iter().copied().reduce(f64::max));
    let models = means(model.iter().map(|m| m.dice.mean).collect());
    let model_mean = (!models.is_empty()).then(|| models.iter().sum::<f64>() / models.len() as f64);
    let against = range.zip(model_mean).map(|((low, high), mean)| match mean {
        m if m < low => "below",
        m if m > high => "above",
        _ => "within",
    });
    Agreement {
        annotators: annotators.to_vec(),
        pairs: between,
        model,
        inter_observer_range: range.map(|(low, high)| [low, high]),
        model_mean,
        model_against_range: against,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(data: &[u8]) -> LabelMap {
        LabelMap { width: data.len() as u32, height: 1, data: data.to_vec() }
    }

    #[test]
    fn the_majority_needs_more_than_half() {
        let (a, b, c) = (map(&[2, 2, 2, 255, 1, 0]), map(&[2, 2, 0, 255, 1, 1]), map(&[2, 0, 0, 2, 0, 2]));
        assert_eq!(majority(&[&a, &b, &c]).unwrap().data, [2, 2, 0, 255, 1, 0]);
        assert_eq!(majority(&[&a, &c]).unwrap().data, [2, 0, 0, 255, 0, 0]);
        assert_eq!(majority(&[&a]).unwrap(), a);
        assert_eq!(majority(&[]), None);
    }

    #[test]
    fn the_model_is_placed_against_the_observers() {
        let names = ["x".to_owned(), "y".to_owned(), "z".to_owned()];
        let image = |model: f64| ImageAgreement {
            between: vec![Some(0.8), Some(0.7), None],
            model: vec![Some(model), Some(model), Some(model)],
        };
        for (model, place) in [(0.6, "below"), (0.75, "within"), (0.9, "above")] {
            let a = agreement(&names, &[image(model)], None, 1);
            assert_eq!((a.inter_observer_range, a.model_against_range), (Some([0.7, 0.8]), Some(place)));
            assert_eq!((a.pairs[2].dice.n, a.pairs[2].b.as_str()), (0, "z"));
        }
    }

    #[test]
    fn a_missing_annotator_leaves_its_pairs_unknown() {
        let maps = [Some(map(&[2, 2])), None, Some(map(&[2, 0]))];
        assert_eq!(pairwise_dice(&maps, EmptyPolicy::Null), [None, Some(2.0 / 3.0), None]);
    }
}
