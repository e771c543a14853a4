//! `derm-seg eval --labels` and `--crop-truth`: what classifiers say, and where they looked.

use std::fs;

use serde_json::{Value, json};

use crate::support::published::{assert_valid, schema};
use crate::support::results_folder::{Photo, binary, failed, results, square, write_text};
use crate::support::{CODE_KEY, Lab, Ran};

const PHOTOS: [&str; 12] = [
    "P0/0.jpg",
    "P0/1.jpg",
    "P1/2.jpg",
    "P1/3.jpg",
    "P2/4.jpg",
    "P2/5.jpg",
    "P3/6.jpg",
    "P3/7.jpg",
    "P4/8.jpg",
    "P4/9.jpg",
    "P5/10.jpg",
    "P5/11.jpg",
];

/// Twelve photos of six people. Results hold what a second model said of them and the crops that it saw; `expert` what it said of
/// crops that an expert cut.
pub fn study() -> Lab {
    let lab = Lab::new();
    let (mut photos, mut labels, mut boxes) = (Vec::new(), String::new(), "path,x,y,width,height\n".to_owned());
    let (mut said, mut expert) = (Vec::new(), "image,eczema,impetigo,herpes\n".to_owned());
    labels += "path,patient,label,sex\n";
    for (i, path) in (0..12_u32).zip(PHOTOS) {
        let truth = ["eczema", "impetigo", "herpes"][i as usize % 3];
        photos.push(Photo::new(path, square(40, 30, [5, 5, 10 + i, 10])));
        labels += &format!("{path},{},{truth},{}\n", i / 2, if i % 4 < 2 { "f" } else { "m" });
        boxes += &format!("{path},5,5,10,10\n");
        // The second model is wrong on two photos and abstains on one; an expert's crops mend one of its faults.
        let taken_for = if i == 4 || i == 7 { "herpes" } else { truth };
        let p = |label: &str, of: &str| {
            if label == of { if i == 9 { 0.4 } else { 0.5 + 0.03 * f64::from(i) } } else { 0.1 }
        };
        let of =
            |of: &str| json!({"eczema": p("eczema", of), "impetigo": p("impetigo", of), "herpes": p("herpes", of)});
        let abstains = i == 9;
        let model = json!({"name": "kinds", "version": "1", "sha256": "0".repeat(64)});
        said.push(json!({"model": model, "of": "union", "lesion": null, "probabilities": of(taken_for),
            "label": if abstains { Value::Null } else { taken_for.into() }, "abstained": abstains}));
        let mended = of(if i == 4 { truth } else { taken_for });
        expert += &format!("{path},{},{},{}\n", mended["eczema"], mended["impetigo"], mended["herpes"]);
    }
    results(&lab.path("out"), photos, vec![failed("P9/bad.jpg")]);
    let records = fs::read_to_string(lab.path("out/records.jsonl")).unwrap();
    let mut said = said.into_iter();
    let add = |line: &str| {
        let mut record: Value = serde_json::from_str(line).unwrap();
        if record["status"] == "done" {
            let area = json!({"x": 0, "y": 0, "width": 20, "height": 20});
            record["crops"] = json!([{"of": "photo", "lesion": null, "lesions": [1], "file": "crops/a/photo.jpg", "blake3": "0".repeat(64),
                "box": area, "stored_box": area, "width": 20, "height": 20, "scale": 1.0}]);
            record["classifications"] = json!([said.next().unwrap()]);
        }
        format!("{record}\n")
    };
    write_text(&lab.path("out/records.jsonl"), &records.lines().map(add).collect::<String>());
    for (name, text) in [("labels.csv", labels), ("boxes.csv", boxes), ("expert.csv", expert)] {
        write_text(&lab.path(name), &text);
    }
    lab
}

fn written(lab: &Lab, folder: &str) -> Value {
    let found = serde_json::from_slice(&fs::read(lab.path(&format!("{folder}/labels.json"))).unwrap()).unwrap();
    assert_valid(&schema("labels"), &found);
    found
}

#[test]
fn a_second_models_answers_are_scored_from_the_records() {
    let lab = study();
    let ran = lab.say("eval out --labels labels.csv").expect_code(0);
    assert!(
        ran.stdout.contains("kinds 1, asked about the union") && ran.stdout.contains("12 photos scored, 1 abstained")
    );
    let found = written(&lab, "out");
    let labels = &found["labels"];
    assert_eq!(labels["labels"], json!(["eczema", "impetigo", "herpes"]));
    assert_eq!(labels["aggregate"]["confusion"]["counts"], json!([[3, 0, 0], [0, 2, 2], [0, 0, 4]]));
    assert_eq!(labels["aggregate"]["confusion"]["abstained"], json!([1, 0, 0]));
    let accuracy = &labels["aggregate"]["figures"]["accuracy"];
    assert_eq!((&accuracy["value"], &accuracy["n"]), (&json!(9.0 / 11.0), &json!(11)));
    assert!(accuracy["ci95_by_subject"].is_array() && accuracy["wilson95"].is_array());
    assert_eq!(labels["aggregate"]["subjects"], 6);
    assert_eq!(labels["aggregate"]["labels"]["impetigo"]["sensitivity"]["value"], 0.5);
    assert_eq!(labels["aggregate"]["labels"]["herpes"]["ppv"]["value"], 4.0 / 6.0);
    assert_eq!(labels["unpaired"], json!([{"path": "P9/bad.jpg", "reason": "no_answer"}]));
    assert_eq!(labels["strata"][0]["column"], "sex");
    assert_eq!(labels["cases"][9]["said"], Value::Null);
    let lines = fs::read_to_string(lab.path("out/labels.csv")).unwrap();
    assert!(
        lines.starts_with(
            "image,truth,said,right,p_eczema,p_impetigo,p_herpes,sex\nP0/0.jpg,eczema,eczema,1,0.5,0.1,0.1,f\n"
        ),
        "{lines}"
    );
    // The same in any order of work.
    let before = fs::read(lab.path("out/labels.json")).unwrap();
    lab.say("eval out --labels labels.csv --jobs 3").expect_code(0);
    assert_eq!(before, fs::read(lab.path("out/labels.json")).unwrap());
}

#[test]
fn automatic_crops_against_an_experts_in_one_command() {
    let lab = study();
    let ran =
        lab.say("eval out --labels labels.csv --crop-truth boxes.csv --against expert.csv -o table").expect_code(0);
    let found = written(&lab, "table");
    assert_eq!((&found["crops"]["automatic"], &found["crops"]["scored"]), (&json!("crops"), &json!(12)));
    // The expert's box of 10 x 10 lies inside the crop of 20 x 20.
    let row = &found["crops"]["images"][0];
    assert_eq!((&row["iou"], &row["coverage"], &row["scale_ratio"]), (&json!(0.25), &json!(1.0), &json!(2.0)));
    let against = &found["against"];
    // Of the photos on which the two differ: photo 4, which the expert's crop mended, and photo 9, on which only the first abstained.
    let test = &against["mcnemar"];
    assert_eq!(
        (&test["only_first_right"], &test["only_second_right"], &test["exact_p"]),
        (&json!(0), &json!(2), &json!(0.5))
    );
    assert_eq!(test["chi2"], 0.5);
    assert!(against["figures"]["accuracy"]["ci95_by_subject"].is_array());
    assert!(ran.stdout.contains("McNemar: exact p = 0.5000; chi squared 0.500"), "{}", ran.stdout);

    // Masks stand for the boxes around them; without crops of the run, its lesions do.
    for i in 0..12 {
        binary(&lab.path(&format!("masks/P{}/{i}.png", i / 2)), &square(40, 30, [5, 5, 10 + i, 10]));
    }
    let records = fs::read_to_string(lab.path("out/records.jsonl")).unwrap();
    write_text(&lab.path("out/records.jsonl"), &records.replace("\"crops\"", "\"uncropped\""));
    lab.say("eval out --crop-truth masks -o plain").expect_code(0);
    let found = written(&lab, "plain");
    assert_eq!((&found["crops"]["automatic"], &found["crops"]["expert"]), (&json!("lesions"), &json!("masks")));
    assert_eq!(found["labels"], Value::Null);
}

#[test]
fn any_classifiers_table_will_do() {
    let lab = study();
    lab.say("eval --labels labels.csv --predictions expert.csv -o a").expect_code(0);
    assert_eq!(written(&lab, "a")["labels"]["aggregate"]["figures"]["accuracy"]["value"], 11.0 / 12.0);
    // A choice without probabilities, and a blank where it abstained.
    write_text(
        &lab.path("choice.csv"),
        "photo,predicted\nP0/0.jpg,eczema\nP0/1.jpg,\nP1/2.jpg,eczema\nstranger.jpg,eczema\n",
    );
    let ran = lab.say("eval --labels labels.csv --predictions choice.csv -o b").expect_code(0);
    let found = written(&lab, "b");
    assert_eq!(
        found["labels"]["totals"],
        json!({"scored": 3, "abstained": 1, "unpaired": 1, "labels_without_answer": 9})
    );
    assert_eq!(found["labels"]["aggregate"]["figures"]["macro_auroc"]["value"], Value::Null);
    assert!(ran.stdout.contains("photos without a true label: 1"), "{}", ran.stdout);
    // Columns that say themselves that they hold probabilities leave no doubt about the others.
    write_text(
        &lab.path("prefix.csv"),
        "image,fold,p_eczema,p_impetigo,p_herpes\nP0/0.jpg,1,0.2,0.7,0.1\nP0/1.jpg,0,0.2,0.7,0.1\n",
    );
    lab.say("eval --labels labels.csv --predictions prefix.csv -o c").expect_code(0);
    assert_eq!(written(&lab, "c")["labels"]["labels"], json!(["eczema", "impetigo", "herpes"]));
}

#[test]
fn people_are_left_out_and_codes_are_met() {
    let lab = study();
    write_text(&lab.path("list"), "0\nP1\n");
    let ran = lab.say("eval out --labels labels.csv --opt-out list -o left").expect_code(0);
    let found = written(&lab, "left");
    // Patient 0 by the table; P1 is no patient of the table, but a folder.
    assert_eq!(
        (&found["labels"]["totals"]["scored"], &found["opted_out"]["photos"]),
        (&json!(8), &json!(4)),
        "{}",
        ran.stdout
    );
    assert!(!found.to_string().contains("P0/") && !found.to_string().contains("P1/"));
    lab.put_private("study.key", CODE_KEY);
    let coded = lab.say("eval out --labels labels.csv --key-file study.key -o coded").expect_code(0);
    assert!(coded.stdout.contains("12 photos scored"));
}

#[test]
fn mistakes_are_explained() {
    let lab = study();
    write_text(&lab.path("other.csv"), "path,label\nP0/0.jpg,psoriasis\n");
    write_text(&lab.path("nowhere.csv"), "path,label\nX/99.jpg,eczema\n");
    write_text(&lab.path("none.csv"), "path,age\nP0/0.jpg,44\n");
    write_text(&lab.path("only.csv"), "path,eczema\nP0/0.jpg,0.5\n");
    write_text(&lab.path("over.csv"), "path,p_eczema,p_herpes\nP0/0.jpg,0.5,7\n");
    results(&lab.path("bare"), vec![Photo::new("a.jpg", square(40, 30, [5, 5, 10, 10]))], Vec::new());
    for (line, said) in [
        ("eval out --labels none.csv", "--label-column"),
        ("eval out --labels other.csv", "psoriasis"),
        ("eval out --labels nowhere.csv", "X/99.jpg"),
        ("eval bare --labels labels.csv", "--classify"),
        ("eval out --labels labels.csv --classifier other", "--classifier"),
        ("eval --labels labels.csv --predictions none.csv", "predicted"),
        ("eval --labels labels.csv --predictions only.csv", "only label"),
        ("eval --labels labels.csv --predictions over.csv", "`7`"),
        ("eval out --labels labels.csv --predictions expert.csv", "name one of them"),
        ("eval out --labels labels.csv --min dice.mean=1", "--min"),
        ("eval out --crop-truth none.csv", "path,x,y,width,height"),
        ("eval --labels labels.csv", "--predictions"),
        ("eval out", "--truth"),
    ] {
        let ran: Ran = lab.say(line);
        ran.expect_code(2).expect_error(&[said]);
    }
    assert!(!lab.path("out/labels.json").exists());
}
