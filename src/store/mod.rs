//! The only room that writes. Every file is written beside its place under a temporary name and renamed into it, so that
//! a file that exists is whole; the vault that every writer is handed decides whether what reaches the disk is encrypted.
//!
//! `atomic` does that, `private` decides who may read, `folder` is the output folder with its lock and what is already done
//! in it, `pictures` encodes masks, overlays and probability maps, `tables` writes the records of all photos together,
//! `results` reads all of that back, `withdraw` takes people out of it; `vault` encrypts.

mod atomic;
mod folder;
mod pictures;
mod private;
pub mod results;
mod tables;
pub mod vault;
mod withdraw;

pub use atomic::{scratch_library, write, write_and_verify};
pub use folder::{ENCRYPTED_TO, OutputFolder, Unfinished, is_results};
pub use pictures::{Overlay, encode_mask, encode_overlay, encode_probabilities};
pub use private::remove;
pub use tables::{RUN_SCHEMA, RunFile, Tables, Totals, harmless};
pub use withdraw::{Withdrawal, Withdrawn};
