//! `derm-seg withdraw`.

use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

use crate::kit::files::{Jpeg, bmp};
use crate::kit::photos::Scene;
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
    lab.program().args(["withdraw", "out", "--ids", "list"]).args(more).output().unwrap().into()
}

/// All that a withdrawal must leave as a run without the people gives it: everything but the log.
fn comparable(lab: &Lab) -> BTreeMap<String, Vec<u8>> {
    let mut files = lab.results();
    files.remove("withdrawals.jsonl");
    files
}

#[test]
fn what_is_left_is_what_a_run_without_them_gives() {
    let (with, without) = (lab(&PEOPLE), lab(&["PAT_1", "PAT_3"]));
    with.put("list", b"PAT_2\nnobody\n");
    with.put("out/scores.json", b"{}");
    let before = with.results();
    let dry = withdraw(&with, &["--dry-run"]).expect_code(0);
    assert!(dry.stdout.contains("3 photos with 15 files would be removed"), "{}", dry.stdout);
    assert!(with.results() == before, "a dry run changes nothing");
    let ran = withdraw(&with, &[]).expect_code(0);
    assert!(ran.stdout.contains("scores.json") && ran.stdout.contains("1 lines of the list"), "{}", ran.stdout);
    assert_same(&comparable(&with), &comparable(&without));
    assert!(!with.path("out/masks/PAT_2").exists(), "a folder's name may be a person's");
    let log = fs::read_to_string(with.path("out/withdrawals.jsonl")).unwrap();
    assert!(log.contains("\"photos\":3") && !log.contains("PAT"), "{log}");
    let again = withdraw(&with, &[]).expect_code(0);
    assert!(again.stdout.contains("0 photos with 0 files"), "{}", again.stdout);
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
    for person in people.map(|number| format!("P{number:04}")) {
        for (name, bytes) in files.iter().filter(|(name, _)| name.contains("PERSO")) {
            let bytes = match std::str::from_utf8(bytes) {
                Ok(text) => text.replace("PERSO", &person).into_bytes(),
                Err(_) => bytes.clone(),
            };
            lab.put(&format!("out/{}", name.replace("PERSO", &person)), &bytes);
        }
        all_records += &records.replace("PERSO", &person);
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
    let ran = withdraw(&with, &[]).expect_code(0);
    assert!(ran.stdout.contains("1000 photos"), "{}", ran.stdout);
    assert_same(&comparable(&with), &comparable(&without));
}
