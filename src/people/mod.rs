//! Whose photo it is: the table of people, who opted out, and codes instead of names.

pub mod opt_out;
pub mod pseudonyms;
pub mod subjects;

pub use opt_out::{LeftOut, OptOut};
pub use pseudonyms::Pseudonyms;
