//! The published JSON Schemas tell what the program writes: everything it writes is valid, and every field is described.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::kit::files::{Jpeg, identifying_exif};
use crate::kit::photos::Scene;
use crate::kit::pngs::Png;
use crate::support::Lab;
use crate::support::published::{assert_valid, schema};

#[test]
fn what_is_written_is_as_published() {
    let lab = Lab::with_photos(3);
    let photo = Scene::any(9).draw(120, 90).photo;
    lab.put("photos/metadata.jpg", &Jpeg { exif: Some(identifying_exif(1)), ..Jpeg::camera() }.write(&photo));
    lab.put("photos/alpha.png", &Png::rgba(&photo).bytes());
    lab.put("photos/empty.png", b"");
    lab.put("photos/nothing.png", &Png::rgb8(&Scene::any(9).without_skin().draw(50, 40).photo).bytes());
    let summary = lab.run(&["--json", "--overlay"]).expect_code(3).json();
    assert_valid(&schema("summary"), &summary);
    assert_valid(&schema("run"), &lab.run_file());
    let record = schema("record");
    let records = lab.records();
    assert_eq!(records.len(), 7);
    records.iter().for_each(|r| assert_valid(&record, r));
    assert_valid(&record, &lab.record("metadata.jpg"));

    fs::remove_dir_all(lab.path("out")).unwrap();
    lab.run(&["--privacy", "strict"]).expect_code(3);
    let records = lab.records();
    assert!(records.iter().any(|r| r["status"] == "excluded"), "a photo with a place in it is left out");
    records.iter().for_each(|r| assert_valid(&record, r));
}

/// What the other commands print and write; eval and compare have tests of their own for it.
#[test]
fn every_command_prints_as_published() {
    let lab = Lab::with_photos(3);
    lab.put("photos/empty.png", b"");
    let twin = fs::read(lab.path("photos/p000.jpg")).unwrap();
    lab.put("photos/twin.jpg", &twin);
    lab.put("list", b"sub\n");
    lab.run(&[]).expect_code(3);
    for (name, code, line) in [
        ("check", 3, "check photos --model model"),
        ("check", 3, "check photos --model model --opt-out list"),
        ("scrub", 3, "scrub photos -o clean"),
        ("dry-run", 0, "run photos -o out --model model --dry-run"),
        ("export", 0, "export out -f csv -o lesions.csv"),
        ("model-check", 0, "model check --model model"),
        ("withdraw", 0, "withdraw out --ids list --dry-run"),
        ("withdraw", 0, "withdraw out --ids list"),
    ] {
        let ran = lab.say(&format!("{line} --json")).expect_code(code);
        assert_valid(&schema(name), &ran.json());
    }
    let log = fs::read_to_string(lab.path("out/withdrawals.jsonl")).unwrap();
    assert_valid(&schema("withdrawal"), &serde_json::from_str(&log).unwrap());
    let built_in = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/derm-skin/manifest.json");
    for manifest in [built_in, lab.path("model/manifest.json")] {
        assert_valid(&schema("manifest"), &serde_json::from_slice(&fs::read(manifest).unwrap()).unwrap());
    }
}

#[test]
fn the_schemas_refuse_what_is_wrong() {
    let lab = Lab::with_photos(1);
    lab.run(&[]).expect_code(0);
    let record = schema("record");
    let validator = jsonschema::draft202012::new(&record).unwrap();
    let good = lab.record("p000.jpg");
    assert!(validator.is_valid(&good));
    type Spoil = fn(&mut Value);
    let spoils: [(&str, Spoil); 6] = [
        ("no status", |r| drop(r.as_object_mut().unwrap().remove("status"))),
        ("no mask", |r| drop(r.as_object_mut().unwrap().remove("mask"))),
        ("a negative area", |r| r["area"]["lesion_px"] = json!(-1)),
        ("an absolute path", |r| r["input"]["path"] = json!("/home/someone/a.jpg")),
        ("a figure left out", |r| drop(r["area"].as_object_mut().unwrap().remove("mm_per_px"))),
        ("another schema", |r| r["schema"] = json!("derm-seg/record/99")),
    ];
    for (what, spoil) in spoils {
        let mut bad = good.clone();
        spoil(&mut bad);
        assert!(!validator.is_valid(&bad), "{what} was accepted");
    }
    assert!(validator.is_valid(&{
        let mut newer = good.clone();
        newer["a_field_of_later"] = json!(1);
        newer
    }));
}

/// A stable code is a contract: each is in the list, and the list holds no others.
#[test]
fn every_code_is_in_the_list() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let source = fs::read_to_string(root.join("src/error.rs")).unwrap();
    let list = fs::read_to_string(root.join("docs/codes.md")).unwrap();
    let (failures, warnings) = source.split_once("pub enum PhotoWarning").unwrap();
    let in_code = |text: &str, pattern: &str| -> BTreeSet<String> {
        let of = |c: regex::Captures| c.iter().skip(1).flatten().map(|m| m.as_str().to_lowercase()).collect::<Vec<_>>();
        regex::Regex::new(pattern).unwrap().captures_iter(text).map(|c| of(c).join(" ")).collect()
    };
    let section = |title: &str| list.split(&format!("## {title}\n")).nth(1).unwrap().split("\n## ").next().unwrap();
    let mut coded = in_code(failures, r#"\(Stage::(\w+), "(\w+)"\)"#);
    coded.insert("any internal_error".to_owned());
    assert_eq!(in_code(section("Failures"), r"(?m)^\| (\w+) \| `(\w+)`"), coded);
    let coded = in_code(warnings, r#"=> "(\w+)""#);
    assert!(coded.len() > 5, "{coded:?}");
    assert_eq!(in_code(section("Warnings"), r"(?m)^\| `(\w+)`"), coded);
}
