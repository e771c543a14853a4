//! Every call of the program to the disk fails once, or is its last: nothing foreign changes, nothing half-written counts,
//! the exit code tells, and the same command again gives what an undisturbed one gives.
//!
//! Each call is tried with one kind of trouble; `cargo test -- --ignored every_call_fails_in_every_way` tries them all.

use std::collections::BTreeMap;
use std::fs;

use serde_json::Value;

use crate::kit::files::bmp;
use crate::kit::photos::Scene;
use crate::support::results_folder::{binary, square};
use crate::support::{Lab, Ran, results};

/// Error numbers of Linux.
const ENOSPC: &str = "28";
const EIO: &str = "5";
const EACCES: &str = "13";
const EDQUOT: &str = "122";
const TROUBLE: [&str; 5] = [ENOSPC, EIO, EACCES, EDQUOT, "KILL"];

/// A command, what is there before it, and where its results are.
struct Case {
    args: &'static str,
    prepare: fn(&Lab),
    out: &'static str,
}

const CASES: [Case; 5] = [
    Case { args: "run photos -o out --model model --faces off --overlay --jobs 1", prepare: |_| {}, out: "out" },
    Case { args: "scrub photos -o clean --faces off --jobs 1", prepare: |_| {}, out: "clean" },
    Case {
        args: "withdraw out --ids list",
        prepare: |lab| _ = say(lab, CASES[0].args, &[]).expect_code(0),
        out: "out",
    },
    Case {
        args: "correct out --masks drawn --photos photos --jobs 1",
        prepare: |lab| {
            say(lab, CASES[0].args, &[]).expect_code(0);
            binary(&lab.path("drawn/PAT_1/a.png"), &square(48, 36, [5, 5, 20, 10]));
        },
        out: "out",
    },
    Case {
        args: "merge part1 part2 -o out --jobs 1",
        prepare: |lab| {
            for part in [1, 2] {
                let run = format!("run photos -o part{part} --model model --faces off --shard {part}/2");
                say(lab, &run, &[]).expect_code(0);
            }
        },
        out: "out",
    },
];

fn lab(case: &Case) -> Lab {
    let lab = Lab::with_quick_model();
    for (seed, name) in ["PAT_1/a.bmp", "PAT_2/b.bmp"].iter().enumerate() {
        lab.put(&format!("photos/{name}"), &bmp(&Scene::any(seed as u64).draw(48, 36).photo));
    }
    lab.put("list", b"PAT_2\n");
    (case.prepare)(&lab);
    lab.put(&format!("{}/notes/theirs.txt", if case.out == "out" { "beside" } else { case.out }), b"theirs");
    lab
}

fn say(lab: &Lab, args: &str, fault: &[(&str, &str)]) -> Ran {
    lab.program().args(args.split(' ')).envs(fault.iter().copied()).output().unwrap().into()
}

/// Whoever is remembered is so under a key drawn at random.
fn comparable(lab: &Lab, case: &Case) -> BTreeMap<String, Vec<u8>> {
    let mut files = results(&lab.path(case.out));
    files.remove("withdrawn.json");
    files
}

/// The calls of an undisturbed command, and what it gives.
fn undisturbed(lab: Lab, case: &Case) -> (Vec<String>, BTreeMap<String, Vec<u8>>) {
    say(&lab, case.args, &[("DERM_SEG_FAULT_LOG", lab.path("calls").to_str().unwrap())]).expect_code(0);
    let calls = fs::read_to_string(lab.path("calls")).unwrap().lines().map(str::to_owned).collect();
    (calls, comparable(&lab, case))
}

fn photos(lab: &Lab) -> BTreeMap<String, Vec<u8>> {
    results(&lab.path("photos"))
}

/// What is there after a disturbed command must be believable.
fn assert_no_false_promise(lab: &Lab, case: &Case, what: &str) {
    for (name, bytes) in results(&lab.path(case.out)) {
        if name.starts_with("metrics/") && name.ends_with(".json") {
            let record: Value = serde_json::from_slice(&bytes).unwrap_or_else(|e| panic!("{what}: {name}: {e}"));
            // A withdrawal takes the mask before the record.
            if case.args.starts_with("run") || case.args.starts_with("merge") {
                let mask = fs::read(lab.path(case.out).join(record["mask"]["path"].as_str().unwrap())).unwrap();
                assert_eq!(record["mask"]["blake3"], blake3::hash(&mask).to_hex().to_string(), "{what}: {name}");
            }
        }
    }
}

fn disturb(lab: Lab, case: &Case, call: usize, kind: &str, trouble: &str, whole: &BTreeMap<String, Vec<u8>>) {
    let what = format!("{}: call {call} ({kind}) meets {trouble}", case.args);
    let before = photos(&lab);
    let ran = say(&lab, case.args, &[("DERM_SEG_FAULT", &format!("{call}:{trouble}"))]);
    assert!(!ran.stderr.contains("panicked"), "{what}: {}", ran.stderr);
    let kept_going = [1, 2, 3].contains(&ran.code);
    // Some calls may fail without harm: a photo is known by its ending, an old file need not be there to go.
    let is_right = if trouble == "KILL" { ran.code == -9 } else { kept_going || comparable(&lab, case) == *whole };
    assert!(is_right, "{what}: exit {}\n{}{}", ran.code, ran.stdout, ran.stderr);
    assert_no_false_promise(&lab, case, &what);
    assert!(photos(&lab) == before, "{what}: inputs are never touched");

    let again = say(&lab, case.args, &[]);
    assert_eq!(again.code, 0, "{what}, and again:\n{}{}", again.stdout, again.stderr);
    let names = |files: &BTreeMap<String, Vec<u8>>| files.keys().cloned().collect::<Vec<_>>();
    let after = comparable(&lab, case);
    assert_eq!(names(&after), names(whole), "{what}");
    // A withdrawal that was met at its log may be in it twice.
    let differing: Vec<_> =
        whole.iter().filter(|(name, bytes)| after[*name] != **bytes).map(|(name, _)| name).collect();
    assert!(differing.iter().all(|name| *name == "withdrawals.jsonl"), "{what}: {differing:?}");
}

/// Returns how many faults were tried.
fn try_all(wanted: impl Fn(usize, &str, usize) -> bool + Sync) -> usize {
    let mut tried = 0;
    for case in &CASES {
        let lab = lab(case);
        let (calls, whole) = undisturbed(lab.copy(), case);
        let mut points = Vec::new();
        for (index, kind) in calls.iter().enumerate() {
            for (number, trouble) in TROUBLE.iter().enumerate() {
                if wanted(index, kind, number) {
                    points.push((index + 1, kind.as_str(), *trouble));
                }
            }
        }
        assert!(points.len() > 5, "{}: {calls:?}", case.args);
        let middle = points.len().div_ceil(2);
        std::thread::scope(|scope| {
            for half in points.chunks(middle) {
                let (lab, whole) = (&lab, &whole);
                scope.spawn(move || {
                    for (call, kind, how) in half {
                        disturb(lab.copy(), case, *call, kind, how, whole);
                    }
                });
            }
        });
        println!("{}: {} calls, {} faults tried", case.args, calls.len(), points.len());
        tried += points.len();
    }
    tried
}

#[test]
fn every_call_fails_once() {
    // Neighbours meet different trouble.
    try_all(|index, _, number| number == index % TROUBLE.len());
}

#[test]
#[ignore = "takes minutes"]
fn every_call_fails_in_every_way() {
    let tried = try_all(|_, kind, number| TROUBLE[number] != "KILL" || kind != "Read");
    println!("{tried} faults tried");
}

/// A full disk is met once, not once for every photo.
#[test]
fn scrub_stops_at_a_full_disk() {
    let lab = Lab::with_photos(8);
    let args = "scrub photos -o clean --faces off --jobs 1";
    let log = lab.path("calls");
    let path = log.to_str().unwrap();
    say(&lab, args, &[("DERM_SEG_FAULT_LOG", path)]).expect_code(0);
    // The first thing that is written is the folder.
    let calls = fs::read_to_string(&log).unwrap();
    let (before_copy, _) = calls.lines().enumerate().filter(|(_, call)| *call == "Write").nth(1).unwrap();
    let fault = format!("{}+:{ENOSPC}", before_copy + 1);
    fs::remove_dir_all(lab.path("clean")).unwrap();
    fs::remove_file(&log).unwrap();
    let ran = say(&lab, args, &[("DERM_SEG_FAULT", &fault), ("DERM_SEG_FAULT_LOG", path)]).expect_code(1);
    assert!(ran.stderr.contains("could not be written"), "{}", ran.stderr);
    let calls = fs::read_to_string(&log).unwrap().lines().filter(|call| *call == "Read").count();
    assert!(calls < 4, "{calls} photos were read although nothing could be written");
}

/// The program is stopped between reading a photo and recording it; meanwhile the photo becomes another of the same size.
#[cfg(target_os = "linux")]
#[test]
fn a_photo_that_changes_while_it_is_read_is_not_done() {
    use std::time::{Duration, Instant};
    let lab = Lab::new();
    let photo = |seed| bmp(&Scene::any(seed).draw(48, 36).photo);
    lab.put("photos/a.bmp", &photo(1));
    let args = "run photos -o out --model model --faces off --jobs 1";
    say(&lab, args, &[("DERM_SEG_FAULT_LOG", lab.path("calls").to_str().unwrap())]).expect_code(0);
    let calls = fs::read_to_string(lab.path("calls")).unwrap();
    let whole = {
        lab.put("photos/a.bmp", &photo(2));
        fs::remove_dir_all(lab.path("out")).unwrap();
        say(&lab, args, &[]).expect_code(0);
        lab.results()
    };
    lab.put("photos/a.bmp", &photo(1));
    fs::remove_dir_all(lab.path("out")).unwrap();
    let lines: Vec<&str> = calls.lines().collect();
    // The photo is read after run.json was written; then its mask is.
    let run_file = lines.iter().position(|call| *call == "Rename").unwrap();
    let read = run_file + lines[run_file..].iter().position(|call| *call == "Read").unwrap();
    let mut child = lab
        .program()
        .args(args.split(' '))
        .env("DERM_SEG_FAULT", format!("{}:STOP", read + 2))
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let begin = Instant::now();
    let state = || fs::read_to_string(format!("/proc/{}/stat", child.id())).unwrap();
    while !state().contains(") T ") {
        assert!(begin.elapsed() < Duration::from_secs(60), "it was not stopped: {}", state());
        std::thread::sleep(Duration::from_millis(5));
    }
    lab.put("photos/a.bmp", &photo(2));
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::CONT).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(3));
    assert_eq!(lab.records()[0]["failure"]["code"], "changed_meanwhile");
    assert!(!lab.path("out/masks/a.bmp.png").exists());
    say(&lab, args, &[]).expect_code(0);
    assert!(lab.results() == whole);
}
