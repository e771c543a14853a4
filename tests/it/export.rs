//! `derm-seg export`, read back.

use std::fs;

use derm_seg::annotations::polygons::{CocoSet, known_class, read_labelme};
use derm_seg::domain::record::{Lesion, Record};
use serde_json::Value;
use tempfile::{TempDir, tempdir};

use crate::support::results_folder::*;
use crate::support::{Ran, derm_seg_in};

fn masks() -> [(&'static str, derm_seg::domain::mask::LabelMap); 4] {
    let mut holed = square(60, 40, [10, 5, 30, 20]);
    (10..14).for_each(|y| holed.data[y * 60 + 20..y * 60 + 25].fill(0));
    [
        ("a.jpg", square(60, 40, [0, 0, 7, 9])),
        ("sub/a.png", holed.clone()),
        ("sub/a.jpg", holed),
        ("=x.jpg", square(50, 50, [1, 1, 49, 48])),
    ]
}

fn folder() -> TempDir {
    let folder = tempdir().unwrap();
    let photos = masks().into_iter().map(|(path, mask)| Photo::new(path, mask)).collect();
    results(&folder.path().join("out"), photos, vec![failed("bad.jpg"), excluded("gone.jpg")]);
    folder
}

fn export(folder: &TempDir, format: &str, dest: &str, more: &[&str]) -> Ran {
    derm_seg_in(folder.path(), &[&["export", "out", "--format", format, "-o", dest], more].concat())
}

fn json(folder: &TempDir, path: &str) -> Value {
    serde_json::from_slice(&fs::read(folder.path().join(path)).unwrap()).unwrap()
}

#[test]
fn coco_is_one_file_that_gives_the_same_masks() {
    let folder = folder();
    let ran = export(&folder, "coco", "all.json", &[]);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    let set = CocoSet::read(&fs::read(folder.path().join("all.json")).unwrap(), &known_class).unwrap();
    for (index, (path, mask)) in masks().into_iter().enumerate() {
        assert_eq!(set.names().nth(index), Some(path));
        assert_eq!(set.mask(index).unwrap(), mask);
    }
    let file = json(&folder, "all.json");
    let first = &file["annotations"][1];
    assert_eq!((&first["id"], &first["image_id"], &first["category_id"]), (&2.into(), &1.into(), &2.into()));
    assert_eq!((&first["area"], &first["bbox"]), (&63.into(), &serde_json::json!([0, 0, 7, 9])));
}

#[test]
fn labelme_files_lie_where_labelme_looks_and_give_the_same_masks() {
    let folder = folder();
    assert_eq!(export(&folder, "labelme", "notes", &[]).code, 0);
    let files = ["a.json", "sub/a.png.json", "sub/a.jpg.json", "=x.json"];
    for (file, (path, mask)) in files.into_iter().zip(masks()) {
        let bytes = fs::read(folder.path().join("notes").join(file)).unwrap();
        assert_eq!(read_labelme(&bytes, &known_class).unwrap(), mask, "{file}");
        assert_eq!(json(&folder, &format!("notes/{file}"))["imagePath"], path.rsplit('/').next().unwrap());
    }
}

#[test]
fn geojson_has_closed_rings_and_holes() {
    let folder = folder();
    assert_eq!(export(&folder, "geojson", "geo", &[]).code, 0);
    let features = json(&folder, "geo/sub/a.png.geojson")["features"].clone();
    let lesion = features.as_array().unwrap().iter().find(|f| f["properties"]["name"] == "lesion").unwrap();
    let rings = lesion["geometry"]["coordinates"].as_array().unwrap();
    assert_eq!(
        (rings.len(), &lesion["geometry"]["type"], &lesion["properties"]["area_px"]),
        (2, &"Polygon".into(), &580.into())
    );
    assert!(rings.iter().all(|ring| ring[0] == *ring.as_array().unwrap().last().unwrap()));
}

#[test]
fn csv_has_a_row_for_every_lesion_and_no_formulas() {
    let folder = folder();
    let file = folder.path().join("out/records.jsonl");
    let with_lesions = |line: &str| {
        let mut record: Record = serde_json::from_str(line).unwrap();
        if let derm_seg::domain::record::Outcome::Done(done) = &mut record.outcome {
            done.lesions =
                (1..=2).map(|id| Lesion { id, area_px: 9, circularity: None, ..Lesion::default() }).collect();
        }
        serde_json::to_string(&record).unwrap() + "\n"
    };
    let text: String = fs::read_to_string(&file).unwrap().lines().map(with_lesions).collect();
    fs::write(&file, text).unwrap();
    assert_eq!(export(&folder, "csv", "lesions.csv", &[]).code, 0);
    let table = fs::read_to_string(folder.path().join("lesions.csv")).unwrap();
    let rows: Vec<_> = table.lines().collect();
    assert_eq!(rows.len(), 1 + 4 * 2);
    assert!(rows[0].starts_with("path,id,area_px,"), "{}", rows[0]);
    assert!(rows[8].starts_with("'=x.jpg,2,9,"), "{}", rows[8]);
}

#[test]
fn a_damaged_mask_fails_alone() {
    let folder = folder();
    fs::write(folder.path().join("out/masks/a.jpg.png"), b"no picture").unwrap();
    let ran = export(&folder, "coco", "all.json", &["--json"]);
    assert_eq!(ran.code, 3, "{}", ran.stderr);
    let told: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!((&told["photos"], &told["failed"][0]["path"]), (&3.into(), &"a.jpg".into()));
    assert_eq!(json(&folder, "all.json")["images"].as_array().unwrap().len(), 3);
}

/// Names that a disk has room for, and names that would meet in one file.
#[test]
fn every_photo_has_a_file_of_its_own() {
    let folder = tempdir().unwrap();
    let long: &'static str = format!("{}.jpg", "x".repeat(246)).leak();
    let mask = || square(20, 20, [1, 1, 5, 5]);
    let photos = ["a.jpg", "a.jpg.png", "a.png", "sub/a.jpg"].map(|path| Photo::new(path, mask()));
    let photos = photos.into_iter().chain([Photo::new("short.jpg", mask())]).collect();
    results(&folder.path().join("out"), photos, vec![]);
    let table = folder.path().join("out/records.jsonl");
    let records =
        fs::read_to_string(&table).unwrap().replace("\"path\":\"short.jpg\"", &format!("\"path\":\"{long}\""));
    fs::write(&table, records).unwrap();
    for format in ["labelme", "geojson"] {
        let ran = export(&folder, format, format, &["--json"]);
        assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{}", ran.stdout);
        let files = walkdir::WalkDir::new(folder.path().join(format)).into_iter().map(Result::unwrap);
        assert_eq!(files.filter(|entry| entry.file_type().is_file()).count(), 5, "{format}");
    }
}

/// Two exports into one folder would mix; what a killed one left goes with the next.
#[cfg(unix)]
#[test]
fn a_folder_has_one_writer_and_what_a_killed_one_left_is_swept() {
    let folder = folder();
    let notes = folder.path().join("notes");
    fs::create_dir(&notes).unwrap();
    let other = fs::File::open(&notes).unwrap();
    other.lock().unwrap();
    export(&folder, "labelme", "notes", &[]).expect_code(2).expect_error(&["Another derm-seg is writing to notes"]);
    drop(other);
    fs::write(notes.join(".tmpAbC.derm-seg-tmp"), b"half").unwrap();
    export(&folder, "labelme", "notes", &["--overwrite"]).expect_code(0);
    assert!(!notes.join(".tmpAbC.derm-seg-tmp").exists() && notes.join("a.json").exists());
}

/// Records are read in batches: none is lost between them, also where a whole batch has no mask.
#[test]
fn many_photos_are_all_exported_in_their_order() {
    let folder = tempdir().unwrap();
    let name = |i: usize| -> &'static str { format!("p{i:03}.png").leak() };
    let photos = (0..300).map(|i| Photo::new(name(i), square(8, 8, [1, 1, 3, 3]))).collect();
    results(&folder.path().join("out"), photos, (300..600).map(|i| failed(name(i))).collect());
    let records = folder.path().join("out/records.jsonl");
    let backwards: Vec<String> =
        fs::read_to_string(&records).unwrap().lines().rev().map(|l| format!("{l}\n")).collect();
    fs::write(&records, backwards.concat()).unwrap();
    export(&folder, "coco", "all.json", &[]).expect_code(0);
    let file = json(&folder, "all.json");
    let told: Vec<&str> = file["images"].as_array().unwrap().iter().map(|i| i["file_name"].as_str().unwrap()).collect();
    assert_eq!(told, (0..300).rev().map(name).collect::<Vec<_>>());
    assert_eq!(file["annotations"].as_array().unwrap().last().unwrap()["image_id"], 300);
    export(&folder, "labelme", "notes", &[]).expect_code(0);
    assert_eq!(fs::read_dir(folder.path().join("notes")).unwrap().count(), 300);
}
