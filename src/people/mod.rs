//! Whose photo it is: the table of people, who opted out, who was withdrawn, codes instead of names, and the table of what they stand for.

mod correspondence;
pub(crate) mod opt_out;
pub(crate) mod pseudonyms;
mod remembered;
pub mod subjects;

pub use correspondence::{Correspondence, Patients};
pub use opt_out::{LeftOut, OptOut, lines_without_photos};
pub use pseudonyms::{Pseudonyms, is_code, uid_of};
pub use remembered::{Kind, Remembered};
