//! What may be disclosed: what a file says about a person besides its picture, who opted out, and codes instead of names.

pub mod findings;
pub mod opt_out;
pub mod policy;
pub mod pseudonym;
#[cfg(test)]
mod samples;
pub mod scrub;
pub mod walk;

pub use findings::{scan, scan_bytes};
pub use opt_out::{LeftOut, OptOut};
pub use policy::Policy;
pub use pseudonym::Pseudonyms;
pub use walk::jpeg::is_complete as jpeg_is_complete;
