//! DICOM files as photos: frames, windows, millimetres, other codings, what is refused, and nothing of a person in results.

use std::fs;

use serde_json::{Value, json};

use crate::kit::dicom::{Coding, Dicom, JPEG_LS};
use crate::kit::files::SENTINEL;
use crate::kit::photos::Scene;
use crate::kit::pngs::Png;
use crate::support::published::{assert_valid, schema};
use crate::support::{CODE_KEY, Lab};

fn scene(seed: u64) -> derm_seg::domain::photo::Photo {
    Scene::any(seed).draw(160, 120).photo
}

/// A slice whose values rise from -500 to 1499 over and over.
fn slice() -> Dicom {
    let values: Vec<i16> = (0..64 * 48).map(|i| (i * 7 % 2000) as i16 - 500).collect();
    Dicom::slice(64, 48, &values)
}

fn dicom(lab: &Lab, photo: &str) -> Value {
    lab.record(photo)["input"]["dicom"].clone()
}

#[test]
fn a_photograph_gives_what_the_same_picture_gives_in_another_format() {
    let lab = Lab::new();
    let photo = scene(3);
    lab.put("photos/a.png", &Png::rgb8(&photo).bytes());
    let file = Dicom::photo(&photo).identifying();
    lab.put("photos/explicit.dcm", &file.bytes());
    lab.put("photos/implicit.dcm", &file.clone().coded(Coding::Implicit).bytes());
    lab.put("photos/bare", &file.clone().coded(Coding::Implicit).bare());
    lab.put("photos/big.dcm", &file.clone().coded(Coding::Big).bytes());
    lab.run(&[]).expect_code(0);
    let wanted = lab.record("a.png");
    for name in ["explicit.dcm", "implicit.dcm", "bare", "big.dcm"] {
        let record = lab.record(name);
        assert_valid(&schema("record"), &record);
        assert_eq!(lab.mask(name), lab.mask("a.png"), "{name}");
        assert_eq!((&record["lesions"], &record["colour"]), (&wanted["lesions"], &wanted["colour"]), "{name}");
        assert_eq!((&record["input"]["format"], &dicom(&lab, name)["modality"]), (&json!("dicom"), &json!("XC")));
    }
    assert_eq!(wanted["input"].get("dicom"), None);
    for (name, bytes) in lab.results() {
        assert!(!name.contains(SENTINEL) && !String::from_utf8_lossy(&bytes).contains(SENTINEL), "{name}");
    }
}

#[test]
fn every_frame_is_a_photo_with_a_record_of_its_own() {
    let lab = Lab::new();
    let photos = [1, 2, 3].map(scene);
    lab.put("photos/film.dcm", &Dicom::frames(&photos.each_ref()).bytes());
    lab.put("photos/packed.dcm", &Dicom::jpeg(&photos.each_ref()).bytes());
    lab.put("photos/one.dcm", &Dicom::photo(&photos[0]).bytes());
    photos
        .iter()
        .enumerate()
        .for_each(|(i, photo)| lab.put(&format!("photos/p{}.png", i + 1), &Png::rgb8(photo).bytes()));
    lab.run(&["--overlay"]).expect_code(0);
    assert_eq!(lab.records().len(), 3 + 3 + 1 + 3);
    for i in 1..=3 {
        assert_eq!(lab.mask(&format!("film.dcm#{i}")), lab.mask(&format!("p{i}.png")));
        let packed = dicom(&lab, &format!("packed.dcm#{i}"));
        assert_eq!(
            (&packed["frame"], &packed["frames"], &packed["transfer_syntax"]),
            (&json!(i), &json!(3), &json!("JPEG"))
        );
    }
    // The page has a picture of every frame.
    lab.say("report out --with-photos photos -o page.html").expect_code(0);
    let page = fs::read_to_string(lab.path("page.html")).unwrap();
    let pictures = page.matches("/9j/4AAQSkZJRg").count();
    assert_eq!(pictures, 10);
    // Frames of a file are no copies of each other.
    let check = lab.say("check photos --json --faces off").json();
    assert_eq!(check["survey"]["identical_files"], json!([]));
    // Nothing is done twice, and what is lost is made again.
    fs::remove_file(lab.path("out/masks/film.dcm#2.png")).unwrap();
    let before = lab.results();
    lab.run(&["--overlay"]).expect_code(0);
    let again = lab.results();
    assert_eq!(before.len() + 1, again.len());
    before
        .iter()
        .filter(|(name, _)| name.contains('#'))
        .for_each(|(name, bytes)| assert_eq!(&again[name], bytes, "{name}"));

    // Somebody opts out: a line names the file, or one of its frames.
    lab.put("list", b"film.dcm\npacked.dcm#2\n");
    lab.run(&["--overlay", "--opt-out", "list"]).expect_code(0);
    let left = lab.results();
    assert!(left.keys().all(|name| !name.contains("film.dcm#") && !name.contains("packed.dcm#2")));
    assert!(left.contains_key("masks/packed.dcm#1.png") && left.contains_key("masks/packed.dcm#3.png"));
}

#[test]
fn parts_of_a_study_and_codes_know_frames() {
    let lab = Lab::new();
    let photos = [1, 2, 3].map(scene);
    lab.put("photos/P1/film.dcm", &Dicom::frames(&photos.each_ref()).bytes());
    lab.put_private("key", CODE_KEY);
    lab.run(&["--names", "pseudonym", "--key-file", "key"]).expect_code(0);
    let names: Vec<String> = lab.records().iter().map(|r| r["input"]["path"].as_str().unwrap().to_owned()).collect();
    let stem = names[0].strip_suffix(".dcm#1").expect(&names[0]).to_owned();
    assert_eq!(names, [1, 2, 3].map(|i| format!("{stem}.dcm#{i}")));
    assert!(!stem.contains("film") && !stem.contains("P1"));
    for part in ["1/2", "2/2"] {
        let out = format!("part{}", &part[..1]);
        lab.ran(&["run", "photos", "-o", &out, "--model", "model", "--shard", part]).expect_code(0);
    }
    lab.say("merge part1 part2 -o all").expect_code(0);
    let all = fs::read_to_string(lab.path("all/records.jsonl")).unwrap();
    assert_eq!([1, 2, 3].map(|i| all.contains(&format!("P1/film.dcm#{i}\""))), [true; 3]);
    // A line of a table about the file is about its frames, too.
    lab.put("table.csv", b"image,mm_per_px\nfilm.dcm,0.25\n");
    lab.ran(&["run", "photos", "-o", "out2", "--model", "model", "--subjects", "table.csv"]).expect_code(0);
    let record = fs::read_to_string(lab.path("out2/metrics/P1/film.dcm#2.json")).unwrap();
    assert!(record.contains("\"mm_per_px\": 0.25"), "{record}");
}

#[test]
fn the_window_and_the_place_of_a_slice_are_in_its_record() {
    let lab = Lab::new();
    lab.put("photos/file.dcm", &slice().bytes());
    lab.put("photos/range.dcm", &slice().without(0x0028_1050).without(0x0028_1051).bytes());
    lab.put("photos/detector.dcm", &slice().without(0x0028_0030).text(0x0018_1164, b"DS", "0.2\\0.2").bytes());
    lab.put("photos/oblong.dcm", &slice().text(0x0028_0030, b"DS", "0.5\\0.25").bytes());
    lab.run(&["--mm-per-px", "7"]).expect_code(0);
    let record = lab.record("file.dcm");
    assert_valid(&schema("record"), &record);
    assert_eq!(
        record["input"]["dicom"],
        json!({
            "frame": 1, "frames": 1, "modality": "CT", "transfer_syntax": "explicit little endian",
            "window": {"center": 40.0, "width": 400.0, "function": "linear", "source": "file"},
            "pixel_spacing_mm": [0.5, 0.5], "spacing_source": "pixel_spacing",
            "position_mm": [-120.5, 10.0, -300.25], "orientation": [1.0, 0.0, 0.0, 0.0, 1.0, 0.0],
        })
    );
    let scale = |photo: &str| ["mm_per_px", "scale_source"].map(|figure| lab.record(photo)["area"][figure].clone());
    assert_eq!(scale("file.dcm"), [json!(0.5), json!("file")]);
    assert_eq!(scale("detector.dcm"), [json!(0.2), json!("file")]);
    assert_eq!(dicom(&lab, "detector.dcm")["spacing_source"], "imager_pixel_spacing");
    // Of pixels that are not square no one length is true.
    assert_eq!(scale("oblong.dcm"), [json!(7.0), json!("stated")]);
    let range = dicom(&lab, "range.dcm")["window"].clone();
    assert_eq!(
        (&range["source"], &range["center"], &range["width"]),
        (&json!("range"), &json!(-500.5), &json!(1999.0))
    );

    let manifest: Value = serde_json::from_slice(&fs::read(lab.path("model/manifest.json")).unwrap()).unwrap();
    let mut asked = manifest.clone();
    asked["input"]["window"] = json!({"center": -600, "width": 1500});
    lab.put("model/manifest.json", asked.to_string().as_bytes());
    lab.run(&["--overwrite"]).expect_code(0);
    let window = dicom(&lab, "file.dcm")["window"].clone();
    assert_eq!(window, json!({"center": -600.0, "width": 1500.0, "function": "linear", "source": "manifest"}));
    asked["input"]["window"]["width"] = json!(0);
    lab.put("model/manifest.json", asked.to_string().as_bytes());
    lab.run(&["--overwrite"]).expect_error(&["window", "width over 0"]);
}

#[test]
fn what_is_not_read_is_a_failed_record_with_a_code() {
    let lab = Lab::new();
    let photo = scene(1);
    let report = Dicom::photo(&photo).without(0x7FE0_0010).without(0x0028_0010).without(0x0028_0011);
    lab.put("photos/report.dcm", &report.bytes());
    lab.put("photos/ls.dcm", &Dicom::jpeg(&[&photo]).syntax(JPEG_LS).bytes());
    lab.put("photos/packed12.dcm", &slice().words(0x0028_0100, &[12]).bytes());
    lab.put("photos/cut.dcm", &Dicom::photo(&photo).bytes()[..3000]);
    lab.put(
        "photos/large.dcm",
        &Dicom::photo(&photo).words(0x0028_0010, &[60000]).words(0x0028_0011, &[60000]).bytes(),
    );
    lab.put("photos/many.dcm", &Dicom::photo(&photo).text(0x0028_0008, b"IS", "2147483647").bytes());
    // A film under the name of a still picture is not looked into before.
    lab.put("photos/film.jpg", &Dicom::frames(&[&photo, &photo]).bytes());
    lab.run(&[]).expect_code(3);
    for (name, code) in [
        ("report.dcm", "no_picture"),
        ("ls.dcm", "unsupported_syntax"),
        ("packed12.dcm", "unsupported_pixels"),
        ("cut.dcm", "truncated"),
        ("large.dcm", "too_many_pixels"),
        ("many.dcm", "frames_unknown"),
        ("film.jpg", "frames_unknown"),
    ] {
        let records = lab.records();
        let record = records.iter().find(|record| record["input"]["path"] == name).unwrap();
        assert_eq!(record["failure"]["code"], code, "{name}: {}", record["failure"]);
        assert_valid(&schema("record"), record);
    }
}

#[test]
fn strict_leaves_out_what_names_a_person_and_check_says_what_it_found() {
    let lab = Lab::new();
    let photo = scene(1);
    lab.put("photos/named.dcm", &Dicom::photo(&photo).identifying().bytes());
    lab.put("photos/bare.dcm", &Dicom::photo(&photo).bytes());
    lab.put("photos/burned.dcm", &Dicom::photo(&photo).text(0x0028_0301, b"CS", "YES").bytes());
    let coded = Dicom::photo(&photo).text(0x0010_0020, b"LO", "S001").text(0x0012_0062, b"CS", "YES");
    lab.put("photos/coded.dcm", &coded.bytes());
    lab.run(&["--privacy", "strict"]).expect_code(0);
    let status = |name: &str| {
        let records = lab.records();
        records.iter().find(|record| record["input"]["path"] == name).unwrap()["status"].as_str().unwrap().to_owned()
    };
    assert_eq!(
        ["named.dcm", "bare.dcm", "burned.dcm", "coded.dcm"].map(status),
        ["excluded", "done", "excluded", "done"]
    );
    let check = lab.say("check photos --json --faces off");
    assert!(!format!("{}{}", check.stdout, check.stderr).contains(SENTINEL));
    let photos = check.json()["photos"].clone();
    let named = photos.as_array().unwrap().iter().find(|photo| photo["input"]["path"] == "named.dcm").unwrap();
    let found = |kind: &str, place: &str| {
        let findings = named["findings"].as_array().unwrap();
        findings.iter().any(|finding| finding["kind"] == kind && finding["where"] == place)
    };
    for (kind, place) in [
        ("person_name", "dicom"),
        ("person_name", "dicom_sequence"),
        ("patient_number", "dicom"),
        ("birth_date", "dicom"),
        ("date", "dicom"),
        ("institution", "dicom"),
        ("free_text", "dicom"),
        ("serial_number", "dicom"),
        ("unique_id", "dicom"),
        ("private_tag", "dicom"),
        ("overlay", "dicom"),
        ("device", "dicom_meta"),
    ] {
        assert!(found(kind, place), "{kind} in {place}: {}", named["findings"]);
    }
}
