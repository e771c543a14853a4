//! What a model is: the manifest beside a `model.onnx`, and the complete description made of it and of the graph.
//!
//! A manifest may leave out whatever the graph says for itself: `input` and `output` complete it by what `graph` shows, and
//! refuse where that leaves a doubt; `template` then is the manifest to fill in. `labels` is the answer of a classifier. `locate` finds the files, `external` keeps a
//! graph's side files inside the model's folder.

mod external;
mod graph;
mod input;
mod labels;
mod locate;
mod output;
mod template;

pub use external::side_files;
pub use graph::{Dim, Element, GraphInfo, Observed, ROUNDING, TensorInfo};
pub use input::{Input, resolve_input};
pub use labels::{LabelOutput, labels_output, resolve_labels};
pub use locate::BUILT_IN_CARD;
pub use locate::{Model, built_in, built_in_as, locate};
pub use output::{Output, map_output, resolve_output};
pub use template::{fill_in_input, fill_in_output};

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::domain::crop::Frame;
use crate::domain::record::{ClassifiedPart, Confidence, Window, WindowFunction, WindowSource};
use crate::domain::values::GreyValues;

pub const MANIFEST_SCHEMA: &str = "derm-seg/manifest/1";

/// The complete description, with nothing left open. `model show` prints it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Resolved {
    pub input: Input,
    pub output: Output,
    /// What was taken from the graph or by convention rather than from the manifest.
    pub assumed: Vec<String>,
}

/// Why manifest and graph together make no complete description.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unclear {
    /// They contradict each other, or the model cannot be run at all.
    #[error("{0}")]
    Wrong(String),
    /// Neither says: a manifest that does is the way out.
    #[error("{0}")]
    Open(String),
}

/// `manifest.json` as written by the model's author. Unknown keys are errors: a misspelt one must not be ignored.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// What the model does; a segmenter where it is not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<ModelKind>,
    /// The graph's file, beside the manifest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub licence: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub intended_use: Option<String>,
    #[serde(default)]
    pub input: InputManifest,
    #[serde(default)]
    pub output: OutputManifest,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub second_look: Option<SecondLook>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub doubt: Option<Doubt>,
    /// Of a classifier: which part of the photo it sees; the whole photo where it is not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub applies_to: Option<ClassifiedPart>,
    /// Of a classifier: how that part is cut out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub crop: Option<Frame>,
    /// Data, training and figures: shown, never interpreted.
    #[serde(default, skip_serializing_if = "serde_json::Value::is_null")]
    pub provenance: serde_json::Value,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ModelKind {
    /// Says for every pixel what it shows.
    Segmenter,
    /// Says what a photo or a part of it shows.
    Classifier,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InputManifest {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub layout: Option<Layout>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channels: Option<Channels>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<SizeRule>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resize: Option<Resize>,
    /// Colour of the bars that `letterbox` adds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pad: Option<[u8; 3]>,
    /// The value a model sees is (pixel × scale − mean) ÷ std, pixel 0 to 255.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scale: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mean: Option<Vec<f64>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub std: Option<Vec<f64>>,
    /// Of a classifier: one more channel after the colours, 1 in lesions and 0 elsewhere (255 for a graph that takes bytes).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mask: Option<bool>,
    /// Which grey values of DICOM files are black and white, in place of what the files say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<WindowRule>,
    /// A model of one channel may want more than the 256 steps of a photo.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub values: Option<GreyValues>,
    /// Of stored values: what lies beyond becomes the end of the range.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub range: Option<[f64; 2]>,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WindowRule {
    pub center: f64,
    pub width: f64,
    #[serde(default)]
    pub function: WindowFunction,
}

impl WindowRule {
    pub fn of_manifest(self) -> Window {
        Window { center: self.center, width: self.width, function: self.function, source: WindowSource::Manifest }
    }
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OutputManifest {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub layout: Option<Layout>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub values: Option<Values>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub activation: Option<Activation>,
    /// What each channel (or class index) means, in order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub classes: Option<Vec<Class>>,
    /// Which kind of lesion a pixel is of where several reach their thresholds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overlap: Option<Overlap>,
    /// Of a classifier: what each value of its answer stands for, in order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub labels: Option<Vec<String>>,
    /// Of a classifier: it gives no label where none has this probability.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub abstain_below: Option<f64>,
    /// Logits are divided by it before the activation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub temperature: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thresholds: Option<Thresholds>,
    /// Where the thresholds come from, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thresholds_source: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Layout {
    Nchw,
    Nhwc,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Channels {
    Rgb,
    Bgr,
    Grey,
}

impl Channels {
    pub fn count(self) -> usize {
        if self == Channels::Grey { 1 } else { 3 }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Resize {
    /// The photo fills the frame; its proportions may change.
    Stretch,
    /// Proportions are kept; bars fill the rest.
    Letterbox,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged, deny_unknown_fields)]
pub enum SizeRule {
    Fixed {
        width: u32,
        height: u32,
    },
    /// Proportions are kept: the longer side becomes `long_side`, both sides are rounded to the multiple.
    Multiple {
        multiple_of: u32,
        long_side: u32,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Values {
    Logits,
    Probabilities,
    /// Class indices, as an argmax in the graph gives them.
    Labels,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Activation {
    Softmax,
    Sigmoid,
    None,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClassRole {
    Background,
    Skin,
    Lesion,
    /// Skin or background, the model does not say which: drawn as background, and skin areas are null.
    NotLesion,
    /// A channel that is not used.
    Ignore,
}

impl ClassRole {
    fn name(self) -> &'static str {
        match self {
            ClassRole::Background => "background",
            ClassRole::Skin => "skin",
            ClassRole::Lesion => "lesion",
            ClassRole::NotLesion => "not_lesion",
            ClassRole::Ignore => "ignore",
        }
    }
}

/// What a channel stands for: its role, and for one of several kinds of lesion a name of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Class {
    pub name: String,
    pub role: ClassRole,
}

impl From<ClassRole> for Class {
    fn from(role: ClassRole) -> Self {
        Self { name: role.name().to_owned(), role }
    }
}

/// In a manifest, a role alone is its own name.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum ClassText {
    Role(ClassRole),
    Named(NamedClass),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct NamedClass {
    name: String,
    role: ClassRole,
}

impl Serialize for Class {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.name == self.role.name() {
            true => self.role.serialize(serializer),
            false => NamedClass { name: self.name.clone(), role: self.role }.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Class {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let shown = serde_json::Value::deserialize(deserializer)?;
        let text: ClassText = serde_json::from_value(shown.clone()).map_err(|_| {
            serde::de::Error::custom(format!(
                "the class {shown} is not known: write background, skin, lesion, not_lesion or ignore, or for a class with a name of its own \
                 {{\"name\": \"erythema\", \"role\": \"lesion\"}}"
            ))
        })?;
        Ok(match text {
            ClassText::Role(role) => role.into(),
            ClassText::Named(NamedClass { name, role }) => Self { name, role },
        })
    }
}

/// Which kind of lesion wins where several reach their thresholds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Overlap {
    /// The one that is the farthest above its threshold, as a ratio.
    #[default]
    Likeliest,
    /// The first in the order of the classes.
    First,
    Last,
}

/// A pixel is lesion from this probability on; otherwise it is the likelier of background and skin.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Thresholds {
    /// Of every kind of lesion that has none of its own.
    #[serde(default = "half")]
    pub lesion: f64,
    /// By the name of a kind.
    #[serde(flatten)]
    pub of_kinds: BTreeMap<String, f64>,
}

impl Thresholds {
    pub fn of_lesion(lesion: f64) -> Self {
        Self { lesion, of_kinds: BTreeMap::new() }
    }
}

fn half() -> f64 {
    0.5
}

/// A second, closer look where the first found something.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SecondLook {
    /// Pixels from this lesion probability on are worth a look.
    pub min_probability: f64,
    /// Only where their box is no larger than this share of the photo's longer side: 1 for every find.
    pub max_fraction: f64,
    /// The crop is the box grown on each side by this share of it.
    pub margin: f64,
    pub min_side_px: u32,
    /// How much the closer look counts where it sees: 1 replaces the first, 0.5 is the mean of both.
    #[serde(default = "whole")]
    pub weight: f64,
    /// Left and right swapped, so that the model judges something it has not seen yet also where the crop is hardly closer.
    #[serde(default)]
    pub mirrored: bool,
}

/// From which sign of doubt on a photo's mask is flagged. Without it no photo is.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Doubt {
    /// Mean of 4p(1-p) where a lesion is possible.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lesion_doubt: Option<f64>,
    /// One minus the Dice of both looks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disagreement: Option<f64>,
}

impl Doubt {
    pub fn is_raised_by(&self, confidence: &Confidence) -> bool {
        let reached = |limit: Option<f64>, value: Option<f64>| limit.zip(value).is_some_and(|(l, v)| v >= l);
        reached(self.lesion_doubt, confidence.lesion_doubt) || reached(self.disagreement, confidence.disagreement)
    }
}

fn whole() -> f64 {
    1.0
}
