//! The model's answer becomes classes in the photo's own pixels. Pure: no files, no clock.
//!
//! `interpret` reads the raw output as probabilities, `paint` draws them at the photo's size, `second_look` decides on a
//! closer look and merges it, `confidence` and `doubt` say how sure the model was.

mod confidence;
mod doubt;
mod interpret;
mod paint;
mod second_look;

pub use doubt::disagreement;
pub use interpret::{activate, interpret};
pub use paint::probability_rows;
pub use second_look::{closer_look, merge};

use ndarray::{Array3, Axis};

use crate::domain::geometry::{Placement, Rect, swapped};
use crate::domain::mask::{BACKGROUND, LESION, LabelMap, MAX_KINDS, SKIN};
use crate::domain::record::Confidence;
use crate::inference::manifest::{Activation, Output, Overlap};

/// Class probabilities in the model's frame: planes background, skin, each kind of lesion. Knows its place in the photo.
#[derive(Clone, Debug, PartialEq)]
pub struct ProbMap {
    pub planes: Array3<f32>,
    pub placement: Placement,
}

impl ProbMap {
    /// Background, skin and each kind of lesion.
    pub fn classes(&self) -> usize {
        self.planes.dim().0
    }

    /// The planes of lesions.
    pub(crate) fn lesions(&self) -> impl Iterator<Item = &[f32]> {
        (LESION..self.classes() as u8).map(|kind| self.plane(kind))
    }

    pub fn width(&self) -> usize {
        self.planes.dim().2
    }

    pub fn height(&self) -> usize {
        self.planes.dim().1
    }

    /// Of a mirrored tensor's answer: the map of what was mirrored.
    pub fn mirrored(self) -> Self {
        Self { planes: swapped(self.planes, Axis(2)), ..self }
    }

    /// The middles of the cells, in the photo's pixels: of every column, and of every row.
    fn middles(&self) -> (Vec<f64>, Vec<f64>) {
        let column = |x: usize| self.placement.to_photo(x as f64 + 0.5, 0.0).0;
        let row = |y: usize| self.placement.to_photo(0.0, y as f64 + 0.5).1;
        ((0..self.width()).map(column).collect(), (0..self.height()).map(row).collect())
    }

    /// Every cell that shows a part of the photo which no closer look replaced, with the photo pixels that it covers.
    /// The bars of a letterbox show none.
    fn for_each_cell(&self, closer: &[Self], mut see: impl FnMut(usize, f64)) {
        let Placement { source, content, .. } = self.placement;
        let pixels = source.width / content.width * source.height / content.height;
        let (xs, ys) = self.middles();
        for (row, &y) in ys.iter().enumerate() {
            for (column, &x) in xs.iter().enumerate() {
                if source.contains(x, y) && !closer.iter().any(|c| c.placement.source.contains(x, y)) {
                    see(row * xs.len() + column, pixels);
                }
            }
        }
    }

    /// One plane by row.
    pub(crate) fn plane(&self, class: u8) -> &[f32] {
        let size = self.width() * self.height();
        let all = self.planes.as_slice().expect("planes are made contiguous");
        &all[usize::from(class) * size..][..size]
    }
}

/// From which probability on a pixel is lesion, and of which kind; otherwise it is the likelier of background and skin.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Decision {
    rule: Rule,
    /// Of each kind of lesion.
    thresholds: [f32; MAX_KINDS],
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Rule {
    /// There is one kind.
    One,
    /// Exactly one class holds: lesion where all kinds together reach the first threshold, and then the likeliest kind.
    Together,
    /// Each kind by its own threshold.
    Each(Overlap),
}

impl Decision {
    pub fn of_lesion(threshold: f32) -> Self {
        Self { rule: Rule::One, thresholds: [threshold; MAX_KINDS] }
    }

    pub fn of(output: &Output) -> Self {
        let (kinds, wanted) = (output.kinds().names, &output.thresholds);
        let mut thresholds = [wanted.lesion as f32; MAX_KINDS];
        for (threshold, kind) in thresholds.iter_mut().zip(&kinds) {
            *threshold = wanted.of_kinds.get(kind).copied().unwrap_or(wanted.lesion) as f32;
        }
        let rule = match (kinds.len(), output.activation, output.overlap.unwrap_or_default()) {
            (0 | 1, ..) => Rule::One,
            (_, Activation::Softmax, Overlap::Likeliest) if wanted.of_kinds.is_empty() => Rule::Together,
            (.., overlap) => Rule::Each(overlap),
        };
        Self { rule, thresholds }
    }

    /// Of the probabilities of background, skin and each kind. The set of those that give one class is convex, which `paint`
    /// relies on.
    pub fn class(&self, chances: &[f32]) -> u8 {
        let kinds = &chances[usize::from(LESION)..];
        let reaches = |&kind: &usize| kinds[kind] >= self.thresholds[kind];
        // The first of equal ones.
        let best = |value: &dyn Fn(usize) -> f32| {
            (0..kinds.len()).fold(0, |best, kind| if value(kind) > value(best) { kind } else { best })
        };
        let kind = match self.rule {
            Rule::One => reaches(&0).then_some(0),
            Rule::Together => (kinds.iter().sum::<f32>() >= self.thresholds[0]).then(|| best(&|kind| kinds[kind])),
            Rule::Each(Overlap::First) => (0..kinds.len()).find(reaches),
            Rule::Each(Overlap::Last) => (0..kinds.len()).rev().find(reaches),
            Rule::Each(Overlap::Likeliest) => Some(best(&|kind| kinds[kind] / self.thresholds[kind])).filter(reaches),
        };
        match kind {
            Some(kind) => LESION + kind as u8,
            None if chances[usize::from(SKIN)] > chances[usize::from(BACKGROUND)] => SKIN,
            None => BACKGROUND,
        }
    }
}

/// The photo's classes, and the maps they were drawn from: the whole photo, then the closer look if there was one.
#[derive(Clone, Debug)]
pub struct Segmentation {
    pub labels: LabelMap,
    pub looks: Vec<ProbMap>,
    pub has_skin_class: bool,
    decision: Decision,
    /// Of the two looks, where there were two.
    disagreement: Option<f64>,
}

impl Segmentation {
    pub fn new(
        width: u32,
        height: u32,
        looks: Vec<ProbMap>,
        decision: Decision,
        has_skin_class: bool,
        disagreement: Option<f64>,
    ) -> Self {
        let mut labels = LabelMap::filled(width, height, BACKGROUND);
        for look in &looks {
            paint::paint(&mut labels, look, decision);
        }
        Self { labels, looks, has_skin_class, decision, disagreement }
    }

    /// Lesion probability at a point of the photo, from the closest look that covers it.
    pub fn lesion_probability(&self, x: f64, y: f64) -> f32 {
        self.probability(LESION, x, y)
    }

    /// The same of any class.
    pub fn probability(&self, class: u8, x: f64, y: f64) -> f32 {
        let covers = |look: &&ProbMap| look.placement.source.contains(x, y);
        self.looks.iter().rev().find(covers).or(self.looks.first()).map_or(0.0, |look| paint::sample(look, class, x, y))
    }

    pub fn confidence(&self) -> Confidence {
        Confidence {
            lesion_doubt: doubt::lesion_doubt(&self.looks),
            disagreement: self.disagreement,
            ..confidence::confidence(&self.looks, self.decision)
        }
    }
}

/// The whole pixels of the photo that a rectangle covers: columns and rows, half open.
pub(crate) fn pixel_bounds(rect: Rect, width: u32, height: u32) -> (std::ops::Range<u32>, std::ops::Range<u32>) {
    let clamp = |v: f64, limit: u32| (v.round().max(0.0) as u32).min(limit);
    (
        clamp(rect.x, width)..clamp(rect.x + rect.width, width),
        clamp(rect.y, height)..clamp(rect.y + rect.height, height),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn each(overlap: Overlap, own: &[f32]) -> Decision {
        let mut thresholds = [0.5; MAX_KINDS];
        thresholds[..own.len()].copy_from_slice(own);
        Decision { rule: Rule::Each(overlap), thresholds }
    }

    #[test]
    fn where_kinds_overlap_the_rule_decides() {
        let both = [0.1, 0.2, 0.6, 0.9];
        assert_eq!(each(Overlap::Likeliest, &[]).class(&both), LESION + 1);
        assert_eq!(each(Overlap::First, &[]).class(&both), LESION);
        assert_eq!(each(Overlap::Last, &[]).class(&both), LESION + 1);
        // 0.6 is three times its threshold, 0.9 not twice.
        assert_eq!(each(Overlap::Likeliest, &[0.2, 0.5]).class(&both), LESION);
        assert_eq!(each(Overlap::First, &[0.7, 0.5]).class(&both), LESION + 1);
        assert_eq!(each(Overlap::Last, &[0.7, 0.95]).class(&both), SKIN);
    }

    #[test]
    fn kinds_of_a_softmax_count_together() {
        let together = Decision { rule: Rule::Together, thresholds: [0.5; MAX_KINDS] };
        assert_eq!(together.class(&[0.1, 0.3, 0.25, 0.35]), LESION + 1);
        assert_eq!(together.class(&[0.2, 0.4, 0.2, 0.2]), SKIN);
        assert_eq!(each(Overlap::Likeliest, &[]).class(&[0.1, 0.3, 0.25, 0.35]), SKIN, "none reaches its own");
    }
}
