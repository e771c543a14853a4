//! `--crops`: pictures cut from the photo's own pixels, and what every other command does with them.

use std::collections::BTreeSet;
use std::fs;

use derm_seg::domain::photo::Photo;
use image::metadata::Orientation;
use image::{DynamicImage, GenericImageView};
use serde_json::Value;

use crate::kit::files::{Jpeg, identifying_exif};
use crate::kit::photos::Scene;
use crate::support::published::{assert_valid, schema};
use crate::support::{CODE_KEY, Lab, assert_same};

const PNG: [&str; 4] = ["--crops", "both", "--crop-format", "png"];

fn crops(record: &Value) -> Vec<Value> {
    record["crops"].as_array().unwrap().clone()
}

fn files(lab: &Lab) -> BTreeSet<String> {
    lab.results().into_keys().filter(|name| name.starts_with("crops/")).collect()
}

fn promised(lab: &Lab) -> BTreeSet<String> {
    let all = lab.records().into_iter().filter_map(|record| record["crops"].as_array().cloned()).flatten();
    all.map(|crop| crop["file"].as_str().unwrap().to_owned()).collect()
}

fn number(value: &Value) -> u32 {
    u32::try_from(value.as_i64().unwrap()).unwrap()
}

fn view(picture: &DynamicImage, area: &Value) -> DynamicImage {
    let [x, y, width, height] = ["x", "y", "width", "height"].map(|side| number(&area[side]));
    picture.crop_imm(x, y, width, height)
}

#[test]
fn crops_have_the_pixels_of_the_photo_and_none_of_its_metadata() {
    let lab = Lab::new();
    for orientation in 1..=8 {
        let jpeg = Jpeg { exif: Some(identifying_exif(orientation)), ..Jpeg::camera() };
        lab.put(&format!("photos/{orientation}.jpg"), &jpeg.write(&Scene::any(9).draw(240, 180).photo));
    }
    lab.run(&PNG).expect_code(0);
    for orientation in 1..=8u8 {
        let record = lab.record(&format!("{orientation}.jpg"));
        assert_valid(&schema("record"), &record);
        let stored = image::open(lab.path(&format!("photos/{orientation}.jpg"))).unwrap();
        let mut upright = stored.clone();
        let turn = Orientation::from_exif(orientation).unwrap();
        upright.apply_orientation(turn);
        let crops = crops(&record);
        assert_eq!(crops.len(), record["lesions"].as_array().unwrap().len() + 1);
        for crop in crops {
            let bytes = fs::read(lab.path(&format!("out/{}", crop["file"].as_str().unwrap()))).unwrap();
            assert_eq!(blake3::hash(&bytes).to_hex().as_str(), crop["blake3"]);
            let picture = image::load_from_memory(&bytes).unwrap();
            assert_eq!(picture.dimensions(), (number(&crop["width"]), number(&crop["height"])));
            assert!(picture == view(&upright, &crop["box"]), "{orientation}: {crop}");
            let mut turned = view(&stored, &crop["stored_box"]);
            turned.apply_orientation(turn);
            assert!(picture == turned, "{orientation}: {crop}");
            assert_eq!(crop["scale"], 1.0);
        }
    }
    // A picture that was written here: size, pixels, end.
    let png = fs::read(lab.path("out/crops/1.jpg/photo.png")).unwrap();
    let chunks = png::Decoder::new(std::io::Cursor::new(&png)).read_info().unwrap();
    assert!(chunks.info().exif_metadata.is_none() && chunks.info().uncompressed_latin1_text.is_empty());
    lab.run(&["--crops", "photo", "--overwrite"]).expect_code(0);
    let jpeg = fs::read(lab.path("out/crops/1.jpg/photo.jpg")).unwrap();
    assert!(!jpeg.windows(4).any(|four| four == b"Exif"));
    assert_eq!(files(&lab), promised(&lab), "crops of the earlier settings are gone");
}

#[test]
fn crops_have_the_size_that_is_asked_for() {
    let lab = Lab::with_photos(3);
    lab.run(&["--crops", "lesion", "--crop-size", "64", "--crop-margin", "0.5", "--crop-border", "pad"]).expect_code(0);
    let all: Vec<Value> = lab.records().iter().flat_map(crops).collect();
    assert!(all.len() >= 3);
    for crop in all {
        assert_eq!((number(&crop["width"]), number(&crop["height"])), (64, 64));
        assert_eq!(crop["box"]["width"], crop["box"]["height"]);
        let scale = crop["scale"].as_f64().unwrap();
        assert!((scale - 64.0 / f64::from(number(&crop["box"]["width"]))).abs() < 1e-6);
    }
    let settings = &lab.run_file()["settings"]["crops"];
    assert_eq!((&settings["size"], &settings["encoding"]), (&64.into(), &serde_json::json!({"jpeg": 95})));
    lab.run(&["--crops", "lesion"]).expect_code(2).expect_error(&["crops.size: 64 there, unset now"]);
    lab.run(&["--crop-size", "64"]).expect_code(2);
    lab.run(&["--crops", "lesion", "--crop-margin", "7"]).expect_code(2).expect_error(&["--crop-margin is 7"]);
}

#[test]
fn where_there_is_no_lesion_nothing_or_the_whole_photo_is_cut() {
    let lab = Lab::new();
    let grey = Photo { width: 120, height: 90, rgb: vec![128; 120 * 90 * 3] };
    lab.put("photos/a.jpg", &Jpeg::camera().write(&grey));
    lab.run(&["--crops", "both"]).expect_code(0);
    let record = lab.record("a.jpg");
    assert!(record["lesions"].as_array().unwrap().is_empty() && crops(&record).is_empty() && files(&lab).is_empty());
    lab.run(&["--crops", "both", "--crop-empty", "photo", "--overwrite"]).expect_code(0);
    let [crop] = &crops(&lab.record("a.jpg"))[..] else { panic!("one crop") };
    assert_eq!((&crop["of"], &crop["lesion"], number(&crop["width"])), (&"photo".into(), &Value::Null, 120));
}

#[test]
fn a_rerun_makes_what_is_missing_and_takes_away_what_is_old() {
    let lab = Lab::with_photos(4);
    let run = ["--crops", "both", "--json"];
    let processed = |more: &[&str]| lab.run(&[&run, more].concat()).expect_code(0).json()["processed"].clone();
    assert_eq!(processed(&[]), 4);
    assert_eq!(files(&lab), promised(&lab));
    let before = lab.results();
    assert_eq!(processed(&[]), 0);
    fs::remove_file(lab.path("out/crops/p000.jpg/photo.jpg")).unwrap();
    assert_eq!(processed(&[]), 1);
    assert_same(&before, &lab.results());
    // A photo without a lesion takes its place, and later the photo goes.
    lab.put("photos/p000.jpg", &Jpeg::camera().write(&Scene::any(9).without_lesion().draw(160, 120).photo));
    assert_eq!(processed(&[]), 1);
    assert!(!lab.path("out/crops/p000.jpg").exists());
    assert_eq!(files(&lab), promised(&lab));
    fs::remove_file(lab.path("photos/p002.jpg")).unwrap();
    processed(&["--prune"]);
    assert!(!lab.path("out/crops/p002.jpg").exists());
    lab.put("list", b"sub\n");
    lab.run(&["--crops", "both", "--opt-out", "list"]).expect_code(0);
    assert!(!lab.path("out/crops/sub").exists());
    assert_eq!(files(&lab), promised(&lab));
}

#[test]
fn crops_are_cut_from_masks_that_are_there() {
    let (lab, other) = (Lab::with_photos(2), Lab::with_photos(2));
    // One that is decoded at a reduced size, and cut from all its pixels.
    let large = Jpeg::camera().write(&Scene::any(9).draw(1200, 900).photo);
    for lab in [&lab, &other] {
        lab.put("photos/large.jpg", &large);
    }
    lab.run(&[]).expect_code(0);
    let without = lab.record("p000.jpg");
    assert!(without.get("crops").is_none());
    let measured = lab.say("measure out --photos photos --crops both --crop-size 48 --json").expect_code(0).json();
    assert_valid(&schema("correct"), &measured);
    assert_eq!((&measured["cut"], &measured["corrected"]), (&3.into(), &0.into()));
    other.run(&["--crops", "both", "--crop-size", "48"]).expect_code(0);
    assert_same(&lab.results(), &other.results());
    // The same `run` goes on from there, and other crops take the place of these.
    let again = lab.run(&["--crops", "both", "--crop-size", "48", "--json"]).expect_code(0).json();
    assert_eq!(again["processed"], 0);
    lab.say("measure out --photos photos --crops photo").expect_code(0);
    assert_eq!(files(&lab), promised(&lab));
    assert_eq!(crops(&lab.record("p000.jpg")).len(), 1);
}

#[test]
fn an_experts_boxes_meet_codes_and_leave_no_name() {
    let lab = Lab::new();
    let [first, second] = ["AnnaMeier/arm.jpg", "BertaKlein/leg.jpg"];
    for (name, seed) in [(first, 1), (second, 2)] {
        lab.put(&format!("photos/{name}"), &Jpeg::camera().write(&Scene::any(seed).draw(240, 180).photo));
    }
    lab.put_private("study.key", CODE_KEY);
    lab.run(&["--names", "pseudonym", "--key-file", "study.key", "--crops", "both", "--quiet"]).expect_code(0);
    lab.put(
        "boxes.csv",
        format!("path,x,y,width,height\n{first},5,5,90,90\nCarlaGross/foot.jpg,5,5,90,90\n").as_bytes(),
    );
    lab.say("eval out --crop-truth boxes.csv --key-file study.key -o crops --quiet").expect_code(0);
    let told = fs::read_to_string(lab.path("crops/labels.json")).unwrap();
    for name in ["AnnaMeier", "BertaKlein", "CarlaGross"] {
        assert!(!told.contains(name), "{name}: {told}");
    }
    let told: Value = serde_json::from_str(&told).unwrap();
    assert_eq!((&told["crops"]["scored"], told["crops"]["unpaired"].as_array().unwrap().len()), (&1.into(), 1));
}

#[test]
fn crops_follow_a_corrected_mask() {
    let lab = Lab::with_photos(1);
    lab.install_classifier("second", "lesion", false);
    lab.install_classifier("third", "photo", false);
    lab.run(&["--crops", "lesion", "--classify", "second", "--classify", "third"]).expect_code(0);
    let mut drawn = image::GrayImage::new(160, 120);
    (40..60).flat_map(|x| (30..40).map(move |y| (x, y))).for_each(|(x, y)| drawn.put_pixel(x, y, image::Luma([255])));
    fs::create_dir(lab.path("drawn")).unwrap();
    drawn.save(lab.path("drawn/p000.png")).unwrap();
    lab.say("correct out --masks drawn --photos photos").expect_code(0);
    let record = lab.record("p000.jpg");
    let [crop] = &crops(&record)[..] else { panic!("one crop: {record}") };
    // 20 wide, and a quarter of that on every side: less than the smallest side.
    assert_eq!(crop["box"], serde_json::json!({"x": 34, "y": 19, "width": 32, "height": 32}));
    assert_eq!(files(&lab), promised(&lab));
    let said = record["classifications"].as_array().unwrap();
    assert_eq!(said.len(), 1, "what was said of the earlier lesions does not hold: {record}");
    assert_eq!(said[0]["model"]["name"], "third");
}

#[test]
fn withdrawn_people_leave_no_crop() {
    let lab = Lab::with_photos(4);
    lab.run(&["--crops", "both"]).expect_code(0);
    lab.put("list", b"sub\n");
    lab.say("withdraw out --ids list").expect_code(0);
    assert!(!lab.path("out/crops/sub").exists());
    assert!(lab.path("out/crops/p000.jpg/photo.jpg").is_file());
    assert_eq!(files(&lab), promised(&lab));
}
