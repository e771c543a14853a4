//! The record of one photo: the JSON contract that scripts rely on (`docs/schemas/record.json`). Fields are added, never renamed.
//!
//! A figure that cannot be known is `null`, never 0 and never missing.

mod area;
mod colour;
mod crop;
mod input;
mod lesion;
mod models;
mod privacy;
mod quality;
mod rounding;

pub use area::{Area, Scale, ScaleSource, Size};
pub use colour::{Colour, ColourDifference, RegionColour};
pub use crop::{Crop, CropBox, CropOf};
pub use input::{DicomInput, Input, Window, WindowFunction, WindowSource};
pub use lesion::{ClassFigures, Lesion, LesionMm, Specks};
pub use models::{Classification, ClassifiedPart, ModelId};
pub use privacy::{Finding, Privacy, Severity};
pub use quality::{Confidence, Quality, QualityFlag};
pub use rounding::as_written;
pub(crate) use rounding::round;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::domain::name::relative;
use crate::error::{PhotoError, PhotoWarning};

pub const RECORD_SCHEMA: &str = "derm-seg/record/1";

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    pub schema: String,
    #[serde(flatten)]
    pub outcome: Outcome,
}

impl Record {
    pub fn new(outcome: Outcome) -> Self {
        Self { schema: RECORD_SCHEMA.to_owned(), outcome }
    }

    pub fn input(&self) -> &Input {
        match &self.outcome {
            Outcome::Done(d) => &d.input,
            Outcome::Excluded(e) => &e.input,
            Outcome::Failed(f) => &f.input,
        }
    }

    pub fn done(&self) -> Option<&Done> {
        match &self.outcome {
            Outcome::Done(done) => Some(done),
            _ => None,
        }
    }

    pub fn into_done(self) -> Option<Done> {
        match self.outcome {
            Outcome::Done(done) => Some(*done),
            _ => None,
        }
    }

    pub fn status(&self) -> &'static str {
        match &self.outcome {
            Outcome::Done(_) => "done",
            Outcome::Excluded(_) => "excluded",
            Outcome::Failed(_) => "failed",
        }
    }

    /// The record as it is written: figures with six decimals, since more would be noise that differs between processors.
    pub fn to_json(&self) -> serde_json::Result<Value> {
        let mut value = serde_json::to_value(self)?;
        round(&mut value);
        Ok(value)
    }

    /// The bytes of a record's own file.
    pub fn to_file(&self) -> serde_json::Result<Vec<u8>> {
        let mut json = serde_json::to_vec_pretty(&self.to_json()?)?;
        json.push(b'\n');
        Ok(json)
    }

    /// The record as it would be read back.
    pub fn as_written(&self) -> serde_json::Result<Self> {
        serde_json::from_value(self.to_json()?)
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum Outcome {
    Done(Box<Done>),
    Excluded(Excluded),
    Failed(Failed),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Done {
    pub input: Input,
    /// Size of the upright photo, which is the size of its mask.
    pub photo: Size,
    pub model: ModelId,
    pub mask: FileRef,
    pub area: Area,
    /// Largest first.
    pub lesions: Vec<Lesion>,
    /// Components too small to describe: they count in `area` but have no entry in `lesions`.
    pub specks: Specks,
    pub colour: Colour,
    pub quality: Quality,
    pub confidence: Confidence,
    pub privacy: Privacy,
    pub warnings: Vec<Warning>,
    /// Where somebody corrected the mask: what the model's was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edited: Option<Edited>,
    /// Each kind of lesion by itself, in the order of the values in the mask; none where the model has only one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub classes: Vec<ClassFigures>,
    /// Pictures cut out of the photo; none where nobody asked for them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub crops: Option<Vec<Crop>>,
    /// What second models say of the photo; none where nobody asked for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub classifications: Option<Vec<Classification>>,
}

/// The figures of such a record are of the corrected mask, and the model's confidence is null.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edited {
    pub model_mask_blake3: String,
    /// Whether it lies in model_masks/; it does not where it was painted over in its place.
    pub model_mask_kept: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Excluded {
    pub input: Input,
    pub exclusion: Exclusion,
    #[serde(default)]
    pub privacy: Privacy,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Exclusion {
    pub reason: String,
    pub detail: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Failed {
    pub input: Input,
    pub failure: Failure,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Failure {
    pub stage: String,
    pub code: String,
    pub message: String,
}

impl From<&PhotoError> for Failure {
    fn from(error: &PhotoError) -> Self {
        Self { stage: error.stage().as_str().to_owned(), code: error.code().to_owned(), message: error.to_string() }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileRef {
    #[serde(deserialize_with = "relative")]
    pub path: String,
    pub blake3: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Warning {
    pub code: String,
    pub message: String,
}

impl From<&PhotoWarning> for Warning {
    fn from(warning: &PhotoWarning) -> Self {
        Self { code: warning.code().to_owned(), message: warning.to_string() }
    }
}
