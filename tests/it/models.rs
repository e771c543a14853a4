//! Models in every dress: what can be run runs and agrees, what cannot is refused with the way out.

use derm_seg::domain::mask::LESION;

use crate::kit::models::{Variant, that_fail, that_work};
use crate::kit::photos::Scene;
use crate::kit::pngs::Png;
use crate::support::{Lab, read_mask};

#[test]
fn every_dress_of_the_rule_finds_the_same_lesions() {
    let lab = Lab::new();
    for seed in [0, 9, 12] {
        // Of the frame's proportions, so that free sizes see the same picture as fixed ones.
        lab.put(&format!("photos/{seed}.png"), &Png::rgb8(&Scene::any(seed).draw(240, 240).photo).bytes());
    }
    lab.run(&[]).expect_code(0);
    for (name, variant) in that_work() {
        lab.install(name, &variant);
        let check = lab.say(&format!("model check --model {name} --json")).expect_code(0);
        assert_eq!(check.json()["schema"], "derm-seg/model-check/1", "{name}");
        let out = format!("out-{name}");
        lab.say(&format!("run photos -o {out} --model {name}")).expect_code(0);
        for seed in [0, 9, 12] {
            let (here, there) =
                (read_mask(&lab.path(&format!("{out}/masks/{seed}.png.png"))), lab.mask(&format!("{seed}.png")));
            let pairs = here.data.iter().zip(&there.data);
            let far = pairs.filter(|(a, b)| (**a == LESION) != (**b == LESION)).count() as f64 / here.data.len() as f64;
            assert!(far < 0.012, "{name}, photo {seed}: {:.2} % of pixels differ", far * 100.0);
        }
    }
}

#[test]
fn models_without_a_skin_class_leave_skin_figures_open() {
    let lab = Lab::new();
    lab.put("photos/a.png", &Png::rgb8(&Scene::any(9).draw(120, 90).photo).bytes());
    let (_, sigmoid) = that_work().into_iter().find(|(name, _)| *name == "one_channel_sigmoid").unwrap();
    lab.install("model", &sigmoid);
    lab.run(&[]).expect_code(0);
    let record = lab.record("a.png");
    assert!(record["area"]["lesion_px"].as_u64().unwrap() > 0);
    assert!(
        record["area"]["skin_px"].is_null() && record["area"]["lesion_fraction_of_skin"].is_null(),
        "{}",
        record["area"]
    );
    assert!(record["colour"]["ita"].is_null());
}

#[test]
fn models_that_cannot_be_right_are_refused_before_anything_is_written() {
    let lab = Lab::with_photos(1);
    for (name, variant) in that_fail() {
        lab.install(&format!("{name}/inner"), &variant);
        lab.say(&format!("run photos -o out --model {name}/inner")).expect_code(2);
        assert!(!lab.path("out").exists(), "{name}");
    }
}

#[test]
fn a_bare_file_that_leaves_a_doubt_gets_a_manifest_to_fill_in() {
    let lab = Lab::with_photos(1);
    lab.put("bare/rule.onnx", &Variant::default().build().model);
    let run = "run photos -o out --model bare/rule.onnx";
    let ran = lab.say(run).expect_code(2);
    // What is printed can be filled in and used.
    let start = ran.stderr.find('{').unwrap();
    let end = ran.stderr.rfind('}').unwrap();
    let mut manifest: serde_json::Value = serde_json::from_str(&ran.stderr[start..=end]).unwrap();
    manifest["input"]["mean"] = serde_json::json!([0.0, 0.0, 0.0]);
    manifest["input"]["std"] = serde_json::json!([1.0, 1.0, 1.0]);
    lab.put("filled.json", manifest.to_string().as_bytes());
    lab.say(&format!("{run} --manifest filled.json")).expect_code(0);
    // A graph that takes bytes leaves no doubt.
    let (_, bytes) = that_work().into_iter().find(|(name, _)| *name == "uint8_nhwc").unwrap();
    lab.put("bytes.onnx", &bytes.build().model);
    lab.say("run photos -o out2 --model bytes.onnx").expect_code(0);
}

#[test]
fn the_built_in_model_runs() {
    let lab = Lab::with_photos(2);
    lab.say("run photos").expect_code(0);
    assert!(lab.path("derm-seg-out/masks/p000.jpg.png").is_file());
    assert_eq!(lab.say("model list --json").expect_code(0).json()[0]["where"], "built-in");
}

fn variant(name: &str) -> Variant {
    that_work().into_iter().find(|(known, _)| *known == name).unwrap().1
}

#[test]
fn a_graph_with_a_sigmoid_inside_is_not_squashed_again() {
    let lab = Lab::with_photos(1);
    for name in ["one_channel_sigmoid", "two_class_softmax"] {
        lab.install("model", &variant(name));
        lab.put("model/manifest.json", br#"{"input": {"scale": 0.00392156862745098}, "output": {"values": "logits"}}"#);
        lab.run(&[]).expect_code(2).expect_error(&["\"values\": \"probabilities\""]);
        assert!(!lab.path("out").exists(), "{name}");
        lab.put(
            "model/manifest.json",
            br#"{"input": {"scale": 0.00392156862745098}, "output": {"values": "probabilities"}}"#,
        );
        lab.run(&["--overwrite"]).expect_code(0);
        std::fs::remove_dir_all(lab.path("out")).unwrap();
    }
}

#[test]
fn the_manifest_to_fill_in_says_what_the_graph_shows() {
    let lab = Lab::new();
    let not_lesion = serde_json::json!(["not_lesion", "lesion"]);
    for (name, values, activation, classes) in [
        ("one_channel_sigmoid", "probabilities", None, serde_json::json!(["lesion"])),
        ("two_class_softmax", "probabilities", None, not_lesion),
        ("colour_rule", "logits", Some("softmax"), serde_json::json!(["background", "skin", "lesion"])),
        (
            "five_classes",
            "logits",
            Some("softmax"),
            serde_json::json!(["ignore", "ignore", "ignore", "ignore", "ignore"]),
        ),
        ("nhwc", "logits", Some("softmax"), serde_json::json!(["background", "skin", "lesion"])),
    ] {
        lab.put("bare.onnx", &variant(name).build().model);
        let told = lab.say("model check --model bare.onnx").expect_code(2).stderr;
        let mut manifest: serde_json::Value =
            serde_json::from_str(&told[told.find('{').unwrap()..=told.rfind('}').unwrap()]).unwrap();
        let output = &manifest["output"];
        assert_eq!((&output["values"], &output["classes"]), (&values.into(), &classes), "{name}: {told}");
        assert_eq!(output["activation"].as_str(), activation, "{name}: {told}");
        assert_eq!(manifest["input"]["layout"], if name == "nhwc" { "nhwc" } else { "nchw" }, "{name}");
        // With the scaling corrected it runs as it is, but for classes that only the model's author knows.
        manifest["input"]["mean"] = serde_json::json!([0.0]);
        manifest["input"]["std"] = serde_json::json!([1.0]);
        lab.put("bare.json", manifest.to_string().as_bytes());
        lab.say("model check --model bare.onnx").expect_code(if name == "five_classes" { 2 } else { 0 });
        std::fs::remove_file(lab.path("bare.json")).unwrap();
    }
}
