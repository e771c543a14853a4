//! Lesion by lesion, through the program: tables are made of the run's own lesions, so it is known what is hit.

use serde_json::{Value, json};

use crate::support::Lab;
use crate::support::published::{assert_valid, schema};

fn boxes(lab: &Lab) -> Vec<(String, [f64; 4])> {
    let of_photo = |record: Value| {
        let path = record["input"]["path"].as_str().unwrap().to_owned();
        let lesions = record["lesions"].as_array().unwrap().clone();
        lesions.into_iter().map(move |lesion| (path.clone(), [0, 1, 2, 3].map(|i| lesion["bbox"][i].as_f64().unwrap())))
    };
    lab.records().into_iter().flat_map(of_photo).collect()
}

fn line(path: &str, [x, y, width, height]: [f64; 4], kind: &str) -> String {
    format!("{path},{x},{y},{width},{height},{kind}\n")
}

#[test]
fn hits_misses_false_findings_and_two_readers() {
    let lab = Lab::with_photos(4);
    lab.run(&["--quiet"]).expect_code(0);
    let found = boxes(&lab);
    assert!(found.len() >= 4, "{found:?}");
    // Anna marked all but the first, each a little to the right, and something far outside; Ben all, as corners, under kinds.
    let header = "path,x,y,width,height,label\n";
    let shift = |[x, y, w, h]: [f64; 4]| [x + 0.1 * w, y, w, h];
    let mut anna = header.to_owned();
    found.iter().skip(1).for_each(|(path, area)| anna += &line(path, shift(*area), "plaque"));
    anna += &line(&found[0].0, [9000.0, 9000.0, 10.0, 10.0], "plaque");
    anna += "nobody/none.jpg,1,1,5,5,plaque\n";
    let mut ben = "path,points,label\n".to_owned();
    for (i, (path, [x, y, w, h])) in found.iter().enumerate() {
        let kind = if i == 1 { "scar" } else { "Plaque" };
        ben += &format!("{path},{x} {y} {} {y} {} {} {x} {},{kind}\n", x + w, x + w, y + h, y + h);
    }
    lab.put("anna.csv", anna.as_bytes());
    lab.put("ben.csv", ben.as_bytes());
    let told = lab.say("eval out --findings anna.csv ben.csv --json").expect_code(0).json();
    assert_valid(&schema("detection"), &told);
    let [first, second] = [0, 1].map(|i| &told["readers"][i]);
    let n = found.len();
    let counts = |reader: &Value| {
        ["marked", "found", "hits", "misses", "false_findings"].map(|key| reader[key].as_u64().unwrap() as usize)
    };
    assert_eq!(counts(first), [n, n, n - 1, 1, 1], "{first}");
    assert_eq!((counts(second), &second["sensitivity"]["value"]), ([n, n, n, 0, 0], &json!(1.0)));
    assert_eq!((&first["unpaired"], &first["kinds"]["told"]), (&json!(["nobody/none.jpg"]), &json!(0)));
    assert_eq!(second["froc"][0]["sensitivity"]["value"], 1.0);
    // The model tells no kinds, so none of its findings is a false plaque.
    assert_eq!((&first["by_kind"][0]["hits"], &first["by_kind"][0]["precision"]), (&json!(n - 1), &Value::Null));
    let between = &told["between"][0];
    assert_eq!(
        (&between["hits"], &between["kinds"]),
        (&json!(n - 1), &json!({"told": n - 1, "same": n - 2})),
        "{between}"
    );
    let csv = std::fs::read_to_string(lab.path("out/detection.csv")).unwrap();
    assert_eq!(["anna,", ",miss,", ",false,"].map(|word| csv.matches(word).count()), [n + 1, 1, 1], "{csv}");
    // A finding and a mark of half its width: no overlap that counts, but the same middle.
    lab.put(
        "small.csv",
        (header.to_owned()
            + &found
                .iter()
                .map(|(path, [x, y, w, h])| {
                    line(path, [x + 0.375 * w, y + 0.375 * h, 0.25 * w + 1.0, 0.25 * h + 1.0], "")
                })
                .collect::<String>())
            .as_bytes(),
    );
    let hits = |rule: &str| {
        lab.say(&format!("eval out --findings small.csv --hit {rule} --json")).expect_code(0).json()["readers"][0]["hits"].as_u64().unwrap() as usize
    };
    assert_eq!((hits("iou=0.5"), hits("centre")), (0, n));
    // Who opted out is in nothing.
    let whose = found[0].0.clone();
    lab.put("list", format!("{whose}\n").as_bytes());
    let told = lab.say("eval out --findings anna.csv ben.csv --opt-out list --json").expect_code(0).json();
    assert!(!told.to_string().contains(&whose), "{told}");
}

#[test]
fn the_runs_own_masks_are_hit_and_a_photo_without_marks_counts() {
    let lab = Lab::with_photos(3);
    lab.run(&["--quiet"]).expect_code(0);
    let told = lab.say("eval out --findings out/masks --truth-format index --json").expect_code(0).json();
    assert_valid(&schema("detection"), &told);
    let reader = &told["readers"][0];
    assert_eq!((&reader["source"], &reader["misses"]), (&json!("masks"), &json!(0)), "{reader}");
    // One photo was looked at, and nothing was marked there: all that is found on it is false.
    let (path, _) = boxes(&lab).remove(0);
    lab.put("none.csv", format!("path,x,y,width,height\n{path},,,,\n").as_bytes());
    let told = lab.say("eval out --findings none.csv --json").expect_code(0).json();
    let reader = &told["readers"][0];
    assert_eq!(
        (&reader["images"], &reader["hits"], &reader["sensitivity"]["value"]),
        (&json!(1), &json!(0), &Value::Null)
    );
    assert!(reader["false_findings"].as_u64().unwrap() > 0);
}

#[test]
fn tables_that_say_no_boxes_are_refused_with_the_way_out() {
    let lab = Lab::with_photos(1);
    lab.run(&["--quiet"]).expect_code(0);
    for (table, word) in [
        ("path,left\na.jpg,1\n", "no columns x, y, width, height"),
        ("x,y,width,height\n1,1,1,1\n", "no column path"),
        ("path,x,y,width,height\na.jpg,1,1,0,4\n", "line 2"),
        ("path,points\na.jpg,1 2 3 4\n", "line 2"),
        ("path,x,y,width,height\nelsewhere.jpg,1,1,3,4\n", "fits none of the photos"),
    ] {
        lab.put("marks.csv", table.as_bytes());
        let ran = lab.say("eval out --findings marks.csv").expect_code(2);
        assert!(ran.stderr.contains(word), "{}", ran.stderr);
    }
    let ran = lab.say("eval out --findings marks.csv --hit iou=2").expect_code(2);
    assert!(ran.stderr.contains("write iou=0.3"), "{}", ran.stderr);
}

#[test]
fn columns_and_groups_that_nobody_would_use_are_refused() {
    let lab = Lab::new();
    lab.put("marks.csv", b"path,x,y,width,height\na.jpg,1,1,4,4\n");
    let refused = |more: &str| lab.say(&format!("eval out --findings marks.csv {more}")).expect_code(2);
    refused("--subject-column who").expect_error(&["--subject-column", "give it with --subjects FILE"]);
    refused("--strata sex").expect_error(&["--strata"]);
    refused("--bins age=40").expect_error(&["--bins"]);
}
