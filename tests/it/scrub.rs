//! `derm-seg scrub`.

use std::fs;
use std::path::Path;

use crate::kit::files::{Jpeg, SENTINEL};
use crate::kit::photos::Scene;
use crate::support::{CODE_KEY, Lab};

/// A JPEG with the marker in comments and behind its end.
fn photo(seed: u64) -> Vec<u8> {
    let jpeg = Jpeg { comment: true, ..Jpeg::camera() }.write(&Scene::any(seed).draw(40, 30).photo);
    [&jpeg, SENTINEL.as_bytes()].concat()
}

fn study() -> Lab {
    let lab = Lab::new();
    for (seed, path) in ["Yamada_Taro/1.jpg", "Yamada_Taro/2.jpg", "Suzuki_Hanako/1.jpg"].into_iter().enumerate() {
        lab.put(&format!("photos/{path}"), &photo(seed as u64));
    }
    lab.put_private("study.key", CODE_KEY);
    lab
}

fn files(folder: &Path) -> Vec<String> {
    let all = walkdir::WalkDir::new(folder).sort_by_file_name().into_iter().flatten();
    let files = all.filter(|entry| entry.file_type().is_file());
    files.map(|file| file.path().strip_prefix(folder).unwrap().to_str().unwrap().to_owned()).collect()
}

#[test]
fn copies_are_clean_inputs_untouched_and_a_second_run_changes_nothing() {
    let study = study();
    let input = study.path("photos/Yamada_Taro/1.jpg");
    let before = (fs::read(&input).unwrap(), fs::metadata(&input).unwrap().modified().unwrap());
    let ran = study.ran(&["scrub", "photos", "-o", "clean", "--json"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_eq!((fs::read(&input).unwrap(), fs::metadata(&input).unwrap().modified().unwrap()), before);
    assert_eq!(files(&study.path("clean")), files(&study.path("photos")));
    for file in files(&study.path("clean")) {
        let (copy, original) = (study.path(&format!("clean/{file}")), study.path(&format!("photos/{file}")));
        assert!(!fs::read(&copy).unwrap().windows(SENTINEL.len()).any(|w| w == SENTINEL.as_bytes()));
        assert_eq!(image::open(copy).unwrap(), image::open(original).unwrap());
    }
    let summary = ran.json();
    assert_eq!((&summary["copied"], &summary["left_out"]["free_text"]), (&3.into(), &3.into()));
    assert_eq!(summary["names_that_may_identify"], 3);
    let again = study.ran(&["scrub", "photos", "-o", "clean", "--json"]).json();
    assert_eq!((&again["copied"], &again["unchanged"]), (&0.into(), &3.into()));
}

#[test]
fn codes_replace_names_everywhere_but_in_the_table() {
    let study = study();
    fs::write(study.path("photos/Yamada_Taro/cut.jpg"), &photo(1)[..300]).unwrap();
    let codes = ["--names", "pseudonym", "--key-file", "study.key"];
    let ran = study.ran(&[&["scrub", "photos", "-o", "clean", "--table", "table.csv"], &codes[..]].concat());
    assert_eq!(ran.code, 3, "the cut photo");
    let copies = files(&study.path("clean"));
    assert_eq!(copies.len(), 3);
    for text in [&ran.stdout, &ran.stderr, &copies.join("\n")] {
        assert!(!text.contains("Yamada") && !text.contains("Hanako"), "{text}");
    }
    let table = fs::read_to_string(study.path("table.csv")).unwrap();
    assert!(copies.iter().all(|copy| table.contains(copy.as_str())) && table.contains("Yamada_Taro/2.jpg"));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(fs::metadata(study.path("table.csv")).unwrap().permissions().mode() & 0o777, 0o600);
    }
    for place in ["clean/table.csv", "photos/table.csv"] {
        let refused = study.ran(&[&["scrub", "photos", "-o", "clean", "--table", place], &codes[..]].concat());
        assert_eq!(refused.code, 2);
    }
}

#[test]
fn people_who_opted_out_are_not_in_the_table_either() {
    let study = study();
    let scrub = "scrub photos -o clean --names pseudonym --key-file study.key --table table.csv";
    study.say(scrub).expect_code(0);
    study.put("list", b"Yamada_Taro\n");
    study.say(&format!("{scrub} --opt-out list")).expect_code(0);
    let table = fs::read_to_string(study.path("table.csv")).unwrap();
    assert!(!table.contains("Yamada") && table.contains("Suzuki_Hanako/1.jpg"), "{table}");
}

#[test]
fn people_who_opted_out_are_never_opened_and_their_copies_go() {
    let study = study();
    study.ran(&["scrub", "photos", "-o", "clean"]);
    fs::write(study.path("list"), "Yamada_Taro\nnobody\n").unwrap();
    // Not even readable: it must not matter.
    fs::write(study.path("photos/Yamada_Taro/1.jpg"), b"broken").unwrap();
    let ran = study.ran(&["scrub", "photos", "-o", "clean", "--opt-out", "list", "--json"]);
    let summary = ran.expect_code(0).json();
    assert_eq!((&summary["opted_out"], &summary["removed"]), (&2.into(), &2.into()));
    assert_eq!(summary["opt_out_lines_without_photos"], 1);
    assert_eq!(files(&study.path("clean")), ["Suzuki_Hanako/1.jpg"]);
    assert!(!study.path("clean/Yamada_Taro").exists(), "a folder's name may be a person's");
}

#[test]
fn outputs_in_or_around_inputs_are_refused() {
    let study = study();
    for output in ["photos", "photos/clean", "."] {
        let ran = study.ran(&["scrub", "photos", "-o", output]);
        assert_eq!(ran.code, 2, "{output}");
    }
    fs::create_dir_all(study.path("clean/Yamada_Taro")).unwrap();
    fs::write(study.path("clean/Yamada_Taro/1.jpg"), b"mine").unwrap();
    let ran = study.ran(&["scrub", "photos", "-o", "clean"]);
    assert_eq!(ran.code, 3);
    assert_eq!(fs::read(study.path("clean/Yamada_Taro/1.jpg")).unwrap(), b"mine");
}
