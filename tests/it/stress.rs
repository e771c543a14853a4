//! `derm-seg stress`: photos made worse in memory, and where the model stops working.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::Stdio;

use age::secrecy::ExposeSecret;
use age::x25519::Identity;
use serde_json::Value;

use crate::kit::files::Jpeg;
use crate::kit::photos::Scene;
use crate::support::published::{assert_valid, schema};
use crate::support::{CODE_KEY, Lab, MANY, MANY_PHOTOS, Ran, results};

fn stress(lab: &Lab, more: &[&str]) -> Ran {
    lab.ran(&[&["stress", "photos", "-o", "out", "--model", "model"], more].concat())
}

/// What was written, which is always as published.
fn written(lab: &Lab) -> Value {
    let found = serde_json::from_slice(&fs::read(lab.path("out/stress.json")).unwrap()).unwrap();
    assert_valid(&schema("stress"), &found);
    found
}

/// The trials of one photo.
fn trials<'a>(found: &'a Value, image: &str) -> &'a Value {
    let photos = found["photos"].as_array().unwrap();
    &photos.iter().find(|photo| photo["image"] == image).unwrap_or_else(|| panic!("{image} in {photos:?}"))["trials"]
}

#[test]
fn every_kind_is_tried_and_the_same_whatever_the_jobs() {
    let lab = Lab::with_photos(2);
    lab.put("photos/empty.jpg", b"");
    lab.put("photos/none.jpg", &Jpeg::camera().write(&Scene::any(4).without_skin().draw(80, 60).photo));
    let ran = stress(&lab, &["--jobs", "1"]).expect_code(3);
    assert!(
        ran.stdout.contains("blur          1: ") && ran.stdout.contains("where it stops working"),
        "{}",
        ran.stdout
    );
    assert!(ran.stdout.contains("empty.jpg: the file is empty"), "{}", ran.stdout);
    let found = written(&lab);
    assert_eq!(found["totals"]["tried"], 3);
    assert_eq!(found["totals"]["without_lesion"], 1);
    assert_eq!(found["kinds"].as_array().unwrap().len(), 12);
    assert_eq!(found["failures"][0]["failure"]["code"], "empty_file");
    // Photos of 160 pixels: three of the resolutions are theirs.
    let resolutions = trials(&found, "p000.jpg").as_array().unwrap().iter().filter(|t| t["kind"] == "resolution");
    assert_eq!(resolutions.map(|t| t["strength"].as_f64().unwrap()).collect::<Vec<_>>(), [128.0, 64.0, 32.0]);
    let lines = fs::read_to_string(lab.path("out/stress.csv")).unwrap().lines().count();
    let all: usize =
        found["photos"].as_array().unwrap().iter().map(|p| p["trials"].as_array().unwrap().len() + 1).sum();
    assert_eq!(lines, all + 1);
    let page = fs::read_to_string(lab.path("out/stress.html")).unwrap();
    assert!(page.matches("<svg").count() == 12 && !page.contains("://"), "it asks nobody for anything");

    let first = results(&lab.path("out"));
    fs::remove_dir_all(lab.path("out")).unwrap();
    stress(&lab, &["--jobs", "3"]).expect_code(3);
    assert!(first == results(&lab.path("out")), "the same bytes");
}

/// The small model of the tests tells lesions by their colour: it forgives what keeps colours, and nothing that changes them.
#[test]
fn it_says_what_the_model_bears() {
    let lab = Lab::with_photos(4);
    let ran = stress(
        &lab,
        &["--json", "--kind", "rotation=90,180", "--kind", "warmer=0.05,3", "--kind", "distance_out=1.2,40"],
    );
    let found = ran.expect_code(0).json();
    assert_eq!(found, written(&lab));
    let kind = |name: &str| found["kinds"].as_array().unwrap().iter().find(|k| k["kind"] == name).unwrap().clone();
    assert_eq!((&kind("rotation")["stops_at"], &kind("rotation")["works_to"]), (&Value::Null, &180.0.into()));
    assert_eq!((&kind("warmer")["stops_at"], &kind("warmer")["works_to"]), (&3.0.into(), &0.05.into()));
    assert_eq!(kind("distance_out")["stops_at"], 40.0);
    let far = &kind("distance_out")["strengths"][1];
    assert!(far["dice"]["median"].as_f64().unwrap() < 0.8, "{far}");
    // A bound that nothing can fall under.
    let found = stress(&lab, &["--json", "--kind", "warmer=3", "--bound", "0"]).expect_code(0).json();
    assert_eq!(found["kinds"][0]["stops_at"], Value::Null);
}

#[test]
fn chance_depends_on_what_a_photo_holds_and_on_nothing_else() {
    let lab = Lab::with_photos(2);
    let key = Identity::generate();
    lab.put_private("key", key.to_string().expose_secret().as_bytes());
    lab.put_private("study.key", CODE_KEY);
    let chance = ["--kind", "noise=30", "--kind", "occlusion=30"];
    stress(&lab, &chance).expect_code(0);
    let clear = written(&lab);
    let twin = fs::read(lab.path("photos/p000.jpg")).unwrap();
    lab.put("photos/z/twin.jpg.age", &age::encrypt(&key.to_public(), &twin).unwrap());
    stress(&lab, &[&chance[..], &["--identity", "key"]].concat()).expect_code(0);
    let found = written(&lab);
    assert_eq!(trials(&found, "z/twin.jpg"), trials(&clear, "p000.jpg"));
    assert_ne!(trials(&found, "sub/p001.jpg"), trials(&clear, "p000.jpg"));

    // With codes, no name is anywhere; encrypted and private, nothing is clear.
    let to = key.to_public().to_string();
    let coded =
        ["--names", "pseudonym", "--key-file", "study.key", "--identity", "key", "--encrypt-to", &to, "--private"];
    fs::remove_dir_all(lab.path("out")).unwrap();
    stress(&lab, &[&chance[..], &coded].concat()).expect_code(0);
    let mut files = results(&lab.path("out"));
    assert_eq!(files.keys().collect::<Vec<_>>(), ["stress.csv.age", "stress.html.age", "stress.json.age"]);
    let json = age::decrypt(&key, &files.remove("stress.json.age").unwrap()).unwrap();
    let sealed: Value = serde_json::from_slice(&json).unwrap();
    assert!(!String::from_utf8(json).unwrap().contains("twin"));
    assert_eq!(sealed["kinds"], found["kinds"]);
}

#[test]
fn who_opted_out_is_not_opened() {
    let lab = Lab::with_photos(4);
    lab.put("photos/sub/p001.jpg", b"nobody may read this");
    lab.put("list", b"sub\nstranger\n");
    let ran = stress(&lab, &["--opt-out", "list", "--kind", "blur=2"]).expect_code(0);
    assert!(ran.stdout.contains("left out: 2 photos of people who opted out; lines of the list"), "{}", ran.stdout);
    let found = written(&lab);
    assert_eq!((&found["totals"]["tried"], &found["totals"]["failed"]), (&2.into(), &0.into()));
    assert!(!found.to_string().contains("sub/"), "{found}");
}

#[test]
fn mistakes_are_explained() {
    let lab = Lab::with_photos(1);
    for (words, said) in [
        (&["--kind", "bluur"][..], "distance_out"),
        (&["--kind", "blur=x"], "0.1 to 100"),
        (&["--kind", "blur=1", "--kind", "blur=2"], "blur=1,2"),
        (&["--bound", "80"], "0 to 1"),
        (&["--model", "nowhere"], "nowhere"),
    ] {
        lab.ran(&[&["stress", "photos"], words].concat()).expect_code(2).expect_error(&[said]);
    }
    lab.say("stress nowhere").expect_code(2).expect_error(&["does not exist"]);
    assert!(!lab.path("derm-seg-stress").exists());
}

#[cfg(unix)]
#[test]
fn a_signal_ends_it_with_nothing_written() {
    let lab = Lab::new();
    let mut program = lab.program();
    program.arg("stress").arg(&*MANY).args(["-o", "out", "--model", "model", "--jobs", "1", "-v"]);
    let mut child = program.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut said = BufReader::new(child.stderr.take().unwrap()).lines();
    assert!(said.any(|line| line.unwrap().contains(&format!("{MANY_PHOTOS} photos"))), "the work has begun");
    let id = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(id, rustix::process::Signal::TERM).unwrap();
    let rest: Vec<String> = said.map(Result::unwrap).collect();
    assert_eq!(child.wait().unwrap().code(), Some(143));
    assert!(rest.iter().any(|line| line.contains("nothing was written")), "{rest:?}");
    assert!(!lab.path("out").exists());
}
