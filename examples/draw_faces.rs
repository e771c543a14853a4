//! Draws the faces of the tests, for `tests/oracle/faces.py`: `cargo run --example draw_faces -- FOLDER`.
#![allow(clippy::disallowed_methods, reason = "its own files, in folders of its own")]

use std::fs;
use std::path::PathBuf;

#[path = "../tests/kit/mod.rs"]
mod kit;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = PathBuf::from(std::env::args().nth(1).ok_or("name a folder for the pictures")?);
    fs::create_dir_all(&folder)?;
    for (name, photo) in kit::faces::gallery() {
        image::save_buffer(
            folder.join(format!("{name}.png")),
            &photo.rgb,
            photo.width,
            photo.height,
            image::ColorType::Rgb8,
        )?;
    }
    Ok(())
}
