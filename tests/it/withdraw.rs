//! `derm-seg withdraw`.

use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

use crate::kit::files::Jpeg;
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
