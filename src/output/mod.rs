//! The only room that writes. Every file is written beside its place under a temporary name and renamed into it, so that
//! a file that exists is whole.
//!
//! `atomic` does that, `folder` is the output folder with its lock and what is already done in it, `pictures` writes masks,
//! overlays and probability maps, `tables` writes the records of all photos together.

mod atomic;
mod folder;
mod pictures;
mod private;
mod tables;
mod withdraw;

pub use atomic::{scratch_library, write};
pub use folder::{OutputFolder, Unfinished, is_results};
pub use pictures::{Overlay, encode_mask, encode_overlay, encode_probabilities};
pub use private::{remove, write_private};
pub use tables::{RUN_SCHEMA, RunFile, Tables, Totals, harmless};
pub use withdraw::{Withdrawal, Withdrawn};
