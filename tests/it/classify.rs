//! `--classify`: what a second model says of photos and lesions.

use serde_json::{Value, json};

use crate::kit::models::KINDS;
use crate::kit::photos::Scene;
use crate::kit::pngs::Png;
use crate::support::Lab;
use crate::support::published::{assert_valid, schema};

fn said(record: &Value) -> Vec<Value> {
    record["classifications"].as_array().unwrap().clone()
}

/// The mean colour of a part of a drawn photo, red minus green: what the small classifier decides by.
fn redness(photo: &image::RgbImage, [x, y, width, height]: [u32; 4]) -> f64 {
    let part = image::imageops::crop_imm(photo, x, y, width, height).to_image();
    let sum: f64 = part.pixels().map(|p| f64::from(p.0[0]) - f64::from(p.0[1])).sum();
    sum / 255.0 / f64::from(width * height)
}

#[test]
fn every_part_is_seen_as_it_is() {
    let lab = Lab::new();
    let drawn = Scene::any(9).draw(240, 180).photo;
    lab.put("photos/a.png", &Png::rgb8(&drawn).bytes());
    let photo = image::RgbImage::from_raw(240, 180, drawn.rgb.clone()).unwrap();
    for part in ["photo", "lesion", "union"] {
        lab.install_classifier(part, part, false);
    }
    let all = ["--classify", "photo", "--classify", "lesion", "--classify", "union", "--crops", "both"];
    lab.run(&all).expect_code(0);
    let record = lab.record("a.png");
    assert_valid(&schema("record"), &record);
    let lesions = record["lesions"].as_array().unwrap().len();
    let said = said(&record);
    assert_eq!(said.len(), lesions + 2);
    let crops = record["crops"].as_array().unwrap();
    for one in &said {
        let of = one["of"].as_str().unwrap();
        assert_eq!(one["model"]["name"], of);
        let area = match of {
            "photo" => json!({"x": 0, "y": 0, "width": 240, "height": 180}),
            "union" => crops.iter().find(|crop| crop["of"] == "photo").unwrap()["box"].clone(),
            _ => crops.iter().find(|crop| crop["lesion"] == one["lesion"]).unwrap()["box"].clone(),
        };
        let side = |name: &str| u32::try_from(area[name].as_i64().unwrap()).unwrap();
        let evidence = 40.0 * redness(&photo, ["x", "y", "width", "height"].map(side)) - 9.0;
        let expected = 1.0 / (1.0 + (-evidence).exp());
        let chance = one["probabilities"]["red"].as_f64().unwrap();
        assert!((chance - expected).abs() < 0.06, "{one}: {expected}");
        let labels: Vec<&String> = one["probabilities"].as_object().unwrap().keys().collect();
        assert_eq!(labels, KINDS);
        assert_eq!(one["label"], if chance > 0.5 { "red" } else { "pale" });
    }
}

#[test]
fn the_mask_goes_in_as_a_fourth_channel() {
    let lab = Lab::with_photos(4);
    lab.install_classifier("second", "photo", true);
    lab.run(&["--classify", "second"]).expect_code(0);
    for record in lab.records() {
        let chances = &said(&record)[0]["probabilities"];
        let log = |label: &str| chances[label].as_f64().unwrap().ln();
        // Of a softmax, what logits differ by: the third is 9 times the share of lesions less 2, the others are opposite.
        let share = record["area"]["lesion_fraction_of_frame"].as_f64().unwrap();
        let redness = (log("red") - log("pale")) / 2.0;
        let rich = log("lesion_rich") - log("red") + redness + 2.0;
        assert!((rich - 9.0 * share).abs() < 0.1, "{chances}: {rich} for {share}");
        let sum: f64 = KINDS.iter().map(|label| chances[label].as_f64().unwrap()).sum();
        assert!((sum - 1.0).abs() < 1e-5);
    }
}

#[test]
fn a_model_that_is_not_sure_abstains() {
    let lab = Lab::with_photos(3);
    lab.install_classifier("second", "photo", false);
    let mut manifest: Value =
        serde_json::from_slice(&std::fs::read(lab.path("second/manifest.json")).unwrap()).unwrap();
    manifest["output"]["abstain_below"] = json!(1.0);
    lab.put("second/manifest.json", manifest.to_string().as_bytes());
    let summary = lab.run(&["--classify", "second", "--json"]).expect_code(0).json();
    assert_valid(&schema("summary"), &summary);
    assert_eq!(summary["labels"], json!({"second": {"abstained": 3}}));
    assert!(lab.records().iter().all(|r| said(r)[0]["abstained"] == true && said(r)[0]["label"].is_null()));
    // Another threshold is another setting.
    manifest["output"]["abstain_below"] = json!(0.2);
    lab.put("second/manifest.json", manifest.to_string().as_bytes());
    lab.run(&["--classify", "second"]).expect_code(2).expect_error(&["abstain_below"]);
}

#[test]
fn the_table_tells_label_and_probabilities_also_after_a_withdrawal() {
    let lab = Lab::with_photos(3);
    lab.put("photos/bare.png", &Png::rgb8(&Scene::any(9).without_lesion().draw(60, 50).photo).bytes());
    lab.install_classifier("second", "lesion", false);
    lab.run(&["--classify", "second"]).expect_code(0);
    let table = || {
        let text = std::fs::read_to_string(lab.path("out/summary.csv")).unwrap();
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let head: Vec<String> = reader.headers().unwrap().iter().map(str::to_owned).collect();
        let rows: Vec<Vec<String>> = reader.records().map(|r| r.unwrap().iter().map(str::to_owned).collect()).collect();
        (head, rows)
    };
    let (head, rows) = table();
    assert_eq!(head[head.len() - 4..], ["second.label", "second.p.red", "second.p.pale", "second.p.lesion_rich"]);
    let row = |path: &str| rows.iter().find(|row| row[0] == path).unwrap();
    assert_eq!(row("bare.png")[head.len() - 4..], ["", "", "", ""], "there is no lesion to look at");
    let record = lab.record("p000.jpg");
    let first = &said(&record)[0];
    assert_eq!(first["lesion"], 1, "of several lesions the largest");
    assert_eq!(row("p000.jpg")[head.len() - 4], first["label"].as_str().unwrap_or("abstained"));
    assert_eq!(row("p000.jpg")[head.len() - 3], first["probabilities"]["red"].to_string());
    lab.put("list", b"sub\n");
    lab.say("withdraw out --ids list").expect_code(0);
    assert_eq!((table().0, table().1.len()), (head, 3));
}

#[test]
fn what_is_no_classifier_is_refused_with_a_remedy() {
    let lab = Lab::with_photos(1);
    lab.install_classifier("second", "photo", false);
    lab.run(&["--classify", "model"]).expect_code(2).expect_error(&["no classifier", "\"kind\": \"classifier\""]);
    lab.say("run photos -o out --model second").expect_code(2).expect_error(&["Give it with --classify"]);
    lab.run(&["--classify", "second", "--classify", "second"]).expect_code(2).expect_error(&["a name of its own"]);
    assert!(!lab.path("out").exists());
    let change = |key: &str, value: Value| {
        lab.install_classifier("second", "photo", false);
        let mut manifest: Value =
            serde_json::from_slice(&std::fs::read(lab.path("second/manifest.json")).unwrap()).unwrap();
        manifest["output"][key] = value;
        lab.put("second/manifest.json", manifest.to_string().as_bytes());
        lab.say("model check second").expect_code(2)
    };
    change("labels", json!(["a", "b"])).expect_error(&["has 2 labels"]);
    change("labels", json!(["a", "b", "a"])).expect_error(&["twice"]);
    change("abstain_below", json!(7)).expect_error(&["between 0 and 1"]);
    // A manifest to fill in has a place for every label.
    let told = change("labels", Value::Null).stderr;
    let mut filled: Value = serde_json::from_str(&told[told.find('{').unwrap()..=told.rfind('}').unwrap()]).unwrap();
    assert_eq!(filled["output"]["labels"], json!(["", "", ""]));
    assert_valid(&schema("manifest"), &filled);
    lab.put("second/manifest.json", filled.to_string().as_bytes());
    lab.say("model check second").expect_code(2).expect_error(&["a label needs a name"]);
    filled["output"]["labels"] = json!(["a", "b", "c"]);
    lab.put("second/manifest.json", filled.to_string().as_bytes());
    let checked = lab.say("model check second --json").expect_code(0).json();
    assert_valid(&schema("model-check"), &checked);
    assert_eq!(checked["understood"]["applies_to"], "photo");
}
