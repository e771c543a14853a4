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

impl RawMap {
    /// The smallest and the largest value; not a number where one of them is none.
    pub fn range(&self) -> (f32, f32) {
        // `f32::min` passes over NaN; it must show.
        let fold = |start: f32, pick: fn(f32, f32) -> f32| {
            self.values.iter().copied().fold(start, |a, b| if a.is_nan() || b.is_nan() { f32::NAN } else { pick(a, b) })
        };
        (fold(f32::INFINITY, f32::min), fold(f32::NEG_INFINITY, f32::max))
    }
}

/// One worker's model. `infer` takes `&mut self` because a session serves one caller at a time.
pub trait Engine: Send {
    fn infer(&mut self, tensor: &Tensor) -> Result<RawMap, PhotoError>;
}
