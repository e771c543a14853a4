//! `--faces` in `run`, `check` and `scrub`, on a face that nobody has.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use derm_seg::domain::photo::Photo;
use derm_seg::inference::runtime::{Device, Runtime};
use derm_seg::privacy::faces::{Face, FaceFinder};
use serde_json::{Value, json};

use crate::kit::faces;
use crate::kit::files::Jpeg;
use crate::kit::photos::Scene;
use crate::support::{Lab, RUN, Ran};

fn lab() -> Lab {
    let lab = Lab::new();
    lab.put("photos/face.jpg", &Jpeg::camera().write(&faces::draw(400, 500)));
    lab.put("photos/limb.jpg", &Jpeg::camera().write(&Scene::any(0).draw(400, 300).photo));
    lab
}

/// ONNX Runtime can be loaded once a process.
static FINDER: LazyLock<FaceFinder> =
    LazyLock::new(|| FaceFinder::open(&Runtime::load(None, Device::Cpu).unwrap()).unwrap());

/// Turned, small, dark and covered faces; `tests/oracle/faces.py` wrote what OpenCV's FaceDetectorYN finds in them.
#[test]
fn drawn_faces_are_found_where_opencv_finds_them() {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/faces.json");
    let golden: BTreeMap<String, Vec<Vec<f64>>> = serde_json::from_slice(&fs::read(golden).unwrap()).unwrap();
    let numbers = |face: &Face| {
        let place = face.place;
        let corner = [place.x, place.y, place.width, place.height].into_iter();
        corner.chain(face.landmarks.into_iter().flat_map(|(x, y)| [x, y])).collect::<Vec<_>>()
    };
    for (name, photo) in faces::gallery() {
        let (found, expected) = (FINDER.find(&photo).unwrap(), &golden[name]);
        assert_eq!((found.len(), expected.len()), (1, 1), "{name}: {found:?}");
        let (places, score) = expected[0].split_at(14);
        assert!((found[0].score - score[0]).abs() < 0.01, "{name}: {} and {}", found[0].score, score[0]);
        let near = 0.01 * f64::from(photo.width.max(photo.height));
        let far = numbers(&found[0]).iter().zip(places).any(|(a, b)| (a - b).abs() > near);
        assert!(!far, "{name}: {:?} and {places:?}", found[0]);
    }
}

#[test]
fn covering_leaves_nothing_of_a_head_however_it_is_turned() {
    for (name, before) in faces::gallery() {
        let mut after = before.clone();
        assert_eq!(FINDER.cover(&mut after).unwrap(), 1, "{name}");
        let face = FINDER.find(&before).unwrap()[0];
        let place = face.place;
        let corners = [(0.0, 0.0), (1.0, 0.0), (0.0, 1.0), (1.0, 1.0)];
        let corners = corners.map(|(x, y)| (place.x + x * place.width, place.y + y * place.height));
        for (x, y) in face.landmarks.into_iter().chain(corners) {
            assert_eq!(after.pixel(x as u32, y as u32), [128; 3], "{name}: {x} {y}");
        }
        let hair = |photo: &Photo| {
            photo.rgb.chunks_exact(3).filter(|pixel| faces::HAIR.iter().any(|hair| hair == pixel)).count()
        };
        assert!(hair(&before) > 100 && hair(&after) == 0, "{name}: {} pixels of hair stay", hair(&after));
        assert_eq!(after.pixel(3, 3), before.pixel(3, 3), "{name}: the wall stays");
    }
}

#[test]
fn odd_shapes_and_plain_pictures_have_no_face() {
    for (width, height) in [(1, 1), (3, 900), (900, 3), (41, 40), (300, 200)] {
        let photo = Photo { width, height, rgb: vec![90; (width * height * 3) as usize] };
        assert_eq!(FINDER.find(&photo).unwrap(), [], "{width} x {height}");
    }
}

fn kinds(of: &Value) -> Vec<&str> {
    of.as_array().unwrap().iter().filter_map(|finding| finding["kind"].as_str()).collect()
}

#[test]
fn run_tells_of_faces_unless_told_not_to_and_keeps_the_policies_apart() {
    let lab = lab();
    lab.run(&["--faces", "off"]).expect_code(0);
    assert_eq!(lab.run_file()["settings"]["faces"], "off");
    assert!(!lab.record("face.jpg").to_string().contains("\"face\""));
    let usual = |more: &[&str]| Ran::from(lab.program().args(RUN).args(more).output().unwrap());
    usual(&[]).expect_code(2);

    usual(&["--overwrite"]).expect_code(0);
    assert_eq!(lab.run_file()["settings"]["faces"], "warn");
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
    let check = |more: &[&str]| {
        let words = ["check", "photos", "--model", "model", "--json"];
        Ran::from(lab.program().args(words).args(more).output().unwrap())
    };
    let seen = check(&[]).json();
    assert_eq!(seen["survey"]["identifying"]["face (picture)"], 1, "{seen:#}");
    assert!(!check(&["--faces", "off"]).stdout.contains("face (picture)"));
}

#[test]
fn scrub_covers_or_leaves_out() {
    let lab = lab();
    let scrub = |policy: &str| lab.say(&format!("scrub photos -o clean --json --faces {policy}")).expect_code(0).json();
    let (copy, other) = (lab.path("clean/face.jpg"), lab.path("clean/limb.jpg"));
    assert_eq!(scrub("warn")["faces_shown"], json!(["face.jpg"]));
    let untouched = fs::read(&other).unwrap();

    assert_eq!(scrub("blur")["faces_covered"], 1);
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
    assert_eq!(scrub("blur")["unchanged"], 2);
    assert_eq!(fs::read(&other).unwrap(), untouched, "only what shows a face is encoded anew");

    fs::remove_dir_all(lab.path("clean")).unwrap();
    scrub("off");
    assert_eq!(scrub("exclude")["faces_left_out"], 1);
    assert!(!copy.exists() && other.exists(), "the earlier copy went");

    scrub("blur");
    assert_eq!(scrub("exclude")["removed"], 1);
    assert!(!copy.exists(), "the covered copy went, too");

    fs::write(&copy, b"of somebody else").unwrap();
    let refused = lab.say("scrub photos -o clean --json --faces exclude").expect_code(3).json();
    assert_eq!(refused["failed"][0]["code"], "target_taken");
    assert!(copy.exists(), "no file of somebody else goes");
}

#[test]
fn an_encrypted_copy_with_a_face_does_not_stay_in_silence() {
    let lab = lab();
    let recipient = age::x25519::Identity::generate().to_public().to_string();
    let scrub = ["scrub", "photos", "-o", "clean", "--encrypt-to", &recipient];
    lab.ran(&scrub).expect_code(0);
    let again = lab.ran(&[&scrub[..], &["--faces", "exclude", "--json"]].concat()).expect_code(3).json();
    assert_eq!(again["failed"][0]["path"], "face.jpg", "{again}");
}
