//! A folder for soak tests: `cargo run --example many_photos -- FOLDER N [flat|large|spotted|rembg]` makes FOLDER/photos with N small
//! photos, in 57 folders or all in one (flat), and FOLDER/model, a model that costs next to nothing, so that what is measured is all the rest.
//!
//! Photos are links to a few drawn ones; their names differ. Large ones have 12 megapixels, spotted ones also 10,000 lesions, which their
//! model finds. With `rembg` the model is one that rembg can load.
#![allow(clippy::disallowed_methods, reason = "its own files, in folders of its own")]

use std::error::Error;
use std::fs;
use std::path::PathBuf;

use derm_seg::domain::photo::Photo;
use serde_json::json;

use crate::kit::files::Jpeg;
use crate::kit::models::{Head, Side, Variant};
use crate::kit::photos::Scene;

#[path = "../tests/kit/mod.rs"]
mod kit;

/// File systems allow some ten thousand links to a file.
const LINKS: usize = 20_000;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [folder, count, how @ ..] = &arguments[..] else { return Err("FOLDER and N are missing".into()) };
    let how: Vec<&str> = how.iter().map(String::as_str).collect();
    let how = how.as_slice();
    let (folder, count, flat) = (PathBuf::from(folder), count.parse::<usize>()?, how == ["flat"]);
    let mut drawn = PathBuf::new();
    for i in 0..count {
        let site = if flat { String::new() } else { format!("hospital-{:02}", i % 57) };
        let path = folder.join("photos").join(site).join(format!("photo-{i:06}.jpg"));
        if i < 57 {
            fs::create_dir_all(path.parent().unwrap_or(&folder))?;
        }
        if i % LINKS == 0 {
            let photo = match how {
                ["spotted"] => spotted(),
                ["large"] => Scene::any(i as u64).draw(4000, 3000).photo,
                _ => Scene::any(i as u64).draw(160, 120).photo,
            };
            fs::write(&path, Jpeg::camera().write(&photo))?;
            drawn = path;
        } else {
            fs::hard_link(&drawn, &path)?;
        }
    }
    fs::create_dir_all(folder.join("model"))?;
    let (side, head) = match how {
        ["rembg"] => (320, Head::Sigmoid),
        ["spotted"] => (1500, Head::Logits3),
        _ => (32, Head::Logits3),
    };
    let model = Variant { side: Side::Fixed(side), head, ..Variant::default() }.build().model;
    fs::write(folder.join("model/model.onnx"), model)?;
    let manifest = json!({
        "schema": "derm-seg/manifest/1", "name": "soak", "version": "1", "input": {"scale": 1.0 / 255.0},
        "output": {"values": "logits", "activation": "softmax", "classes": ["background", "skin", "lesion"]},
    });
    fs::write(folder.join("model/manifest.json"), manifest.to_string())?;
    Ok(())
}

/// A hundred rows of a hundred red spots on skin.
fn spotted() -> Photo {
    let (width, height) = (4000, 3000);
    let pixel = |x: u32, y: u32| {
        let (across, down) = ((x % 40).abs_diff(20), (y % 30).abs_diff(15));
        if across * across + down * down < 81 { [165, 75, 70] } else { [205, 160, 140] }
    };
    let rgb = (0..height).flat_map(|y| (0..width).flat_map(move |x| pixel(x, y))).collect();
    Photo { width, height, rgb }
}
