//! `--faces` in `run`, `check` and `scrub`, on a face that nobody has.

use std::fs;

use serde_json::{Value, json};

use crate::kit::faces;
use crate::kit::files::Jpeg;
use crate::kit::photos::Scene;
use crate::support::{Lab, Ran};

fn lab() -> Lab {
    let lab = Lab::new();
    lab.put("photos/face.jpg", &Jpeg::camera().write(&faces::draw(400, 500)));
    lab.put("photos/limb.jpg", &Jpeg::camera().write(&Scene::any(0).draw(400, 300).photo));
    lab
}

fn ran(lab: &Lab, args: &[&str]) -> Ran {
    lab.program().args(args).output().unwrap().into()
}

fn kinds(of: &Value) -> Vec<&str> {
    of.as_array().unwrap().iter().filter_map(|finding| finding["kind"].as_str()).collect()
}

#[test]
fn run_looks_only_when_asked_and_keeps_the_policies_apart() {
    let lab = lab();
    lab.run(&[]).expect_code(0);
    assert_eq!(lab.run_file()["settings"]["faces"], "off");
    assert!(!lab.record("face.jpg").to_string().contains("\"face\""));
    let mixed = lab.run(&["--faces", "warn"]).expect_code(2);
    assert!(mixed.stderr.contains("faces: \"off\" there, \"warn\" now"), "{}", mixed.stderr);

    lab.run(&["--faces", "warn", "--overwrite"]).expect_code(0);
    assert!(kinds(&lab.record("face.jpg")["privacy"]["findings"]).contains(&"face"));
    assert!(!kinds(&lab.record("limb.jpg")["privacy"]["findings"]).contains(&"face"));

    lab.run(&["--faces", "exclude", "--overwrite"]).expect_code(0);
    let records = lab.records();
    assert_eq!((&records[0]["status"], &records[0]["exclusion"]["reason"]), (&json!("excluded"), &json!("face")));
    assert_eq!(records[1]["status"], "done");
    assert!(!lab.path("out/masks/face.jpg.png").exists(), "what was made of it before is gone");
}

#[test]
fn check_tells_of_faces_unless_told_not_to() {
    let lab = lab();
    let check = |more: &[&str]| ran(&lab, &[&["check", "photos", "--model", "model", "--json"], more].concat());
    let seen: Value = serde_json::from_str(&check(&[]).stdout).unwrap();
    assert_eq!(seen["survey"]["identifying"]["face (picture)"], 1, "{seen:#}");
    assert!(!check(&["--faces", "off"]).stdout.contains("face (picture)"));
}

#[test]
fn scrub_covers_or_leaves_out() {
    let lab = lab();
    let scrub = |policy: &str| ran(&lab, &["scrub", "photos", "-o", "clean", "--faces", policy]).expect_code(0).stdout;
    let (copy, other) = (lab.path("clean/face.jpg"), lab.path("clean/limb.jpg"));
    assert!(scrub("warn").contains("shows a face: face.jpg"));
    let untouched = fs::read(&other).unwrap();

    let said = scrub("blur");
    assert!(said.contains("1 copies have a covered face; they were encoded anew"), "{said}");
    let (before, after) = (image::open(lab.path("photos/face.jpg")).unwrap(), image::open(&copy).unwrap());
    let (before, after) = (before.into_rgb8(), after.into_rgb8());
    // Hair, eyes and chin are one grey; the wall is as it was, but for the encoding.
    for (x, y) in [(200, 150), (172, 236), (228, 236), (200, 250), (200, 330)] {
        assert!(after.get_pixel(x, y).0.iter().all(|v| v.abs_diff(128) <= 2), "{x} {y}: {:?}", after.get_pixel(x, y));
    }
    for (x, y) in [(10, 10), (390, 490)] {
        let differs = (0..3).map(|c| before.get_pixel(x, y).0[c].abs_diff(after.get_pixel(x, y).0[c])).max();
        assert!(differs <= Some(8), "{x} {y}");
    }
    assert!(scrub("blur").contains("0 copied, 2 already there"));
    assert_eq!(fs::read(&other).unwrap(), untouched, "only what shows a face is encoded anew");

    fs::remove_dir_all(lab.path("clean")).unwrap();
    scrub("off");
    assert!(scrub("exclude").contains("1 photos with a face were not copied"));
    assert!(!copy.exists() && other.exists(), "the earlier copy went");
}

#[test]
fn an_encrypted_copy_with_a_face_does_not_stay_in_silence() {
    let lab = lab();
    let recipient = age::x25519::Identity::generate().to_public().to_string();
    let scrub = ["scrub", "photos", "-o", "clean", "--encrypt-to", &recipient];
    ran(&lab, &scrub).expect_code(0);
    let again = ran(&lab, &[&scrub[..], &["--faces", "exclude"]].concat()).expect_code(3);
    assert!(
        again.stdout.contains("failed: face.jpg") && again.stdout.contains("cannot be compared"),
        "{}",
        again.stdout
    );
}
