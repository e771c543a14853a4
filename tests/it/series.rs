//! `derm-seg series`: slices in their order, lesions that go on from slice to slice, and what is said where that is not known.
//! And references for slices: DICOM segmentations, found by their places.

use std::f64::consts::PI;
use std::fs;

use serde_json::{Value, json};

use crate::kit::dicom::{Dicom, Value as Content};
use crate::kit::{chest, models};
use crate::support::published::{assert_valid, schema};
use crate::support::{CODE_KEY, Lab};
use crate::values::install;

/// The drawn chest of a patient, a model that finds its nodules, and what somebody marked.
pub fn drawn_chest() -> Lab {
    let lab = Lab::new();
    chest::write(&lab.path("")).unwrap();
    lab
}

fn series(lab: &Lab) -> Value {
    let told = serde_json::from_slice(&fs::read(lab.path("out/series.json")).unwrap()).unwrap();
    assert_valid(&schema("series"), &told);
    told
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect()
}

#[test]
fn nodules_are_findings_with_a_place_an_extent_and_a_volume() {
    let lab = drawn_chest();
    lab.say("run slices -o out --model model").expect_code(0);
    lab.say("series out").expect_code(0);
    let told = series(&lab);
    let one = &told["series"][0];
    assert_eq!((&one["folder"], &one["slices"], &one["codes"]), (&json!("P01"), &json!(chest::SLICES), &json!([])));
    assert_eq!((&one["slice_spacing_mm"], &one["pixel_spacing_mm"]), (&json!(chest::SLICE_MM), &json!([2.0, 2.0])));
    let findings = one["findings"].as_array().unwrap();
    assert_eq!(findings.len(), chest::NODULES.len());
    for nodule in &chest::NODULES[..3] {
        let far = |finding: &&Value| {
            numbers(&finding["place_mm"]).iter().zip(nodule.centre).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt()
        };
        let finding = findings.iter().min_by(|a, b| far(a).total_cmp(&far(b))).unwrap();
        assert!(far(&finding) < 1.5, "{finding}");
        let volume = 4.0 / 3.0 * PI * nodule.radius.powi(3);
        let found = finding["volume_mm3"].as_f64().unwrap();
        assert!((found / volume - 1.0).abs() < 0.2, "{found} of {volume} mm3");
        let extent = numbers(&finding["extent_mm"]);
        assert!(extent.iter().all(|mm| (mm - 2.0 * nodule.radius).abs() <= 5.0), "{extent:?}");
        assert_eq!((&finding["may_go_on"], &finding["class"]), (&json!(false), &json!("nodule")));
    }
    let last = findings.iter().find(|finding| finding["may_go_on"] == true).unwrap();
    assert_eq!(last["last"], "P01/24.dcm");
    let table = fs::read_to_string(lab.path("out/series.csv")).unwrap();
    assert_eq!(table.lines().count(), 1 + findings.len());

    // The same under codes; and nothing of somebody who opted out.
    lab.put_private("key", CODE_KEY);
    lab.ran(&["run", "slices", "-o", "coded", "--model", "model", "--names", "pseudonym", "--key-file", "key"])
        .expect_code(0);
    let coded = lab.say("series coded --json").expect_code(0).json();
    assert_eq!(coded["series"][0]["findings"].as_array().unwrap().len(), findings.len());
    assert!(!coded.to_string().contains("P01"));
    lab.put("list", b"P01\n");
    let without = lab.say("series out --opt-out list -o elsewhere --json").expect_code(0).json();
    assert_eq!((&without["series"], &without["opted_out"]["photos"]), (&json!([]), &json!(chest::SLICES)));
    assert!(lab.path("elsewhere/series.csv").is_file());
    // They go with the results that they are of.
    lab.say("withdraw out --ids list").expect_code(0);
    assert!(!lab.path("out/series.json").exists());
}

/// A slice of 32 by 24 pixels with a square in it.
fn square(z: f64, at: u32) -> Dicom {
    let is_square = |i: u32| (at..at + 6).contains(&(i % 32)) && (8..14).contains(&(i / 32));
    let values: Vec<i16> = (0..32 * 24).map(|i| if is_square(i) { 1100 } else { 1000 }).collect();
    Dicom::slice(32, 24, &values).text(0x0020_0032, b"DS", &format!("0\\0\\{z}"))
}

fn squares() -> Lab {
    let lab = Lab::new();
    install(&lab, &models::over(50.0), &json!({"values": "stored", "scale": 1}));
    lab
}

#[test]
fn gaps_other_slices_and_two_at_one_place_are_said_and_never_guessed() {
    let lab = squares();
    for (i, z) in [0.0, 3.0, 6.0, 12.0, 15.0].into_iter().enumerate() {
        lab.put(&format!("photos/gap/{i}.dcm"), &square(z, 4).bytes());
        lab.put(&format!("photos/twice/{i}.dcm"), &square(if i == 3 { 6.0 } else { z }, 4).bytes());
        lab.put(&format!("photos/mixed/{i}.dcm"), &square(3.0 * i as f64, 4 + 5 * i as u32).bytes());
    }
    let scout = square(0.0, 4).text(0x0020_0037, b"DS", "0\\1\\0\\0\\0\\-1");
    lab.put("photos/mixed/scout.dcm", &scout.bytes());
    lab.put("photos/nowhere.dcm", &square(0.0, 4).without(0x0020_0032).bytes());
    lab.put("photos/cut.dcm", &square(0.0, 4).bytes()[..600]);
    lab.run(&[]).expect_code(3);
    let ran = lab.say("series out").expect_code(0);
    assert!(ran.stdout.contains("in no series (no place): 1 photo"), "{}", ran.stdout);
    let told = series(&lab);
    assert_eq!(told["left_out"], json!({"failed": 1, "no_place": 1}));
    let of = |folder: &str, part: u64| {
        let all = told["series"].as_array().unwrap();
        all.iter().find(|one| one["folder"] == folder && one["part"] == part).unwrap().clone()
    };
    let (gap, twice, mixed, scout) = (of("gap", 1), of("twice", 1), of("mixed", 1), of("mixed", 2));
    assert_eq!((&gap["codes"], &gap["gaps"]), (&json!(["gap"]), &json!([{"after": "gap/2.dcm", "mm": 6.0}])));
    let volumes: Vec<&Value> = gap["findings"].as_array().unwrap().iter().map(|f| &f["volume_mm3"]).collect();
    assert_eq!(volumes, [&json!(36.0 * 0.25 * 9.0), &json!(36.0 * 0.25 * 6.0)]);
    assert_eq!((&twice["codes"], &twice["findings"]), (&json!(["same_place"]), &Value::Null));
    // A square that moves by less than its side goes on.
    assert_eq!((&mixed["codes"], mixed["findings"].as_array().unwrap().len()), (&json!(["mixed"]), 1));
    assert_eq!(mixed["findings"][0]["slices"], 5);
    assert_eq!((&scout["codes"], &scout["findings"][0]["volume_mm3"]), (&json!(["mixed", "one_slice"]), &Value::Null));
    // A mask that is not there parts.
    fs::remove_file(lab.path("out/masks/mixed/2.dcm.png")).unwrap();
    lab.say("series out").expect_code(3);
    let told = series(&lab);
    let mixed =
        told["series"].as_array().unwrap().iter().find(|one| one["slices"] == 5 && one["folder"] == "mixed").unwrap();
    assert_eq!(mixed["codes"], json!(["mixed", "mask_unreadable"]));
    assert_eq!(mixed["findings"].as_array().unwrap().len(), 2);
}

#[test]
fn frames_of_a_file_are_a_series() {
    let lab = squares();
    let slices = [0.0, 2.0, 4.0].map(|z| square(z, 6));
    let Content::Words(one) = &slices[0].elements[&0x7FE0_0010].1 else { panic!("words") };
    let place = |z: f64| {
        let position = Dicom::item().text(0x0020_0032, b"DS", &format!("0\\0\\{z}"));
        Dicom::item().with(0x0020_9113, b"SQ", Content::Items(vec![position], true))
    };
    let film = slices[0].clone().without(0x0020_0032).text(0x0028_0008, b"IS", "3");
    let film = film.with(0x5200_9230, b"SQ", Content::Items([0.0, 2.0, 4.0].map(place).to_vec(), true));
    lab.put("photos/P1/film.dcm", &film.with(0x7FE0_0010, b"OW", Content::Words(one.repeat(3))).bytes());
    lab.run(&[]).expect_code(0);
    lab.say("series out").expect_code(0);
    let one = &series(&lab)["series"][0];
    assert_eq!((&one["folder"], &one["slices"]), (&json!("P1/film.dcm"), &json!(3)));
    assert_eq!((&one["findings"][0]["first"], &one["findings"][0]["slices"]), (&json!("P1/film.dcm#1"), &json!(3)));
}

fn scores(lab: &Lab) -> Value {
    let scores = serde_json::from_slice(&fs::read(lab.path("out/scores.json")).unwrap()).unwrap();
    assert_valid(&schema("scores"), &scores);
    scores
}

#[test]
fn one_segmentation_of_a_series_is_the_truth_of_all_its_slices() {
    let lab = drawn_chest();
    lab.say("run slices -o out --model model").expect_code(0);
    lab.say("eval out --truth marked").expect_code(0);
    let told = scores(&lab);
    let images = told["images"].as_array().unwrap();
    assert_eq!((images.len(), told["unpaired"].as_array().unwrap().len()), (chest::SLICES, 0));
    for (i, image) in images.iter().enumerate() {
        let marked = chest::marked(i).iter().filter(|is| **is).count() as u64;
        assert_eq!(image["counts"]["tp"].as_u64().unwrap() + image["counts"]["fn"].as_u64().unwrap(), marked, "{i}");
    }
    assert!(told["aggregate"]["metrics"]["dice"]["mean"].as_f64().unwrap() > 0.8);
    assert_eq!(
        told["conventions"]["truths"][0],
        json!({"annotator": "marked", "format": "lesion=nodule", "guessed": true})
    );
    // Where the series is not all there, slices without a mark are not taken for empty ones.
    fs::remove_file(lab.path("slices/P01/12.dcm")).unwrap();
    lab.say("run slices -o fewer --model model").expect_code(0);
    lab.say("eval fewer --truth marked -o out").expect_code(0);
    let marked = (0..chest::SLICES).filter(|i| *i != 11 && chest::marked(*i).contains(&true)).count();
    assert_eq!(scores(&lab)["images"].as_array().unwrap().len(), marked);
    // Lesion by lesion, too.
    lab.say("eval out --findings marked").expect_code(0);
    // The same places in two folders: the file must lie in one of them.
    lab.put("slices/P02/01.dcm", &fs::read(lab.path("slices/P01/09.dcm")).unwrap());
    fs::copy(lab.path("marked/P01/nodules.dcm"), lab.path("nodules.dcm")).unwrap();
    fs::remove_dir_all(lab.path("marked")).unwrap();
    lab.put("marked/nodules.dcm", &fs::read(lab.path("nodules.dcm")).unwrap());
    lab.say("run slices -o both --model model").expect_code(0);
    let ran = lab.say("eval both --truth marked -o out").expect_code(0);
    assert!(ran.stderr.contains("put it into the folder of its photos"), "{}", ran.stderr);
    let other = chest::segmentation("tumour").bytes();
    lab.put("marked/nodules.dcm", &other);
    lab.say("run slices/P01 -o one --model model").expect_code(0);
    let ran = lab.say("eval one --truth marked -o out").expect_code(3);
    assert!(ran.stdout.contains("the segment \"tumour\" has no class"), "{}", ran.stdout);
    lab.say("eval one --truth marked -o out --truth-format lesion=tumour").expect_code(0);
}

#[test]
fn a_folder_of_dicom_without_segmentations_or_with_soft_ones_says_so() {
    let lab = squares();
    lab.put("photos/a.dcm", &square(0.0, 4).bytes());
    lab.put("truth/a.dcm", &square(0.0, 4).bytes());
    lab.run(&[]).expect_code(0);
    lab.say("eval out --truth truth").expect_code(2).expect_error(&["no DICOM segmentation"]);
    lab.say("export out --format dicom-seg --photos photos -o seg").expect_code(0);
    let seg = fs::read(lab.path("seg/a.seg.dcm")).unwrap();
    let at = seg.windows(6).position(|w| w == b"BINARY").unwrap();
    let mut soft = seg.clone();
    soft[at..at + 6].copy_from_slice(b"FRACTI");
    lab.put("truth/a.dcm", &soft);
    let ran = lab.say("eval out --truth truth").expect_code(3);
    assert!(ran.stdout.contains("save it as BINARY"), "{}", ran.stdout);
    lab.put("truth/a.dcm", &seg[..seg.len() - 200]);
    assert!(lab.say("eval out --truth truth").code == 3);
}
