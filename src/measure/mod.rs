//! What a photo's mask says in figures: areas, each lesion's form, colours, and how far the photo can be trusted.
//!
//! Pure: the same photo and labels give the same figures. The definitions, with every case in which a figure is null, are in
//! `docs/measurements.md`.

pub mod components;

mod colour;
mod hull;
mod perimeter;
mod quality;
mod region;
mod scale;
mod shape;
mod symmetry;
#[cfg(test)]
pub mod testing;

pub use colour::mean_colour;
pub use quality::quality_of_photo;
pub use scale::in_millimetres;

use serde::Serialize;

use crate::domain::mask::{Kinds, LESION, LabelMap, SKIN};
use crate::domain::photo::Photo;
use crate::domain::record::{Area, ClassFigures, Colour, Lesion, Quality, Specks};
use components::{Component, components};

/// Smaller pieces of lesion are specks: counted, not described.
const MIN_LESION_PX: u64 = 4;
const MIN_LESION_FRACTION_OF_FRAME: f64 = 1e-5;

/// Under this share of the frame, normal skin is too little to tell a tone from.
const MIN_SKIN_FRACTION_OF_FRAME: f64 = 0.01;

/// A lesion's confidence is the mean over at most this many of its pixels.
const MAX_CONFIDENCE_SAMPLES: u64 = 4_096;

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Measurements {
    pub area: Area,
    pub lesions: Vec<Lesion>,
    pub specks: Specks,
    pub colour: Colour,
    pub quality: Quality,
    /// Each kind of lesion by itself, where there are several.
    pub classes: Vec<ClassFigures>,
}

/// Measures an upright photo and its labels, which are of the same size.
///
/// `has_skin_class` tells whether the model distinguishes normal skin at all; without it every figure that needs normal skin
/// is null. `lesion_probability` gives the model's lesion probability at a pixel of the photo (x, y); none where the mask is
/// somebody's own.
pub fn measure(
    photo: &Photo,
    labels: &LabelMap,
    has_skin_class: bool,
    lesion_probability: Option<&dyn Fn(u32, u32) -> f32>,
) -> Measurements {
    let probability = lesion_probability.map(|of| move |_: u8, x, y| of(x, y));
    let probability = probability.as_ref().map(|of| of as &dyn Fn(u8, u32, u32) -> f32);
    measure_kinds(Some(photo), labels, &Kinds::plain(has_skin_class), probability)
}

/// The same for a model that may tell several kinds of lesion apart, or know none. `probability` also gets the class. Without a
/// photo, as of an X-ray, there are neither colours nor sharpness.
pub fn measure_kinds(
    photo: Option<&Photo>,
    labels: &LabelMap,
    kinds: &Kinds,
    probability: Option<&dyn Fn(u8, u32, u32) -> f32>,
) -> Measurements {
    let is_its_mask = |photo: &Photo| (photo.width, photo.height) == (labels.width, labels.height);
    assert!(photo.is_none_or(is_its_mask), "the mask has the size of its photo");
    let has_skin_class = kinds.has_skin_class;
    let (classes, pieces): (Vec<u8>, Vec<Component>) = pieces(labels, kinds).into_iter().unzip();
    let knows_lesions = !kinds.names.is_empty();
    let area = area(labels, &pieces, knows_lesions, has_skin_class);
    let frame = labels.data.len() as u64;
    let (described, specks) = pieces.split_at(pieces.partition_point(|c| !is_speck(c, frame)));
    let lesions: Vec<Lesion> = described
        .iter()
        .zip(&classes)
        .zip(1..)
        .map(|((component, &class), id)| Lesion {
            id,
            class: kinds.name(class).map(str::to_owned),
            fraction_of_frame: component.area as f64 / frame as f64,
            fraction_of_skin: fraction_of_skin(component.area, &area),
            confidence: probability.map(|of| confidence(component, &|x, y| of(class, x, y))),
            ..shape::describe(component, (labels.width, labels.height))
        })
        .collect();
    let several = kinds.names.len() > 1;
    let together = several.then(|| labels.clone().with_one_kind());
    let all = together.as_ref().unwrap_or(labels);
    let colour = photo.map(|photo| colour::colour(photo, all, &pieces, has_skin_class)).unwrap_or_default();
    let of_kind = |class| {
        let name = kinds.names[usize::from(class - LESION)].clone();
        let own: Vec<&Component> = pieces.iter().zip(&classes).filter(|(_, c)| **c == class).map(|(p, _)| p).collect();
        class_figures(photo, frame, (name, class), &own, &area, &colour)
    };
    Measurements {
        specks: Specks { count: specks.len() as u64, area_px: specks.iter().map(|c| c.area).sum() },
        quality: quality::quality(photo, labels, &area, &lesions),
        classes: if several { kinds.values().map(of_kind).collect() } else { Vec::new() },
        colour,
        lesions,
        area,
    }
}

/// Each piece of a lesion with its class, the largest first; those that are no specks have the numbers from 1 on.
pub fn pieces(labels: &LabelMap, kinds: &Kinds) -> Vec<(u8, Component)> {
    let of_kind = |class| components(labels, class).into_iter().map(move |piece| (class, piece));
    let mut all: Vec<(u8, Component)> = kinds.values().flat_map(of_kind).collect();
    all.sort_by_key(|(_, piece)| std::cmp::Reverse(piece.area));
    all
}

/// `pieces` are those of the kind, largest first; `area` and `colour` are of all lesions.
fn class_figures(
    photo: Option<&Photo>,
    frame: u64,
    (name, value): (String, u8),
    pieces: &[&Component],
    area: &Area,
    colour: &Colour,
) -> ClassFigures {
    let area_px = pieces.iter().map(|c| c.area).sum();
    let (lesions, specks) = pieces.split_at(pieces.partition_point(|c| !is_speck(c, frame)));
    let own = photo.and_then(|photo| colour::lesion_colour(photo, pieces));
    ClassFigures {
        name,
        value,
        area_px,
        fraction_of_frame: area_px as f64 / frame as f64,
        fraction_of_skin: fraction_of_skin(area_px, area),
        lesions: lesions.len() as u64,
        specks: Specks { count: specks.len() as u64, area_px: specks.iter().map(|c| c.area).sum() },
        difference: own.zip(colour.perilesional).map(|(own, around)| colour::difference(&own, &around)),
        colour: own,
    }
}

/// The colours alone, of a photo or a reduced one.
pub fn colours(photo: &Photo, labels: &LabelMap, has_skin_class: bool) -> Colour {
    colour::colour(photo, labels, &components(labels, LESION), has_skin_class)
}

fn area(labels: &LabelMap, pieces: &[Component], knows_lesions: bool, has_skin_class: bool) -> Area {
    let frame = labels.data.len() as u64;
    let lesion_px: u64 = pieces.iter().map(|c| c.area).sum();
    let skin_px = has_skin_class.then(|| labels.count(SKIN));
    let area = Area {
        background_px: frame - lesion_px - skin_px.unwrap_or(0),
        skin_px,
        lesion_px: knows_lesions.then_some(lesion_px),
        lesion_fraction_of_frame: knows_lesions.then(|| lesion_px as f64 / frame as f64),
        ..Area::default()
    };
    Area { lesion_fraction_of_skin: fraction_of_skin(lesion_px, &area), ..area }
}

/// The share of the visible skin, normal or not; null where none is visible or the model does not tell.
fn fraction_of_skin(px: u64, area: &Area) -> Option<f64> {
    let visible = area.skin_px? + area.lesion_px?;
    (visible > 0).then(|| px as f64 / visible as f64)
}

/// Too small to be described.
pub fn is_speck(component: &Component, frame: u64) -> bool {
    component.area < MIN_LESION_PX || (component.area as f64) < MIN_LESION_FRACTION_OF_FRAME * frame as f64
}

fn confidence(component: &Component, lesion_probability: &dyn Fn(u32, u32) -> f32) -> f64 {
    let samples = region::spread(&component.runs, component.area, MAX_CONFIDENCE_SAMPLES);
    let (sum, n) = samples.fold((0.0, 0_u64), |(sum, n), (x, y)| (sum + f64::from(lesion_probability(x, y)), n + 1));
    sum / n as f64
}

#[cfg(test)]
mod tests;
