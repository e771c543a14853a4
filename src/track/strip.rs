//! A photo as it lies over the first one of its series: for the strip of pictures that a person judges by.

use super::align::Alignment;
use super::lesions::Seen;
use super::view::View;
use crate::domain::geometry::Rect;
use crate::domain::mask::{BACKGROUND, LabelMap};
use crate::domain::photo::resize;

/// Lesions above this number share a value of the map.
const MOST: usize = 250;

pub struct Frame {
    pub width: u32,
    pub height: u32,
    pub rgb: Vec<u8>,
    /// The number of the lesion at a pixel; 0 for none.
    pub lesions: LabelMap,
    /// Laid over the first photo; otherwise it is shown as it was taken.
    pub is_aligned: bool,
}

impl Frame {
    /// A photo that is not comparable.
    pub fn alone(view: &View, longer: u32) -> Self {
        let (width, height) = scaled(view, longer);
        let whole = Rect::whole(view.photo.width, view.photo.height);
        let rgb = resize(&view.photo, whole, width, height).unwrap_or_default();
        Self { width, height, rgb, lesions: LabelMap::filled(width, height, BACKGROUND), is_aligned: false }
    }
}

/// `seen` are the lesions of `labels`, which is of the photo's own size.
pub fn frame(first: &View, other: &View, alignment: &Alignment, labels: &LabelMap, seen: &Seen, longer: u32) -> Frame {
    let (width, height) = scaled(first, longer);
    let most = seen.pieces.iter().copied().max().unwrap_or(0) as usize;
    let mut lesion_of = vec![0_u8; most + 1];
    for sighting in &seen.sightings {
        sighting.pieces.iter().for_each(|&piece| lesion_of[piece as usize] = sighting.lesion.min(MOST) as u8);
    }
    let step = f64::from(first.size.width) / f64::from(width);
    let mut lesions = LabelMap::filled(width, height, BACKGROUND);
    let mut rgb = vec![0; lesions.data.len() * 3];
    for (i, pixel) in rgb.chunks_exact_mut(3).enumerate() {
        let (column, row) = (i % width as usize, i / width as usize);
        let [x, y] = alignment.from_first.apply([(column as f64 + 0.5) * step, (row as f64 + 0.5) * step]);
        if other.pixel_at([x, y]).is_none() {
            continue;
        }
        pixel.copy_from_slice(&colour(other, [x, y]));
        lesions.data[i] = lesion_of[seen.pieces[y as usize * labels.width as usize + x as usize] as usize];
    }
    Frame { width, height, rgb, lesions, is_aligned: true }
}

fn scaled(view: &View, longer: u32) -> (u32, u32) {
    let own = view.size.width.max(view.size.height);
    let side = |s: u32| ((u64::from(s) * u64::from(longer) / u64::from(own)) as u32).max(1);
    if own <= longer { (view.size.width, view.size.height) } else { (side(view.size.width), side(view.size.height)) }
}

/// Between the four pixels around a place.
fn colour(view: &View, place: super::transform::Point) -> [u8; 3] {
    let (width, height) = (view.photo.width as usize, view.photo.height as usize);
    let [x, y] = view.reduce(place).map(|v| (v - 0.5).max(0.0));
    let (left, top) = (x as usize, y as usize);
    let (right, bottom) = ((left + 1).min(width - 1), (top + 1).min(height - 1));
    let (u, v) = (x - left as f64, y - top as f64);
    let at = |x: usize, y: usize, c: usize| f64::from(view.photo.rgb[(y * width + x) * 3 + c]);
    std::array::from_fn(|c| {
        let above = at(left, top, c) * (1.0 - u) + at(right, top, c) * u;
        let below = at(left, bottom, c) * (1.0 - u) + at(right, bottom, c) * u;
        (above * (1.0 - v) + below * v).round() as u8
    })
}
