//! Draws the sample photos of the README: `cargo run --example sample_photos -- samples`.
//!
//! They are made by code, so anybody may share them; no patient is in them.
#![allow(clippy::disallowed_methods, reason = "its own files, in folders of its own")]

use std::fs;
use std::path::PathBuf;

use crate::kit::files::Jpeg;
use crate::kit::lesions::Kind;
use crate::kit::photos::{Backdrop, Body, Scene};

#[path = "../tests/kit/mod.rs"]
mod kit;

fn main() -> std::io::Result<()> {
    let root = PathBuf::from(std::env::args().nth(1).unwrap_or_else(|| "samples".to_owned()));
    for (path, scene) in scenes() {
        let photo = scene.draw(800, 600).photo;
        let jpeg = Jpeg { quality: 78, ..Jpeg::camera() }.write(&photo);
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap_or(&root))?;
        fs::write(&path, &jpeg)?;
        println!("{} ({} kB)", path.display(), jpeg.len() / 1000);
    }
    Ok(())
}

fn scenes() -> [(&'static str, Scene); 6] {
    let hand = Scene {
        seed: 11,
        tone: 1,
        body: Body::Hand,
        backdrop: Backdrop::Wall,
        lesion: Kind::Erythema,
        ruler: false,
        vignette: false,
        hairs: 0,
    };
    let limb = Scene { body: Body::Limb, ..hand };
    [
        (
            "arm/plaques.jpg",
            Scene { seed: 2, tone: 0, backdrop: Backdrop::BlueDrape, lesion: Kind::Plaques, hairs: 30, ..limb },
        ),
        ("arm/clear.jpg", Scene { seed: 4, tone: 5, backdrop: Backdrop::Sheet, lesion: Kind::Nothing, ..limb }),
        ("hand/erythema.jpg", hand),
        (
            "leg/ulcer.jpg",
            Scene { seed: 5, tone: 4, backdrop: Backdrop::Sheet, lesion: Kind::Ulcer, ruler: true, ..limb },
        ),
        ("close/naevus.jpg", Scene { seed: 7, tone: 3, body: Body::Closeup, lesion: Kind::Naevus, hairs: 40, ..limb }),
        ("other/drape.jpg", Scene { backdrop: Backdrop::GreenDrape, ruler: true, ..hand }.without_skin()),
    ]
}
