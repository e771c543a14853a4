//! How large the photo is, how much of it is what, and how long a pixel is.

use serde::{Deserialize, Serialize};

use super::rounding::as_written;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Size {
    pub width: u32,
    pub height: u32,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Area {
    pub background_px: u64,
    /// Null where the model has no class for normal skin.
    pub skin_px: Option<u64>,
    /// Null, as all figures of lesions, where the model has no class for them.
    pub lesion_px: Option<u64>,
    pub lesion_fraction_of_frame: Option<f64>,
    pub lesion_fraction_of_skin: Option<f64>,
    pub mm_per_px: Option<f64>,
    /// Who says how long a pixel is. This and all figures in millimetres are there only where somebody does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scale_source: Option<ScaleSource>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lesion_mm2: Option<f64>,
}

impl Area {
    pub fn scale(&self) -> Option<Scale> {
        Some(Scale { mm_per_px: self.mm_per_px?, source: self.scale_source? })
    }
}

/// How long a pixel of the upright photo is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scale {
    pub mm_per_px: f64,
    pub source: ScaleSource,
}

impl Scale {
    pub fn of(mm_per_px: f64, source: ScaleSource) -> Self {
        Self { mm_per_px: as_written(mm_per_px), source }
    }
}

/// From the farthest from the photo to the nearest; a nearer one is believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ScaleSource {
    /// One for all photos, by --mm-per-px.
    Stated,
    /// The pixel spacing of a DICOM file.
    File,
    /// The photo's line in the clinical table.
    Table,
    /// Measured in the photo, with the ruler of the report.
    Review,
}

impl ScaleSource {
    /// The name that records use.
    pub fn as_str(self) -> &'static str {
        match self {
            ScaleSource::Stated => "stated",
            ScaleSource::File => "file",
            ScaleSource::Table => "table",
            ScaleSource::Review => "review",
        }
    }
}
