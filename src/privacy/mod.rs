//! What may be disclosed: what a file says about a person besides its picture, whether its picture shows a face, and copies
//! without either.

pub mod faces;
pub mod findings;
mod policy;
#[cfg(test)]
mod samples;
pub mod scrub;

pub use findings::{scan, scan_bytes};
pub use policy::Policy;
