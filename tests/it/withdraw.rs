//! `derm-seg withdraw`.

use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

use crate::kit::files::{Jpeg, bmp};
use crate::kit::photos::Scene;
use crate::support::published::{assert_valid, schema};
use crate::support::{Lab, Ran, assert_same};

const PEOPLE: [&str; 3] = ["PAT_1", "PAT_2", "PAT_3"];

fn lab(people: &[&str]) -> Lab {
    let lab = Lab::new();
    for (number, person) in PEOPLE.iter().enumerate().filter(|(_, person)| people.contains(person)) {
        for photo in 0..3 {
            let scene = Scene::any((number * 3 + photo) as u64).draw(120, 90).photo;
            lab.put(&format!("photos/{person}/{photo}.jpg"), &Jpeg::camera().write(&scene));
        }
    }
    lab.run(&["--overlay", "--probs"]).expect_code(0);
    lab
}

fn withdraw(lab: &Lab, more: &[&str]) -> Ran {
    lab.ran(&[&["withdraw", "out", "--ids", "list"], more].concat())
}

/// All that a withdrawal must leave as a run without the people gives it: everything but the log.
fn comparable(lab: &Lab) -> BTreeMap<String, Vec<u8>> {
    let mut files = lab.results();
    files.remove("withdrawals.jsonl");
    files.remove("withdrawn.json");
    files
}

#[test]
fn what_is_left_is_what_a_run_without_them_gives() {
    let (with, without) = (lab(&PEOPLE), lab(&["PAT_1", "PAT_3"]));
    with.put("list", b"PAT_2\n");
    with.put("out/scores.json", b"{}");
    let before = with.results();
    let counts = |ran: Ran| {
        let done = ran.expect_code(0).json();
        (done["photos"].as_u64().unwrap(), done["files"].as_u64().unwrap())
    };
    assert_eq!(counts(withdraw(&with, &["--dry-run", "--json"])), (3, 15));
    assert!(with.results() == before, "a dry run changes nothing");
    assert_eq!(counts(withdraw(&with, &["--json"])), (3, 15));
    assert_same(&comparable(&with), &comparable(&without));
    assert!(!with.path("out/masks/PAT_2").exists(), "a folder's name may be a person's");
    let log = fs::read_to_string(with.path("out/withdrawals.jsonl")).unwrap();
    assert!(log.contains("\"photos\":3") && !log.contains("PAT"), "{log}");
    assert_eq!(counts(withdraw(&with, &["--json"])), (0, 0));
}

#[test]
fn who_was_withdrawn_is_not_taken_in_again() {
    let lab = lab(&PEOPLE);
    let photo = fs::read(lab.path("photos/PAT_2/0.jpg")).unwrap();
    lab.put("list", b"PAT_2\n");
    withdraw(&lab, &[]).expect_code(0);
    let known = fs::read_to_string(lab.path("out/withdrawn.json")).unwrap();
    assert!(!known.contains("PAT"), "{known}");
    assert_valid(&schema("withdrawn"), &serde_json::from_str(&known).unwrap());

    // Without the list, and under another name.
    lab.put("photos/other/photo.jpg", &photo);
    let ran = lab.run(&["--overlay", "--probs", "--json"]).expect_code(0).json();
    assert_eq!((&ran["totals"]["done"], &ran["totals"]["excluded"]), (&6.into(), &4.into()));
    assert!(lab.records().iter().filter(|r| r["status"] == "excluded").all(|r| r["exclusion"]["reason"] == "opt_out"));
    for mirror in ["masks", "metrics", "overlays", "probs"] {
        assert!(
            !lab.path(&format!("out/{mirror}/PAT_2")).exists() && !lab.path(&format!("out/{mirror}/other")).exists()
        );
    }
    lab.put("out/withdrawn.json", b"{\"schema\"");
    lab.run(&["--overlay", "--probs"]).expect_code(2).expect_error(&["withdrawn.json", "damaged"]);
    withdraw(&lab, &[]).expect_code(1).expect_error(&["withdrawn.json", "damaged"]);
}

#[test]
fn a_line_that_matches_nobody_is_no_success() {
    let lab = lab(&PEOPLE);
    lab.put("list", b"PAT_2\nPAT_22\n");
    for _ in 0..2 {
        assert_eq!(withdraw(&lab, &["--json"]).expect_code(1).json()["lines_without_results"], 1);
    }
    assert!(!lab.path("out/masks/PAT_2").exists(), "the others are removed all the same");
}

#[test]
fn nothing_is_said_of_files_that_nobody_knows() {
    let lab = lab(&PEOPLE);
    // The same photo, recorded by a run with another base, and no longer in the tables.
    let record = fs::read_to_string(lab.path("out/metrics/PAT_2/1.jpg.json")).unwrap().replace("PAT_2/1.jpg", "1.jpg");
    lab.put("out/metrics/1.jpg.json", record.as_bytes());
    fs::copy(lab.path("out/masks/PAT_2/1.jpg.png"), lab.path("out/masks/1.jpg.png")).unwrap();
    lab.put("out/annotations/PAT_2/1.json", b"{}");
    lab.put("out/masks/lost.jpg.png", b"whose?");
    lab.put("list", b"PAT_2\n");
    let told = withdraw(&lab, &["--json"]).expect_code(1).json();
    assert_eq!((&told["unknown_files"], &told["left"]), (&2.into(), &0.into()));
    assert!(!lab.path("out/masks/1.jpg.png").exists() && !lab.path("out/metrics/1.jpg.json").exists());
    assert!(lab.path("out/annotations/PAT_2/1.json").exists() && lab.path("out/masks/lost.jpg.png").exists());
    fs::remove_dir_all(lab.path("out/annotations")).unwrap();
    fs::remove_file(lab.path("out/masks/lost.jpg.png")).unwrap();
    withdraw(&lab, &[]).expect_code(0);
}

#[test]
fn killed_at_any_moment_it_is_finished_by_the_same_command() {
    let without = lab(&["PAT_1", "PAT_3"]);
    let expected = comparable(&without);
    for milliseconds in [2, 5, 10, 20] {
        let with = lab(&PEOPLE);
        with.put("list", b"PAT_2\n");
        let mut killed = with.program().args(["withdraw", "out", "--ids", "list"]).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(milliseconds));
        let _ = killed.kill();
        killed.wait().unwrap();
        withdraw(&with, &[]).expect_code(0);
        assert!(comparable(&with) == expected, "killed after {milliseconds} ms");
    }
    // In the middle for certain: some files gone, the tables as they were.
    let with = lab(&PEOPLE);
    with.put("list", b"PAT_2\n");
    fs::write(with.path("out/.derm-seg.withdrawal"), "3").unwrap();
    fs::remove_dir_all(with.path("out/masks/PAT_2")).unwrap();
    fs::remove_file(with.path("out/metrics/PAT_2/0.jpg.json")).unwrap();
    withdraw(&with, &[]).expect_code(0);
    assert_same(&comparable(&with), &expected);
}

/// Results of `people` with ten photos each, as many copies of one person's real results: ten thousand photos would take a
/// test minutes.
fn collection(template: &Lab, people: impl Iterator<Item = usize>) -> Lab {
    let lab = Lab::new();
    let files = template.results();
    let text = |name: &str| String::from_utf8(files[name].clone()).unwrap();
    let (records, summary) = (text("records.jsonl"), text("summary.csv"));
    let (header, rows) = summary.split_once('\n').unwrap();
    let (mut all_records, mut all_rows, mut count) = (String::new(), format!("{header}\n"), 0);
    let hashes: Vec<String> =
        template.records().iter().map(|record| record["input"]["blake3"].as_str().unwrap().to_owned()).collect();
    for person in people.map(|number| format!("P{number:04}")) {
        // No two people have the same photo.
        let theirs = |text: &str| {
            let named = text.replace("PERSO", &person);
            hashes.iter().fold(named, |text, hash| text.replace(hash, &format!("{person}{}", &hash[person.len()..])))
        };
        for (name, bytes) in files.iter().filter(|(name, _)| name.contains("PERSO")) {
            let bytes = match std::str::from_utf8(bytes) {
                Ok(text) => theirs(text).into_bytes(),
                Err(_) => bytes.clone(),
            };
            lab.put(&format!("out/{}", name.replace("PERSO", &person)), &bytes);
        }
        all_records += &theirs(&records);
        all_rows += &rows.replace("PERSO", &person);
        count += 1;
    }
    let mut run = template.run_file();
    let totals = run["totals"].as_object_mut().unwrap();
    totals.values_mut().for_each(|total| *total = (total.as_u64().unwrap() * count).into());
    lab.put("out/run.json", format!("{run:#}\n").as_bytes());
    lab.put("out/records.jsonl", all_records.as_bytes());
    lab.put("out/summary.csv", all_rows.as_bytes());
    lab
}

/// The size that a national collection asks for: 10,000 photos of 1,000 people, of whom 100 withdraw, killed half-way.
#[test]
fn a_hundred_people_leave_ten_thousand_photos() {
    let template = Lab::new();
    for seed in 0..10 {
        template.put(&format!("photos/PERSO/{seed}.bmp"), &bmp(&Scene::any(seed).draw(32, 24).photo));
    }
    template.run(&[]).expect_code(0);
    let (with, without) = (collection(&template, 0..1_000), collection(&template, (0..1_000).filter(|p| p % 10 != 7)));
    let list: String = (7..1_000).step_by(10).map(|person| format!("P{person:04}\n")).collect();
    with.put("list", list.as_bytes());
    let mut killed = with.program().args(["withdraw", "out", "--ids", "list"]).spawn().unwrap();
    while with.path("out/masks/P0507/0.bmp.png").exists() {
        assert!(killed.try_wait().unwrap().is_none(), "it was done before it could be killed");
        std::thread::sleep(Duration::from_millis(1));
    }
    killed.kill().unwrap();
    killed.wait().unwrap();
    assert_eq!(withdraw(&with, &["--json"]).expect_code(0).json()["photos"], 1000);
    assert_same(&comparable(&with), &comparable(&without));
}
