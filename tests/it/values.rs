//! Models of grey values: every step of the file reaches the model, and what is said of colours and light is left out.

use image::{ImageBuffer, ImageFormat, Luma};
use serde_json::{Value, json};

use crate::kit::dicom::Dicom;
use crate::kit::photos::Scene;
use crate::kit::pngs::Png;
use crate::kit::{chest, models};
use crate::support::published::{assert_valid, schema};
use crate::support::{Lab, read_mask};

/// A field of 50 units with a square of 54 in it: in 256 steps of a range of 4096, both are the same.
fn faint(width: u32, height: u32) -> Vec<i16> {
    let is_square = |i: u32| (20..40).contains(&(i % width)) && (10..30).contains(&(i / width));
    (0..width * height).map(|i| if is_square(i) { 1054 } else { 1050 }).collect()
}

/// A model of one channel, with its manifest.
pub fn install(lab: &Lab, graph: &[u8], input: &Value) {
    lab.put("model/model.onnx", graph);
    let mut input = input.clone();
    input["size"] = json!({"multiple_of": 16, "long_side": 160});
    let manifest = json!({
        "schema": "derm-seg/manifest/1", "name": "grey", "version": "1", "input": input,
        "output": {"classes": [{"name": "nodule", "role": "lesion"}], "values": "logits"},
    });
    assert_valid(&schema("manifest"), &manifest);
    lab.put("model/manifest.json", manifest.to_string().as_bytes());
}

/// Values from -1024 to 3071, as 0 to 1.
fn hounsfield() -> Value {
    json!({"values": "stored", "range": [-1024, 3071], "mean": [-1024], "std": [4095]})
}

#[test]
fn four_units_of_four_thousand_reach_the_model() {
    let lab = Lab::new();
    lab.put("photos/a.dcm", &Dicom::slice(160, 48, &faint(160, 48)).bytes());
    install(&lab, &models::over((52.0 + 1024.0) / 4095.0), &hounsfield());
    let check = lab.say("model check --model model").expect_code(0);
    assert!(check.stdout.contains("in the file's unit, from -1024 to 3071"), "{}", check.stdout);
    lab.run(&[]).expect_code(0);
    let record = lab.record("a.dcm");
    assert_valid(&schema("record"), &record);
    assert_eq!((&record["area"]["lesion_px"], &record["lesions"][0]["bbox"]), (&json!(400), &json!([20, 10, 20, 20])));
    // With bars that hold the lower end of the range, and fewer pixels.
    let mut manifest: Value = serde_json::from_slice(&std::fs::read(lab.path("model/manifest.json")).unwrap()).unwrap();
    manifest["input"]["size"] = json!({"width": 64, "height": 64});
    manifest["input"]["resize"] = json!("letterbox");
    lab.put("model/manifest.json", manifest.to_string().as_bytes());
    lab.run(&["--overwrite"]).expect_code(0);
    let found = &lab.record("a.dcm")["lesions"];
    let [x, y, width, height] = [0, 1, 2, 3].map(|i| found[0]["bbox"][i].as_i64().unwrap());
    let near = [(x, 20), (y, 10), (width, 20), (height, 20)].iter().all(|(a, b)| (a - b).abs() <= 2);
    assert!(near && found.as_array().unwrap().len() == 1, "{found}");
    // The same in a window of that width has too few steps when it is rounded, and enough when it is not.
    let window = json!({"center": 1023.5, "width": 4095.0, "function": "linear_exact"});
    for (values, lesion_px) in [(json!(null), 0), (json!("window"), 400)] {
        install(&lab, &models::over((52.0 + 1024.0) / 4095.0), &json!({"window": window, "scale": 1.0 / 255.0}));
        let mut manifest: Value =
            serde_json::from_slice(&std::fs::read(lab.path("model/manifest.json")).unwrap()).unwrap();
        if !values.is_null() {
            manifest["input"]["values"] = values.clone();
        }
        lab.put("model/manifest.json", manifest.to_string().as_bytes());
        lab.run(&["--overwrite"]).expect_code(0);
        assert_eq!(lab.record("a.dcm")["area"]["lesion_px"], lesion_px, "{values}");
    }
}

#[test]
fn sixteen_bits_of_a_png_are_values_and_colours_are_none() {
    let lab = Lab::new();
    let values: Vec<u16> = faint(160, 48).into_iter().map(|v| v as u16 + 30_000).collect();
    let mut png = std::io::Cursor::new(Vec::new());
    ImageBuffer::<Luma<u16>, _>::from_raw(160, 48, values).unwrap().write_to(&mut png, ImageFormat::Png).unwrap();
    lab.put("photos/grey.png", png.get_ref());
    lab.put("photos/colour.png", &Png::rgb8(&Scene::any(3).draw(160, 48).photo).bytes());
    install(&lab, &models::over(31_052.0), &json!({"values": "stored", "scale": 1}));
    lab.run(&[]).expect_code(3);
    let record = lab.record("grey.png");
    assert_eq!(record["lesions"][0]["bbox"], json!([20, 10, 20, 20]));
    assert_eq!(record["quality"]["sharpness"], Value::Null);
    let records = lab.records();
    let colour = records.iter().find(|record| record["input"]["path"] == "colour.png").unwrap();
    assert_eq!(colour["failure"]["code"], "not_grey");
    // A window shows whatever there is.
    install(&lab, &models::over(31_052.0 / 65_535.0), &json!({"values": "window"}));
    lab.run(&["--overwrite"]).expect_code(2).expect_error(&["scale, mean, std"]);
    install(&lab, &models::over(31_052.0 / 65_535.0), &json!({"values": "window", "scale": 1.0 / 255.0}));
    lab.run(&["--overwrite"]).expect_code(0);
    assert_eq!(lab.record("grey.png")["lesions"][0]["bbox"], json!([20, 10, 20, 20]));
}

#[test]
fn slices_have_no_colours_no_sharpness_and_no_faces() {
    let lab = Lab::new();
    lab.put("photos/slice.dcm", &chest::slice(8).bytes());
    lab.put("photos/photo.dcm", &Dicom::photo(&Scene::any(3).draw(160, 120).photo).bytes());
    lab.run(&[]).expect_code(0);
    let record = lab.record("slice.dcm");
    assert_valid(&schema("record"), &record);
    let none = json!({"lesion": null, "perilesional": null, "difference": null, "ita": null, "tone_bin": null});
    assert_eq!(record["colour"], none);
    let quality = &record["quality"];
    assert_eq!(
        ["sharpness", "clipped_dark", "clipped_bright"].map(|figure| quality[figure].clone()),
        [Value::Null, Value::Null, Value::Null]
    );
    let flags = quality["flags"].as_array().unwrap();
    assert!(flags.iter().all(|flag| ["no_lesion", "lesion_touches_border"].contains(&flag.as_str().unwrap())));
    assert!(lab.record("photo.dcm")["quality"]["sharpness"].is_number());
    // What is measured again is left out again.
    std::fs::copy(lab.path("out/masks/photo.dcm.png"), lab.path("painted.png")).unwrap();
    let mask = read_mask(&lab.path("out/masks/slice.dcm.png"));
    assert_eq!((mask.width, mask.height), (chest::WIDTH, chest::HEIGHT));
    let check = lab.say("check photos --json --faces off").json();
    assert_valid(&schema("check"), &check);
    let slice = check["photos"].as_array().unwrap().iter().find(|one| one["input"]["path"] == "slice.dcm").unwrap();
    assert_eq!(slice["quality"], Value::Null);
}

#[test]
fn a_manifest_that_does_not_fit_says_so() {
    let lab = Lab::new();
    lab.put("photos/a.dcm", &chest::slice(8).bytes());
    let with = |key: &str, value: Value| {
        let mut input = hounsfield();
        input[key] = value;
        input
    };
    for (input, words) in [
        (with("range", json!([400, -1000])), "the smaller one first"),
        (with("values", json!("window")), "range is for"),
        (with("pad", json!([0, 0, 0])), "lower end of range"),
        (json!({"values": "stored", "resize": "letterbox", "scale": 1}), "needs a range"),
        (json!({"values": "stored"}), "how pixels are scaled"),
    ] {
        install(&lab, &models::over(0.5), &input);
        lab.run(&[]).expect_code(2).expect_error(&[words]);
    }
    install(&lab, &models::over(0.5), &hounsfield());
    lab.say("stress photos --model model -o worse").expect_code(2).expect_error(&["takes grey values"]);
    let colours = json!({"input": {"values": "stored", "scale": 1}});
    lab.install("rgb", &models::Variant::default());
    lab.put("rgb/manifest.json", colours.to_string().as_bytes());
    lab.say("run photos --model rgb -o out2").expect_code(2).expect_error(&["channels must be grey"]);
}

#[test]
fn the_drawn_chest_has_its_nodules_found() {
    let lab = Lab::new();
    chest::write(&lab.path("")).unwrap();
    lab.say("run slices -o out --model model --overlay").expect_code(0);
    for i in 0..chest::SLICES {
        let mask = lab.mask(&format!("P01/{:02}.dcm", i + 1));
        let truth = chest::truth(i);
        let wrong = mask.data.iter().zip(&truth).filter(|(label, truth)| (**label == 2) != **truth).count();
        let nodule = truth.iter().filter(|is| **is).count();
        assert!(wrong * 8 <= nodule, "slice {i}: {wrong} of {nodule} pixels are wrong");
    }
}
