//! `derm-seg run` and people: those who opted out, and names that become codes.

use crate::kit::files::{Jpeg, identifying_exif};
use crate::kit::photos::Scene;
use crate::support::published::{assert_valid, schema};
use crate::support::{CODE_KEY, Lab, assert_same};

fn lab(people: &[&str]) -> Lab {
    let lab = Lab::new();
    for (seed, person) in people.iter().enumerate() {
        for photo in ["1.jpg", "2.jpg"] {
            let scene = Scene::any(seed as u64).draw(100, 80).photo;
            lab.put(&format!("photos/{person}/{photo}"), &Jpeg::camera().write(&scene));
        }
    }
    lab
}

const PEOPLE: [&str; 3] = ["PAT_1", "PAT_2", "PAT_3"];

#[test]
fn who_opts_out_later_leaves_nothing_behind() {
    let (before, after) = (lab(&PEOPLE), lab(&PEOPLE));
    before.run(&["--overlay", "--probs"]).expect_code(0);
    assert_eq!(before.run_file()["opted_out"], serde_json::Value::Null);
    for lab in [&before, &after] {
        lab.put("list", b"PAT_2\nPAT_22\n");
        lab.run(&["--overlay", "--probs", "--opt-out", "list"]).expect_code(0);
    }
    assert_same(&before.results(), &after.results());
    assert!(!before.results().keys().any(|name| name.contains("PAT_2")), "the tables alone tell of them");
    assert!(!before.path("out/masks/PAT_2").exists(), "a folder's name may be a person's");
    let told = &before.run_file()["opted_out"];
    assert_eq!(*told, serde_json::json!({"photos": 2, "lines_without_photos": 1}));
    let records = before.records();
    let left_out: Vec<_> = records.iter().filter(|r| r["status"] == "excluded").collect();
    assert_eq!(left_out.len(), 2);
    assert!(left_out.iter().all(|r| r["exclusion"]["reason"] == "opt_out" && r["input"]["blake3"].is_null()));
    let json = before.run(&["--overlay", "--probs", "--opt-out", "list", "--json"]).expect_code(0).json();
    assert_valid(&schema("summary"), &json);
    assert_valid(&schema("run"), &before.run_file());
}

/// A file without a photo's ending is looked at to see whether it is one: not if it is theirs.
#[test]
fn their_files_are_not_opened_to_see_what_they_are() {
    let lab = lab(&["PAT_1"]);
    lab.put("photos/PAT_1/notes", b"no photo");
    lab.put("photos/PAT_2/notes", b"no photo");
    lab.put("list", b"PAT_2\n");
    lab.run(&["--opt-out", "list"]).expect_code(0);
    let names: Vec<_> = lab.records().iter().map(|r| r["input"]["path"].as_str().unwrap().to_owned()).collect();
    assert_eq!(names, ["PAT_1/1.jpg", "PAT_1/2.jpg", "PAT_2/notes"], "not known to be none, since it stayed closed");
}

#[test]
fn with_codes_the_same_people_are_met_and_names_are_not_judged() {
    let lab = lab(&["Yamada_Taro", "Suzuki_Hanako"]);
    let photo = Scene::any(5).draw(60, 60).photo;
    lab.put("photos/Suzuki_Hanako/3.jpg", &Jpeg { exif: Some(identifying_exif(1)), ..Jpeg::camera() }.write(&photo));
    lab.put_private("study.key", CODE_KEY);
    lab.put("list", b"Yamada_Taro\n");
    let codes = ["--names", "pseudonym", "--key-file", "study.key"];
    assert!(lab.say("check photos --json").stdout.contains("folder_name"), "without codes names are names");
    let ran = lab.run(&[&codes[..], &["--opt-out", "list", "-vvv"]].concat()).expect_code(0);
    for text in [&ran.stdout, &ran.stderr, &format!("{:?}", lab.results())] {
        assert!(!text.contains("Yamada") && !text.contains("Hanako"), "{text}");
    }
    let findings: Vec<_> = lab.records().iter().map(|r| r["privacy"]["findings"].to_string()).collect();
    assert_eq!(lab.records().iter().filter(|r| r["status"] == "excluded").count(), 2);
    assert!(findings.iter().all(|found| !found.contains("folder_name")), "codes are no names: {findings:?}");
    assert!(findings.iter().any(|found| found.contains("gps")), "what is in the file is still found");
    lab.run(&[]).expect_code(2);
}

/// Under codes a study's tables name nobody: a person is the code that the key gives.
#[test]
fn a_studys_tables_carry_codes_where_the_results_do() {
    let lab = lab(&PEOPLE);
    lab.put_private("study.key", CODE_KEY);
    lab.put("patients.csv", b"path,patient,sex\nPAT_1,PAT_1,f\nPAT_2,PAT_2,m\nPAT_3,PAT_3,f\n");
    lab.run(&["--names", "pseudonym", "--key-file", "study.key"]).expect_code(0);
    let say = |args: &str| crate::support::Ran::from(lab.program().args(args.split(' ')).output().unwrap());
    let ran = say("table out --subjects patients.csv --key-file study.key").expect_code(0);
    assert!(ran.stdout.contains("6 photos with a mask of 3 subjects, 2 groups"), "{}", ran.stdout);
    let mut people = Vec::new();
    for name in ["photos.csv", "by_subject.csv", "groups.csv", "paper.csv", "paper.md"] {
        let text = std::fs::read_to_string(lab.path(&format!("out/tables/{name}"))).unwrap();
        assert!(!text.contains("PAT_"), "{name}\n{text}");
        if name == "by_subject.csv" {
            people = text.lines().skip(1).map(|line| line.split(',').next().unwrap().to_owned()).collect();
        }
    }
    let folders: Vec<_> = lab.results().keys().filter(|name| name.starts_with("masks/")).cloned().collect();
    assert_eq!(people.len(), 3);
    assert!(people.iter().all(|code| folders.iter().any(|name| name.contains(code))), "{people:?} {folders:?}");
    // Who withdraws is in no table any more.
    lab.put("list", b"PAT_2\n");
    say("withdraw out --ids list --key-file study.key").expect_code(0);
    assert!(!lab.path("out/tables/photos.csv").exists() && !lab.path("out/tables/paper.md").exists());
}
