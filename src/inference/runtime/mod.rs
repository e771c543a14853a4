//! The only room that knows ONNX Runtime. Everything else sees the `Engine` trait, so tests of the other rooms need no model.

mod device;
mod library;
mod session;

pub use device::Device;
pub use library::{Runtime, RuntimeInfo, notices};
pub use session::OrtSession;

use crate::error::PhotoError;
use crate::inference::manifest::Element;
use crate::inference::preprocess::Tensor;

/// The model's answer as it came out: values by row, in the shape the graph gave.
#[derive(Clone, Debug, PartialEq)]
pub struct RawMap {
    pub shape: Vec<usize>,
    pub element: Element,
    /// Whole numbers of class-index outputs are exact in f32 (classes are few).
    pub values: Vec<f32>,
}

/// One worker's model. `infer` takes `&mut self` because a session serves one caller at a time.
pub trait Engine: Send {
    fn infer(&mut self, tensor: &Tensor) -> Result<RawMap, PhotoError>;
}
