//! What is in a photo's metadata stays there; what runs leaves no trace elsewhere and speaks to nobody.

use std::fs;
use std::process::Command;

use crate::kit::files::{self, Jpeg};
use crate::kit::files::{SENTINEL, identifying_exif};
use crate::kit::photos::Scene;
use crate::kit::pngs::Png;
use crate::support::{Lab, RUN, Ran};

fn lab_with_metadata() -> Lab {
    let lab = Lab::new();
    let photo = Scene::any(9).draw(120, 90).photo;
    let jpeg = Jpeg { exif: Some(identifying_exif(6)), comment: true, ..Jpeg::camera() };
    lab.put("photos/camera.jpg", &jpeg.write(&files::stored_for(&photo, 6)));
    lab.put("photos/cut.jpg", &crate::kit::spoil::cut(&jpeg.write(&photo), 30));
    let text = format!("Author\0{SENTINEL}");
    let png = Png::rgb8(&photo).with(b"tEXt", text.as_bytes()).with(b"eXIf", &identifying_exif(1));
    lab.put("photos/picture.png", &png.bytes());
    lab
}

#[test]
fn no_metadata_reaches_any_result_or_log() {
    let lab = lab_with_metadata();
    let ran = lab.run(&["--overlay", "--probs", "-vvv"]).expect_code(3);
    let mut seen = lab.results();
    seen.insert("stdout".into(), ran.stdout.into_bytes());
    seen.insert("stderr".into(), ran.stderr.into_bytes());
    let place = lab.path("").to_string_lossy().trim_end_matches('/').to_owned();
    let host = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default().trim().to_owned();
    let mut secrets = vec![SENTINEL, "2021:03:04", place.as_str()];
    // A short name would be found by chance.
    secrets.extend((host.len() >= 8).then_some(host.as_str()));
    for (name, bytes) in &seen {
        for secret in &secrets {
            let found = bytes.windows(secret.len()).any(|w| w.eq_ignore_ascii_case(secret.as_bytes()));
            assert!(!found, "{secret:?} is in {name}");
        }
        if name.ends_with(".jpg") {
            let exif = bytes.windows(4).any(|w| w == b"Exif");
            assert!(!exif, "{name} has metadata of its own");
        }
    }
    let findings = lab.record("camera.jpg")["privacy"]["findings"].to_string();
    assert!(findings.contains("gps") && findings.contains("identifying"), "what was found is told by kind: {findings}");
}

#[test]
fn the_photos_are_not_touched() {
    let lab = lab_with_metadata();
    let state = || -> Vec<(String, Vec<u8>, std::time::SystemTime)> {
        let mut files: Vec<_> = fs::read_dir(lab.path("photos")).unwrap().map(|e| e.unwrap().path()).collect();
        files.sort();
        files
            .iter()
            .map(|p| (p.display().to_string(), fs::read(p).unwrap(), p.metadata().unwrap().modified().unwrap()))
            .collect()
    };
    let before = state();
    lab.run(&["--overlay"]).expect_code(3);
    lab.run(&["--overlay", "--overwrite"]).expect_code(3);
    assert_eq!(before, state());
}

fn homeless(lab: &Lab, mut program: Command) -> Ran {
    for folder in ["home", "temp"] {
        let _ = fs::create_dir(lab.path(folder));
    }
    program.current_dir(lab.path("")).env("HOME", lab.path("home")).env("TMPDIR", lab.path("temp"));
    for variable in ["XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_RUNTIME_DIR"] {
        program.env_remove(variable);
    }
    program.output().unwrap().into()
}

#[test]
fn nothing_is_left_in_the_home_or_temporary_folder() {
    let lab = Lab::with_photos(3);
    let mut program = lab.program();
    program.args(RUN);
    homeless(&lab, program).expect_code(0);
    for folder in ["home", "temp"] {
        let left: Vec<_> = fs::read_dir(lab.path(folder)).unwrap().map(|e| e.unwrap().path()).collect();
        assert!(left.is_empty(), "{folder}: {left:?}");
    }
    let outside: Vec<_> =
        fs::read_dir(lab.path("")).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    assert_eq!(outside.len(), 5, "photos, model, out, home, temp and no more: {outside:?}");
}

#[cfg(target_os = "linux")]
#[test]
fn no_socket_is_opened() {
    let lab = Lab::with_photos(3);
    let mut traced = Command::new("strace");
    traced.args(["-f", "-e", "trace=network", "-o", "trace", env!("CARGO_BIN_EXE_derm-seg")]).args(RUN);
    if Command::new("strace").args(["-e", "trace=none", "true"]).output().is_ok_and(|o| o.status.success()) {
        homeless(&lab, traced).expect_code(0);
        let trace = fs::read_to_string(lab.path("trace")).unwrap();
        assert!(trace.contains("exited with 0"), "something was traced");
        let calls: Vec<&str> = trace
            .lines()
            .filter(|l| l.contains("socket(") || l.contains("connect(") || l.contains("sendto("))
            .collect();
        assert!(calls.is_empty(), "{calls:?}");
    } else {
        println!("skipped: system calls cannot be traced here");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_machine_without_a_network_is_enough() {
    let lab = Lab::with_photos(2);
    if !Command::new("unshare").args(["-rn", "true"]).output().is_ok_and(|o| o.status.success()) {
        return println!("skipped: no network namespace can be made here");
    }
    let mut program = Command::new("unshare");
    program.args(["-rn", env!("CARGO_BIN_EXE_derm-seg")]).args(RUN);
    homeless(&lab, program).expect_code(0);
    assert_eq!(lab.records().len(), 2);
}
