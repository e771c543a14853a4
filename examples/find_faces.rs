//! Tells what the face detector sees: paths on standard input, one a line; a line of JSON for each.
//!
//! For `tests/oracle/faces.py`, and for anyone who wants figures on photos of their own.

use std::error::Error;
use std::io::stdin;

use derm_seg::domain::photo::Photo;
use derm_seg::inference::runtime::{Device, Runtime};
use derm_seg::privacy::faces::{Face, FaceFinder};
use serde_json::{Value, json};

fn main() -> Result<(), Box<dyn Error>> {
    let finder = FaceFinder::open(&Runtime::load(None, Device::Cpu)?)?;
    for path in stdin().lines() {
        let path = path?;
        let picture = image::open(&path)?.into_rgb8();
        let (width, height) = picture.dimensions();
        let faces = finder.find(&Photo { width, height, rgb: picture.into_raw() })?;
        println!("{}", json!({"path": path, "faces": faces.iter().map(told).collect::<Vec<_>>()}));
    }
    Ok(())
}

fn told(face: &Face) -> Value {
    let place = face.place;
    json!({"score": face.score, "place": [place.x, place.y, place.width, place.height], "landmarks": face.landmarks})
}
