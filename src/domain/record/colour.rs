//! The colours of lesions and of the skin around them.

use serde::{Deserialize, Serialize};

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
