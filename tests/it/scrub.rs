//! `derm-seg scrub`.

use std::fs;
use std::path::Path;

use image::{ImageFormat, RgbImage};
use serde_json::Value;

use crate::support::derm_seg_in;

const SENTINEL: &str = "Quincy-Sentinel-4711";

/// A JPEG with the sentinel in a comment and behind its end.
fn photo(seed: u8) -> Vec<u8> {
    let picture = RgbImage::from_fn(40, 30, |x, y| image::Rgb([seed, (x * 6) as u8, (y * 8) as u8]));
    let mut plain = std::io::Cursor::new(Vec::new());
    picture.write_to(&mut plain, ImageFormat::Jpeg).unwrap();
    let plain = plain.into_inner();
    let comment = [&[0xFF, 0xFE, 0, SENTINEL.len() as u8 + 2], SENTINEL.as_bytes()].concat();
    [&plain[..2], &comment, &plain[2..], SENTINEL.as_bytes()].concat()
}

fn study() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (number, path) in
        ["photos/Yamada_Taro/1.jpg", "photos/Yamada_Taro/2.jpg", "photos/Suzuki_Hanako/1.jpg"].iter().enumerate()
    {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, photo(number as u8)).unwrap();
    }
    let key = folder.path().join("study.key");
    fs::write(&key, "0123456789abcdefghijklmnopqrstuv").unwrap();
    #[cfg(unix)]
    fs::set_permissions(&key, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    folder
}

fn files(folder: &Path) -> Vec<String> {
    let all = walkdir::WalkDir::new(folder).sort_by_file_name().into_iter().flatten();
    let files = all.filter(|entry| entry.file_type().is_file());
    files.map(|file| file.path().strip_prefix(folder).unwrap().to_str().unwrap().to_owned()).collect()
}

#[test]
fn copies_are_clean_inputs_untouched_and_a_second_run_changes_nothing() {
    let study = study();
    let input = study.path().join("photos/Yamada_Taro/1.jpg");
    let before = (fs::read(&input).unwrap(), fs::metadata(&input).unwrap().modified().unwrap());
    let ran = derm_seg_in(study.path(), &["scrub", "photos", "-o", "clean", "--json"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_eq!((fs::read(&input).unwrap(), fs::metadata(&input).unwrap().modified().unwrap()), before);
    assert_eq!(files(&study.path().join("clean")), files(&study.path().join("photos")));
    for file in files(&study.path().join("clean")) {
        let (copy, original) = (study.path().join("clean").join(&file), study.path().join("photos").join(&file));
        assert!(!fs::read(&copy).unwrap().windows(8).any(|w| w == &SENTINEL.as_bytes()[..8]));
        assert_eq!(image::open(copy).unwrap(), image::open(original).unwrap());
    }
    let summary: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!((&summary["copied"], &summary["left_out"]["free_text"]), (&Value::from(3), &Value::from(3)));
    assert_eq!(summary["names_that_may_identify"], 3);
    let again = derm_seg_in(study.path(), &["scrub", "photos", "-o", "clean"]);
    assert!(again.stdout.contains("0 copied, 3 already there"), "{}", again.stdout);
    assert!(again.stdout.contains("--names pseudonym"));
}

#[test]
fn codes_replace_names_everywhere_but_in_the_table() {
    let study = study();
    fs::write(study.path().join("photos/Yamada_Taro/cut.jpg"), &photo(1)[..300]).unwrap();
    let codes = ["--names", "pseudonym", "--key-file", "study.key"];
    let ran =
        derm_seg_in(study.path(), &[&["scrub", "photos", "-o", "clean", "--table", "table.csv"], &codes[..]].concat());
    assert_eq!(ran.code, 3, "the cut photo");
    let copies = files(&study.path().join("clean"));
    assert_eq!(copies.len(), 3);
    for text in [&ran.stdout, &ran.stderr, &copies.join("\n")] {
        assert!(!text.contains("Yamada") && !text.contains("Hanako"), "{text}");
    }
    let table = fs::read_to_string(study.path().join("table.csv")).unwrap();
    assert!(copies.iter().all(|copy| table.contains(copy.as_str())) && table.contains("Yamada_Taro/2.jpg"));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(fs::metadata(study.path().join("table.csv")).unwrap().permissions().mode() & 0o777, 0o600);
    }
    for place in ["clean/table.csv", "photos/table.csv"] {
        let refused =
            derm_seg_in(study.path(), &[&["scrub", "photos", "-o", "clean", "--table", place], &codes[..]].concat());
        assert_eq!(refused.code, 2);
        assert!(refused.stderr.contains("keep it where only you can read it"), "{}", refused.stderr);
    }
    let names = derm_seg_in(study.path(), &["scrub", "photos", "-o", "other", "--names", "pseudonym"]);
    assert_eq!(names.code, 2, "a key is needed");
}

#[test]
fn people_who_opted_out_are_never_opened_and_their_copies_go() {
    let study = study();
    derm_seg_in(study.path(), &["scrub", "photos", "-o", "clean"]);
    fs::write(study.path().join("list"), "Yamada_Taro\nnobody\n").unwrap();
    // Not even readable: it must not matter.
    fs::write(study.path().join("photos/Yamada_Taro/1.jpg"), b"broken").unwrap();
    let ran = derm_seg_in(study.path(), &["scrub", "photos", "-o", "clean", "--opt-out", "list"]);
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stdout.contains("2 opted out") && ran.stdout.contains("2 earlier copies"), "{}", ran.stdout);
    assert!(ran.stdout.contains("1 lines of the opt-out list"), "{}", ran.stdout);
    assert_eq!(files(&study.path().join("clean")), ["Suzuki_Hanako/1.jpg"]);
}

#[test]
fn outputs_in_or_around_inputs_are_refused() {
    let study = study();
    for output in ["photos", "photos/clean", "."] {
        let ran = derm_seg_in(study.path(), &["scrub", "photos", "-o", output]);
        assert_eq!(ran.code, 2, "{output}");
        assert!(ran.stderr.contains("choose another with -o"), "{}", ran.stderr);
    }
    fs::create_dir_all(study.path().join("clean/Yamada_Taro")).unwrap();
    fs::write(study.path().join("clean/Yamada_Taro/1.jpg"), b"mine").unwrap();
    let ran = derm_seg_in(study.path(), &["scrub", "photos", "-o", "clean"]);
    assert_eq!(ran.code, 3);
    assert!(ran.stdout.contains("another file is in the place of its copy"), "{}", ran.stdout);
    assert_eq!(fs::read(study.path().join("clean/Yamada_Taro/1.jpg")).unwrap(), b"mine");
}
