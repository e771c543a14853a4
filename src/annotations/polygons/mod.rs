//! Masks as outlines and back: for exchange with annotation tools.
//!
//! Coordinates are those of pixel corners: pixel (0, 0) covers 0..1 in x and y. A pixel is inside a polygon when its centre is, so
//! that tracing a mask and filling the outlines gives the same mask. Pure: no files are touched here.

mod coco;
mod fill;
mod labelme;
mod rle;
mod simplify;
mod trace;

pub use coco::{CocoSet, coco_segmentation};
pub use fill::fill;
pub use labelme::{fingerprint, is_untouched, labelme_shapes, read_labelme};
pub use rle::Rle;
pub use simplify::simplify;
pub use trace::{Polygon, outlines};

use crate::domain::mask::{BACKGROUND, IGNORE, LESION, SKIN};

/// A closed line through pixel corners; the last point is joined to the first. Clockwise on the screen around an area,
/// counter-clockwise around a hole.
pub type Ring = Vec<[i32; 2]>;

/// How the classes are called in exchanged files.
pub fn class_name(class: u8) -> &'static str {
    match class {
        SKIN => "normal_skin",
        LESION => "lesion",
        IGNORE => "__ignore__",
        _ => "_background_",
    }
}

/// The same, where lesions have these kinds.
pub fn kind_name(class: u8, kinds: &[String]) -> &str {
    let kind = class.checked_sub(LESION).and_then(|kind| kinds.get(usize::from(kind)));
    kind.map_or_else(|| class_name(class), String::as_str)
}

/// The class that a name in somebody's annotation most likely stands for; null where it says nothing that is known here.
pub fn known_class(name: &str) -> Option<u8> {
    match name.to_ascii_lowercase().replace([' ', '-'], "_").trim_matches('_') {
        "background" => Some(BACKGROUND),
        "skin" | "normal_skin" | "normal" | "healthy" | "healthy_skin" => Some(SKIN),
        "lesion" | "lesions" | "skin_lesion" => Some(LESION),
        "ignore" => Some(IGNORE),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
