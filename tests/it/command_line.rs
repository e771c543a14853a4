//! What is said on stdout and stderr, and the exit codes.

use std::io::Write;
use std::process::Stdio;

use crate::kit::spoil;
use crate::support::{Lab, RUN, Ran, derm_seg};

#[test]
fn help_is_short_with_h_and_whole_with_help() {
    let (short, long) = (derm_seg(&["run", "-h"]).expect_code(0), derm_seg(&["run", "--help"]).expect_code(0));
    assert!(long.stdout.len() > short.stdout.len());
    assert!(long.stdout.contains("Research use only") && long.stdout.contains("Exit codes:"));
    assert!(short.stdout.lines().all(|line| line.chars().count() <= 100), "fits a terminal:\n{}", short.stdout);
    let top = derm_seg(&["--help"]).expect_code(0).stdout;
    for verb in ["run", "model", "completions", "man"] {
        assert!(top.contains(&format!("\n  {verb}")), "{verb} is listed:\n{top}");
    }
    assert!(derm_seg(&["--version"]).expect_code(0).stdout.starts_with("derm-seg 0."));
}

#[test]
fn a_slip_of_the_pen_gets_a_suggestion() {
    derm_seg(&["rum"]).expect_code(2).expect_error(&["'run'"]);
    derm_seg(&["run", "photos", "--ovrlay"]).expect_code(2).expect_error(&["'--overlay'"]);
    derm_seg(&["run", "photos", "--device", "cudda"]).expect_code(2).expect_error(&["'cuda'"]);
    derm_seg(&[]).expect_code(2);
    derm_seg(&["run"]).expect_code(2).expect_error(&["INPUT"]);
}

#[test]
fn a_good_run_ends_with_counts_and_the_place_of_the_results() {
    let lab = Lab::with_photos(4);
    let ran = lab.run(&[]).expect_code(0);
    assert!(ran.stdout.starts_with("4 of 4 photos done (4 processed in "), "{}", ran.stdout);
    assert!(
        ran.stdout.contains("\nresults: out (masks, metrics, summary.csv, records.jsonl, run.json)\n"),
        "{}",
        ran.stdout
    );
    assert!(ran.stdout.ends_with("research use only\n"), "{}", ran.stdout);
    assert_eq!(ran.stderr, "", "nothing is animated or logged where nobody looks");
    let again = lab.run(&[]).expect_code(0);
    assert!(
        again.stdout.starts_with("4 of 4 photos done\n4 were done already and are unchanged\n"),
        "{}",
        again.stdout
    );
}

#[test]
fn quiet_says_nothing_and_verbose_says_more() {
    let lab = Lab::with_photos(2);
    let quiet = lab.run(&["--quiet"]).expect_code(0);
    assert_eq!((quiet.stdout.as_str(), quiet.stderr.as_str()), ("", ""));
    let verbose = lab.run(&["--overwrite", "-v"]).expect_code(0);
    assert!(verbose.stderr.contains("2 photos, 2 to do"), "{}", verbose.stderr);
    assert!(!verbose.stderr.contains('\u{1b}'), "no colour codes in a file:\n{}", verbose.stderr);
    lab.run(&["--quiet", "--verbose"]).expect_code(2);
}

#[test]
fn a_bad_photo_is_named_with_its_cause_and_the_others_are_done() {
    let lab = Lab::with_photos(3);
    lab.put("photos/empty.jpg", b"");
    let ran = lab.run(&[]).expect_code(3);
    assert!(ran.stdout.starts_with("3 of 4 photos done, 1 failed"), "{}", ran.stdout);
    assert!(ran.stdout.contains("failed: empty.jpg: the file is empty"), "{}", ran.stdout);
    let failed = lab.records().into_iter().find(|r| r["input"]["path"] == "empty.jpg").unwrap();
    assert_eq!(failed["failure"]["code"], "empty_file");
}

#[test]
fn json_is_for_scripts() {
    let lab = Lab::with_photos(3);
    let summary = lab.run(&["--json"]).expect_code(0).json();
    assert_eq!(summary["schema"], "derm-seg/summary/1");
    assert_eq!(
        (&summary["totals"]["done"], &summary["processed"], &summary["kept"]),
        (&3.into(), &3.into(), &0.into())
    );
    let again = lab.run(&["--json"]).expect_code(0).json();
    assert_eq!((&again["totals"]["done"], &again["processed"], &again["kept"]), (&3.into(), &0.into(), &3.into()));
}

#[test]
fn a_dry_run_writes_nothing() {
    let lab = Lab::with_photos(3);
    let plan = lab.run(&["--dry-run"]).expect_code(0);
    assert!(plan.stdout.contains("new: p000.jpg") && plan.stdout.contains("3 photos: 3 new"), "{}", plan.stdout);
    assert!(!lab.path("out").exists());
    lab.run(&[]).expect_code(0);
    let before = lab.results();
    assert_eq!(lab.run(&["--dry-run", "--json"]).expect_code(0).json()["done"], 3);
    assert_eq!(before, lab.results());
}

#[test]
fn what_cannot_start_says_so_and_writes_nothing() {
    let lab = Lab::new();
    lab.run(&[]).expect_code(2).expect_error(&["No photos were found"]);
    lab.put("photos/a.jpg", &spoil::each_kind(&crate::kit::photos::Scene::any(1).draw(60, 40).photo)[0].2);
    lab.program()
        .args(["run", "photos", "-o", "out", "--model", "nowhere"])
        .output()
        .map(Ran::from)
        .unwrap()
        .expect_code(2)
        .expect_error(&["nowhere"]);
    assert!(!lab.path("out").exists());
    lab.put("taken/notes.txt", b"mine");
    let taken =
        lab.program().args(["run", "photos", "-o", "taken", "--model", "model"]).output().map(Ran::from).unwrap();
    taken.expect_code(2).expect_error(&["holds other files"]);
    assert_eq!(std::fs::read_dir(lab.path("taken")).unwrap().count(), 1);
    lab.run(&["--device", "cuda"]).expect_code(2).expect_error(&["cuda", "--ort-lib"]);
}

#[test]
fn a_path_that_was_named_is_always_attempted() {
    let lab = Lab::with_photos(1);
    lab.put("photos/notes.txt", b"not a photo");
    lab.put("photos/.hidden.jpg", b"hidden");
    // Found in a folder: skipped. Named: attempted, and its failure shows.
    lab.run(&[]).expect_code(0);
    assert_eq!(lab.run_file()["totals"]["skipped_files"], 1);
    let named = [
        "run",
        "photos/notes.txt",
        "photos/gone.jpg",
        "photos/.hidden.jpg",
        "photos/p000.jpg",
        "-o",
        "named",
        "--model",
        "model",
        "--json",
    ];
    let summary = lab.program().args(named).output().map(Ran::from).unwrap().expect_code(3).json();
    assert_eq!((&summary["totals"]["done"], &summary["totals"]["failed"]), (&1.into(), &3.into()));
    assert_eq!(summary["failures"]["not_found"], 1);
}

#[test]
fn lists_come_by_line_or_by_nul() {
    let lab = Lab::with_photos(3);
    lab.put("list", b"photos/p000.jpg\r\nphotos/sub/p001.jpg\n");
    let from = ["run", "--from", "list", "--base", "photos", "-o", "out", "--model", "model"];
    lab.program().args(from).output().map(Ran::from).unwrap().expect_code(0);
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
fn completions_and_the_manual_come_from_the_same_description() {
    for shell in ["bash", "zsh", "fish"] {
        assert!(derm_seg(&["completions", shell]).expect_code(0).stdout.contains("derm-seg"));
    }
    let manual = derm_seg(&["man"]).expect_code(0).stdout;
    assert!(manual.contains(".TH") && manual.contains("run"), "{}", &manual[..300.min(manual.len())]);
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
fn one_input_that_is_not_there_is_a_slip_of_the_pen() {
    let lab = Lab::with_photos(1);
    for args in [
        &["run", "foto.jpg", "-o", "out", "--model", "model"][..],
        &["check", "foto.jpg"],
        &["scrub", "foto.jpg", "-o", "out"],
    ] {
        let ran: Ran = lab.program().args(args).output().unwrap().into();
        ran.expect_code(2).expect_error(&["foto.jpg does not exist"]);
        assert!(!lab.path("out").exists(), "{args:?}");
    }
    // In a list it is one photo of many, and has its record.
    lab.put("list", b"foto.jpg\n");
    let from = ["run", "--from", "list", "-o", "out", "--model", "model"];
    lab.program().args(from).output().map(Ran::from).unwrap().expect_code(3);
    assert_eq!(lab.records()[0]["failure"]["code"], "not_found");
}

#[test]
fn other_settings_are_named_one_by_one() {
    let lab = Lab::with_photos(1);
    lab.run(&[]).expect_code(0);
    let ran = lab.run(&["--threshold", "0.7", "--overlay"]).expect_code(2);
    for line in [
        "\n  manifest_output.thresholds: unset there, {\"lesion\":0.7} now\n",
        "\n  manifest_output.thresholds_source: unset there, \"--threshold\" now\n",
        "\n  overlay_longest_side: unset there, 1600 now\n",
    ] {
        assert!(ran.stderr.contains(line), "{line} in {}", ran.stderr);
    }
    assert!(!ran.stderr.contains("classes"), "nothing that is the same:\n{}", ran.stderr);
}
