//! What the record says of the input file.

use serde::{Deserialize, Serialize};

use crate::domain::name::relative;

/// What is known of the input file; a failed photo may have little more than its path.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Input {
    #[serde(deserialize_with = "relative")]
    pub path: String,
    pub format: Option<String>,
    pub bytes: Option<u64>,
    pub blake3: Option<String>,
    /// Size as stored, before the orientation is applied.
    pub width: Option<u32>,
    pub height: Option<u32>,
    /// EXIF orientation, 1 to 8.
    pub orientation: Option<u8>,
    /// Of a DICOM file only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dicom: Option<DicomInput>,
}

/// What a DICOM file says of the frame that the photo is. None of its texts: only terms of the standard, and numbers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DicomInput {
    /// From 1 on.
    pub frame: u32,
    pub frames: u32,
    pub modality: Option<String>,
    pub transfer_syntax: String,
    /// Which values are black and white; null where they are shown as they are.
    pub window: Option<Window>,
    /// Between rows, and between columns.
    pub pixel_spacing_mm: Option<[f64; 2]>,
    pub spacing_source: Option<String>,
    /// Of the middle of the first pixel, in the patient's coordinates.
    pub position_mm: Option<[f64; 3]>,
    /// Directions of the rows and of the columns.
    pub orientation: Option<[f64; 6]>,
    /// With codes instead of names: the patient and the study under the key, as copies of the file have them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub patient: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub study: Option<String>,
}

impl DicomInput {
    /// The window that the file does not tell.
    pub fn window_of_manifest(&self) -> Option<Window> {
        self.window.filter(|window| window.source == WindowSource::Manifest)
    }

    /// How long a pixel is, where pixels are square.
    pub fn mm_per_px(&self) -> Option<f64> {
        let [rows, columns] = self.pixel_spacing_mm?;
        ((rows - columns).abs() <= 0.001 * columns).then_some(columns)
    }
}

/// Which grey values become black and white.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Window {
    pub center: f64,
    pub width: f64,
    pub function: WindowFunction,
    pub source: WindowSource,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WindowFunction {
    #[default]
    Linear,
    LinearExact,
    Sigmoid,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WindowSource {
    #[default]
    Manifest,
    /// The file's first.
    File,
    /// Nobody's: from the frame's least to its greatest value.
    Range,
}
