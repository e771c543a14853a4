//! `derm-seg compare`, and the recipe for continuous integration in docs/ci-regression.md.

use std::fs;
use std::path::Path;

use serde_json::Value;
use tempfile::{TempDir, tempdir};

use crate::support::published::{assert_valid, schema};
use crate::support::results_folder::*;
use crate::support::{Ran, derm_seg_in};

fn compare(folder: &TempDir, args: &[&str]) -> Ran {
    derm_seg_in(folder.path(), &[&["compare", "base", "new"], args].concat())
}

/// What was written, which is always as published.
fn comparison(folder: &TempDir) -> Value {
    let comparison = serde_json::from_slice(&fs::read(folder.path().join("new/compare.json")).unwrap()).unwrap();
    assert_valid(&schema("compare"), &comparison);
    comparison
}

/// What was found under the name of a limit.
fn value(folder: &TempDir, limit: &str) -> Value {
    let comparison = comparison(folder);
    let limits = comparison["limits"].as_array().unwrap();
    limits.iter().find(|l| l["name"] == limit).unwrap()["value"].clone()
}

fn photo(path: &'static str, x: u32) -> Photo {
    Photo::new(path, square(100, 100, [x, 10, 40, 40]))
}

/// Two runs over `a.jpg` and `b.jpg`, where the new one sees b's lesion `shift` pixels to the right.
fn two_runs(shift: u32) -> TempDir {
    let folder = tempdir().unwrap();
    results(&folder.path().join("base"), vec![photo("a.jpg", 10), photo("b.jpg", 10)], vec![failed("c.jpg")]);
    results(&folder.path().join("new"), vec![photo("a.jpg", 10), photo("b.jpg", 10 + shift)], vec![failed("c.jpg")]);
    folder
}

/// Replaces text in every record of a run.
fn edit_records(out: &Path, from: &str, to: &str) {
    let file = out.join("records.jsonl");
    let text = fs::read_to_string(&file).unwrap();
    assert!(text.contains(from), "no {from} in {text}");
    fs::write(file, text.replace(from, to)).unwrap();
}

#[test]
fn two_equal_runs_hold_every_limit() {
    let folder = two_runs(0);
    let strict = ["dice=0", "pixels=0", "figures=0", "run=0"].map(|l| format!("--max-change={l}"));
    let ran = compare(&folder, &strict.each_ref().map(String::as_str));
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    let c = comparison(&folder);
    assert_eq!(c["schema"], "derm-seg/compare/1");
    assert_eq!((&c["totals"]["same"], &c["totals"]["changed"]), (&3.into(), &0.into()));
    assert_eq!(c["images"], serde_json::json!([]));
}

#[test]
fn a_mask_that_moved_fails_and_is_named_with_its_figures() {
    let folder = two_runs(4);
    let ran = compare(&folder, &[]);
    assert_eq!(ran.code, 4, "{}", ran.stderr);
    let c = comparison(&folder);
    assert_eq!((&c["totals"]["same"], &c["totals"]["changed"]), (&2.into(), &1.into()));
    let image = &c["images"][0];
    assert_eq!((&image["image"], &image["kind"]), (&"b.jpg".into(), &"mask".into()));
    assert_eq!(image["mask"]["dice"], 0.9);
    assert_eq!((&image["mask"]["changed_px"], &image["mask"]["lesion_gained_px"]), (&320.into(), &160.into()));
    for (dice, code) in [("dice=0.11", 0), ("dice=0.09", 4), ("dice=off", 0)] {
        assert_eq!(compare(&folder, &["--max-change", "pixels=off", "--max-change", dice]).code, code, "{dice}");
    }
}

#[test]
fn the_worst_comes_first() {
    let folder = tempdir().unwrap();
    let shifts = [("mild.jpg", 1), ("worst.jpg", 30), ("middling.jpg", 5)];
    results(&folder.path().join("base"), shifts.map(|(name, _)| photo(name, 10)).into(), vec![]);
    results(&folder.path().join("new"), shifts.map(|(name, x)| photo(name, 10 + x)).into(), vec![failed("new.jpg")]);
    assert_eq!(compare(&folder, &[]).code, 4);
    let c = comparison(&folder);
    let order: Vec<_> = c["images"].as_array().unwrap().iter().map(|i| i["image"].as_str().unwrap()).collect();
    assert_eq!(order, ["new.jpg", "worst.jpg", "middling.jpg", "mild.jpg"]);
}

#[test]
fn figures_of_an_unchanged_mask_must_stay() {
    let folder = two_runs(0);
    edit_records(&folder.path().join("new"), "\"sharpness\":0.5", "\"sharpness\":0.51");
    assert_eq!(compare(&folder, &[]).code, 4);
    assert_eq!(compare(&folder, &["--max-change", "figures=0.02"]).code, 0);
    let by_name = ["--max-change", "figures=off", "--max-change", "quality.sharpness=0.001"];
    assert_eq!(compare(&folder, &by_name).code, 4);

    edit_records(&folder.path().join("new"), "\"sharpness\":0.51", "\"sharpness\":0.5");
    edit_records(&folder.path().join("new"), "\"ita\":null", "\"ita\":40.0");
    let came = ["--max-change", "figures=off", "--max-change", "colour.ita=100"];
    assert_eq!(compare(&folder, &came).code, 4, "known in one of the runs only");
    assert_eq!(comparison(&folder)["limits"].as_array().unwrap().last().unwrap()["value"], Value::Null);
}

#[test]
fn statuses_photos_and_inputs_are_compared() {
    let folder = tempdir().unwrap();
    let (base, new) = (folder.path().join("base"), folder.path().join("new"));
    results(&base, vec![photo("a.jpg", 10), photo("gone.jpg", 10)], vec![failed("c.jpg")]);
    results(&new, vec![photo("c.jpg", 10), photo("came.jpg", 10)], vec![failed("a.jpg")]);
    assert_eq!(compare(&folder, &[]).code, 4);
    assert_eq!((value(&folder, "status"), value(&folder, "photos")), (2.0.into(), 2.0.into()));

    let folder = two_runs(0);
    edit_records(&folder.path().join("new"), "\"bytes\":1000,\"blake3\":\"00\"", "\"bytes\":1000,\"blake3\":\"11\"");
    assert_eq!(compare(&folder, &[]).code, 4);
    assert_eq!(value(&folder, "inputs"), 2.0);
}

#[test]
fn a_mask_that_is_not_the_promised_one_is_damaged() {
    let folder = two_runs(0);
    index(&folder.path().join("new/masks/a.jpg.png"), &square(100, 100, [0, 0, 1, 1]));
    fs::remove_file(folder.path().join("new/masks/b.jpg.png")).unwrap();
    assert_eq!(compare(&folder, &[]).code, 4);
    assert_eq!(value(&folder, "damaged"), 2.0);
    assert_eq!(comparison(&folder)["images"][0]["kind"], "damaged");
}

#[test]
fn settings_and_model_are_told_and_can_be_limited() {
    let folder = two_runs(0);
    fs::write(folder.path().join("new/run.json"), run_json("1.1.0", 512)).unwrap();
    assert_eq!(compare(&folder, &[]).code, 0);
    assert_eq!(compare(&folder, &["--max-change", "run=0"]).code, 4);
    assert_eq!(value(&folder, "run"), 2.0);
}

/// The script of the recipe, run as it stands, with a stand-in for `derm-seg run`: the results are made beforehand.
#[cfg(unix)]
#[test]
fn the_recipe_of_the_documentation_works() {
    use std::os::unix::fs::PermissionsExt;

    let doc = include_str!("../../docs/ci-regression.md");
    let script = doc.split("```sh\n").nth(1).unwrap().split("```").next().unwrap();
    for (shift, code) in [(0, 0), (4, 4)] {
        let folder = two_runs(shift);
        let root = folder.path();
        fs::create_dir_all(root.join("ci/photos")).unwrap();
        fs::rename(root.join("base"), root.join("ci/baseline")).unwrap();
        let stand_in = format!(
            "#!/bin/sh\nif [ \"$1\" = run ]; then mkdir -p \"$4\" && cp -r new/. \"$4\"; else exec '{}' \"$@\"; fi\n",
            env!("CARGO_BIN_EXE_derm-seg")
        );
        write_text(&root.join("bin/derm-seg"), &stand_in);
        fs::set_permissions(root.join("bin/derm-seg"), fs::Permissions::from_mode(0o755)).unwrap();
        let path = format!("{}:{}", root.join("bin").display(), std::env::var("PATH").unwrap());
        let output =
            std::process::Command::new("sh").args(["-c", script]).current_dir(root).env("PATH", path).output().unwrap();
        let ran = Ran::from(output);
        assert_eq!(ran.code, code, "shift {shift}: {}{}", ran.stdout, ran.stderr);
        assert!(root.join("ci/results/compare.json").is_file());
    }
}
