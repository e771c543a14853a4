//! Which model it was, and what second models say of the photo.

use serde::{Deserialize, Serialize};
use serde_json::Value;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelId {
    pub name: String,
    pub version: String,
    pub sha256: String,
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
