//! Settings that suit the photos, through the program.

use serde_json::{Value, json};

use crate::kit::files::Jpeg;
use crate::kit::visits::{Spot, Visit};
use crate::support::Lab;
use crate::support::published::{assert_valid, schema};
use crate::support::results_folder::binary;

/// Drawn photos of twelve people with reference masks; the model's threshold is `threshold`.
pub fn study(threshold: f64) -> Lab {
    let lab = Lab::new();
    let mut table = "path,subject\n".to_owned();
    for person in 0..12 {
        let path = format!("P{person:02}/1");
        let sample = Visit::new(person, &[Spot::new(0.1, -0.1, 0.36)]).draw(120, 90);
        lab.put(&format!("photos/{path}.jpg"), &Jpeg::camera().write(&sample.photo));
        binary(&lab.path(&format!("truth/{path}.png")), &sample.truth);
        table += &format!("{path}.jpg,P{person:02}\n");
    }
    lab.put("people.csv", table.as_bytes());
    let file = lab.path("model/manifest.json");
    let mut manifest: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    manifest["output"]["thresholds"] = json!({"lesion": threshold});
    lab.put("model/manifest.json", manifest.to_string().as_bytes());
    lab
}

fn dice(lab: &Lab, out: &str) -> f64 {
    let ran = lab.say(&format!("eval {out} --truth truth --json")).expect_code(0);
    ran.json()["aggregate"]["metrics"]["dice"]["mean"].as_f64().unwrap()
}

const COMMAND: &str = "calibrate out --truth truth --subjects people.csv";

#[test]
fn a_wrong_threshold_is_found_and_the_manifest_mends_it() {
    let lab = study(0.97);
    lab.run(&["--quiet"]).expect_code(0);
    let refused = lab.say(COMMAND).expect_code(2);
    assert!(refused.stderr.contains("--probs"), "{}", refused.stderr);
    lab.run(&["--probs", "--overwrite", "--quiet"]).expect_code(0);
    let told = lab.say(&format!("{COMMAND} --json")).expect_code(0).json();
    assert_valid(&schema("calibrate"), &told);
    let manifest = std::fs::read(lab.path("out/calibrated.json")).unwrap();
    assert_valid(&schema("manifest"), &serde_json::from_slice(&manifest).unwrap());
    assert_eq!((&told["threshold"]["verdict"], told["subjects"].as_u64()), (&json!("promised"), Some(12)), "{told}");
    let before = dice(&lab, "out");
    lab.say("run photos -o again --model model --manifest out/calibrated.json --probs --quiet").expect_code(0);
    let gain = dice(&lab, "again") - before;
    let [low, high] = [0, 1].map(|end| told["threshold"]["interval"][end].as_f64().unwrap());
    assert!(gain > 0.01 && (low..=high).contains(&gain), "{gain} {told}");
    // With these settings, there is nothing left to gain; the manifest of an earlier time goes.
    lab.put("again/calibrated.json", b"{}");
    let told = lab.say("calibrate again --truth truth --subjects people.csv --json").expect_code(0).json();
    assert_ne!(told["threshold"]["verdict"], "promised", "{told}");
    assert_eq!(lab.path("again/calibrated.json").exists(), told["temperature"]["verdict"] == "promised");
}

#[test]
fn few_people_and_people_who_opted_out() {
    let lab = study(0.97);
    lab.run(&["--probs=16", "--quiet"]).expect_code(0);
    // Who opted out has no part in it.
    lab.put("list.txt", b"P03\n");
    let told = lab.say(&format!("{COMMAND} --opt-out list.txt --json")).expect_code(0).json();
    assert_eq!((told["photos"].as_u64(), told.to_string().contains("P03/")), (Some(11), false));
    assert_eq!(told["threshold"]["verdict"], "promised");
    lab.say("withdraw out --ids list.txt --subjects people.csv --quiet").expect_code(0);
    assert!(!lab.path("out/calibrate.json").exists() && !lab.path("out/calibrated.json").exists());
    lab.put("list.txt", b"P01\nP02\nP03\n");
    let told = lab.say(&format!("{COMMAND} --opt-out list.txt --json")).expect_code(0).json();
    assert_eq!((&told["threshold"]["verdict"], &told["threshold"]["interval"]), (&json!("too_few"), &Value::Null));
    assert!(!lab.path("out/calibrated.json").exists());
}

#[test]
fn what_cannot_be_read_is_said_and_what_has_no_threshold_is_refused() {
    let lab = study(0.97);
    lab.run(&["--probs", "--quiet"]).expect_code(0);
    lab.put("out/probs/P00/1.jpg.lesion.png", b"no picture");
    let ran = lab.say(&format!("{COMMAND} --json")).expect_code(3);
    assert_valid(&schema("calibrate"), &ran.json());
    assert_eq!(
        (ran.json()["failures"][0]["image"].clone(), ran.json()["photos"].as_u64()),
        (json!("P00/1.jpg"), Some(11))
    );
    let mut run = lab.run_file();
    run["settings"]["manifest_output"]["classes"] =
        json!(["background", "lesion", {"name": "naevus", "role": "lesion"}]);
    lab.put("out/run.json", run.to_string().as_bytes());
    let refused = lab.say(COMMAND).expect_code(2);
    assert!(refused.stderr.contains("several kinds of lesion"), "{}", refused.stderr);
}
