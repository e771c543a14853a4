//! Tells what the face detector sees: paths on standard input, one line each: path, then the scores of what it found.
//!
//! For `tests/oracle/faces.py`, and for anyone who wants figures on photos of their own.

use std::error::Error;
use std::io::stdin;

use derm_seg::domain::photo::Photo;
use derm_seg::privacy::faces::find;

/// Below every threshold that is worth a look.
const LOWEST: f64 = 0.5;

fn main() -> Result<(), Box<dyn Error>> {
    for path in stdin().lines() {
        let path = path?;
        let picture = image::open(&path)?.into_rgb8();
        let (width, height) = picture.dimensions();
        let faces = find(&Photo { width, height, rgb: picture.into_raw() }, LOWEST)?;
        let scores: Vec<String> = faces.iter().map(|face| format!("{:.2}", face.score)).collect();
        println!("{path}\t{}", scores.join(" "));
    }
    Ok(())
}
