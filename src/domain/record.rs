//! The record of one photo: the JSON contract that scripts rely on (`docs/schemas/record.json`). Fields are added, never renamed.
//!
//! A figure that cannot be known is `null`, never 0 and never missing.

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

/// One kind of lesion of a model that tells several apart. Definitions as those of the whole photo.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClassFigures {
    pub name: String,
    /// In the mask: from 2 upward.
    pub value: u8,
    pub area_px: u64,
    pub fraction_of_frame: f64,
    pub fraction_of_skin: Option<f64>,
    /// How many of `lesions` are of it.
    pub lesions: u64,
    pub specks: Specks,
    pub colour: Option<RegionColour>,
    /// This kind minus the ring of normal skin around all lesions.
    pub difference: Option<ColourDifference>,
}

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

/// What a second model says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Classification {
    pub model: ModelId,
    pub of: ClassifiedPart,
    /// The largest lesion in the part, where it is of one.
    pub lesion: Option<u32>,
    /// In the order of the model's labels.
    pub probabilities: serde_json::Map<String, Value>,
    /// The likeliest; null where the model abstained.
    pub label: Option<String>,
    /// No probability reached the threshold.
    pub abstained: bool,
}

/// Which part of a photo a second model sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClassifiedPart {
    /// The whole photo.
    Photo,
    /// Each lesion.
    Lesion,
    /// The part that holds all lesions.
    Union,
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

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Size {
    pub width: u32,
    pub height: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelId {
    pub name: String,
    pub version: String,
    pub sha256: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileRef {
    #[serde(deserialize_with = "relative")]
    pub path: String,
    pub blake3: String,
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

/// One connected lesion (8-connectivity). Definitions as scikit-image `regionprops`; lengths in pixels.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Lesion {
    pub id: u32,
    pub area_px: u64,
    pub fraction_of_frame: f64,
    pub fraction_of_skin: Option<f64>,
    /// Its kind, where the model tells several apart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<String>,
    /// x, y, width, height.
    pub bbox: [u32; 4],
    /// x, y.
    pub centroid: [f64; 2],
    pub perimeter_px: f64,
    pub equivalent_diameter_px: f64,
    pub major_axis_px: f64,
    pub minor_axis_px: f64,
    /// Radians between the row axis and the major axis, as scikit-image gives it.
    pub orientation_rad: f64,
    pub eccentricity: f64,
    pub solidity: f64,
    pub extent: f64,
    /// 4πA/P²; null for a component without a perimeter.
    pub circularity: Option<f64>,
    pub feret_diameter_px: f64,
    pub euler_number: i64,
    /// |M xor flip(M)| / 2|M| about the major and the minor axis.
    pub asymmetry: [f64; 2],
    pub touches_border: bool,
    /// Mean lesion probability inside the component; null where the mask is not the model's.
    pub confidence: Option<f64>,
    #[serde(flatten)]
    pub mm: Option<LesionMm>,
}

/// The figures of a lesion in millimetres, where the photo's scale is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LesionMm {
    pub area_mm2: f64,
    pub perimeter_mm: f64,
    pub equivalent_diameter_mm: f64,
    pub major_axis_mm: f64,
    pub minor_axis_mm: f64,
    pub feret_diameter_mm: f64,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Specks {
    pub count: u64,
    pub area_px: u64,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Colour {
    pub lesion: Option<RegionColour>,
    /// The ring of normal skin around the lesions.
    pub perilesional: Option<RegionColour>,
    /// Lesion minus perilesional.
    pub difference: Option<ColourDifference>,
    /// Individual typology angle of the normal skin, degrees.
    pub ita: Option<f64>,
    /// Estimated tone bin from the angle; not a Fitzpatrick type.
    pub tone_bin: Option<String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RegionColour {
    /// CIE L*a*b* (D65): mean and standard deviation.
    pub lab_mean: [f64; 3],
    pub lab_sd: [f64; 3],
    pub erythema_index: f64,
    pub melanin_index: f64,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ColourDifference {
    pub dl: f64,
    pub da: f64,
    pub db: f64,
    pub ciede2000: f64,
    pub erythema_index: f64,
    pub melanin_index: f64,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Quality {
    pub sharpness: f64,
    pub clipped_dark: f64,
    pub clipped_bright: f64,
    pub flags: Vec<QualityFlag>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QualityFlag {
    Blurred,
    Underexposed,
    Overexposed,
    TinyPhoto,
    NoSkin,
    NoLesion,
    LesionTouchesBorder,
}

impl QualityFlag {
    /// The name that records use.
    pub fn as_str(self) -> &'static str {
        match self {
            QualityFlag::Blurred => "blurred",
            QualityFlag::Underexposed => "underexposed",
            QualityFlag::Overexposed => "overexposed",
            QualityFlag::TinyPhoto => "tiny_photo",
            QualityFlag::NoSkin => "no_skin",
            QualityFlag::NoLesion => "no_lesion",
            QualityFlag::LesionTouchesBorder => "lesion_touches_border",
        }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Confidence {
    /// Mean lesion probability over lesion pixels.
    pub lesion_mean: Option<f64>,
    /// Mean entropy (nats, over the model's classes) in lesion pixels.
    pub lesion_entropy: Option<f64>,
    /// Share of pixels whose best class has a probability under 0.6; null where the mask is not the model's.
    pub undecided_fraction: Option<f64>,
    /// Mean of 4p(1-p) where a lesion is possible (p over 0.1): 0 sure, 1 undecided; null where it is nowhere.
    pub lesion_doubt: Option<f64>,
    /// One minus the Dice of what the model's two looks mark; null where it looked once.
    pub disagreement: Option<f64>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Privacy {
    pub findings: Vec<Finding>,
}

/// What kind of identifying content a file holds and where; never the value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Finding {
    pub kind: String,
    #[serde(rename = "where")]
    pub place: String,
    pub severity: Severity,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    Info,
    Possible,
    Identifying,
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

impl Record {
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

/// A figure with the decimals that are written. Adding zero turns -0 into 0.
pub fn as_written(exact: f64) -> f64 {
    (exact * 1e6).round() / 1e6 + 0.0
}

pub(crate) fn round(value: &mut Value) {
    match value {
        Value::Number(number) if number.is_f64() => {
            *value = Value::from(as_written(number.as_f64().unwrap_or_default()));
        }
        Value::Array(items) => items.iter_mut().for_each(round),
        Value::Object(fields) => fields.values_mut().for_each(round),
        _ => {}
    }
}
