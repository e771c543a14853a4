//! Ended in the middle, by whatever: what was finished is whole, and running again converges on the undisturbed result.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use serde_json::Value;
use walkdir::WalkDir;

use crate::kit::noise::Rng;
use crate::support::{Lab, MANY, MANY_PHOTOS, Ran, assert_same, results, skipped};

/// One job where a run is to be met half-way, so that it lasts; two where anything may happen.
fn command(lab: &Lab, jobs: u32) -> Command {
    let mut program = lab.program();
    program
        .arg("run")
        .arg(&*MANY)
        .args(["-o", "out", "--model", "model", "--overlay", "--faces", "off", "--jobs"])
        .arg(jobs.to_string());
    program.stdout(Stdio::piped()).stderr(Stdio::piped());
    program
}

/// What a run that nobody disturbs gives.
static UNDISTURBED: LazyLock<BTreeMap<String, Vec<u8>>> = LazyLock::new(|| {
    let lab = Lab::with_quick_model();
    Ran::from(command(&lab, 2).output().unwrap()).expect_code(0);
    lab.results()
});

/// Records by name only: their files come and go while the run goes on, so none is opened.
fn finished(lab: &Lab) -> usize {
    let entries = WalkDir::new(lab.path("out/metrics")).into_iter().filter_map(Result::ok);
    entries.filter(|entry| entry.path().extension().is_some_and(|extension| extension == "json")).count()
}

/// Waits until some photos are done, but not all.
#[track_caller]
fn wait_for_some(lab: &Lab, child: &mut Child) {
    let begin = Instant::now();
    while finished(lab) < 3 {
        assert!(child.try_wait().unwrap().is_none(), "the run ended before it could be met half-way");
        assert!(begin.elapsed() < Duration::from_secs(60), "nothing was done in a minute");
        std::thread::sleep(Duration::from_millis(3));
    }
}

/// Every record that exists keeps its promise.
fn assert_promises(out: &Path) {
    for (name, bytes) in results(out) {
        if name.starts_with("metrics/") && !name.ends_with(".derm-seg-tmp") {
            let record: Value = serde_json::from_slice(&bytes).unwrap_or_else(|e| panic!("{name}: {e}"));
            let mask = fs::read(out.join(record["mask"]["path"].as_str().unwrap())).unwrap();
            assert_eq!(record["mask"]["blake3"], blake3::hash(&mask).to_hex().to_string(), "{name}");
        }
    }
}

#[test]
fn killed_at_twenty_random_moments() {
    let mut rng = Rng::new(20);
    let mut met_half_way = 0;
    for _ in 0..4 {
        let lab = Lab::with_quick_model();
        for part in 0..5 {
            let mut child = command(&lab, 2).spawn().unwrap();
            // By what is done, not by the clock: so it falls into the work on slow machines and on fast ones.
            let moment = MANY_PHOTOS / 6 * part + rng.below(MANY_PHOTOS / 6);
            while finished(&lab) < moment && child.try_wait().unwrap().is_none() {
                std::thread::sleep(Duration::from_millis(1));
            }
            std::thread::sleep(Duration::from_secs_f32(rng.range(0.0, 0.01)));
            child.kill().unwrap();
            child.wait().unwrap();
            let done = finished(&lab);
            met_half_way += usize::from(done > 0 && done < MANY_PHOTOS);
            assert_promises(&lab.path("out"));
        }
        Ran::from(command(&lab, 2).output().unwrap()).expect_code(0);
        assert_same(&UNDISTURBED, &lab.results());
    }
    assert!(met_half_way > 4, "only {met_half_way} of 20 kills fell into the work: the test proves little");
}

#[cfg(unix)]
#[test]
fn signals_finish_what_is_in_hand() {
    use rustix::process::{Pid, Signal, kill_process};
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143), (Signal::HUP, 129)] {
        let lab = Lab::with_quick_model();
        let mut child = command(&lab, 1).spawn().unwrap();
        wait_for_some(&lab, &mut child);
        kill_process(Pid::from_child(&child), signal).unwrap();
        let ran = Ran::from(child.wait_with_output().unwrap()).expect_code(code);
        assert!(ran.stdout.contains("interrupted: all that was finished is kept"), "{}", ran.stdout);
        assert_promises(&lab.path("out"));
        assert_eq!(lab.run_file()["complete"], false);
        assert_eq!(lab.records().len(), finished(&lab), "the tables tell of what was finished");
        assert!(!results(&lab.path("out")).keys().any(|name| name.ends_with("-tmp")), "nothing half-written is left");
        Ran::from(command(&lab, 1).output().unwrap()).expect_code(0);
        assert_same(&UNDISTURBED, &lab.results());
    }
}

#[test]
fn a_second_process_is_refused_and_the_first_goes_on() {
    let lab = Lab::with_quick_model();
    let mut first = command(&lab, 1).spawn().unwrap();
    wait_for_some(&lab, &mut first);
    let second = Ran::from(command(&lab, 1).output().unwrap());
    second.expect_code(2).expect_error(&["Another derm-seg is writing to out"]);
    Ran::from(first.wait_with_output().unwrap()).expect_code(0);
    assert_same(&UNDISTURBED, &lab.results());
}

/// In a mount namespace of its own, so that nothing needs to be cleaned up and no rights are needed.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_stops_the_run_with_what_is_done_intact() {
    let inside = "mount -t tmpfs -o size=300k none out && { \"$@\"; echo $? > code; cp -r out kept; }";
    let lab = Lab::with_quick_model();
    fs::create_dir(lab.path("out")).unwrap();
    let run = command(&lab, 1);
    let mut program = Command::new("unshare");
    program
        .args(["-rm", "sh", "-c", inside, "sh"])
        .arg(run.get_program())
        .args(run.get_args())
        .current_dir(lab.path(""));
    let ran: Ran = match program.output() {
        Ok(output) => output.into(),
        Err(e) => return skipped(&format!("unshare cannot be run ({e})")),
    };
    let Ok(code) = fs::read_to_string(lab.path("code")) else {
        return skipped(&format!("no mount namespace can be made here: {}", ran.stderr));
    };
    assert_eq!(code.trim(), "1", "{}{}", ran.stdout, ran.stderr);
    let ran = ran.expect_error(&["could not be written", "Make room"]);
    assert!(!ran.stderr.contains("panicked"), "{}", ran.stderr);
    let kept = results(&lab.path("kept"));
    assert!(kept.keys().any(|name| name.starts_with("metrics/")), "some photos were done: {:?}", kept.keys());
    assert_promises(&lab.path("kept"));
    // With room, the rest is done.
    fs::remove_dir(lab.path("out")).unwrap();
    fs::rename(lab.path("kept"), lab.path("out")).unwrap();
    let again = Ran::from(command(&lab, 1).arg("--json").output().unwrap()).expect_code(0).json();
    assert!(again["kept"].as_u64().unwrap() > 0, "{again}");
    assert_same(&UNDISTURBED, &lab.results());
}
