//! Whose photo it is: the table of people, who opted out, who was withdrawn, and codes instead of names.

pub(crate) mod opt_out;
pub(crate) mod pseudonyms;
mod remembered;
pub mod subjects;

pub use opt_out::{LeftOut, OptOut, lines_without_photos};
pub use pseudonyms::{Pseudonyms, uid_of};
pub use remembered::{Kind, Remembered};
