//! Options from a file: a TOML file, or the run.json of an earlier run; and what a folder remembers of its people.

use std::fs;

use crate::support::{Lab, assert_same};

const STUDY: &[u8] = br#"
inputs = ["photos"]
output = "out"
model = "model"
overlay = true
overlay-size = 400
threshold = 0.7
exclude = ["sub/**"]

[eval]
truth = ["truth"]
"#;

#[test]
fn a_file_says_what_the_command_line_would() {
    let lab = Lab::with_photos(3);
    lab.run(&["--overlay", "--overlay-size", "400", "--threshold", "0.7", "--exclude", "sub/**"]).expect_code(0);
    let typed = lab.results();
    fs::rename(lab.path("out"), lab.path("typed")).unwrap();
    lab.put("study.toml", STUDY);
    lab.say("run --config study.toml").expect_code(0);
    assert_same(&typed, &lab.results());
    assert!(!lab.path("out/masks/sub").exists());

    // The command line counts first: one value takes the place of another, and a list of a list.
    fs::remove_dir_all(lab.path("out")).unwrap();
    lab.say("run photos --config study.toml --threshold 0.4 --exclude nothing").expect_code(0);
    assert_eq!(lab.run_file()["settings"]["manifest_output"]["thresholds"]["lesion"], 0.4);
    assert!(lab.path("out/masks/sub/p001.jpg.png").exists());
}

#[test]
fn what_is_written_repeats_the_run() {
    let lab = Lab::with_photos(3);
    lab.run(&[
        "--overlay",
        "--exclude",
        "a b*",
        "--exclude",
        "sub/**",
        "--mm-per-px",
        "0.25",
        "--write-config",
        "study.toml",
    ])
    .expect_code(0);
    let first = lab.results();
    let text = fs::read_to_string(lab.path("study.toml")).unwrap();
    for line in [
        "inputs = [\"photos\"]",
        "output = \"out\"",
        "exclude = [\"a b*\", \"sub/**\"]",
        "mm-per-px = 0.25",
        "overlay = true",
    ] {
        assert!(text.lines().any(|own| own == line), "{line} in:\n{text}");
    }
    assert!(!text.contains("write-config ="), "{text}");
    fs::remove_dir_all(lab.path("out")).unwrap();
    lab.say("run --config study.toml").expect_code(0);
    assert_same(&first, &lab.results());
    lab.run(&["--write-config", "study.toml"]).expect_code(2).expect_error(&["study.toml", "there already"]);
    assert_eq!(fs::read_to_string(lab.path("study.toml")).unwrap(), text);
}

#[test]
fn a_run_json_repeats_the_settings_of_its_run() {
    let lab = Lab::with_photos(2);
    lab.run(&["--overlay", "--overlay-style", "fill", "--threshold", "0.7", "--probs", "16", "--faces", "off"])
        .expect_code(0);
    let first = lab.results();
    lab.say("run photos -o again --model model --config out/run.json").expect_code(0);
    assert_same(&first, &crate::support::results(&lab.path("again")));
    // The settings are of one model.
    let other = lab.say("run photos -o other --config out/run.json").expect_code(2);
    other.expect_error(&["derm-skin", "is wanted: name the right model with --model"]);
    lab.say("eval out --truth photos --config out/run.json")
        .expect_code(2)
        .expect_error(&["a run.json is for `derm-seg run`"]);
    lab.put("notes.json", b"{}");
    lab.say("run photos --config notes.json").expect_code(2).expect_error(&["notes.json: it is neither TOML nor"]);
}

#[test]
fn slips_in_a_file_are_told_with_its_name() {
    let lab = Lab::with_photos(1);
    for (text, words) in [
        ("treshold = 0.5", &["bad.toml: `treshold` is not an option of `derm-seg run`; did you mean `threshold`?"][..]),
        ("jobs = [1, 2]", &["`jobs` has to be one value"]),
        ("overlay = 1", &["`overlay` has to be true or false"]),
        ("threshold = {a = 1}", &["`threshold` has to be a text or a number"]),
        ("threshold", &["bad.toml", "line 1"]),
        ("config = \"other.toml\"", &["`config` is not an option"]),
        ("threshold = \"much\"", &["invalid value 'much' for '--threshold"]),
    ] {
        lab.put("bad.toml", text.as_bytes());
        lab.run(&["--config", "bad.toml"]).expect_code(2).expect_error(words);
    }
    lab.run(&["--config", "none.toml"]).expect_code(2).expect_error(&["--config none.toml: it does not exist"]);
    assert!(!lab.path("out").exists());
}

#[test]
fn people_on_a_list_stay_out_without_it() {
    let lab = Lab::with_photos(4);
    lab.put("list", b"sub\n");
    lab.run(&["--opt-out", "list"]).expect_code(0);
    let first = lab.results();
    let known = fs::read_to_string(lab.path("out/.derm-seg.opted-out")).unwrap();
    crate::support::published::assert_valid(
        &crate::support::published::schema("withdrawn"),
        &serde_json::from_str(&known).unwrap(),
    );
    assert!(!known.contains("sub"), "no name lies there: {known}");
    lab.run(&["--opt-out", "list"]).expect_code(0);
    assert_eq!(
        fs::read_to_string(lab.path("out/.derm-seg.opted-out")).unwrap(),
        known,
        "the same list is kept as it was"
    );
    fs::remove_file(lab.path("list")).unwrap();
    lab.run(&[]).expect_code(0);
    let again = lab.results();
    for file in ["records.jsonl", "summary.csv"] {
        assert!(first[file] == again[file], "{file}");
    }
    assert!(!lab.path("out/masks/sub").exists());
    // Another list takes its place.
    lab.put("list", b"p000.jpg\n");
    lab.run(&["--opt-out", "list"]).expect_code(0);
    assert!(lab.path("out/masks/sub/p001.jpg.png").exists() && !lab.path("out/masks/p000.jpg.png").exists());
    // What cannot be read must not let them in.
    lab.put("out/.derm-seg.opted-out", b"{");
    lab.run(&[]).expect_code(2).expect_error(&[".derm-seg.opted-out", "damaged"]);
}
