//! `derm-seg eval`.

use std::fs;
use std::path::Path;

use derm_seg::domain::mask::LabelMap;
use serde_json::{Value, json};
use tempfile::{TempDir, tempdir};

use crate::support::published::{assert_valid, schema};
use crate::support::results_folder::*;
use crate::support::{Ran, derm_seg_in};

fn eval(folder: &TempDir, args: &[&str]) -> Ran {
    derm_seg_in(folder.path(), &[&["eval"], args].concat())
}

/// What was written, which is always as published.
fn scores(folder: &TempDir) -> Value {
    let scores = read_json(&folder.path().join("out/scores.json"));
    assert_valid(&schema("scores"), &scores);
    scores
}

fn read_json(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

/// Three photos with Dice 1, 0.8 and 0, one without a reference, one failed, one reference too many.
fn usual() -> TempDir {
    let folder = tempdir().unwrap();
    let root = folder.path();
    let truth = square(30, 20, [5, 5, 10, 10]);
    let mut shifted = Photo::new("sub/shifted.jpg", square(30, 20, [7, 5, 10, 10]));
    shifted.mm_per_px = Some(0.5);
    results(
        &root.join("out"),
        vec![
            Photo::new("same.jpg", truth.clone()),
            shifted,
            Photo::new("missed.png", square(30, 20, [0, 0, 0, 0])),
            Photo::new("lonely.jpg", truth.clone()),
        ],
        vec![failed("broken.jpg"), excluded("gone.jpg")],
    );
    for name in ["same.png", "sub/shifted_segmentation.png", "missed_mask.png", "broken.png", "gone.png", "extra.png"] {
        binary(&root.join("truth").join(name), &truth);
    }
    folder
}

#[test]
fn scores_every_pair_and_tells_of_the_rest() {
    let folder = usual();
    let ran = eval(&folder, &["out", "--truth", "truth"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let scores = scores(&folder);
    assert_eq!(scores["schema"], "derm-seg/scores/1");
    let images = scores["images"].as_array().unwrap();
    let dice: Vec<_> = images.iter().map(|i| (i["image"].as_str().unwrap(), &i["scores"]["dice"])).collect();
    assert_eq!(dice, [("same.jpg", &1.0.into()), ("sub/shifted.jpg", &0.8.into()), ("missed.png", &0.0.into())]);
    assert_eq!(images[1]["scores"]["hd95"], 2.0);
    assert_eq!(images[1]["scores"]["hd95_mm"], 1.0);
    assert_eq!(images[1]["scores"]["assd"], 1.0);
    assert_eq!(images[1]["truth"][0], "sub/shifted_segmentation.png");
    assert_eq!(images[2]["case"], "empty_pred");
    assert_eq!(images[2]["scores"]["hd95"], Value::Null);
    assert_eq!(images[2]["scores"]["nsd@2"], 0.0);
    // A binary reference says nothing of normal skin.
    assert_eq!(images[0]["scores"]["skin.dice"], Value::Null);

    let dice = &scores["aggregate"]["metrics"]["dice"];
    assert_eq!((&dice["mean"], &dice["n"], &dice["median"]), (&0.6.into(), &3.into(), &0.8.into()));
    assert_eq!(scores["aggregate"]["metrics"]["hd95"]["missing"], 1);
    assert_eq!(scores["worst"][0]["image"], "missed.png");
    let unpaired: Vec<_> = scores["unpaired"]
        .as_array()
        .unwrap()
        .iter()
        .map(|u| (u["path"].as_str().unwrap(), u["reason"].as_str().unwrap()))
        .collect();
    assert_eq!(
        unpaired,
        [
            ("lonely.jpg", "no_truth"),
            ("broken.png", "photo_failed"),
            ("extra.png", "no_prediction"),
            ("gone.png", "photo_excluded")
        ]
    );
    assert_eq!(
        eval(&folder, &["out", "--truth", "truth", "--json"]).stdout,
        fs::read_to_string(folder.path().join("out/scores.json")).unwrap()
    );
    let csv = fs::read_to_string(folder.path().join("out/scores.csv")).unwrap();
    assert_eq!(csv.lines().count(), 4);
    assert!(
        csv.lines()
            .nth(2)
            .unwrap()
            .starts_with("sub/shifted.jpg,sub/shifted_segmentation.png,30,20,normal,80,20,20,480,0.8,"),
        "{csv}"
    );
}

#[test]
fn the_results_depend_on_nothing_but_the_inputs() {
    let folder = usual();
    let files = ["out/scores.json", "out/scores.csv"].map(|f| folder.path().join(f));
    let read = || files.clone().map(|f| fs::read(f).unwrap());
    assert_eq!(eval(&folder, &["out", "--truth", "truth", "--jobs", "1"]).code, 0);
    let one = read();
    assert_eq!(eval(&folder, &["out", "--truth", "truth", "--jobs", "4"]).code, 0);
    assert_eq!(one, read());
    // No absolute path.
    assert!(!String::from_utf8_lossy(&one[0]).contains(folder.path().to_str().unwrap()));
}

#[test]
fn both_empty_is_left_out_or_counts_as_one() {
    let folder = tempdir().unwrap();
    let none = square(30, 20, [0, 0, 0, 0]);
    let lesion = square(30, 20, [1, 1, 9, 9]);
    for name in ["a", "b"] {
        let map = if name == "a" { &none } else { &lesion };
        binary(&folder.path().join(format!("predictions/{name}.png")), map);
        binary(&folder.path().join(format!("truth/{name}.png")), map);
    }
    assert_eq!(eval(&folder, &["predictions", "--truth", "truth", "-o", "out"]).code, 0);
    let dice = &scores(&folder)["aggregate"]["metrics"]["dice"];
    assert_eq!((&dice["n"], &dice["missing"]), (&1.into(), &1.into()));
    assert_eq!(scores(&folder)["isic2018"]["threshold_jaccard"], 1.0);
    assert_eq!(eval(&folder, &["predictions", "--truth", "truth", "-o", "out", "--empty", "one"]).code, 0);
    let dice = &scores(&folder)["aggregate"]["metrics"]["dice"];
    assert_eq!((&dice["n"], &dice["mean"]), (&2.into(), &1.0.into()));
    assert_eq!(scores(&folder)["images"][0]["case"], "both_empty");
}

#[test]
fn sizes_that_differ_are_an_error_with_the_way_out() {
    let folder = tempdir().unwrap();
    let root = folder.path();
    let upright = square(20, 30, [3, 5, 4, 6]);
    let mut turned = Photo::new("turned.jpg", upright.clone());
    turned.orientation = 6;
    results(&root.join("out"), vec![turned, Photo::new("small.jpg", square(30, 20, [5, 5, 10, 10]))], vec![]);
    // Orientation 6: the stored picture is the upright one turned a quarter to the left.
    let mut stored = LabelMap::filled(30, 20, 1);
    for y in 0..30 {
        for x in 0..20 {
            stored.data[((19 - x) * 30 + y) as usize] = upright.at(x, y);
        }
    }
    binary(&root.join("truth/turned.png"), &stored);
    binary(&root.join("truth/small.png"), &square(60, 40, [10, 10, 20, 20]));
    let ran = eval(&folder, &["out", "--truth", "truth"]);
    assert_eq!(ran.code, 3, "{}", ran.stderr);
    let failures = scores(&folder)["failures"].clone();
    assert_eq!(failures[0]["code"], "size_mismatch");
    assert_eq!(failures.as_array().unwrap().len(), 2);

    let ran = eval(&folder, &["out", "--truth", "truth", "--truth-grid", "stored"]);
    assert_eq!(ran.code, 3, "small.jpg still fails");
    let image = &scores(&folder)["images"][0];
    assert_eq!((&image["image"], &image["scores"]["dice"]), (&"turned.jpg".into(), &1.0.into()));
}

#[test]
fn a_damaged_reference_fails_alone() {
    let folder = usual();
    fs::write(folder.path().join("truth/same.png"), b"\x89PNG\r\n\x1a\nbroken").unwrap();
    let ran = eval(&folder, &["out", "--truth", "truth"]);
    assert_eq!(ran.code, 3);
    assert_eq!(scores(&folder)["totals"]["scored"], 2);
    assert_eq!(scores(&folder)["failures"][0]["code"], "truth_unreadable");
}

#[test]
fn every_truth_format_gives_the_same_scores() {
    let folder = usual();
    let root = folder.path();
    let truth = square(30, 20, [5, 5, 10, 10]);
    let write = |name: &str, kind: &str| {
        let stem = root.join(kind).join(name);
        let lesion = |c: &u8| *c == 2;
        match kind {
            "index" => index(&stem.with_extension("png"), &truth),
            "zero-one" => grey_png(
                &stem.with_extension("png"),
                30,
                20,
                &truth.data.iter().map(|c| u8::from(lesion(c))).collect::<Vec<_>>(),
            ),
            "rgb" => {
                let colours: Vec<u8> =
                    truth.data.iter().flat_map(|c| if lesion(c) { [255, 0, 0] } else { [0, 255, 0] }).collect();
                fs::create_dir_all(root.join(kind)).unwrap();
                image::save_buffer(stem.with_extension("bmp"), &colours, 30, 20, image::ExtendedColorType::Rgb8)
                    .unwrap();
            }
            _ => unreachable!(),
        }
    };
    for (kind, format, skin) in
        [("index", "index", true), ("zero-one", "zero-one", false), ("rgb", "lesion=ff0000,skin=00ff00", true)]
    {
        ["same", "shifted", "missed"].iter().for_each(|name| write(name, kind));
        let guessed = eval(&folder, &["out", "--truth", kind]);
        // Only 0 and 1 could be either: nothing is guessed.
        assert_eq!(guessed.code, if kind == "zero-one" { 2 } else { 0 }, "{kind}: {}", guessed.stderr);
        assert_eq!(eval(&folder, &["out", "--truth", kind, "--truth-format", format]).code, 0);
        let scores = scores(&folder);
        assert_eq!(scores["aggregate"]["metrics"]["dice"]["mean"], 0.6, "{kind}");
        assert_eq!(scores["images"][0]["scores"]["skin.dice"].is_number(), skin, "{kind}");
        assert_eq!(scores["conventions"]["truths"][0]["guessed"], false);
    }
}

#[test]
fn a_clinical_table_makes_groups_bins_and_intervals_by_subject() {
    let folder = tempdir().unwrap();
    let root = folder.path();
    let truth = square(30, 20, [5, 5, 10, 10]);
    let mut table = "image,patient,sex,age\n".to_owned();
    let mut photos = Vec::new();
    for i in 0..12u32 {
        let name: &'static str = format!("p{i}.jpg").leak();
        let female = i % 2 == 0;
        let mut photo = Photo::new(name, square(30, 20, [if female { 5 } else { 7 }, 5, 10, 10]));
        photo.tone_bin = Some(if female { "light" } else { "dark" });
        photos.push(photo);
        binary(&root.join(format!("truth/p{i}.png")), &truth);
        table += &format!("p{i},s{},{},{}\n", i / 4, if female { "f" } else { "m" }, 20 + 5 * i);
    }
    results(&root.join("out"), photos, vec![]);
    write_text(&root.join("patients.csv"), &table);
    let usual = ["out", "--truth", "truth", "--subjects", "patients.csv", "--bins", "age=40,60"];
    let ran = eval(&folder, &usual);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let scores = scores(&folder);
    let columns: Vec<_> = scores["strata"].as_array().unwrap().iter().map(|s| s["column"].as_str().unwrap()).collect();
    assert_eq!(columns, ["sex", "age", "estimated_tone_bin"]);
    let sex = &scores["strata"][0];
    assert_eq!((&sex["groups"][0]["value"], &sex["groups"][0]["n"]), (&"f".into(), &6.into()));
    assert_eq!(sex["groups"][1]["metrics"]["dice"]["median"], 0.8);
    let gap = &sex["gap"]["dice"];
    assert_eq!((&gap["best"], &gap["worst"]), (&"f".into(), &"m".into()));
    assert!((gap["gap"].as_f64().unwrap() - 0.2).abs() < 1e-12);
    assert_eq!(sex["gap"]["hd95"]["worst"], "m");
    let ages: Vec<_> =
        scores["strata"][1]["groups"].as_array().unwrap().iter().map(|g| g["value"].as_str().unwrap()).collect();
    assert_eq!(ages, ["under 40", "40 to under 60", "60 and over"]);
    assert!(scores["aggregate"]["metrics"]["dice"]["ci95_by_subject"].is_array());
    assert_eq!((&scores["conventions"]["resamples"], &scores["conventions"]["seed"]), (&2000.into(), &1.into()));
    let worst: Vec<f64> = scores["worst"].as_array().unwrap().iter().map(|w| w["dice"].as_f64().unwrap()).collect();
    assert_eq!(worst, [0.8, 0.8, 0.8, 0.8, 0.8, 0.8, 1.0, 1.0, 1.0, 1.0]);
    let header = fs::read_to_string(root.join("out/scores.csv")).unwrap().lines().next().unwrap().to_owned();
    assert!(header.ends_with("sex,age,estimated_tone_bin"), "{header}");

    for (gate, code) in [
        ("--min=sex=*:dice.mean=0.8", 0),
        ("--min=sex=m:dice.mean=0.85", 4),
        ("--max=sex:dice.gap=0.1", 4),
        ("--max=estimated_tone_bin:dice.gap=0.3", 0),
    ] {
        let ran = eval(&folder, &[&usual[..], &[gate]].concat());
        assert_eq!(ran.code, code, "{gate}: {}{}", ran.stdout, ran.stderr);
    }
}

#[test]
fn every_statistic_of_every_figure_can_be_a_gate_in_every_group() {
    let folder = usual();
    write_text(&folder.path().join("table.csv"), "path,arm\nsame.jpg,a\nsub/shifted.jpg,a\nmissed.png,b\n");
    let usual = ["out", "--truth", "truth", "--subjects", "table.csv", "--nsd-tolerance", "1,2.5"];
    assert_eq!(eval(&folder, &usual).code, 0);
    let before = scores(&folder);
    let statistics = derm_seg::evaluation::score::gate::STATISTICS;
    let names = || before["metrics"].as_array().unwrap().iter().map(|m| m["name"].as_str().unwrap());
    let mut gates = Vec::new();
    for name in names() {
        gates.extend(statistics.iter().flat_map(|s| ["", "arm=*:"].map(|of| format!("--min={of}{name}.{s}=-1e9"))));
        gates.push(format!("--max=arm:{name}.gap=1e9"));
    }
    gates.extend(["scored", "failed", "unpaired"].map(|total| format!("--min={total}=0")));
    let gates: Vec<&str> = gates.iter().map(String::as_str).collect();
    let ran = eval(&folder, &[&usual[..], &gates].concat());
    assert_eq!(ran.code, 4, "some figures are known to nobody: {}", ran.stderr);
    let held = scores(&folder)["gates"].clone();
    let held = held.as_array().unwrap();
    // All images, and the two groups; the gap; the totals.
    assert_eq!(held.len(), names().count() * (3 * statistics.len() + 1) + 3);
    for gate in held {
        assert_eq!(gate["held"] == true, gate["value"].is_number(), "what is known holds, the rest does not: {gate}");
    }
    let value = |scope: &str, figure: &str| {
        let found = held.iter().find(|g| g["scope"] == scope && g["figure"] == figure);
        found.unwrap_or_else(|| panic!("no {scope} {figure}"))["value"].clone()
    };
    let dice = &before["aggregate"]["metrics"]["dice"];
    assert_eq!((value("all", "dice.sd"), value("all", "dice.q1")), (dice["sd"].clone(), dice["q1"].clone()));
    assert_eq!((value("arm=a", "dice.mean"), value("arm=b", "dice.mean")), (0.9.into(), 0.0.into()));
    assert_eq!(value("arm=a", "nsd@2.5.n"), 2.0);
}

#[test]
fn gates_say_by_how_much_they_failed() {
    let folder = usual();
    let ran = eval(
        &folder,
        &["out", "--truth", "truth", "--min", "dice.mean=0.85", "--max", "hd95.max=5", "--max", "unpaired=4"],
    );
    assert_eq!(ran.code, 4, "{}", ran.stderr);
    let gates = scores(&folder)["gates"].clone();
    assert_eq!((&gates[0]["held"], &gates[1]["held"], &gates[2]["held"]), (&false.into(), &true.into(), &true.into()));
    assert!((gates[0]["short_by"].as_f64().unwrap() - 0.25).abs() < 1e-12);
    // A figure that nobody knows holds no limit.
    assert_eq!(eval(&folder, &["out", "--truth", "truth", "--min", "skin.dice.mean=0"]).code, 4);
}

#[test]
fn several_annotators_are_compared_with_each_other_and_with_the_model() {
    let folder = tempdir().unwrap();
    let root = folder.path();
    let at = |x| square(30, 20, [x, 5, 10, 10]);
    results(&root.join("out"), vec![Photo::new("a.jpg", at(6)), Photo::new("b.jpg", at(6))], vec![]);
    for (annotator, x) in [("anna", 5), ("ben", 6), ("carla", 7)] {
        binary(&root.join(annotator).join("a.png"), &at(x));
    }
    binary(&root.join("anna/b.png"), &at(5));
    let ran = eval(&folder, &["out", "--truth", "anna", "ben", "carla"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let scores = scores(&folder);
    let agreement = &scores["agreement"];
    assert_eq!(agreement["annotators"], serde_json::json!(["anna", "ben", "carla"]));
    // Shifts by one pixel share 90 of 100, by two 80.
    assert_eq!(agreement["inter_observer_range"], serde_json::json!([0.8, 0.9]));
    assert_eq!(agreement["pairs"][1]["dice"]["mean"], 0.8);
    assert_eq!(agreement["model"][1]["dice"]["mean"], 1.0);
    assert_eq!(agreement["model_against_range"], "above");
    // The majority of the three is the middle one; the second photo has one reference only.
    assert_eq!(scores["images"][0]["scores"]["dice"], 1.0);
    assert_eq!(scores["images"][1]["scores"]["dice"], 0.9);
    assert_eq!(scores["images"][1]["truth"], serde_json::json!(["b.png", null, null]));
}

#[test]
fn polygons_of_labelme_and_coco_are_references_too() {
    let folder = usual();
    let root = folder.path();
    let labelme = |label: &str| {
        let shape = json!({"label": label, "shape_type": "polygon", "points": [[5, 5], [15, 5], [15, 15], [5, 15]]});
        json!({"version": "5.0", "imageWidth": 30, "imageHeight": 20, "shapes": [shape]}).to_string()
    };
    for name in ["same", "sub/shifted", "missed"] {
        write_text(&root.join(format!("labelme/{name}.json")), &labelme("Lesion"));
        write_text(&root.join(format!("plaques/{name}.json")), &labelme("plaque"));
        // The photo, as annotators keep it.
        binary(&root.join(format!("labelme/{name}.jpg")), &square(30, 20, [0, 0, 1, 1]));
    }
    let image = |id: u32, name: &str| json!({"id": id, "file_name": name, "width": 30, "height": 20});
    let annotation =
        |id: u32| json!({"id": id, "image_id": id, "category_id": 7, "segmentation": [[5, 5, 15, 5, 15, 15, 5, 15]]});
    let coco = json!({
        "images": [image(1, "same.jpg"), image(2, "sub/shifted.jpg"), image(3, "missed.png")],
        "annotations": [annotation(1), annotation(2), annotation(3)],
        "categories": [{"id": 7, "name": "lesion"}],
    });
    write_text(&root.join("coco/all.json"), &coco.to_string());

    for args in
        [vec!["labelme"], vec!["coco"], vec!["coco/all.json"], vec!["plaques", "--truth-format", "lesion=plaque"]]
    {
        let ran = eval(&folder, &[&["out", "--truth"], &args[..]].concat());
        assert_eq!(ran.code, 0, "{args:?}: {}{}", ran.stdout, ran.stderr);
        assert_eq!(scores(&folder)["aggregate"]["metrics"]["dice"]["mean"], 0.6, "{args:?}");
        assert_eq!(scores(&folder)["totals"]["scored"], 3, "{args:?}");
    }
    assert_eq!(eval(&folder, &["out", "--truth", "plaques"]).code, 3, "nothing says what a plaque is");
}

#[test]
fn one_image_or_one_person_has_no_interval_and_holds_no_limit_on_it() {
    let folder = usual();
    let table = "path,patient,arm,Age\nsame.jpg,p1,a,30\nsub/shifted.jpg,p1,a,N/A\nmissed.png,p2,b,50\n";
    write_text(&folder.path().join("table.csv"), table);
    let usual = ["out", "--truth", "truth", "--subjects", "table.csv", "--bins", "age=40"];
    assert_eq!(eval(&folder, &usual).code, 0);
    let strata = scores(&folder)["strata"].clone();
    let dice = |column: usize, group: usize| strata[column]["groups"][group]["metrics"]["dice"].clone();
    // Two images of one person, then one image.
    assert_eq!((&dice(0, 0)["n"], &dice(0, 0)["subjects"]), (&2.into(), &1.into()));
    assert!(dice(0, 0)["ci95_by_subject"].is_null() && dice(0, 0)["ci95_by_image"].is_array());
    assert!(dice(0, 1)["ci95_by_subject"].is_null() && dice(0, 1)["ci95_by_image"].is_null());
    for gate in ["arm=a:dice.ci95_low=0", "arm=b:dice.ci95_low=0"] {
        assert_eq!(eval(&folder, &[&usual[..], &["--min", gate]].concat()).code, 4, "{gate}: it is not known");
    }
    // A word for no number is a blank, and the bins stay.
    let ages: Vec<_> = strata[1]["groups"].as_array().unwrap().iter().map(|g| g["value"].as_str().unwrap()).collect();
    assert_eq!(ages, ["under 40", "40 and over", "(missing)"]);
}

#[test]
fn a_long_list_of_limits_is_cut_after_those_that_failed() {
    let folder = usual();
    let many: Vec<String> = (0..14).map(|i| format!("--min=dice.mean={}", if i < 2 { 0.1 } else { 0.9 })).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let ran = eval(&folder, &[&["out", "--truth", "truth"][..], &many].concat());
    assert_eq!(ran.stdout.matches("failed  dice.mean").count(), 12, "{}", ran.stdout);
}
