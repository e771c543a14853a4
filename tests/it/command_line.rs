//! What `tests/cmd` cannot show of the command line: pipes, lists, logs, what stays unwritten.

use std::io::Write;
use std::process::Stdio;

use crate::support::{Lab, RUN, Ran};

#[test]
fn a_dry_run_writes_nothing() {
    let lab = Lab::with_photos(3);
    lab.run(&["--dry-run"]).expect_code(0);
    assert!(!lab.path("out").exists());
    lab.run(&[]).expect_code(0);
    let before = lab.results();
    assert_eq!(lab.run(&["--dry-run", "--json"]).expect_code(0).json()["done"], 3);
    assert_eq!(before, lab.results());
}

#[test]
fn a_path_that_was_named_is_always_attempted() {
    let lab = Lab::with_photos(1);
    lab.put("photos/notes.txt", b"not a photo");
    lab.put("photos/.hidden.jpg", b"hidden");
    // Found in a folder: skipped. Named: attempted, and its failure shows.
    lab.run(&[]).expect_code(0);
    assert_eq!(lab.run_file()["totals"]["skipped_files"], 1);
    let named = "photos/notes.txt photos/gone.jpg photos/.hidden.jpg photos/p000.jpg";
    let summary = lab.say(&format!("run {named} -o named --model model --json")).expect_code(3).json();
    assert_eq!((&summary["totals"]["done"], &summary["totals"]["failed"]), (&1.into(), &3.into()));
    assert_eq!(summary["failures"]["not_found"], 1);
}

#[test]
fn lists_come_by_line_or_by_nul() {
    let lab = Lab::with_photos(3);
    lab.put("list", b"photos/p000.jpg\r\nphotos/sub/p001.jpg\n");
    lab.say("run --from list --base photos -o out --model model").expect_code(0);
    let paths: Vec<_> = lab.records().iter().map(|r| r["input"]["path"].clone()).collect();
    assert_eq!(paths, ["p000.jpg", "sub/p001.jpg"]);

    let mut program = lab.program();
    program
        .args(["run", "-", "-o", "out2", "--model", "model", "--json"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = program.spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"photos/p002.jpg\0photos/p000.jpg\0photos/p002.jpg\0").unwrap();
    let summary = Ran::from(child.wait_with_output().unwrap()).expect_code(0).json();
    assert_eq!(summary["totals"]["inputs"], 2, "a photo named twice is taken once");
}

#[test]
fn who_closes_the_pipe_has_seen_enough() {
    let lab = Lab::with_photos(2);
    for command in [
        &RUN[..],
        &["run", "photos", "-o", "other", "--model", "model", "--dry-run"],
        &["check", "photos"],
        &["check", "photos", "--json"],
        &["report", "out"],
        &["export", "out", "-f", "csv", "-o", "lesions.csv"],
        &["model", "show", "--notices"],
        &["man"],
        &["completions", "bash"],
    ] {
        let mut child = lab.program().args(command).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let ran = Ran::from(child.wait_with_output().unwrap()).expect_code(0);
        assert!(!ran.stderr.contains("panicked") && !ran.stderr.contains("error"), "{command:?}: {}", ran.stderr);
    }
    assert_eq!(lab.records().len(), 2, "the results are whole all the same");
}

#[test]
fn the_log_speaks_of_photos_and_the_runtime_only_when_asked() {
    let lab = Lab::with_photos(3);
    lab.put("photos/empty.jpg", b"");
    let (_, foreign) =
        crate::kit::models::that_work().into_iter().find(|(name, _)| *name == "weights_are_inputs").unwrap();
    lab.install("model", &foreign);
    assert_eq!(lab.run(&[]).expect_code(3).stderr, "", "no warning of a graph that runs");
    let verbose = lab.run(&["-v", "--overwrite"]).expect_code(3).stderr;
    for photo in ["done: p000.jpg (", "done: sub/p001.jpg (", "done: p002.jpg (", "failed: empty.jpg (empty_file)"] {
        assert_eq!(verbose.matches(photo).count(), 1, "a line for {photo}:\n{verbose}");
    }
    assert!(verbose.lines().count() <= 8, "photos, and nothing of the runtime:\n{verbose}");
    let debugging = lab.run(&["-vv", "--overwrite"]).expect_code(3).stderr;
    assert!(debugging.contains("appears in graph inputs"), "the runtime's warnings:\n{debugging}");
}

#[test]
fn one_input_that_is_not_there_is_a_slip_of_the_pen_but_for_a_list() {
    let lab = Lab::new();
    lab.say("run foto.jpg -o out --model model").expect_code(2);
    assert!(!lab.path("out").exists());
    lab.put("list", b"foto.jpg\n");
    lab.say("run --from list -o out --model model").expect_code(3);
    assert_eq!(lab.records()[0]["failure"]["code"], "not_found");
}
