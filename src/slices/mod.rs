//! Slices of one series: which lie behind each other, and which lesions of neighbouring slices are one finding.
//!
//! Only records and masks are read. `stack` puts slices in their order by what their files say of their places, and says where
//! it cannot; `findings` joins lesions; `json` is what is written.

pub mod findings;
pub mod json;
pub mod stack;
