//! People who opted out are in no output of the commands that read results, and nothing of theirs is opened.

use std::fs;
use std::path::Path;

use derm_seg::domain::mask::LabelMap;
use derm_seg::people::Pseudonyms;
use serde_json::Value;
use tempfile::{TempDir, tempdir};

use crate::support::published::{assert_valid, schema};
use crate::support::results_folder::*;
use crate::support::{Ran, derm_seg_in};

const KEPT: [&str; 2] = ["PAT_1/a.jpg", "PAT_1/b.jpg"];
const THEIRS: [&str; 2] = ["PAT_2/a.jpg", "PAT_2/c.jpg"];

fn lesion(shift: u32) -> LabelMap {
    square(40, 30, [5 + shift, 5, 12, 12])
}

/// Results and references of two people; masks and references of PAT_2 are damaged, to show that they are not opened.
fn study(with_them: bool) -> TempDir {
    let folder = tempdir().unwrap();
    let root = folder.path();
    let all = KEPT.iter().chain(THEIRS.iter().filter(|_| with_them));
    let photos = |shift| all.clone().enumerate().map(|(i, path)| Photo::new(path, lesion(shift * i as u32))).collect();
    results(&root.join("out"), photos(1), vec![failed("PAT_1/bad.jpg")]);
    results(&root.join("base"), photos(2), vec![failed("PAT_1/bad.jpg")]);
    for path in all.clone() {
        binary(&root.join("truth").join(Path::new(path).with_extension("png")), &lesion(0));
    }
    if with_them {
        for path in THEIRS {
            damage(&root.join(format!("out/masks/{path}.png")));
            damage(&root.join("truth").join(Path::new(path).with_extension("png")));
        }
        // Somebody of theirs whose results are gone already.
        write_text(&root.join("truth/PAT_3/z_mask.png"), "no picture");
    }
    write_text(&root.join("list"), "PAT_2\nPAT_3/z.jpg\nnobody\n");
    folder
}

fn damage(file: &Path) {
    fs::write(file, "no picture").unwrap();
}

fn run(folder: &TempDir, args: &[&str]) -> Ran {
    let ran = derm_seg_in(folder.path(), args);
    assert_eq!(ran.code, 0, "{args:?}: {}{}", ran.stdout, ran.stderr);
    for secret in ["PAT_2", "PAT_3", "c.jpg"] {
        assert!(!format!("{}{}", ran.stdout, ran.stderr).contains(secret), "{secret} is in {}", ran.stdout);
    }
    ran
}

fn read(folder: &TempDir, file: &str) -> Value {
    let text = fs::read_to_string(folder.path().join(file)).unwrap();
    assert!(!text.contains("PAT_2") && !text.contains("PAT_3"), "{text}");
    serde_json::from_str(&text).unwrap()
}

/// The count, which is all that is said of them.
fn taken(value: &mut Value) -> Value {
    value.as_object_mut().unwrap().insert("opted_out".into(), Value::Null).unwrap()
}

#[test]
fn scores_are_what_they_are_without_them() {
    let (with, without) = (study(true), study(false));
    run(&with, &["eval", "out", "--truth", "truth", "--opt-out", "list"]);
    run(&without, &["eval", "out", "--truth", "truth"]);
    let (mut scores, mut expected) = (read(&with, "out/scores.json"), read(&without, "out/scores.json"));
    assert_valid(&schema("scores"), &scores);
    let told = taken(&mut scores);
    assert_eq!((&told["photos"], &told["references"]), (&2.into(), &3.into()));
    assert_eq!(told["lines_without_photos"], 2, "PAT_3 has no photo here, and nobody is nobody");
    assert_eq!(taken(&mut expected), Value::Null);
    assert_eq!(scores, expected);
    let csv = |folder: &TempDir| fs::read_to_string(folder.path().join("out/scores.csv")).unwrap();
    assert_eq!(csv(&with), csv(&without));
}

#[test]
fn folders_of_masks_know_them_by_the_photo() {
    let folder = tempdir().unwrap();
    for name in ["a", "b"] {
        binary(&folder.path().join(format!("masks/PAT_1/{name}_mask.png")), &lesion(0));
        binary(&folder.path().join(format!("truth/PAT_1/{name}.png")), &lesion(0));
    }
    damage(&folder.path().join("masks/PAT_1/b_mask.png"));
    damage(&folder.path().join("truth/PAT_1/b.png"));
    write_text(&folder.path().join("list"), "PAT_1/b.jpg\n");
    run(&folder, &["eval", "masks", "--truth", "truth", "--opt-out", "list"]);
    let scores = read(&folder, "scores.json");
    assert_eq!((&scores["totals"]["scored"], &scores["totals"]["unpaired"]), (&1.into(), &0.into()));
    assert_eq!((&scores["opted_out"]["photos"], &scores["opted_out"]["references"]), (&1.into(), &1.into()));
}

/// Without the person who opted out, a reference without a folder would fit the other one's photo alone.
#[test]
fn their_references_are_never_taken_for_somebody_elses() {
    let folder = tempdir().unwrap();
    let photo = |path| Photo::new(path, lesion(0));
    results(&folder.path().join("out"), vec![photo("PAT_1/a.jpg"), photo("PAT_1/b.jpg"), photo("PAT_2/a.jpg")], vec![]);
    binary(&folder.path().join("truth/a.png"), &lesion(3));
    binary(&folder.path().join("truth/b.png"), &lesion(0));
    write_text(&folder.path().join("list"), "PAT_2\n");
    for withdrawn in [false, true] {
        if withdrawn {
            results(&folder.path().join("out"), vec![photo("PAT_1/a.jpg"), photo("PAT_1/b.jpg")], vec![]);
            write_text(&folder.path().join("list"), "PAT_2/a.jpg\n");
        }
        run(&folder, &["eval", "out", "--truth", "truth", "--opt-out", "list"]);
        let scores = read(&folder, "out/scores.json");
        assert_eq!(scores["aggregate"]["metrics"]["dice"]["mean"], 1.0);
        assert_eq!(scores["totals"]["scored"], 1);
        assert_eq!(scores["unpaired"][0]["path"], "PAT_1/a.jpg");
    }
}

/// Nor does a name that two people's photos share leave the other one out.
#[test]
fn what_lies_under_their_name_is_theirs_and_nothing_else() {
    let folder = tempdir().unwrap();
    let root = folder.path();
    results(
        &root.join("out"),
        vec![Photo::new("PAT_1/a.jpg", lesion(0)), Photo::new("PAT_1/b.jpg", lesion(0))],
        vec![],
    );
    binary(&root.join("truth/PAT_1/a.png"), &lesion(0));
    // The only reference called b is of somebody whose results are gone.
    write_text(&root.join("truth/PAT_2/b.png"), "no picture");
    write_text(&root.join("list"), "PAT_2\nPAT_2/a.jpg\n");
    run(&folder, &["eval", "out", "--truth", "truth", "--opt-out", "list"]);
    let scores = read(&folder, "out/scores.json");
    assert_eq!((&scores["totals"]["scored"], &scores["opted_out"]["references"]), (&1.into(), &1.into()));
    assert_eq!(scores["unpaired"][0]["path"], "PAT_1/b.jpg");
    binary(&root.join("masks/PAT_1/a.png"), &lesion(0));
    run(&folder, &["eval", "masks", "--truth", "truth", "--opt-out", "list"]);
    let scores = read(&folder, "scores.json");
    assert_eq!((&scores["totals"]["scored"], &scores["opted_out"]["photos"]), (&1.into(), &0.into()));
}

#[test]
fn one_table_says_whose_photos_are_and_makes_groups() {
    let folder = study(true);
    let table = "image_id;patient_id;sex\nPAT_1/a;one;f\nPAT_1/b;one;m\nPAT_2/a;two;f\nPAT_2/c;two;x\nz;three;f\n";
    write_text(&folder.path().join("table.csv"), table);
    write_text(&folder.path().join("ids"), "two\nthree\n");
    let people = ["--opt-out", "ids", "--subjects", "table.csv"];
    run(&folder, &[&["eval", "out", "--truth", "truth"], &people[..]].concat());
    let scores = read(&folder, "out/scores.json");
    let groups = scores["strata"][0]["groups"].as_array().unwrap();
    assert_eq!(groups.iter().map(|g| g["value"].as_str().unwrap()).collect::<Vec<_>>(), ["f", "m"]);
    assert_eq!(scores["aggregate"]["metrics"]["dice"]["subjects"], 1, "the other is left out");
    assert_eq!((&scores["opted_out"]["photos"], &scores["opted_out"]["references"]), (&2.into(), &3.into()));
    for args in [["compare", "base", "out"], ["report", "out", "-oreport.html"]] {
        let limits = ["--max-change=dice=off", "--max-change=pixels=off"];
        let more = if args[0] == "compare" { &limits[..] } else { &[] };
        run(&folder, &[&args[..], &people[..], more].concat());
    }
}

#[cfg(unix)]
#[test]
fn coded_results_are_met_through_the_key() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempdir().unwrap();
    let root = folder.path();
    write_text(&root.join("key"), "0123456789abcdefghijklmnopqrstuv");
    fs::set_permissions(root.join("key"), fs::Permissions::from_mode(0o600)).unwrap();
    let names = Pseudonyms::from_key_file(&root.join("key"), &Default::default()).unwrap();
    let coded = [KEPT, THEIRS].concat().into_iter().map(|path| &*names.path(path).leak());
    results(&root.join("out"), coded.clone().map(|path| Photo::new(path, lesion(1))).collect(), vec![]);
    coded.for_each(|path| binary(&root.join(format!("truth/{path}.png")), &lesion(0)));
    write_text(&root.join("table.csv"), "path,subject,sex\nPAT_1/a.jpg,one,f\nPAT_1/b.jpg,one,m\nPAT_2,two,f\n");
    for (list, table) in [("PAT_2", false), (&*names.code("PAT_2"), false), ("two", true), (&names.code("two"), true)] {
        write_text(&root.join("list"), list);
        let table: &[&str] = if table { &["--subjects", "table.csv"] } else { &[] };
        let people = [&["--opt-out", "list", "--key-file", "key"], table].concat();
        run(&folder, &[&["eval", "out", "--truth", "truth"], &people[..]].concat());
        let scores = read(&folder, "out/scores.json");
        assert_eq!((&scores["totals"]["scored"], &scores["opted_out"]["photos"]), (&2.into(), &2.into()), "{list}");
        // The table's own names meet the codes as well.
        assert!(table.is_empty() || scores["strata"][0]["groups"][1]["value"] == "m");
        let ran = run(
            &folder,
            &[&["export", "out", "-f", "csv", "-o", "t.csv", "--overwrite", "--json"], &people[..]].concat(),
        );
        let told: Value = serde_json::from_str(&ran.stdout).unwrap();
        assert_eq!((&told["photos"], &told["opted_out"]["photos"]), (&2.into(), &2.into()), "{list}");
    }
}

#[test]
fn comparisons_and_exports_are_what_they_are_without_them() {
    let (with, without) = (study(true), study(false));
    let limits = ["--max-change=dice=off", "--max-change=pixels=off"];
    let compare = |folder: &TempDir, more: &[&str]| {
        run(folder, &[&["compare", "base", "out"], &limits[..], more].concat());
        let comparison = read(folder, "out/compare.json");
        assert_valid(&schema("compare"), &comparison);
        comparison
    };
    let (mut comparison, mut expected) = (compare(&with, &["--opt-out", "list"]), compare(&without, &[]));
    assert_eq!(taken(&mut comparison)["photos"], 2);
    taken(&mut expected);
    assert_eq!(comparison, expected);
    assert_eq!(comparison["totals"]["changed"], 1, "there is something to compare");

    for (format, dest, files) in [
        ("coco", "all.json", vec!["all.json"]),
        ("csv", "t.csv", vec!["t.csv"]),
        ("labelme", "notes", vec!["notes/PAT_1/a.json", "notes/PAT_1/b.json"]),
        ("geojson", "geo", vec!["geo/PAT_1/a.geojson", "geo/PAT_1/b.geojson"]),
    ] {
        // What an earlier export wrote of them goes.
        let earlier = [format!("{dest}/PAT_2/a.json"), format!("{dest}/PAT_2/c.geojson")];
        if files.len() > 1 {
            earlier.iter().for_each(|file| write_text(&with.path().join(file), "{}"));
        }
        let export = ["export", "out", "-f", format, "-o", dest, "--json", "--overwrite"];
        let ran = run(&with, &[&export[..], &["--opt-out", "list"]].concat());
        let told: Value = serde_json::from_str(&ran.stdout).unwrap();
        assert_valid(&schema("export"), &told);
        assert_eq!((&told["photos"], &told["opted_out"]["photos"]), (&2.into(), &2.into()), "{format}");
        run(&without, &export);
        let bytes = |folder: &TempDir, file: &str| fs::read(folder.path().join(file)).unwrap();
        files.iter().for_each(|file| assert_eq!(bytes(&with, file), bytes(&without, file), "{file}"));
        let left = earlier.iter().filter(|file| with.path().join(file).exists()).count();
        assert_eq!(left, if files.len() > 1 { 1 } else { 0 }, "{format}: its own file went, another format's stays");
    }
}

#[test]
fn the_report_holds_nothing_of_them_and_refuses_what_counts_them() {
    let folder = study(true);
    let report = |more: &[&str]| derm_seg_in(folder.path(), &[&["report", "out", "--opt-out", "list"], more].concat());
    run(&folder, &["report", "out", "--opt-out", "list"]);
    let page = || fs::read_to_string(folder.path().join("out/report.html")).unwrap();
    assert!(!page().contains("PAT_2") && page().contains("<b>2</b><span>opted out, not in this report</span>"));

    let eval = |more: &[&str]| derm_seg_in(folder.path(), &[&["eval", "out", "--truth", "truth"], more].concat()).code;
    assert_eq!(eval(&[]), 3, "the damaged ones fail");
    fs::remove_file(folder.path().join("out/report.html")).unwrap();
    let refused = report(&["--scores", "out/scores.json"]);
    assert_eq!(refused.code, 2, "{}", refused.stdout);
    assert!(!refused.stderr.contains("PAT_2") && !folder.path().join("out/report.html").exists());
    assert_eq!(derm_seg_in(folder.path(), &["compare", "base", "out"]).code, 4);
    assert_eq!(report(&["--compare", "out/compare.json"]).code, 2);

    assert_eq!(eval(&["--opt-out", "list"]), 0);
    assert_eq!(report(&["--scores", "out/scores.json"]).code, 0);
    assert!(!page().contains("PAT_2") && page().contains("mean Dice"));
}

#[test]
fn a_table_without_people_is_no_help() {
    let folder = study(true);
    write_text(&folder.path().join("table.csv"), "path,sex\nPAT_1/a.jpg,f\n");
    for command in [
        &["eval", "out", "--truth", "truth"][..],
        &["eval", "out", "--findings", "truth"],
        &["calibrate", "out", "--truth", "truth"],
        &["report", "out"],
        &["track", "out", "--photos", "."],
        &["run", ".", "-o", "new"],
    ] {
        let args = [command, &["--opt-out", "list", "--subjects", "table.csv"]].concat();
        let ran = derm_seg_in(folder.path(), &args).expect_code(2);
        ran.expect_error(&["table.csv has no column of people", "whose photos are whose"]);
    }
    // Where it only makes groups, it needs no people; a list alone is of paths.
    let eval = ["eval", "out", "--truth", "truth", "--opt-out", "list"];
    run(&folder, &eval);
    write_text(&folder.path().join("table.csv"), "path,who,sex\nPAT_1/a.jpg,one,f\nPAT_2,PAT_2,m\n");
    run(&folder, &[&eval[..], &["--subjects", "table.csv", "--subject-column", "who"]].concat());
}
