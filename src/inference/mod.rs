//! From pixels to a segmentation: what a model is (`manifest`), ONNX Runtime (`runtime`, the only place that knows it), pixels to a
//! tensor (`preprocess`), and the answer to a mask (`postprocess`). `loaded` puts a model and its session together.

mod loaded;
pub mod manifest;
pub mod postprocess;
pub mod preprocess;
pub mod runtime;

pub use loaded::LoadedModel;
