//! Colour of the lesions, of the ring of normal skin around them, and the tone of all normal skin.
//!
//! Everything is computed from linearised sRGB, pixel by pixel. The indices depend on the camera and the light: the
//! difference between lesion and ring, which share both, is what can be compared between photos.

use std::f64::consts::LN_10;

use palette::color_difference::Ciede2000;
use palette::white_point::D65;
use palette::{IntoColor, Lab, LinSrgb};

use super::MIN_SKIN_FRACTION_OF_FRAME;
use super::components::Component;
use super::region::{Lattice, ring, spread};
use crate::domain::mask::{LabelMap, SKIN};
use crate::domain::photo::Photo;
use crate::domain::record::{Colour, ColourDifference, RegionColour};

/// Enough pixels for a mean and a spread that differ from those of all pixels by less than a photo's 8 bits can say.
const MAX_SAMPLES: u64 = 32_768;
/// The window around the lesions is looked at on a lattice of at most this many points.
const MAX_RING_LATTICE: u64 = 262_144;
/// The ring is as wide as half the equivalent radius of the largest lesion …
const RING_RADII: f64 = 0.5;
/// … but neither narrower nor wider than these shares of the photo's shorter side.
const RING_OF_SHORTER_SIDE: (f64, f64) = (0.01, 0.1);
/// Fewer pixels of normal skin than this say nothing about the skin around a lesion.
const MIN_RING_SAMPLES: usize = 30;

/// `pieces` are all components of the lesion class, largest first.
pub fn colour(photo: &Photo, labels: &LabelMap, pieces: &[Component], has_skin_class: bool) -> Colour {
    let curve = Curve::new();
    let lesion = colour_of(photo, pieces.iter(), &curve);
    let perilesional = pieces.first().filter(|_| has_skin_class).and_then(|largest| {
        let width = ring_width(largest, labels);
        let lattice = Lattice::over(window_around(pieces, width, labels), MAX_RING_LATTICE);
        let points = ring(labels, lattice, width);
        if points.len() < MIN_RING_SAMPLES {
            return None;
        }
        let step = points.len().div_ceil(MAX_SAMPLES as usize);
        region_colour(photo, points.into_iter().step_by(step), &curve)
    });
    let ita = if has_skin_class { typology_angle(photo, labels, &curve) } else { None };
    Colour {
        difference: lesion.zip(perilesional).map(|(a, b)| difference(&a, &b)),
        lesion,
        perilesional,
        ita,
        tone_bin: ita.map(|angle| tone_bin(angle).to_owned()),
    }
}

/// Of some of the lesions.
pub fn lesion_colour(photo: &Photo, pieces: &[&Component]) -> Option<RegionColour> {
    colour_of(photo, pieces.iter().copied(), &Curve::new())
}

fn colour_of<'a>(
    photo: &Photo,
    pieces: impl Iterator<Item = &'a Component> + Clone,
    curve: &Curve,
) -> Option<RegionColour> {
    let area: u64 = pieces.clone().map(|c| c.area).sum();
    let runs: Vec<_> = pieces.flat_map(|c| c.runs.iter().copied()).collect();
    region_colour(photo, spread(&runs, area, MAX_SAMPLES), curve)
}

fn ring_width(largest: &Component, labels: &LabelMap) -> f64 {
    let radius = (largest.area as f64 / std::f64::consts::PI).sqrt();
    let shorter = f64::from(labels.width.min(labels.height));
    let (narrowest, widest) = RING_OF_SHORTER_SIDE;
    (RING_RADII * radius).clamp(narrowest * shorter, widest * shorter).max(1.0)
}

/// The lesions' common box, widened by `margin` and cut at the frame.
fn window_around(pieces: &[Component], margin: f64, labels: &LabelMap) -> [u32; 4] {
    let margin = margin.ceil() as u32;
    let (mut left, mut top, mut right, mut bottom) = (u32::MAX, u32::MAX, 0, 0);
    for [x, y, width, height] in pieces.iter().map(|c| c.bbox) {
        (left, top) = (left.min(x), top.min(y));
        (right, bottom) = (right.max(x + width), bottom.max(y + height));
    }
    let (left, top) = (left.saturating_sub(margin), top.saturating_sub(margin));
    let (right, bottom) = ((right + margin).min(labels.width), (bottom + margin).min(labels.height));
    [left, top, right - left, bottom - top]
}

/// Of these pixels; nothing where there are none.
pub fn mean_colour(photo: &Photo, pixels: impl Iterator<Item = (u32, u32)>) -> Option<RegionColour> {
    region_colour(photo, pixels, &Curve::new())
}

/// Null where there are no pixels.
fn region_colour(photo: &Photo, pixels: impl Iterator<Item = (u32, u32)>, curve: &Curve) -> Option<RegionColour> {
    let (mut n, mut sum, mut squares, mut log_red, mut log_green) = (0_u64, [0.0; 3], [0.0; 3], 0.0, 0.0);
    for (x, y) in pixels {
        let rgb = photo.pixel(x, y);
        for (i, value) in curve.lab(rgb).into_iter().enumerate() {
            sum[i] += value;
            squares[i] += value * value;
        }
        log_red += curve.log10[usize::from(rgb[0])];
        log_green += curve.log10[usize::from(rgb[1])];
        n += 1;
    }
    if n == 0 {
        return None;
    }
    let n = n as f64;
    let lab_mean = sum.map(|s| s / n);
    let lab_sd = std::array::from_fn(|i| (squares[i] / n - lab_mean[i] * lab_mean[i]).max(0.0).sqrt());
    Some(RegionColour {
        lab_mean,
        lab_sd,
        erythema_index: 100.0 * (log_red - log_green) / n,
        melanin_index: -100.0 * log_red / n,
    })
}

pub fn difference(lesion: &RegionColour, around: &RegionColour) -> ColourDifference {
    let [dl, da, db] = std::array::from_fn(|i| lesion.lab_mean[i] - around.lab_mean[i]);
    ColourDifference {
        dl,
        da,
        db,
        ciede2000: ciede2000(lesion.lab_mean, around.lab_mean),
        erythema_index: lesion.erythema_index - around.erythema_index,
        melanin_index: lesion.melanin_index - around.melanin_index,
    }
}

fn ciede2000(a: [f64; 3], b: [f64; 3]) -> f64 {
    let lab = |[l, a, b]: [f64; 3]| Lab::<D65, f64>::new(l, a, b);
    lab(a).difference(lab(b))
}

/// Individual typology angle of the mean colour of all normal skin.
fn typology_angle(photo: &Photo, labels: &LabelMap, curve: &Curve) -> Option<f64> {
    let lattice = Lattice::over_frame(labels, 8 * MAX_SAMPLES);
    let skin: Vec<_> = lattice.points().filter(|&(x, y)| labels.at(x, y) == SKIN).collect();
    let points = u64::from(lattice.columns) * u64::from(lattice.rows);
    if (skin.len() as f64) < MIN_SKIN_FRACTION_OF_FRAME * points as f64 {
        return None;
    }
    let step = skin.len().div_ceil(MAX_SAMPLES as usize).max(1);
    let [l, _, b] = region_colour(photo, skin.into_iter().step_by(step), curve)?.lab_mean;
    (b > 0.0).then(|| (l - 50.0).atan2(b).to_degrees())
}

fn tone_bin(angle: f64) -> &'static str {
    match angle {
        a if a >= 55.0 => "very_light",
        a if a >= 41.0 => "light",
        a if a >= 28.0 => "intermediate",
        a if a >= 10.0 => "tan",
        a if a >= -30.0 => "brown",
        _ => "dark",
    }
}

/// The sRGB transfer curve, tabulated for the 256 values that a channel can have.
struct Curve {
    linear: [f64; 256],
    /// Of the linear value; that of 0 is taken as that of 1, because it has none.
    log10: [f64; 256],
}

impl Curve {
    fn new() -> Self {
        let linear = std::array::from_fn(|i| {
            let v = i as f64 / 255.0;
            if v <= 0.04045 { v / 12.92 } else { ((v + 0.055) / 1.055).powf(2.4) }
        });
        Self { linear, log10: std::array::from_fn(|i| linear[i.max(1)].ln() / LN_10) }
    }

    fn lab(&self, rgb: [u8; 3]) -> [f64; 3] {
        let [r, g, b] = rgb.map(|v| self.linear[usize::from(v)]);
        let lab: Lab<D65, f64> = LinSrgb::new(r, g, b).into_color();
        [lab.l, lab.a, lab.b]
    }
}

#[cfg(test)]
mod tests;
