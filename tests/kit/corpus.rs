//! A folder as studies have them: many photos of all kinds and sizes, some of them spoilt.

use std::fs;
use std::path::Path;

use super::files::{self, Jpeg};
use super::noise::Rng;
use super::photos::{Sample, Scene};
use super::pngs::Png;
use super::spoil;

/// Writes `count` files into a tree under `root`, `spoilt` of them spoilt, and returns the spoilt ones' relative paths, sorted.
///
/// A few dozen scenes are drawn and encoded anew for every file, each time a little lighter or darker, so that no two are alike.
pub fn write(root: &Path, count: usize, spoilt: usize, seed: u64) -> Vec<String> {
    let mut rng = Rng::new(seed);
    let scenes: Vec<Sample> = (0..24).map(|i| draw(seed.wrapping_add(i), &mut rng)).collect();
    let broken = spoil::each_kind(&scenes[0].photo);
    let every = count.checked_div(spoilt).unwrap_or(usize::MAX);
    let mut names = Vec::new();
    for i in 0..count {
        let folder = format!("site{:02}/{}", i % 7, ["visit-a", "visit b", "ünï"][i % 3]);
        fs::create_dir_all(root.join(&folder)).unwrap();
        let (ending, bytes) = if i % every == every / 2 && names.len() < spoilt {
            let (_, ending, bytes) = &broken[names.len() % broken.len()];
            // A number at the end makes the files differ; what is spoilt stays spoilt.
            let tail = if bytes.is_empty() { String::new() } else { i.to_string() };
            (*ending, [bytes.as_slice(), tail.as_bytes()].concat())
        } else {
            encode(&scenes[i % scenes.len()], i)
        };
        let path = format!("{folder}/p{i:04}.{ending}");
        fs::write(root.join(&path), bytes).unwrap();
        if i % every == every / 2 && names.len() < spoilt {
            names.push(path);
        }
    }
    names.sort();
    names
}

fn draw(seed: u64, rng: &mut Rng) -> Sample {
    let scene = Scene::any(seed);
    let scene = match seed % 9 {
        0 => scene.without_lesion(),
        1 => scene.without_skin(),
        _ => scene,
    };
    let (w, h) = rng.pick(&[(160, 120), (120, 160), (128, 128), (200, 96), (97, 131)]);
    scene.draw(w, h)
}

fn encode(sample: &Sample, i: usize) -> (&'static str, Vec<u8>) {
    let mut photo = sample.photo.clone();
    let lift = (i / 24 % 40) as u8;
    photo.rgb.iter_mut().for_each(|c| *c = c.saturating_add(lift));
    match i % 20 {
        0 => ("png", Png::rgb8(&photo).bytes()),
        1 => ("png", Png::rgb16(&photo).bytes()),
        2 => ("tif", files::tiff(&[&photo], false)),
        3 => ("webp", files::webp(&photo)),
        4 => ("bmp", files::bmp(&photo)),
        5 => ("jpg", Jpeg { progressive: true, ..Jpeg::camera() }.write(&photo)),
        6 => ("JPG", Jpeg::camera().write_grey(&photo)),
        n => {
            let orientation = (n - 6).clamp(1, 8) as u8;
            let jpeg = Jpeg { exif: Some(files::exif(orientation)), ..Jpeg::camera() };
            ("jpeg", jpeg.write(&files::stored_for(&photo, orientation)))
        }
    }
}
