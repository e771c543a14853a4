//! Masks as others write and read them: outlines (`polygons`), reference masks (`references`), and files for other tools (`export`).

mod error;
pub(crate) mod export;
pub mod polygons;
pub mod references;

pub use error::AnnotationError;
