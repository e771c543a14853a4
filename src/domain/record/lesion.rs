//! The figures of one lesion, and of one kind of lesion.

use serde::{Deserialize, Serialize};

use super::colour::{ColourDifference, RegionColour};

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
