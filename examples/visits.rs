//! Draws the visits of docs/track.md, with their masks: `cargo run --example visits -- DIR`. They are made by code; no patient is in them.
#![allow(clippy::disallowed_methods, reason = "its own files, in folders of its own")]

use std::fs;
use std::path::PathBuf;

use derm_seg::domain::mask::LESION;

use crate::kit::files::Jpeg;
use crate::kit::visits::{Spot, Visit};

#[path = "../tests/kit/mod.rs"]
mod kit;

fn main() -> std::io::Result<()> {
    let root = PathBuf::from(std::env::args().nth(1).unwrap_or_else(|| "visits".to_owned()));
    fs::create_dir_all(root.join("photos/P01"))?;
    fs::create_dir_all(root.join("truth/P01"))?;
    let spots = |scale: [f32; 4]| -> Vec<Spot> {
        let places = [(-0.5, -0.35, 0.26), (0.35, 0.3, 0.2), (0.55, -0.4, 0.15), (-0.35, 0.5, 0.15)];
        let all = places.into_iter().zip(scale).filter(|(_, scale)| *scale > 0.0);
        all.map(|((x, y, radius), scale)| Spot::new(x, y, radius * scale)).collect()
    };
    let visits = [
        (0, Visit::new(5, &spots([1.0, 1.0, 0.0, 1.0]))),
        (28, Visit::new(5, &spots([0.9, 1.2, 0.0, 0.8])).from(1.12, 11.0, (0.05, -0.03), 0.86)),
        (84, Visit::new(5, &spots([0.7, 1.35, 0.8, 0.0])).from(0.9, -16.0, (-0.05, 0.04), 1.1)),
        (120, Visit::new(6, &spots([0.7, 1.35, 0.8, 0.0]))),
    ];
    let mut table = "path,subject,site,day\n".to_owned();
    for (day, visit) in visits {
        let sample = visit.draw(640, 480);
        fs::write(root.join(format!("photos/P01/day{day:03}.jpg")), Jpeg::camera().write(&sample.photo))?;
        let lesions: Vec<u8> = sample.truth.data.iter().map(|class| if *class == LESION { 255 } else { 0 }).collect();
        let mask = root.join(format!("truth/P01/day{day:03}.png"));
        image::save_buffer(mask, &lesions, 640, 480, image::ExtendedColorType::L8).map_err(std::io::Error::other)?;
        table += &format!("P01/day{day:03}.jpg,P01,arm,{day}\n");
    }
    fs::write(root.join("visits.csv"), table)
}
