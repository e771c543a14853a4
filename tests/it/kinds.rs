//! Models that tell several kinds of lesion apart, and models that know none.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::kit::models::{Head, Variant};
use crate::kit::photos::Scene;
use crate::kit::pngs::Png;
use crate::support::Lab;
use crate::support::published::{assert_valid, schema};

const KINDS: [&str; 2] = ["erythema", "erosion"];

fn lab(head: Head) -> Lab {
    let lab = Lab::new();
    for seed in [0, 9, 12] {
        lab.put(&format!("photos/{seed}.png"), &Png::rgb8(&Scene::any(seed).draw(240, 180).photo).bytes());
    }
    lab.install("model", &Variant { head, ..Variant::default() });
    lab
}

/// The values of a mask, as a picture program reads them: indices of a palette.
fn values(path: &Path) -> Vec<u8> {
    let file = std::io::BufReader::new(fs::File::open(path).unwrap());
    let mut reader = png::Decoder::new(file).read_info().unwrap();
    assert_eq!((reader.info().color_type, reader.info().bit_depth), (png::ColorType::Indexed, png::BitDepth::Eight));
    assert_eq!(reader.info().palette.as_ref().unwrap().len(), 4 * 3);
    let mut data = vec![0; reader.output_buffer_size().unwrap()];
    reader.next_frame(&mut data).unwrap();
    data
}

fn count(values: &[u8], class: u8) -> u64 {
    values.iter().filter(|value| **value == class).count() as u64
}

#[test]
fn each_kind_has_its_value_its_figures_and_its_pictures() {
    let lab = lab(Head::Kinds4);
    lab.run(&["--overlay", "--probs"]).expect_code(0);
    let mut of_both = 0;
    for seed in ["0.png", "9.png", "12.png"] {
        let record = lab.record(seed);
        assert_valid(&schema("record"), &record);
        let mask = values(&lab.path(&format!("out/masks/{seed}.png")));
        let classes = record["classes"].as_array().unwrap();
        assert_eq!(classes.iter().map(|c| c["name"].as_str().unwrap()).collect::<Vec<_>>(), KINDS);
        for (class, value) in classes.iter().zip(2..) {
            assert_eq!(
                (class["value"].as_u64(), class["area_px"].as_u64()),
                (Some(value.into()), Some(count(&mask, value)))
            );
            let of_it = record["lesions"].as_array().unwrap().iter().filter(|lesion| lesion["class"] == class["name"]);
            assert_eq!(class["lesions"].as_u64().unwrap(), of_it.count() as u64);
            assert_eq!(class["colour"].is_null(), class["area_px"] == 0);
            assert!(lab.path(&format!("out/probs/{seed}.lesion-{value}.png")).is_file());
        }
        assert_eq!(record["area"]["lesion_px"].as_u64(), Some(count(&mask, 2) + count(&mask, 3)));
        let areas: Vec<u64> =
            record["lesions"].as_array().unwrap().iter().map(|l| l["area_px"].as_u64().unwrap()).collect();
        assert!(areas.is_sorted_by(|a, b| a >= b));
        if count(&mask, 2) > 0 && count(&mask, 3) > 0 {
            of_both += 1;
            let redness = |i: usize| classes[i]["colour"]["erythema_index"].as_f64().unwrap();
            assert!(redness(1) > redness(0), "the second kind is the redder one: {record}");
        }
    }
    assert!(of_both > 0, "a photo shows both kinds");
    // The legend is in the corner: the colours of both kinds, exact but for the compression.
    let overlay = image::open(lab.path("out/overlays/9.png.jpg")).unwrap().into_rgb8();
    for (kind, y) in [([25, 240, 255], 4), ([255, 214, 10], 12)] {
        let seen = overlay.get_pixel(5, y).0;
        assert!(seen.iter().zip(kind).all(|(a, b): (&u8, u8)| a.abs_diff(b) < 60), "{seen:?} for {kind:?}");
    }
    // A photo that is withdrawn leaves no map.
    lab.put("list", b"0.png\n");
    lab.say("withdraw out --ids list").expect_code(0);
    assert!(!lab.path("out/probs/0.png.lesion-3.png").exists() && lab.path("out/probs/9.png.lesion-3.png").exists());
}

#[test]
fn the_manifest_says_which_kind_wins_where_they_overlap() {
    let lab = lab(Head::Kinds2);
    let manifest: Value = serde_json::from_slice(&fs::read(lab.path("model/manifest.json")).unwrap()).unwrap();
    let areas = |overlap: &str, more: &[&str]| {
        let mut manifest = manifest.clone();
        manifest["output"]["overlap"] = json!(overlap);
        assert_valid(&schema("manifest"), &manifest);
        lab.put("model/manifest.json", manifest.to_string().as_bytes());
        lab.run(&[&["--overwrite"], more].concat()).expect_code(0);
        let record = lab.record("9.png");
        [0, 1].map(|i| record["classes"][i]["area_px"].as_u64().unwrap())
    };
    let (first, last) = (areas("first", &[]), areas("last", &[]));
    assert!(first[0] > last[0] && first[1] < last[1], "{first:?} {last:?}");
    assert_eq!(first[0] + first[1], last[0] + last[1], "what is a lesion does not depend on the rule");
    let few = areas("last", &["--threshold", "erosion=0.99"]);
    assert!(few[1] < last[1] && few[0] > last[0]);
    assert_eq!(lab.run_file()["settings"]["manifest_output"]["thresholds"], json!({"lesion": 0.5, "erosion": 0.99}));
    let all = areas("last", &["--threshold", "0.99"]);
    assert!(all[0] + all[1] < few[0] + few[1]);
    lab.run(&["--threshold", "wheal=0.5"]).expect_code(2).expect_error(&["\"wheal\"", "erythema, erosion"]);
    lab.run(&["--threshold", "erosion=7"]).expect_code(2);
}

#[test]
fn scores_and_comparisons_take_all_kinds_together_or_one() {
    let lab = lab(Head::Kinds4);
    lab.run(&[]).expect_code(0);
    fs::create_dir(lab.path("all")).unwrap();
    fs::create_dir(lab.path("erosion")).unwrap();
    for seed in [0, 9, 12] {
        let mask = values(&lab.path(&format!("out/masks/{seed}.png.png")));
        for (folder, first) in [("all", 2), ("erosion", 3)] {
            let white = mask.iter().map(|&value| if value >= first { 255 } else { 0 }).collect();
            image::GrayImage::from_raw(240, 180, white)
                .unwrap()
                .save(lab.path(&format!("{folder}/{seed}.png")))
                .unwrap();
        }
    }
    let dice = |line: &str| {
        let scores =
            lab.say(&format!("eval out --truth {line} --truth-format binary -o scores --json")).expect_code(0).json();
        scores["aggregate"]["metrics"]["dice"]["mean"].as_f64()
    };
    assert_eq!(dice("all"), Some(1.0));
    assert_eq!(dice("erosion --class erosion"), Some(1.0));
    assert!(dice("erosion").unwrap() < 1.0);
    lab.say("eval out --truth all --class wheal -o scores").expect_code(2).expect_error(&["erythema, erosion"]);
    lab.say("run photos -o other --model model --threshold 0.7").expect_code(0);
    let changes = lab.say("compare out other --json").expect_code(4).json();
    assert!(changes["images"][0]["mask"]["dice"].as_f64().unwrap() > 0.0);
}

#[test]
fn exports_name_the_kinds_and_take_them_back() {
    let lab = lab(Head::Kinds4);
    lab.run(&[]).expect_code(0);
    lab.say("export out -f coco -o coco.json").expect_code(0);
    let coco: Value = serde_json::from_slice(&fs::read(lab.path("coco.json")).unwrap()).unwrap();
    let names: Vec<(u64, &str)> = coco["categories"]
        .as_array()
        .unwrap()
        .iter()
        .map(|c| (c["id"].as_u64().unwrap(), c["name"].as_str().unwrap()))
        .collect();
    assert_eq!(names, [(1, "normal_skin"), (2, "erythema"), (3, "erosion")]);
    assert!(coco["annotations"].as_array().unwrap().iter().any(|a| a["category_id"] == 3));
    lab.say("export out -f csv -o lesions.csv").expect_code(0);
    let table = fs::read_to_string(lab.path("lesions.csv")).unwrap();
    assert!(table.starts_with("path,id,class,area_px,") && table.contains(",erosion,"), "{table}");
    lab.say("export out -f geojson -o geojson").expect_code(0);
    assert!(fs::read_to_string(lab.path("geojson/9.geojson")).unwrap().contains("\"name\":\"erosion\""));
    lab.say("export out -f labelme -o drawn").expect_code(0);
    let before = values(&lab.path("out/masks/9.png.png"));
    let mut file: Value = serde_json::from_slice(&fs::read(lab.path("drawn/9.json")).unwrap()).unwrap();
    // Somebody draws one more erosion.
    let square = json!([[2.0, 2.0], [12.0, 2.0], [12.0, 12.0], [2.0, 12.0]]);
    file["shapes"].as_array_mut().unwrap().push(json!({"label": "erosion", "points": square, "shape_type": "polygon"}));
    lab.put("drawn/9.json", file.to_string().as_bytes());
    lab.say("correct out --masks drawn --photos photos").expect_code(0);
    let after = values(&lab.path("out/masks/9.png.png"));
    assert_eq!(after[5 * 240 + 5], 3);
    let elsewhere = before.iter().zip(&after).enumerate().filter(|(i, _)| i % 240 > 12 || i / 240 > 12);
    assert!(elsewhere.into_iter().all(|(_, (a, b))| a == b), "the rest is as it was");
    let record = lab.record("9.png");
    assert_valid(&schema("record"), &record);
    assert_eq!(record["classes"][1]["area_px"].as_u64(), Some(count(&after, 3)));
    assert!(record.get("edited").is_some());
    lab.say("report out").expect_code(0);
    let page = fs::read_to_string(lab.path("out/report.html")).unwrap();
    assert!(page.contains(r##"["erythema","#19f0ff"],["erosion","#ffd60a"]"##));
}

#[test]
fn one_kind_with_a_name_of_its_own_keeps_the_usual_mask() {
    let lab = lab(Head::Logits3);
    lab.put(
        "model/manifest.json",
        br#"{"input": {"scale": 0.00392156862745098}, "output": {"classes": ["background", "skin", {"name": "wheal", "role": "lesion"}]}}"#,
    );
    lab.run(&[]).expect_code(0);
    let record = lab.record("9.png");
    assert!(record["lesions"].as_array().unwrap().iter().all(|lesion| lesion["class"] == "wheal"));
    assert!(record.get("classes").is_none());
    assert!(lab.mask("9.png").data.contains(&2));
}

#[test]
fn a_model_that_knows_no_lesion_runs_and_says_so() {
    let lab = lab(Head::Softmax2);
    let manifest = |classes: &str| {
        let text = format!(r#"{{"input": {{"scale": 0.00392156862745098}}, "output": {{"classes": {classes}}}}}"#);
        lab.put("model/manifest.json", text.as_bytes());
    };
    manifest(r#"["background", "skin"]"#);
    let checked = lab.say("model check --model model").expect_code(0);
    assert!(checked.stdout.contains("no class for lesions"), "{}", checked.stdout);
    let ran = lab.run(&["--overlay", "--crops", "both"]).expect_code(0);
    assert!(ran.stdout.contains("this model has no class for lesions") && !ran.stdout.contains("lesion found in"));
    let record = lab.record("9.png");
    assert_valid(&schema("record"), &record);
    let area = &record["area"];
    assert!(
        area["lesion_px"].is_null()
            && area["lesion_fraction_of_frame"].is_null()
            && area["lesion_fraction_of_skin"].is_null()
    );
    assert!(area["skin_px"].as_u64().unwrap() > 0);
    assert!(!record["quality"]["flags"].as_array().unwrap().contains(&json!("no_lesion")), "it is not known");
    assert_eq!(lab.run_file()["totals"]["without_lesion"], 0);
    let table = fs::read_to_string(lab.path("out/summary.csv")).unwrap();
    let cells = |line: usize| table.lines().nth(line).unwrap().split(',').map(str::to_owned).collect::<Vec<_>>();
    let column = cells(0).iter().position(|name| name == "lesions").unwrap();
    assert_eq!(cells(1)[column], "");
    // What says nothing of skin either is no segmentation.
    manifest(r#"["background", "ignore"]"#);
    lab.run(&["--overwrite"]).expect_code(2).expect_error(&["lesion or skin"]);
    manifest(r#"["background", "erythema"]"#);
    lab.run(&["--overwrite"]).expect_code(2).expect_error(&["\"erythema\"", "\"role\""]);
}
