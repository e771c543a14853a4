//! How good the photo is, and how sure the model.

use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Quality {
    /// These three are null where the picture is no photograph, as an X-ray.
    pub sharpness: Option<f64>,
    pub clipped_dark: Option<f64>,
    pub clipped_bright: Option<f64>,
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
