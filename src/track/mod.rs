//! Change over time: the same skin on several dates. Each photo is laid over the first of its series, by points of the skin
//! outside the lesions; then it is told what became of every lesion. What cannot be told is said with its reason.
//!
//! `view` is a photo as alignment sees it, `align` finds how it lies in the first, `transform` is the arithmetic of that;
//! `lesions` tells them apart, `series` goes through the photos, `strip` makes pictures of them, `json` is what is written.

pub mod align;
pub mod json;
pub mod lesions;
pub mod series;
pub mod strip;
pub mod transform;
pub mod view;
