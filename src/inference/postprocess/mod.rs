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
pub use interpret::interpret;
pub use paint::probability_rows;
pub use second_look::{closer_look, merge};

use ndarray::{Array3, Axis};

use crate::domain::geometry::{Placement, Rect, swapped};
use crate::domain::mask::{BACKGROUND, LESION, LabelMap, SKIN};
use crate::domain::record::Confidence;

/// Class probabilities in the model's frame: planes background, skin, lesion. Knows its place in the photo.
#[derive(Clone, Debug, PartialEq)]
pub struct ProbMap {
    pub planes: Array3<f32>,
    pub placement: Placement,
}

impl ProbMap {
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

    /// The middle of a cell, in the photo's pixels.
    fn photo_point(&self, cell: usize) -> (f64, f64) {
        self.placement.to_photo((cell % self.width()) as f64 + 0.5, (cell / self.width()) as f64 + 0.5)
    }

    /// Every cell that shows a part of the photo which no closer look replaced, with the photo pixels that it covers.
    /// The bars of a letterbox show none.
    fn for_each_cell(&self, closer: &[Self], mut see: impl FnMut(usize, f64)) {
        let Placement { source, content, .. } = self.placement;
        let pixels = source.width / content.width * source.height / content.height;
        for cell in 0..self.width() * self.height() {
            let (x, y) = self.photo_point(cell);
            if self.placement.source.contains(x, y) && !closer.iter().any(|c| c.placement.source.contains(x, y)) {
                see(cell, pixels);
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

/// From which lesion probability on a pixel is lesion; otherwise it is the likelier of background and skin.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Decision {
    pub lesion_threshold: f32,
}

impl Decision {
    /// The set of probabilities that give one class is convex, which `paint` relies on.
    pub fn class(self, background: f32, skin: f32, lesion: f32) -> u8 {
        if lesion >= self.lesion_threshold {
            LESION
        } else if skin > background {
            SKIN
        } else {
            BACKGROUND
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
        let covers = |look: &&ProbMap| look.placement.source.contains(x, y);
        self.looks
            .iter()
            .rev()
            .find(covers)
            .or(self.looks.first())
            .map_or(0.0, |look| paint::sample(look, LESION, x, y))
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
