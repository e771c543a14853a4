//! What is in a photo's metadata stays there; what runs leaves no trace elsewhere and speaks to nobody.

use std::fs;
use std::process::Command;

use crate::kit::files::{self, Jpeg};
use crate::kit::files::{SENTINEL, identifying_exif};
use crate::kit::photos::Scene;
use crate::kit::pngs::Png;
use crate::support::{Lab, skipped};
use crate::tour::tour;

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

/// The tour, with a home and a temporary folder of its own; `before` stands before the program's name.
fn homeless_tour(before: &[&str]) -> Lab {
    let lab = Lab::new();
    for photo in ["one/a", "one/b", "two/a"] {
        lab.put(&format!("photos/{photo}.jpg"), &Jpeg::camera().write(&Scene::any(3).draw(120, 90).photo));
    }
    ["home", "temp"].iter().for_each(|folder| fs::create_dir(lab.path(folder)).unwrap());
    let words: Vec<&str> = before.iter().copied().chain([env!("CARGO_BIN_EXE_derm-seg")]).collect();
    tour(&lab, false, || {
        let mut program = Command::new(words[0]);
        program.args(&words[1..]).env("HOME", lab.path("home")).env("TMPDIR", lab.path("temp"));
        for variable in ["XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_RUNTIME_DIR"] {
            program.env_remove(variable);
        }
        program
    });
    lab
}

#[test]
fn no_command_leaves_anything_in_the_home_or_temporary_folder() {
    let lab = homeless_tour(&[]);
    for folder in ["home", "temp"] {
        let left: Vec<_> = fs::read_dir(lab.path(folder)).unwrap().map(|e| e.unwrap().path()).collect();
        assert!(left.is_empty(), "{folder}: {left:?}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn no_command_opens_a_socket() {
    if !Command::new("strace").args(["-e", "trace=none", "true"]).output().is_ok_and(|o| o.status.success()) {
        return skipped("system calls cannot be traced; install strace");
    }
    let lab = homeless_tour(&["strace", "-f", "-A", "-e", "trace=network,execve", "-o", "trace"]);
    let trace = fs::read_to_string(lab.path("trace")).unwrap();
    assert!(trace.matches("execve(").count() > 15, "every command was traced");
    let calls: Vec<&str> =
        trace.lines().filter(|l| ["socket(", "connect(", "sendto("].iter().any(|call| l.contains(call))).collect();
    assert!(calls.is_empty(), "{calls:?}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_machine_without_a_network_is_enough_for_every_command() {
    if !Command::new("unshare").args(["-rn", "true"]).output().is_ok_and(|o| o.status.success()) {
        return skipped("no network namespace can be made here with unshare");
    }
    homeless_tour(&["unshare", "-rn"]);
}
