//! What may be disclosed: what a file says about a person besides its picture.

pub mod findings;
pub mod walk;

pub use findings::scan;
pub use walk::jpeg::is_complete as jpeg_is_complete;
