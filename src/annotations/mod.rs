//! Masks as others write and read them: outlines (`polygons`), reference masks (`references`), files for other tools
//! (`export`), and corrected masks that come back (`corrections`).

pub(crate) mod corrections;
mod error;
pub(crate) mod export;
pub mod polygons;
pub mod references;

pub use error::AnnotationError;
