//! What a graph says of itself, and what one run of it on a test picture shows.

use serde::Serialize;

/// Element types that a model may take or give.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Element {
    Float32,
    Float16,
    Uint8,
    Int32,
    Int64,
    Other,
}

impl Element {
    fn as_str(self) -> &'static str {
        match self {
            Element::Float32 => "float32",
            Element::Float16 => "float16",
            Element::Uint8 => "uint8",
            Element::Int32 => "int32",
            Element::Int64 => "int64",
            Element::Other => "other",
        }
    }
}

/// One axis of a graph's tensor; none where it is dynamic.
pub type Dim = Option<u32>;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TensorInfo {
    pub name: String,
    pub element: Element,
    pub dims: Vec<Dim>,
}

impl TensorInfo {
    /// As people write it: `image float32 [1, 3, ?, ?]`.
    pub fn describe(&self) -> String {
        let dims: Vec<String> = self.dims.iter().map(|d| d.map_or("?".to_owned(), |d| d.to_string())).collect();
        format!("{} {} [{}]", self.name, self.element.as_str(), dims.join(", "))
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GraphInfo {
    pub inputs: Vec<TensorInfo>,
    pub outputs: Vec<TensorInfo>,
}

impl GraphInfo {
    pub fn input(&self, name: Option<&str>) -> Option<&TensorInfo> {
        pick(&self.inputs, name)
    }

    /// Models with deep supervision (u2net-like) give the fused map first.
    pub fn output(&self, name: Option<&str>) -> Option<&TensorInfo> {
        pick(&self.outputs, name)
    }
}

/// The tensor of this name; the first where none is named.
fn pick<'a>(tensors: &'a [TensorInfo], name: Option<&str>) -> Option<&'a TensorInfo> {
    tensors.iter().find(|t| name.is_none_or(|name| t.name == name))
}

/// What one run on a test picture showed of the output.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Observed {
    pub shape: Vec<usize>,
    #[serde(skip)]
    pub element: Element,
    pub min: f32,
    pub max: f32,
    /// Channel sums are 1 everywhere.
    pub sums_to_one: bool,
}

/// Sums of single-precision numbers miss a whole by this much at the most.
pub const ROUNDING: f32 = 1e-3;

impl Observed {
    pub fn is_finite(&self) -> bool {
        self.min.is_finite() && self.max.is_finite()
    }

    pub fn is_whole_numbers(&self) -> bool {
        matches!(self.element, Element::Int32 | Element::Int64 | Element::Uint8)
    }

    /// As a sigmoid or a softmax gives them.
    pub fn lies_from_0_to_1(&self) -> bool {
        self.min >= -ROUNDING && self.max <= 1.0 + ROUNDING
    }
}
