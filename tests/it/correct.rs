//! `derm-seg correct` and `derm-seg measure`: masks that somebody changed come home.

use std::fs;
use std::path::Path;

use age::secrecy::ExposeSecret;
use derm_seg::domain::mask::{BACKGROUND, LESION, LabelMap, SKIN};
use serde_json::Value;

use crate::support::published::{assert_valid, schema};
use crate::support::results_folder::{binary, grey_png, index};
use crate::support::{Lab, Ran, assert_same, read_mask};

fn say(lab: &Lab, args: &str) -> Ran {
    lab.program().args(args.split(' ')).output().unwrap().into()
}

fn correct(lab: &Lab, masks: &str) -> Ran {
    say(lab, &format!("correct out --masks {masks} --photos photos"))
}

/// The mask of a photo with another square of lesion.
fn redrawn(lab: &Lab, photo: &str) -> LabelMap {
    let mut map = lab.mask(photo);
    map.data.iter_mut().filter(|class| **class == LESION).for_each(|class| *class = SKIN);
    for y in 3..13 {
        map.paint(y, 2, 22, LESION);
    }
    map
}

fn without_confidence(record: &Value) -> Value {
    let mut record = record.clone();
    record["confidence"] = Value::Null;
    record["lesions"].as_array_mut().unwrap().iter_mut().for_each(|lesion| lesion["confidence"] = Value::Null);
    record.as_object_mut().unwrap().remove("edited");
    record
}

#[test]
fn what_goes_to_labelme_and_back_without_an_edit_changes_nothing() {
    let lab = Lab::with_photos(3);
    lab.run(&["--overlay"]).expect_code(0);
    let before = lab.results();
    for options in ["", " --only lesion", " --simplify 2 --only lesion"] {
        say(&lab, &format!("export out -f labelme -o notes --overwrite{options}")).expect_code(0);
        let told = say(&lab, "correct out --masks notes --photos photos --json").expect_code(0).json();
        assert_valid(&schema("correct"), &told);
        assert_eq!((&told["corrected"], &told["same"]), (&0.into(), &3.into()), "{options}");
        assert_same(&before, &lab.results());
    }
    for format in ["masks", "index"] {
        say(&lab, &format!("export out -f {format} -o {format}")).expect_code(0);
        assert!(correct(&lab, format).expect_code(0).stdout.contains("0 masks taken in, 3 masks as before"));
        assert_same(&before, &lab.results());
    }
}

#[test]
fn a_corrected_mask_takes_the_place_of_the_models() {
    let lab = Lab::with_photos(3);
    lab.run(&["--overlay"]).expect_code(0);
    let before = lab.results();
    lab.put("out/report.html", b"made of the masks before");
    let wanted = redrawn(&lab, "p002.jpg");
    // As a doctor has it from a paint program: lesion white, the rest black.
    binary(&lab.path("drawn/p002_mask.png"), &wanted);
    let told = say(&lab, "correct out --masks drawn --photos photos --json").expect_code(0).json();
    assert_valid(&schema("correct"), &told);
    assert_eq!((&told["corrected"], &told["outdated"]), (&1.into(), &serde_json::json!(["report.html"])));

    assert_eq!(lab.mask("p002.jpg"), wanted, "skin and background are as they were");
    assert_eq!(fs::read(lab.path("out/model_masks/p002.jpg.png")).unwrap(), before["masks/p002.jpg.png"]);
    let (record, earlier) =
        (lab.record("p002.jpg"), serde_json::from_slice::<Value>(&before["metrics/p002.jpg.json"]).unwrap());
    assert_valid(&schema("record"), &record);
    assert_eq!(record["area"]["lesion_px"], 200);
    assert_eq!(record["lesions"][0]["bbox"], serde_json::json!([2, 3, 20, 10]));
    assert_eq!(record["lesions"][0]["confidence"], Value::Null);
    assert_eq!(record["edited"]["model_mask_blake3"], earlier["mask"]["blake3"]);
    assert_eq!(record["edited"]["model_mask_kept"], true);
    assert_eq!(record["quality"]["sharpness"], earlier["quality"]["sharpness"]);
    assert_ne!(lab.results()["overlays/p002.jpg.jpg"], before["overlays/p002.jpg.jpg"]);
    assert_eq!(lab.records().iter().find(|r| r["input"]["path"] == "p002.jpg").unwrap(), &record);
    let row = String::from_utf8(lab.results()["summary.csv"].clone()).unwrap();
    assert!(row.lines().any(|line| line.starts_with("p002.jpg") && line.contains(",200,")), "{row}");

    // Scores say that a mask is not the model's, and the model's own can still be scored.
    binary(&lab.path("truth/p002.png"), &wanted);
    let scores =
        |more: &str| say(&lab, &format!("eval out --truth truth -o scores --json{more}")).expect_code(0).json();
    let (both, model) = (scores(""), scores(" --model-masks"));
    assert_eq!((&both["totals"]["edited"], &both["images"][0]["scores"]["dice"]), (&1.into(), &1.0.into()));
    assert_eq!(model["totals"]["edited"], 0);
    assert!(model["images"][0]["scores"]["dice"].as_f64().unwrap() < 1.0, "{}", model["images"][0]);
    let said = say(&lab, "eval out --truth truth -o scores").expect_code(0).stdout;
    assert!(said.contains("corrected by hand: 1 mask"), "{said}");

    // Nothing changes any more: neither by the same command nor by another run.
    let after = lab.results();
    assert!(correct(&lab, "drawn").expect_code(0).stdout.contains("0 masks taken in, 1 mask as before"));
    lab.run(&["--overlay"]).expect_code(0);
    assert_same(&after, &lab.results());
    // Not even when the photo changed meanwhile; but when it is asked for.
    let photo = fs::read(lab.path("photos/p000.jpg")).unwrap();
    lab.put("photos/p002.jpg", &photo);
    lab.run(&["--overlay", "--verify"]).expect_code(0);
    assert_same(&after, &lab.results());
    lab.run(&["--overlay", "--overwrite"]).expect_code(0);
    assert!(lab.record("p002.jpg").get("edited").is_none() && !lab.path("out/model_masks/p002.jpg.png").exists());
}

#[test]
fn a_mask_painted_over_in_its_place_is_measured() {
    let lab = Lab::with_photos(2);
    lab.run(&[]).expect_code(0);
    let (first, own) = (lab.record("p000.jpg"), fs::read(lab.path("out/masks/p000.jpg.png")).unwrap());
    let told = say(&lab, "measure out --photos photos").expect_code(0);
    assert!(told.stdout.contains("0 masks taken in, 2 masks as before"), "{}", told.stdout);
    let wanted = redrawn(&lab, "p000.jpg");
    index(&lab.path("out/masks/p000.jpg.png"), &wanted);
    say(&lab, "measure out --photos photos").expect_code(0);
    let record = lab.record("p000.jpg");
    assert_eq!((&record["area"]["lesion_px"], &record["edited"]["model_mask_kept"]), (&200.into(), &false.into()));
    assert_eq!(lab.mask("p000.jpg"), wanted);
    // Back to the model's mask: the same figures as `run` gave, by the other way.
    lab.put("out/masks/p000.jpg.png", &own);
    say(&lab, "measure out --photos photos").expect_code(0);
    assert_eq!(without_confidence(&lab.record("p000.jpg")), without_confidence(&first));
}

#[test]
fn what_cannot_be_taken_in_is_told_and_changes_nothing() {
    let lab = Lab::with_photos(7);
    lab.put("photos/bad.jpg", b"");
    lab.run(&[]).expect_code(3);
    let good = redrawn(&lab, "p000.jpg");
    for name in ["p000", "p002", "p006", "bad", "stranger"] {
        binary(&lab.path(&format!("drawn/{name}.png")), &good);
    }
    grey_png(&lab.path("drawn/p004.png"), 7, 5, &[255; 35]);
    fs::remove_file(lab.path("photos/p002.jpg")).unwrap();
    let other = fs::read(lab.path("photos/p000.jpg")).unwrap();
    lab.put("photos/p006.jpg", &other);
    let before = lab.results();
    let ran = correct(&lab, "drawn").expect_code(3);
    for told in [
        "failed: p002.jpg: its photo is not in the folder that --photos names",
        "failed: p004.jpg: the mask is 7x5, its photo ",
        "failed: p006.jpg: its photo is not the one that was segmented",
        "not used: bad.png: its photo failed in the run",
        "not used: stranger.png: no photo in the results has this name",
        "1 mask taken in, 0 masks as before, 3 failed, 2 not used",
    ] {
        assert!(ran.stdout.contains(told), "{told}\n{}", ran.stdout);
    }
    let after = lab.results();
    for name in ["p002.jpg", "p004.jpg", "p006.jpg"] {
        for file in [format!("masks/{name}.png"), format!("metrics/{name}.json")] {
            assert_eq!(after[&file], before[&file], "{file}");
        }
    }
    correct(&lab, "nowhere").expect_code(2);
    say(&lab, "correct out --masks drawn --photos nowhere").expect_code(2).expect_error(&["--photos takes the folder"]);
    say(&lab, "correct photos --masks drawn --photos photos").expect_code(2).expect_error(&["derm-seg run"]);
    // Values that may mean two things are not guessed.
    let zero_one: Vec<u8> = good.data.iter().map(|&class| u8::from(class == LESION)).collect();
    grey_png(&lab.path("doubt/p000.png"), good.width, good.height, &zero_one);
    correct(&lab, "doubt").expect_code(2).expect_error(&["--mask-format", "zero-one"]);
    let taken = say(&lab, "correct out --masks doubt --photos photos --mask-format zero-one").expect_code(0);
    assert!(taken.stdout.contains("1 mask as before"), "{}", taken.stdout);
}

#[test]
fn a_killed_command_goes_on_and_the_models_mask_is_kept() {
    let lab = Lab::with_photos(2);
    lab.run(&[]).expect_code(0);
    let model = fs::read(lab.path("out/masks/p000.jpg.png")).unwrap();
    binary(&lab.path("drawn/p000.png"), &redrawn(&lab, "p000.jpg"));
    let undisturbed = {
        let twin = Lab::with_photos(2);
        twin.run(&[]).expect_code(0);
        binary(&twin.path("drawn/p000.png"), &redrawn(&twin, "p000.jpg"));
        correct(&twin, "drawn").expect_code(0);
        twin.results()
    };
    // Killed after the mask and before the record.
    lab.put("out/model_masks/p000.jpg.png", &model);
    lab.put("out/masks/p000.jpg.png", &undisturbed["masks/p000.jpg.png"]);
    correct(&lab, "drawn").expect_code(0);
    assert_same(&undisturbed, &lab.results());
}

#[test]
fn codes_encryption_and_withdrawal_know_corrected_masks() {
    let lab = Lab::with_photos(1);
    let key = age::x25519::Identity::generate();
    lab.put("key", key.to_string().expose_secret().as_bytes());
    lab.put("codes", b"0123456789abcdef0123456789abcdef");
    close(&lab.path("key"));
    close(&lab.path("codes"));
    let to = key.to_public().to_string();
    say(
        &lab,
        &format!("run photos -o out --model model --names pseudonym --key-file codes --encrypt-to {to} --identity key"),
    )
    .expect_code(0);
    let masks: Vec<_> = walkdir::WalkDir::new(lab.path("out/masks"))
        .into_iter()
        .flatten()
        .filter(|entry| entry.file_type().is_file())
        .map(walkdir::DirEntry::into_path)
        .collect();
    let code = masks[0].file_name().unwrap().to_str().unwrap().trim_end_matches(".png.age").to_owned();
    let bytes = age::decrypt(&key, &fs::read(&masks[0]).unwrap()).unwrap();
    lab.put("plain.png", &bytes);
    let mut map = read_mask(&lab.path("plain.png"));
    map.data.fill(BACKGROUND);
    map.paint(1, 1, 5, LESION);
    index(&lab.path(&format!("drawn/{code}.png")), &map);
    let without_key = format!("correct out --masks drawn --photos photos --encrypt-to {to} --identity key");
    say(&lab, &without_key).expect_code(2).expect_error(&["--key-file"]);
    say(&lab, "correct out --masks drawn --photos photos --key-file codes").expect_code(2);
    let ran = say(&lab, &format!("{without_key} --key-file codes")).expect_code(0);
    assert!(ran.stdout.contains("1 mask taken in"), "{}", ran.stdout);
    assert!(lab.path(&format!("out/model_masks/{code}.png.age")).is_file());
    lab.put("list", format!("{code}\n").as_bytes());
    say(&lab, &format!("withdraw out --ids list --encrypt-to {to} --identity key")).expect_code(0);
    assert!(!lab.path(&format!("out/model_masks/{code}.png.age")).exists());
}

#[cfg(unix)]
fn close(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}

#[cfg(not(unix))]
fn close(_: &Path) {}
