//! What is there is kept: other people's files, results of earlier runs, masks that somebody corrected.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::kit::files::Jpeg;
use crate::kit::photos::Scene;
use crate::support::results_folder::{binary, grey_png, square};
use crate::support::{CODE_KEY, Lab, assert_same, results};

/// Every file, also hidden ones.
fn everything(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = walkdir::WalkDir::new(folder).into_iter().map(Result::unwrap).filter(|e| e.file_type().is_file());
    entries.map(|e| (e.path().display().to_string(), fs::read(e.path()).unwrap())).collect()
}

#[test]
fn a_folder_of_somebody_else_is_refused_and_nothing_in_it_changes() {
    let lab = Lab::with_photos(1);
    let files: [&[(&str, &[u8])]; 4] = [
        &[("run.json", b"{\"epochs\": 3}"), ("records.jsonl", b"{}\n"), ("metrics/tb.csv", b"step,loss\n")],
        &[("run.json", b"cut sho"), ("metrics/p000.jpg.json", b"{}")],
        &[("run.json", b"{\"schema\": \"derm-seg/run/99\"}")],
        &[(".derm-seg.lock", b""), ("masks/p000.jpg.png", b"theirs")],
    ];
    for files in files {
        let _ = fs::remove_dir_all(lab.path("out"));
        files.iter().for_each(|(name, bytes)| lab.put(&format!("out/{name}"), bytes));
        let before = everything(&lab.path("out"));
        for more in [&[][..], &["--overwrite"], &["--overwrite", "--prune"], &["--dry-run"]] {
            let ran = lab.run(more).expect_code(2);
            assert!(!ran.stderr.contains("--overwrite"), "it would not help: {}", ran.stderr);
            assert!(everything(&lab.path("out")) == before, "{more:?}");
        }
    }
}

#[test]
fn making_results_again_removes_nothing_that_no_record_names() {
    let lab = Lab::with_photos(2);
    lab.run(&["--overlay"]).expect_code(0);
    let foreign = ["out/metrics/tb.csv", "out/metrics/notes.json", "out/notes/a.txt"];
    foreign.iter().for_each(|name| lab.put(name, b"theirs"));
    lab.run(&["--overwrite", "--prune", "--threshold", "0.7"]).expect_code(0);
    foreign.iter().for_each(|name| assert_eq!(fs::read(lab.path(name)).unwrap(), b"theirs"));
    assert!(!lab.path("out/overlays/p000.jpg.jpg").exists(), "what the settings no longer ask for is gone");
}

#[test]
fn parts_add_up_to_the_whole() {
    let lab = Lab::with_photos(5);
    lab.put("photos/bad.jpg", b"");
    lab.run(&[]).expect_code(3);
    let whole = lab.results();
    let one = lab.say("run photos/p000.jpg --base photos -o out --model model --json").expect_code(0).json();
    assert_eq!((&one["kept"], &one["earlier"], &one["totals"]["failed"]), (&1.into(), &5.into(), &1.into()));
    assert_same(&whole, &lab.results());
    lab.say("run photos/p000.jpg --base photos -o out --model model --overwrite").expect_code(0);
    assert_same(&whole, &lab.results());

    fs::remove_dir_all(lab.path("out")).unwrap();
    lab.say("run photos/bad.jpg photos/p000.jpg photos/p002.jpg --base photos -o out --model model").expect_code(3);
    lab.say("run photos/p004.jpg photos/sub --base photos -o out --model model").expect_code(0);
    assert_same(&whole, &lab.results());

    lab.say("run photos/sub --base photos -o out --model model --overwrite --threshold 0.7").expect_code(2);
    assert_same(&whole, &lab.results());
    let pruned = lab.say("run photos/sub --base photos -o out --model model --prune --json").expect_code(0).json();
    assert_eq!((&pruned["pruned"], &pruned["totals"]["inputs"]), (&4.into(), &2.into()));
    assert!(lab.results().keys().all(|name| !name.contains("p000")), "nothing of them is left");
}

#[test]
fn names_that_are_relative_to_another_folder_do_not_mix() {
    let lab = Lab::with_photos(4);
    lab.say("run photos/sub -o out --model model").expect_code(0);
    let before = lab.results();
    for more in [&[][..], &["--dry-run"], &["--overwrite"]] {
        lab.run(more).expect_code(2);
    }
    assert_same(&before, &lab.results());
    // Another folder's photo of the same name would replace one.
    let other = Jpeg::camera().write(&Scene::any(50).draw(90, 60).photo);
    ["p001.jpg", "p003.jpg"].iter().for_each(|name| lab.put(&format!("other/{name}"), &other));
    lab.say("run other -o out --model model").expect_code(2);
    assert_same(&before, &lab.results());

    lab.run(&["--prune"]).expect_code(0);
    let pruned = lab.results();
    fs::remove_dir_all(lab.path("out")).unwrap();
    lab.run(&[]).expect_code(0);
    assert_same(&pruned, &lab.results());
}

#[test]
fn a_mask_that_somebody_edited_is_kept_and_told() {
    let lab = Lab::with_photos(2);
    lab.run(&[]).expect_code(0);
    let whole = lab.results();
    let mask = lab.path("out/masks/p000.jpg.png");
    let map = square(160, 120, [20, 20, 60, 50]);
    ["p000", "sub/p001"].iter().for_each(|name| binary(&lab.path(&format!("truth/{name}.png")), &map));

    // As a paint program saves what is black and white: no class is known, so it is not scored.
    binary(&mask, &map);
    let edited = fs::read(&mask).unwrap();
    let ran = lab.run(&["--json"]).expect_code(0).json();
    assert_eq!((&ran["edited"], &ran["processed"]), (&1.into(), &0.into()));
    // Nor when its photo changes.
    lab.put("photos/p000.jpg", &Jpeg::camera().write(&Scene::any(77).draw(160, 120).photo));
    lab.run(&[]).expect_code(0);
    assert!(fs::read(&mask).unwrap() == edited);
    lab.put("photos/p000.jpg", &Jpeg::camera().write(&Scene::any(0).draw(160, 120).photo));
    lab.say("eval out --truth truth").expect_code(3);
    let scores = fs::read_to_string(lab.path("out/scores.json")).unwrap();
    assert!(scores.contains("prediction_unreadable") && scores.contains("changed after the run"), "{scores}");

    // With the values of a mask it is scored as it is now.
    grey_png(&mask, 160, 120, &map.data);
    lab.say("eval out --truth truth").expect_code(0);
    fs::remove_file(lab.path("out/scores.json")).unwrap();
    fs::remove_file(lab.path("out/scores.csv")).unwrap();
    lab.run(&["--overwrite"]).expect_code(0);
    assert_same(&whole, &lab.results());
}

#[test]
fn a_photo_whose_record_cannot_be_written_keeps_no_mask() {
    let lab = Lab::with_photos(1);
    // The record of one is the folder of the other.
    for name in ["a.jpg", "a.jpg.json/b.jpg"] {
        lab.put(&format!("photos/{name}"), &Jpeg::camera().write(&Scene::any(3).draw(60, 40).photo));
    }
    lab.run(&["--overlay", "--jobs", "1"]).expect_code(3);
    let failed: Vec<_> = lab.records().into_iter().filter(|record| record["status"] == "failed").collect();
    assert_eq!(failed.len(), 1);
    assert_eq!(failed[0]["failure"]["code"], "name_unusable");
    let name = failed[0]["input"]["path"].as_str().unwrap();
    for file in [format!("out/masks/{name}.png"), format!("out/overlays/{name}.jpg")] {
        assert!(!lab.path(&file).exists(), "{file}");
    }
}

/// A record from elsewhere must not lead out of the folder that something is written to.
#[test]
fn names_in_a_file_lead_nowhere_else() {
    let lab = Lab::with_photos(2);
    lab.run(&[]).expect_code(0);
    let records = fs::read_to_string(lab.path("out/records.jsonl")).unwrap();
    for (good, bad) in [("\"path\":\"p000.jpg\"", "\"path\":\"../../x/p000.jpg\""), ("masks/p000", "../masks/p000")] {
        fs::write(lab.path("out/records.jsonl"), records.replace(good, bad)).unwrap();
        for verb in ["export out -f labelme -o deep/notes", "report out", "eval out --truth out/masks"] {
            lab.say(verb).expect_code(2).expect_error(&["records.jsonl, line 1", "leads out of its folder"]);
        }
        assert!(!lab.path("x").exists() && !lab.path("deep").exists());
    }
}

/// `composed` and `decomposed` are the same name for a person, and two names for the disk.
#[cfg(target_os = "linux")]
#[test]
fn two_spellings_of_a_name_are_two_photos_and_never_one_mask() {
    let lab = Lab::with_photos(1);
    for (seed, name) in ["\u{304c}.jpg", "\u{304b}\u{3099}.jpg"].iter().enumerate() {
        lab.put(&format!("photos/{name}"), &Jpeg::camera().write(&Scene::any(seed as u64).draw(60, 40).photo));
    }
    lab.put_private("key", CODE_KEY);
    lab.run(&["--names", "pseudonym", "--key-file", "key"]).expect_code(3);
    let paths = |wanted: &str| -> Vec<String> {
        let of_status = lab.records().into_iter().filter(|record| record["status"] == wanted);
        of_status.map(|record| record["input"]["path"].as_str().unwrap().to_owned()).collect()
    };
    let (done, failed) = (paths("done"), paths("failed"));
    assert_eq!((done.len(), failed.len()), (2, 1));
    assert!(!done.contains(&failed[0]) && lab.records().iter().any(|r| r["failure"]["code"] == "name_taken"));
    let copied = lab.say("scrub photos -o clean --names pseudonym --key-file key --json").expect_code(3).json();
    assert_eq!((&copied["copied"], &copied["failed"][0]["code"]), (&2.into(), &"name_taken".into()));

    // With their own names both are done, under names that no system takes for one.
    fs::remove_dir_all(lab.path("out")).unwrap();
    lab.run(&[]).expect_code(0);
    assert!(results(&lab.path("out")).keys().any(|name| name.contains("~2.jpg")));
}
