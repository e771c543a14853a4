//! Millimetres: who says how long a pixel is, and every place where lengths and areas follow from it.

use std::fs;
use std::time::{Duration, SystemTime};

use serde_json::{Value, json};

use crate::support::published::{assert_valid, schema};
use crate::support::results_folder::binary;
use crate::support::{Lab, assert_same};

/// A file's cells by column, of the line that begins with a name.
fn row(lab: &Lab, file: &str, name: &str) -> impl Fn(&str) -> String + use<> {
    let mut table = csv::Reader::from_path(lab.path(file)).unwrap();
    let header = table.headers().unwrap().clone();
    let line = table.records().map(Result::unwrap).find(|line| line.get(0) == Some(name)).unwrap();
    move |column| line[header.iter().position(|name| name == column).unwrap()].to_owned()
}

fn scale(lab: &Lab, photo: &str) -> [Value; 2] {
    ["mm_per_px", "scale_source"].map(|figure| lab.record(photo)["area"][figure].clone())
}

#[test]
fn lengths_and_areas_are_those_in_pixels_times_the_scale() {
    let lab = Lab::with_photos(2);
    lab.run(&[]).expect_code(0);
    let bare = lab.results();
    assert_eq!(scale(&lab, "p000.jpg"), [Value::Null, Value::Null]);

    lab.run(&["--mm-per-px", "0.5"]).expect_code(0);
    let record = lab.record("p000.jpg");
    assert_valid(&schema("record"), &record);
    assert_eq!(scale(&lab, "p000.jpg"), [json!(0.5), json!("stated")]);
    let number = |value: &Value| value.as_f64().unwrap();
    let area = &record["area"];
    assert_eq!(number(&area["lesion_mm2"]), number(&area["lesion_px"]) / 4.0);
    for lesion in record["lesions"].as_array().unwrap() {
        assert_eq!(number(&lesion["area_mm2"]), number(&lesion["area_px"]) / 4.0);
        for length in ["perimeter", "equivalent_diameter", "major_axis", "minor_axis", "feret_diameter"] {
            let [mm, px] = ["mm", "px"].map(|unit| number(&lesion[format!("{length}_{unit}")]));
            assert!(px > 0.0 && (mm - px / 2.0).abs() < 2e-6, "{length}: {mm} mm, {px} px");
        }
    }
    let cell = row(&lab, "out/summary.csv", "p000.jpg");
    assert_eq!([cell("mm_per_px"), cell("scale_source")], ["0.5", "stated"]);
    assert_eq!(cell("lesion_mm2"), area["lesion_mm2"].to_string().trim_end_matches(".0"));

    // The scale was said of finished results: they are what a run is that knew it from the beginning.
    let later = lab.results();
    assert_ne!(bare["metrics/p000.jpg.json"], later["metrics/p000.jpg.json"]);
    assert_eq!(bare["masks/p000.jpg.png"], later["masks/p000.jpg.png"]);
    fs::remove_dir_all(lab.path("out")).unwrap();
    lab.run(&["--mm-per-px", "0.5"]).expect_code(0);
    for file in ["metrics/p000.jpg.json", "metrics/sub/p001.jpg.json", "records.jsonl", "summary.csv"] {
        assert!(later[file] == lab.results()[file], "{file}");
    }
    // And it stays where nothing is said of it.
    lab.run(&[]).expect_code(0);
    assert_same(&later, &lab.results());
}

#[test]
fn a_photo_that_changed_is_still_seen_after_its_scale_was_told() {
    let lab = Lab::with_photos(1);
    lab.run(&[]).expect_code(0);
    let other = Lab::with_photos(3);
    fs::copy(other.path("photos/p002.jpg"), lab.path("photos/p000.jpg")).unwrap();
    let later = fs::File::options().write(true).open(lab.path("photos/p000.jpg")).unwrap();
    later.set_modified(SystemTime::now() + Duration::from_secs(5)).unwrap();
    lab.say("measure out --photos photos --mm-per-px 0.1").expect_code(0);
    assert!(lab.run(&[]).expect_code(0).stdout.contains("1 of 1 photos done (1 processed"));
}

#[test]
fn the_ruler_is_believed_before_the_table_and_the_table_before_one_for_all() {
    let lab = Lab::with_photos(3);
    lab.put("table.csv", b"path,patient,mm_per_px,sex\np000.jpg,P1,0.2,f\nsub/p001.jpg,P2,,m\np002.jpg,P3,0.4,m\n");
    lab.put("review.csv", b"path,mark,note,mm_per_px,result\np002.jpg,redo,,0.8,\n");
    lab.run(&["--mm-per-px", "0.1", "--subjects", "table.csv"]).expect_code(0);
    let told = lab.say("measure out --photos photos --review review.csv --json").expect_code(0).json();
    assert_valid(&schema("correct"), &told);
    assert_eq!((&told["scaled"], &told["corrected"]), (&json!(1), &json!(0)));
    assert_eq!(scale(&lab, "p000.jpg"), [json!(0.2), json!("table")]);
    assert_eq!(scale(&lab, "sub/p001.jpg"), [json!(0.1), json!("stated")]);
    assert_eq!(scale(&lab, "p002.jpg"), [json!(0.8), json!("review")]);
    let cell = row(&lab, "out/summary.csv", "p002.jpg");
    assert_eq!([cell("mm_per_px"), cell("scale_source")], ["0.8", "review"]);

    // A farther source does not take the place of a nearer one; the same source does.
    lab.run(&["--mm-per-px", "0.3"]).expect_code(0);
    assert_eq!(scale(&lab, "p002.jpg"), [json!(0.8), json!("review")]);
    assert_eq!(scale(&lab, "sub/p001.jpg"), [json!(0.3), json!("stated")]);

    // A corrected mask is measured by the same ruler.
    let mut drawn = lab.mask("p002.jpg");
    drawn.paint(5, 5, 25, derm_seg::domain::mask::LESION);
    binary(&lab.path("drawn/p002.png"), &drawn);
    lab.say("correct out --masks drawn --photos photos").expect_code(0);
    let area = lab.record("p002.jpg")["area"].clone();
    assert!((area["lesion_mm2"].as_f64().unwrap() - area["lesion_px"].as_f64().unwrap() * 0.64).abs() < 1e-6);
}

#[test]
fn readers_of_results_take_a_scale_for_what_they_write_alone() {
    let lab = Lab::with_photos(2);
    lab.run(&[]).expect_code(0);
    let before = lab.results();
    lab.put("table.csv", b"path,patient,mm_per_px,sex\np000,P1,0.2,f\nsub/p001,P2,0.4,m\n");
    binary(&lab.path("truth/p000.png"), &lab.mask("p000.jpg"));
    binary(&lab.path("truth/sub/p001.png"), &lab.mask("sub/p001.jpg"));

    let scores = "--truth truth --subjects table.csv --json";
    let of_results = lab.say(&format!("eval out -o scores {scores}")).expect_code(0).json();
    let of_masks = lab.say(&format!("eval truth -o scores {scores}")).expect_code(0).json();
    for told in [of_results, of_masks] {
        assert_eq!(told["images"][0]["scores"]["hd95_mm"], json!(0.0));
        assert!(told["strata"].as_array().unwrap().iter().all(|column| column["column"] != "mm_per_px"));
    }
    lab.say("table out --subjects table.csv -o tables").expect_code(0);
    let px: f64 = lab.record("p000.jpg")["area"]["lesion_px"].as_f64().unwrap();
    let of_photo = row(&lab, "tables/photos.csv", "p000.jpg");
    let of_person = row(&lab, "tables/by_subject.csv", "P1");
    assert_eq!([of_photo("mm_per_px"), of_photo("scale_source"), of_photo("sex")], ["0.2", "table", "f"]);
    for told in [of_photo("lesion_mm2"), of_person("lesion_mm2")] {
        assert!((told.parse::<f64>().unwrap() - px * 0.04).abs() < 1e-5, "{told}");
    }
    assert!(fs::read_to_string(lab.path("tables/paper.md")).unwrap().contains("| Lesion area, mm² |"));
    lab.say("report out --mm-per-px 0.1 -o page.html").expect_code(0);
    assert!(fs::read_to_string(lab.path("page.html")).unwrap().contains("[\"lesion_mm2\",\"Lesion area\",\"mm²\"]"));
    assert_same(&before, &lab.results());
}

#[test]
fn what_is_no_length_is_refused() {
    let lab = Lab::with_photos(1);
    for wrong in ["0", "-1", "0,05", "inf", "5mm"] {
        let length = format!("--mm-per-px={wrong}");
        lab.run(&[&length]).expect_code(2).expect_error(&["write a number over 0, such as 0.05"]);
    }
    lab.put("table.csv", b"path;mm_per_px\np000.jpg;0,05\n");
    lab.run(&["--subjects", "table.csv"]).expect_code(2).expect_error(&["table.csv: the line of `p000.jpg`", "`0,05`"]);
    assert!(!lab.path("out").exists());
}
