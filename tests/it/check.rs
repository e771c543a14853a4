//! `derm-seg check`.

use std::fs;
use std::path::Path;

use image::codecs::jpeg::JpegEncoder;
use image::{ImageFormat, RgbImage};
use serde_json::Value;

use crate::support::derm_seg_in;

fn picture(seed: u32) -> RgbImage {
    RgbImage::from_fn(320, 300, |x, y| {
        let wave = |k: f64| {
            ((f64::from(x * k as u32 + seed * 91) / 40.0).sin() * (f64::from(y + seed * 57) / 30.0).cos() * 100.0
                + 120.0) as u8
        };
        image::Rgb([wave(1.0), wave(2.0), (x * 7 % 251) as u8])
    })
}

fn jpeg(picture: &RgbImage, quality: u8) -> Vec<u8> {
    let mut bytes = Vec::new();
    picture.write_with_encoder(JpegEncoder::new_with_quality(&mut bytes, quality)).unwrap();
    bytes
}

fn put(folder: &Path, path: &str, bytes: &[u8]) {
    let path = folder.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

fn study() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let mut png = std::io::Cursor::new(Vec::new());
    picture(1).write_to(&mut png, ImageFormat::Png).unwrap();
    put(folder.path(), "photos/a/1.jpg", &jpeg(&picture(1), 95));
    put(folder.path(), "photos/b/same.jpg", &jpeg(&picture(1), 95));
    put(folder.path(), "photos/b/alike.jpg", &jpeg(&picture(1), 60));
    put(folder.path(), "photos/b/alike.png", png.get_ref());
    put(folder.path(), "photos/a/2.jpg", &jpeg(&picture(2), 90));
    put(folder.path(), "photos/c/cut.jpg", &jpeg(&picture(3), 90)[..4000]);
    put(folder.path(), "photos/患者ID0012345.jpg", &jpeg(&picture(4), 90));
    put(folder.path(), "photos/small.jpg", &jpeg(&image::imageops::thumbnail(&picture(5), 60, 50), 90));
    folder
}

#[test]
fn everything_is_counted_and_nothing_is_written() {
    let study = study();
    let ran = derm_seg_in(study.path(), &["check", "photos", "--json"]);
    assert_eq!(ran.code, 3, "one photo is cut: {}", ran.stderr);
    let check: Value = serde_json::from_str(&ran.stdout).unwrap();
    let survey = &check["survey"];
    assert_eq!(survey["photos"], 8);
    assert_eq!(survey["formats"], serde_json::json!({"jpeg": 7, "png": 1}));
    assert_eq!(survey["unreadable"], serde_json::json!({"truncated": 1}));
    assert_eq!(survey["identifying"], serde_json::json!({"patient_number (file_name)": 1}));
    assert_eq!(survey["identical_files"], serde_json::json!([["a/1.jpg", "b/same.jpg"]]));
    assert_eq!(survey["pictures_alike"], serde_json::json!([["a/1.jpg", "b/alike.jpg", "b/alike.png"]]));
    assert_eq!(survey["quality"]["tiny_photo"], 1);
    assert!(survey["estimate"]["output_bytes"].as_u64().unwrap() > 7 * 10_000);
    assert_eq!(check["photos"].as_array().unwrap().len(), 8);
    let entries = fs::read_dir(study.path()).unwrap().count();
    assert_eq!(entries, 1, "only the photos");
    let table = derm_seg_in(study.path(), &["check", "photos"]);
    for line in [
        "8 photos",
        "cannot be read: 1",
        "a/1.jpg = b/same.jpg",
        "患者ID0012345.jpg: patient_number (file_name)",
        "a run would take",
    ] {
        assert!(table.stdout.contains(line), "{line} in {}", table.stdout);
    }
}

#[test]
fn gates_decide_the_exit_code_for_scripts() {
    let study = study();
    let code = |args: &[&str]| derm_seg_in(study.path(), &[&["check", "-q"], args].concat()).code;
    assert_eq!(code(&["photos/a", "--gate", "duplicates"]), 0);
    assert_eq!(code(&["photos/a", "photos/b", "--gate", "duplicates"]), 4);
    assert_eq!(code(&["photos", "--exclude", "c/*", "--gate", "identifying"]), 4);
    assert_eq!(code(&["photos", "--exclude", "c/*"]), 0);
    assert_eq!(code(&["photos/small.jpg", "--gate", "quality"]), 4);
    let shut = derm_seg_in(study.path(), &["check", "-q", "photos/a", "photos/b", "--gate", "duplicates"]);
    assert_eq!(shut.stderr, "failed  --gate duplicates\n");
    fs::write(study.path().join("list"), "患者ID0012345.jpg\nc\n").unwrap();
    assert_eq!(code(&["photos", "--opt-out", "list", "--gate", "identifying"]), 0, "opted out, not opened");
}
