//! From pixels to a segmentation: what a model is (`manifest`), ONNX Runtime (`runtime`, the only place that knows it), pixels to a
//! tensor (`preprocess`), and the answer to a mask (`postprocess`). `loaded` puts a model and its session together;
//! `classifier` is a second model that says what is seen.

mod classifier;
mod loaded;
pub mod manifest;
pub mod postprocess;
pub mod preprocess;
pub mod runtime;

pub use classifier::{Classifier, LoadedClassifier};
pub use loaded::LoadedModel;
