//! The folder of results: its lock and what is already done in it (`folder`), its pictures (`pictures`) and tables (`tables`).
//! `results` reads all of that back, `withdraw` takes people out of it.

mod folder;
mod pictures;
pub mod results;
mod tables;
mod withdraw;

pub use folder::{ENCRYPTED_TO, OutputFolder, Unfinished, is_results};
pub use pictures::{Overlay, encode_mask, encode_overlay, encode_probabilities};
pub use tables::{RUN_SCHEMA, RunFile, Tables, Totals, harmless};
pub use withdraw::{Withdrawal, Withdrawn};
