//! Running the same command again: only what is missing, changed or damaged is done, and results never mix.

use std::collections::BTreeMap;
use std::fs;

use serde_json::Value;

use crate::kit::photos::Scene;
use crate::kit::pngs::Png;
use crate::support::{Lab, Ran, assert_same};

fn processed(ran: Ran) -> Value {
    ran.expect_code(0).json()["processed"].clone()
}

#[test]
fn only_what_is_missing_changed_or_damaged_is_done_again() {
    let lab = Lab::with_photos(6);
    assert_eq!(processed(lab.run(&["--json"])), 6);
    let whole = lab.results();
    assert_eq!(processed(lab.run(&["--json"])), 0);

    type Harm = fn(&Lab);
    let harms: [(&str, Harm); 7] = [
        ("a mask is gone", |lab| fs::remove_file(lab.path("out/masks/p000.jpg.png")).unwrap()),
        ("a mask is cut short", |lab| {
            let path = lab.path("out/masks/p002.jpg.png");
            let bytes = fs::read(&path).unwrap();
            fs::write(path, &bytes[..bytes.len() / 2]).unwrap();
        }),
        ("a mask has one other bit", |lab| {
            let path = lab.path("out/masks/p002.jpg.png");
            let mut bytes = fs::read(&path).unwrap();
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
            fs::write(path, bytes).unwrap();
        }),
        ("a mask is empty", |lab| fs::write(lab.path("out/masks/p004.jpg.png"), b"").unwrap()),
        ("a record is gone", |lab| fs::remove_file(lab.path("out/metrics/p000.jpg.json")).unwrap()),
        ("a record is cut short", |lab| {
            fs::write(lab.path("out/metrics/sub/p001.jpg.json"), b"{\"schema\": \"derm-").unwrap();
        }),
        ("a temporary file was left", |lab| {
            fs::write(lab.path("out/masks/p000.jpg.png.derm-seg-tmp"), b"half").unwrap();
        }),
    ];
    for (what, harm) in harms {
        harm(&lab);
        let expected = usize::from(!what.starts_with("a temporary"));
        assert_eq!(processed(lab.run(&["--json"])), expected, "{what}");
        assert_same(&whole, &lab.results());
    }
    for table in ["records.jsonl", "summary.csv"] {
        fs::remove_file(lab.path(&format!("out/{table}"))).unwrap();
    }
    assert_eq!(processed(lab.run(&["--json"])), 0, "tables are made from the records");
    assert_same(&whole, &lab.results());
}

#[test]
fn a_changed_photo_is_done_again_even_with_its_old_size_and_date() {
    let lab = Lab::with_photos(2);
    let (old, new) = (Scene::any(30).draw(90, 60).photo, Scene::any(31).draw(90, 60).photo);
    // BMP: other pixels, same length.
    lab.put("photos/a.bmp", &crate::kit::files::bmp(&old));
    lab.run(&[]).expect_code(0);
    let before = lab.record("a.bmp");
    let date = fs::metadata(lab.path("photos/a.bmp")).unwrap().modified().unwrap();
    lab.put("photos/a.bmp", &crate::kit::files::bmp(&new));
    fs::File::options().write(true).open(lab.path("photos/a.bmp")).unwrap().set_modified(date).unwrap();
    assert_eq!(lab.run(&["--dry-run", "--json"]).expect_code(0).json()["changed"], 1);
    assert_eq!(processed(lab.run(&["--json"])), 1);
    assert_ne!(before["input"]["blake3"], lab.record("a.bmp")["input"]["blake3"]);
    // Touched, but the same: its content decides.
    lab.put("photos/a.bmp", &crate::kit::files::bmp(&new));
    assert_eq!(processed(lab.run(&["--json"])), 0);
    assert_eq!(processed(lab.run(&["--json", "--verify"])), 0);
}

#[test]
fn photos_that_come_and_go() {
    let lab = Lab::with_photos(3);
    lab.run(&[]).expect_code(0);
    lab.put("photos/b/new.png", &Png::rgb8(&Scene::any(8).draw(60, 60).photo).bytes());
    assert_eq!(processed(lab.run(&["--json"])), 1);
    assert_eq!(lab.records().len(), 4);
    fs::remove_file(lab.path("photos/p000.jpg")).unwrap();
    assert_eq!(lab.run(&["--json"]).expect_code(0).json()["earlier"], 1);
    assert_eq!(lab.records().len(), 4, "nothing is lost without being asked for");
    lab.run(&["--prune"]).expect_code(0);
    assert!(!lab.path("out/masks/p000.jpg.png").exists());
    let paths: Vec<Value> = lab.records().iter().map(|r| r["input"]["path"].clone()).collect();
    assert_eq!(
        paths,
        ["b/new.png", "p002.jpg", "sub/p001.jpg"],
        "the tables tell of the photos that there are, in their order"
    );
}

#[test]
fn overlays_are_drawn_where_they_are_missing_and_are_no_setting() {
    let lab = Lab::with_photos(2);
    lab.run(&[]).expect_code(0);
    let before = lab.results();
    let plan = lab.run(&["--overlay", "--dry-run"]).expect_code(0).stdout;
    assert!(plan.contains("picture missing: p000.jpg\n") && plan.contains("2 with a missing picture"), "{plan}");
    assert_eq!(processed(lab.run(&["--overlay", "--json"])), 2);
    let with = lab.results();
    assert!(with.contains_key("overlays/p000.jpg.jpg") && with.contains_key("overlays/sub/p001.jpg.jpg"));
    let besides = |files: &BTreeMap<String, Vec<u8>>| {
        let stays = |name: &String| !name.starts_with("overlays/") && name != "run.json";
        files.iter().filter(|(name, _)| stays(name)).map(|(name, bytes)| (name.clone(), bytes.clone())).collect()
    };
    assert_same(&besides(&before), &besides(&with));

    // Results of an earlier version, which had the overlay among its settings, go on as well.
    let mut run = lab.run_file();
    run["settings"]["overlay_longest_side"] = 1600.into();
    run.as_object_mut().unwrap().remove("overlay");
    fs::write(lab.path("out/run.json"), run.to_string()).unwrap();
    assert_eq!(processed(lab.run(&["--json"])), 0);
    assert_eq!(lab.run_file()["overlay"], serde_json::json!({"longest_side": 1600, "filled": true}));
    // Those that are there stay; one that is gone is drawn as it is asked for now.
    fs::remove_file(lab.path("out/overlays/p000.jpg.jpg")).unwrap();
    assert_eq!(processed(lab.run(&["--overlay", "--overlay-style", "fill", "--json"])), 1);
    let filled = lab.results();
    assert_eq!(filled["overlays/sub/p001.jpg.jpg"], with["overlays/sub/p001.jpg.jpg"]);
    assert_ne!(filled["overlays/p000.jpg.jpg"], with["overlays/p000.jpg.jpg"]);
}

#[test]
fn other_settings_are_refused() {
    let lab = Lab::with_photos(2);
    lab.run(&[]).expect_code(0);
    let before = lab.results();
    lab.run(&["--threshold", "0.7"]).expect_code(2);
    assert_same(&before, &lab.results());
    // What only says how fast is no other setting.
    assert_eq!(processed(lab.run(&["--json", "--jobs", "3", "--memory", "100"])), 0);
    assert_eq!(processed(lab.run(&["--json", "--threshold", "0.7", "--overwrite"])), 2);
    assert_eq!(lab.run_file()["settings"]["manifest_output"]["thresholds"]["lesion"], 0.7);
}

#[test]
fn a_failed_photo_is_tried_again() {
    let lab = Lab::with_photos(1);
    lab.put("photos/late.png", b"");
    lab.run(&[]).expect_code(3);
    lab.put("photos/late.png", &Png::rgb8(&Scene::any(8).draw(60, 60).photo).bytes());
    assert_eq!(processed(lab.run(&["--json"])), 1);
    assert!(lab.records().iter().all(|r| r["status"] == "done"));
}

#[test]
fn a_photo_that_turned_bad_keeps_no_old_results() {
    let lab = Lab::with_photos(2);
    lab.run(&[]).expect_code(0);
    lab.put("photos/p000.jpg", b"");
    lab.run(&[]).expect_code(3);
    assert!(lab.records().iter().any(|r| r["input"]["path"] == "p000.jpg" && r["status"] == "failed"));
    assert!(!lab.path("out/metrics/p000.jpg.json").exists(), "a record is the promise that the photo is done");
}
