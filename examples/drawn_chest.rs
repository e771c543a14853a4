//! Draws the chest of docs/other-images.md: `cargo run --example drawn_chest -- chest`.
//!
//! Slices with Hounsfield units, a model of a few nodes that finds nodules in them, and a segmentation such as a doctor would draw.
//! Nothing in it is of a patient, and the model knows no real chest.
#![allow(clippy::disallowed_methods, reason = "its own files, in folders of its own")]

use std::path::PathBuf;

use crate::kit::chest;

#[path = "../tests/kit/mod.rs"]
mod kit;

fn main() -> std::io::Result<()> {
    let root = PathBuf::from(std::env::args().nth(1).unwrap_or_else(|| "chest".to_owned()));
    chest::write(&root)?;
    println!("{}: slices, model, marked", root.display());
    Ok(())
}
