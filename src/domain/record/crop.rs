//! The pictures cut out of the photo.

use serde::{Deserialize, Serialize};

use crate::domain::name::relative;

/// A picture cut out of a photo.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Crop {
    pub of: CropOf,
    /// The largest lesion in it, where it is of one or of several that lie together.
    pub lesion: Option<u32>,
    /// All that it was cut for.
    pub lesions: Vec<u32>,
    #[serde(deserialize_with = "relative")]
    pub file: String,
    pub blake3: String,
    /// Of the upright photo; reaches beyond it where it was padded.
    #[serde(rename = "box")]
    pub area: CropBox,
    /// The same in the pixels of the file as it is stored, before its orientation is applied.
    pub stored_box: CropBox,
    pub width: u32,
    pub height: u32,
    /// Pixels of the crop for one pixel of the photo.
    pub scale: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CropOf {
    /// One lesion, or several that lie together.
    Lesion,
    /// All lesions of the photo.
    Photo,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CropBox {
    pub x: i64,
    pub y: i64,
    pub width: u32,
    pub height: u32,
}
