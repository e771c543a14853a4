//! The masks themselves: golden ones, and properties that must hold for any photo.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use derm_seg::domain::geometry::{Placement, Rect};
use derm_seg::domain::mask::{LESION, LabelMap, SKIN};
use derm_seg::domain::photo::Photo;
use serde_json::json;

use crate::kit::files::{self, Jpeg};
use crate::kit::icc::Space;
use crate::kit::models::Variant;
use crate::kit::noise::Rng;
use crate::kit::photos::Scene;
use crate::kit::pngs::Png;
use crate::support::{Lab, Ran, assert_same, difference, manifest, read_mask, results};

/// `DERM_SEG_BLESS=1 cargo test golden` writes the golden masks anew; look at them before you commit them.
#[test]
fn the_sample_photos_have_their_golden_masks() {
    let lab = Lab::new();
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples");
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let ran = lab.program().arg("run").arg(&samples).args(["-o", "out", "--model", "model"]).output().unwrap();
    Ran::from(ran).expect_code(0);
    let records = lab.records();
    assert_eq!(records.len(), 6);
    for record in records {
        let path = record["input"]["path"].as_str().unwrap();
        let file = golden.join(format!("{path}.png"));
        if std::env::var_os("DERM_SEG_BLESS").is_some() {
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::copy(lab.path(&format!("out/masks/{path}.png")), &file).unwrap();
        }
        // Another processor may round a probability at the very edge the other way; nothing more.
        let far = difference(&lab.mask(path), &read_mask(&file));
        assert!(far <= 0.001, "{path}: {:.3} % of pixels differ from {}", far * 100.0, file.display());
    }
    assert_eq!(lab.record("other/drape.jpg")["area"]["lesion_px"], 0);
    assert_eq!(lab.record("other/drape.jpg")["area"]["skin_px"], 0);
}

#[test]
fn the_drawn_lesions_are_found() {
    let lab = Lab::new();
    let mut truths = BTreeMap::new();
    for seed in 0..16 {
        let sample = Scene::any(seed).draw(320, 240);
        lab.put(&format!("photos/{seed:02}.png"), &Png::rgb8(&sample.photo).bytes());
        truths.insert(format!("{seed:02}.png"), sample.truth);
    }
    lab.run(&[]).expect_code(0);
    let mean = |class: u8| {
        truths.iter().map(|(name, truth)| dice(&lab.mask(name), truth, class)).sum::<f64>() / truths.len() as f64
    };
    // The rule is crude; what is tested is that its answer lands where the lesion is, in the photo's own pixels.
    assert!(mean(SKIN) > 0.9 && mean(LESION) > 0.75, "mean Dice: skin {:.3}, lesion {:.3}", mean(SKIN), mean(LESION));
}

/// A mirrored look must land where the plain one does, in either layout.
#[test]
fn a_second_look_lands_where_the_first_did_mirrored_or_not() {
    let lab = Lab::new();
    for seed in 0..8 {
        lab.put(&format!("photos/{seed:02}.png"), &Png::rgb8(&Scene::any(seed).draw(320, 240).photo).bytes());
    }
    for nhwc in [false, true] {
        let variant = Variant { nhwc, ..Variant::default() };
        let masks = |mirrored: bool| {
            let mut described = manifest(&variant);
            described["second_look"] = json!({
                "min_probability": 0.5, "max_fraction": 1.0, "margin": 0.3, "min_side_px": 32, "mirrored": mirrored,
            });
            lab.install("model", &variant);
            lab.put("model/manifest.json", described.to_string().as_bytes());
            lab.run(&["--overwrite"]).expect_code(0);
            (0..8).map(|seed| lab.mask(&format!("{seed:02}.png"))).collect::<Vec<_>>()
        };
        for (seed, (plain, mirrored)) in masks(false).iter().zip(masks(true)).enumerate() {
            let far = difference(plain, &mirrored);
            assert!(far < 0.01, "photo {seed}, nhwc {nhwc}: {:.1} % of pixels differ", far * 100.0);
        }
    }
}

/// The limits are the model's: what reaches them is flagged, and a mask by hand is in no doubt.
#[test]
fn photos_that_the_model_is_not_sure_of_are_flagged() {
    let lab = Lab::new();
    for seed in [0, 9] {
        lab.put(&format!("photos/{seed}.png"), &Png::rgb8(&Scene::any(seed).draw(200, 150).photo).bytes());
    }
    let variant = Variant::default();
    let mut described = manifest(&variant);
    let look = json!({"min_probability": 0.5, "max_fraction": 1.0, "margin": 0.3, "min_side_px": 32, "mirrored": true});
    let mut signs = |limits: Option<serde_json::Value>, second: bool| {
        described["doubt"] = limits.unwrap_or_default();
        described["second_look"] = if second { look.clone() } else { serde_json::Value::Null };
        lab.put("model/manifest.json", described.to_string().as_bytes());
        lab.run(&["--overwrite"]).expect_code(0);
        ["0.png", "9.png"].map(|name| {
            let record = lab.record(name);
            let warned = record["warnings"].as_array().unwrap().iter().any(|w| w["code"] == "doubtful");
            (record["confidence"].clone(), warned)
        })
    };
    for (confidence, warned) in signs(None, false) {
        assert!(confidence["lesion_doubt"].as_f64().unwrap() > 0.0 && confidence["disagreement"].is_null());
        assert!(!warned, "a model that states no limits");
    }
    let looked_twice = signs(None, true);
    for sign in ["lesion_doubt", "disagreement"] {
        let values = looked_twice.each_ref().map(|(confidence, _)| confidence[sign].as_f64().unwrap());
        assert!(values.iter().all(|v| (0.0..=1.0).contains(v)) && values[0] != values[1], "{sign}: {values:?}");
        let between = f64::midpoint(values[0], values[1]);
        let flagged = signs(Some(json!({ sign: between })), true).map(|(_, warned)| warned);
        assert_eq!(flagged, values.map(|v| v >= between), "{sign}");
    }
}

fn dice(a: &LabelMap, b: &LabelMap, class: u8) -> f64 {
    let both = a.data.iter().zip(&b.data).filter(|(x, y)| **x == class && **y == class).count() as f64;
    2.0 * both / (a.count(class) + b.count(class)).max(1) as f64
}

#[test]
fn the_number_of_jobs_changes_no_byte() {
    let lab = Lab::with_photos(12);
    lab.put("photos/bad.jpg", b"not a photo");
    lab.run(&["--jobs", "1", "--overlay", "--probs"]).expect_code(3);
    let one = lab.results();
    fs::rename(lab.path("out"), lab.path("one")).unwrap();
    lab.run(&["--jobs", "5", "--overlay", "--probs"]).expect_code(3);
    assert_same(&one, &lab.results());
    assert!(
        one.contains_key("overlays/p000.jpg.jpg") && one.contains_key("probs/p000.jpg.lesion.png"),
        "{:?}",
        one.keys()
    );
}

/// Turns a mask or a photo as an EXIF orientation would: `stored_for` is its inverse.
fn turned(mask: &LabelMap, orientation: u8) -> LabelMap {
    let rgb = mask.data.iter().flat_map(|&c| [c; 3]).collect();
    let stored = files::stored_for(&Photo { width: mask.width, height: mask.height, rgb }, orientation);
    LabelMap { width: stored.width, height: stored.height, data: stored.rgb.chunks_exact(3).map(|p| p[0]).collect() }
}

#[test]
fn turning_the_photo_turns_the_mask() {
    let lab = Lab::new();
    let photo = Scene::any(17).draw(300, 210).photo;
    for orientation in 1..=8 {
        let stored = files::stored_for(&photo, orientation);
        lab.put(&format!("photos/{orientation}.png"), &Png::rgb8(&stored).bytes());
    }
    lab.run(&[]).expect_code(0);
    let upright = lab.mask("1.png");
    for orientation in 2..=8 {
        let far = difference(&lab.mask(&format!("{orientation}.png")), &turned(&upright, orientation));
        assert!(far < 0.003, "orientation {orientation}: {far}");
    }
}

#[test]
fn an_exif_orientation_is_the_same_as_turned_pixels() {
    let lab = Lab::new();
    let photo = Scene::any(21).draw(300, 210).photo;
    for orientation in 1..=8 {
        let stored = files::stored_for(&photo, orientation);
        let jpeg = Jpeg { exif: Some(files::exif(orientation)), quality: 100, ..Jpeg::default() };
        lab.put(&format!("photos/{orientation}.jpg"), &jpeg.write(&stored));
    }
    lab.run(&[]).expect_code(0);
    let upright = lab.mask("1.jpg");
    for orientation in 1..=8u32 {
        let name = format!("{orientation}.jpg");
        let record = lab.record(&name);
        assert_eq!(record["input"]["orientation"], orientation);
        assert_eq!(
            (&record["photo"]["width"], &record["photo"]["height"]),
            (&300.into(), &210.into()),
            "the upright size"
        );
        assert_eq!(record["input"]["width"], if orientation >= 5 { 210 } else { 300 }, "the stored size");
        let far = difference(&lab.mask(&name), &upright);
        assert!(far < 0.004, "orientation {orientation}: {far}");
    }
}

#[test]
fn wide_colours_come_out_as_the_srgb_photo() {
    let lab = Lab::new();
    for seed in [3, 9, 14] {
        let photo = Scene::any(seed).draw(240, 180).photo;
        lab.put(&format!("photos/{seed}.srgb.png"), &Png::rgb8(&photo).bytes());
        for space in [Space::DisplayP3, Space::AdobeRgb] {
            let wide = space.encode_from_srgb(&photo);
            lab.put(&format!("photos/{seed}.{space:?}.png"), &Png::rgb8(&wide).with_icc(&space.profile()).bytes());
            let jpeg = Jpeg { quality: 97, icc: Some(space.profile()), ..Jpeg::default() };
            lab.put(&format!("photos/{seed}.{space:?}.jpg"), &jpeg.write(&wide));
            // The same pixels without the profile look different: the test can fail.
            lab.put(&format!("photos/{seed}.{space:?}.none.png"), &Png::rgb8(&wide).bytes());
        }
    }
    lab.run(&[]).expect_code(0);
    let lab_colour = |name: &str| -> Vec<f64> {
        let record = lab.record(name);
        let mean = &record["colour"]["lesion"]["lab_mean"];
        mean.as_array().unwrap_or_else(|| panic!("{name}: {record}")).iter().map(|v| v.as_f64().unwrap()).collect()
    };
    let far = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(x, y)| (x - y).powi(2)).sum::<f64>().sqrt();
    for seed in [3, 9, 14] {
        let reference = format!("{seed}.srgb.png");
        for space in ["DisplayP3", "AdobeRgb"] {
            for ending in ["png", "jpg"] {
                let name = format!("{seed}.{space}.{ending}");
                let share = difference(&lab.mask(&name), &lab.mask(&reference));
                assert!(share < 0.01, "{name}: {:.2} % of pixels differ", share * 100.0);
                let colour = far(&lab_colour(&name), &lab_colour(&reference));
                assert!(colour < 1.0, "{name}: the lesion's colour is {colour:.2} away");
            }
            let wrong = far(&lab_colour(&format!("{seed}.{space}.none.png")), &lab_colour(&reference));
            assert!(wrong > 1.0, "{space} without its profile is only {wrong:.2} away: the test proves nothing");
        }
    }
}

#[test]
fn a_placement_leads_there_and_back() {
    let mut rng = Rng::new(5);
    for _ in 0..2000 {
        let mut side = |low: f32, high: f32| f64::from(rng.range(low, high));
        let source =
            Rect { x: side(0.0, 900.0), y: side(0.0, 900.0), width: side(1.0, 9000.0), height: side(1.0, 9000.0) };
        let content = Rect {
            x: side(0.0, 40.0).floor(),
            y: side(0.0, 40.0).floor(),
            width: side(8.0, 500.0),
            height: side(8.0, 500.0),
        };
        let placement = Placement { source, content, frame_width: 600, frame_height: 560 };
        let quarter = placement.scaled_to(150, 140);
        let (x, y) = (source.x + source.width * side(0.0, 1.0), source.y + source.height * side(0.0, 1.0));
        for place in [placement, quarter] {
            let (fx, fy) = place.to_frame(x, y);
            let (bx, by) = place.to_photo(fx, fy);
            assert!((bx - x).abs() < 1e-6 && (by - y).abs() < 1e-6, "{place:?}: ({x}, {y}) came back as ({bx}, {by})");
        }
        let (a, b) = (placement.to_frame(x, y), quarter.to_frame(x, y));
        assert!((a.0 / 4.0 - b.0).abs() < 1e-9 && (a.1 / 4.0 - b.1).abs() < 1e-9);
    }
}

#[test]
fn two_runs_give_the_same_bytes() {
    let lab = Lab::with_photos(4);
    lab.run(&[]).expect_code(0);
    lab.say("run photos -o elsewhere/deep --model model").expect_code(0);
    assert_same(&lab.results(), &results(&lab.path("elsewhere/deep")));
}
