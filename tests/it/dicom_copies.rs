//! Copies of DICOM files: nothing of a person, the same pixels, the same codes in all files of a person.

use std::collections::BTreeSet;
use std::fs;

use derm_seg::input::decode::dicom::stored;
use derm_seg::input::walk::dicom::{Dicom as File, Syntax};
use derm_seg::people::Pseudonyms;
use serde_json::json;
use walkdir::WalkDir;

use crate::kit::dicom::{Coding, Dicom, JPEG_BASELINE, Value};
use crate::kit::files::{Jpeg, SENTINEL, identifying_exif};
use crate::kit::photos::Scene;
use crate::support::{CODE_KEY, Lab};

const SCRUB: &str = "scrub photos -o clean --names pseudonym --key-file key";

fn scene(seed: u64) -> derm_seg::domain::photo::Photo {
    Scene::any(seed).draw(96, 64).photo
}

fn lab() -> Lab {
    let lab = Lab::new();
    lab.put_private("key", CODE_KEY);
    lab
}

/// The copies by their names.
fn copies(lab: &Lab) -> Vec<(String, Vec<u8>)> {
    let files = WalkDir::new(lab.path("clean")).sort_by_file_name().into_iter().map(Result::unwrap);
    let files = files.filter(|entry| entry.file_type().is_file());
    files.map(|entry| (entry.path().to_str().unwrap().to_owned(), fs::read(entry.path()).unwrap())).collect()
}

fn text(bytes: &[u8], tag: u32) -> String {
    File::new(bytes).unwrap().data().get(tag).unwrap().text().unwrap()
}

/// The marker as the value of every attribute that the profile names, of private ones, inside sequences, and of those that a
/// copy keeps if they have the right form.
fn marked_everywhere(photo: &derm_seg::domain::photo::Photo) -> Dicom {
    let profile = include_str!("../../src/privacy/findings/dicom.tsv").lines().filter(|line| !line.starts_with('#'));
    let tags = profile
        .map(|line| u32::from_str_radix(&line[..8], 16).unwrap())
        .filter(|tag| (0x0008_0000..0x7FE0_0000).contains(tag));
    let kept = [
        0x0008_0008,
        0x0008_0016,
        0x0008_0018,
        0x0008_0020,
        0x0008_0060,
        0x0008_0064,
        0x0018_0015,
        0x0018_0050,
        0x0018_5100,
        0x0018_5101,
        0x0020_000D,
        0x0020_0011,
        0x0020_0013,
        0x0020_0020,
        0x0020_0032,
        0x0020_0060,
        0x0028_0030,
        0x0028_1054,
        0x0028_2000,
        0x0028_2110,
        0x0028_2112,
        0x0009_0010,
        0x0009_1001,
        0x7FDF_1010,
        0x6000_0022,
        0x6000_3000,
        0x0028_0006,
        0x0028_0009,
        0x0028_0120,
        0x0028_1101,
        0x0028_1201,
        0x0028_1202,
        0x0028_1203,
        0x0010_9999,
    ];
    let mut file = Dicom::photo(photo);
    for tag in tags.chain(kept) {
        file = file.text(tag, b"LO", SENTINEL);
    }
    let inside = tags_of(&file);
    let item = inside.into_iter().fold(Dicom::item(), |item, tag| item.text(tag, b"LO", SENTINEL));
    let nested = Dicom::item().with(0x0028_9110, b"SQ", Value::Items(vec![item.clone()], true));
    file.with(0x0008_1110, b"SQ", Value::Items(vec![item], false)).with(
        0x5200_9229,
        b"SQ",
        Value::Items(vec![nested], false),
    )
}

fn tags_of(file: &Dicom) -> BTreeSet<u32> {
    file.elements.keys().copied().filter(|tag| !matches!(tag, 0x0028_0002..=0x0028_0103 | 0x7FE0_0010)).collect()
}

#[test]
fn what_is_planted_in_every_attribute_is_in_no_copy_and_in_no_result() {
    let lab = lab();
    let photo = scene(1);
    let file = marked_everywhere(&photo);
    for (name, coding) in [("a", Coding::Explicit), ("b", Coding::Implicit), ("c", Coding::Big)] {
        let bytes = file.clone().coded(coding).bytes();
        assert!(bytes.windows(SENTINEL.len()).filter(|w| *w == SENTINEL.as_bytes()).count() > 1000);
        lab.put(&format!("photos/{name}.dcm"), &bytes);
    }
    let mut said = String::new();
    for line in [
        SCRUB,
        "check photos --json --faces off",
        "run photos -o out --model model -vv",
        "run clean -o out2 --model model",
    ] {
        let ran = lab.say(line).expect_code(0);
        said += &format!("{}{}", ran.stdout, ran.stderr);
    }
    lab.say("report out --with-photos photos -o page.html").expect_code(0);
    assert!(!said.contains(SENTINEL), "{said}");
    let copies = copies(&lab);
    assert_eq!(copies.len(), 3);
    let written = ["clean", "out", "out2", "page.html"].map(|place| WalkDir::new(lab.path(place)));
    for entry in written.into_iter().flatten().map(Result::unwrap).filter(|entry| entry.file_type().is_file()) {
        let bytes = fs::read(entry.path()).unwrap();
        assert!(!bytes.windows(SENTINEL.len()).any(|w| w == SENTINEL.as_bytes()), "{}", entry.path().display());
        assert!(!entry.path().to_str().unwrap().contains(SENTINEL));
    }
    for (name, copy) in copies {
        assert_eq!(stored(&copy, 1), stored(&file.bytes(), 1), "{name}");
        assert_eq!(File::new(&copy).unwrap().syntax, Syntax::ExplicitLittle);
        assert_eq!(text(&copy, 0x0010_0020), text(&copy, 0x0010_0010));
        assert_eq!(text(&copy, 0x0012_0062), "YES");
    }
}

#[test]
fn files_of_a_person_stay_together_and_dates_keep_their_distance() {
    let lab = lab();
    let one = |patient: &str, study: &str, date: &str| {
        let file = Dicom::photo(&scene(1)).text(0x0010_0020, b"LO", patient).text(0x0020_000D, b"UI", study);
        file.text(0x0008_0020, b"DA", date).text(0x0008_0018, b"UI", &format!("{study}.7")).bytes()
    };
    lab.put("photos/a.dcm", &one("PAT 7", "1.2.3", "20240131"));
    lab.put("photos/b.dcm", &one("PAT 7", "1.2.3", "20240301"));
    lab.put("photos/c.dcm", &one("PAT 8", "1.2.4", "20240131"));
    lab.say(SCRUB).expect_code(0);
    let codes = Pseudonyms::from_key(CODE_KEY).unwrap();
    let copy = |name: &str| fs::read(lab.path(&format!("clean/{}", codes.path(name)))).unwrap();
    let [a, b, c] = ["a.dcm", "b.dcm", "c.dcm"].map(copy);
    let of = |tag| [&a, &b, &c].map(|copy| text(copy, tag));
    let [pa, pb, pc] = of(0x0010_0020);
    assert_eq!((pa.as_str(), pa == pb, pa == pc), (codes.code("PAT 7").as_str(), true, false));
    let [sa, sb, sc] = of(0x0020_000D);
    assert!(sa == sb && sa != sc && sa.starts_with("2.25.") && sa.len() <= 64, "{sa}");
    let days: Vec<i64> = of(0x0008_0020)
        .iter()
        .map(|d| derm_seg::domain::days::day_of(&format!("{}-{}-{}", &d[..4], &d[4..6], &d[6..])).unwrap())
        .collect();
    assert_eq!(days[1] - days[0], 30);
    assert!(
        days[0] != days[2] && (19_753 - days[0]) % 7 == 0 && (364..=3650).contains(&(19_753 - days[0])),
        "{days:?}"
    );

    // The same again, byte for byte; with a root of one's own.
    assert!(lab.say(SCRUB).expect_code(0).stdout.starts_with("0 copied, 3 already there"));
    lab.say(&format!("{} --uid-root 1.2.826.0.1", SCRUB.replace("clean", "rooted"))).expect_code(0);
    let rooted = fs::read(lab.path(&format!("rooted/{}", codes.path("a.dcm")))).unwrap();
    assert!(text(&rooted, 0x0008_0018).starts_with("1.2.826.0.1."));
    lab.say(&format!("{SCRUB} --uid-root 1.02")).expect_error(&["1.02", "--uid-root"]);
}

#[test]
fn films_lose_the_metadata_of_their_pictures_and_keep_every_value() {
    let lab = lab();
    let photos = [1, 2, 3].map(scene);
    let jpeg = Jpeg { exif: Some(identifying_exif(1)), comment: true, ..Jpeg::camera() };
    let pieces = photos.iter().map(|photo| jpeg.write(photo)).collect();
    let film = Dicom::jpeg(&photos.each_ref()).with(0x7FE0_0010, b"OB", Value::Pieces(pieces)).bytes();
    assert!(film.windows(SENTINEL.len()).any(|w| w == SENTINEL.as_bytes()));
    lab.put("photos/film.dcm", &film);
    let slice = Dicom::slice(16, 12, &(0..192).map(|v| v * 37 - 2000).collect::<Vec<_>>());
    lab.put("photos/slice.dcm", &slice.clone().coded(Coding::Big).bytes());
    lab.say(SCRUB).expect_code(0);
    let codes = Pseudonyms::from_key(CODE_KEY).unwrap();
    let copy = |name: &str| fs::read(lab.path(&format!("clean/{}", codes.path(name)))).unwrap();
    let clean = copy("film.dcm");
    assert!(!clean.windows(SENTINEL.len()).any(|w| w == SENTINEL.as_bytes()));
    assert_eq!(File::new(&clean).unwrap().syntax_uid, JPEG_BASELINE);
    (1..=3).for_each(|frame| assert_eq!(stored(&clean, frame), stored(&film, frame)));
    let clean = copy("slice.dcm");
    assert_eq!(stored(&clean, 1), stored(&slice.bytes(), 1));
    assert_eq!([0x0028_1050, 0x0028_0030].map(|tag| text(&clean, tag)), ["40\\300", "0.5\\0.5"]);
}

#[test]
fn without_a_key_or_with_text_in_the_picture_no_copy_is_made() {
    let lab = lab();
    lab.put("photos/a.dcm", &Dicom::photo(&scene(1)).text(0x0028_0301, b"CS", "YES").bytes());
    let failed = |line: &str| lab.say(line).json()["failed"][0]["code"].clone();
    assert_eq!(failed("scrub photos -o plain --json"), json!("scrub_needs_key"));
    assert_eq!(failed(&format!("{SCRUB} --json")), json!("burned_in_text"));
    assert_eq!(copies(&lab), []);
    lab.say(&format!("{SCRUB} --keep-burned-in")).expect_code(0);
    assert_eq!(copies(&lab).len(), 1);
    // A saved screen that does not say is not believed.
    let screen = Dicom::photo(&scene(1)).text(0x0008_0016, b"UI", "1.2.840.10008.5.1.4.1.1.7");
    lab.put("photos/a.dcm", &screen.bytes());
    assert_eq!(failed(&format!("{} --json", SCRUB.replace("clean", "screens"))), json!("burned_in_text"));
    lab.put("photos/a.dcm", &screen.text(0x0028_0301, b"CS", "NO").bytes());
    lab.say(&SCRUB.replace("clean", "screens")).expect_code(0);
    // An overlay inside the pixels cannot be taken out of them.
    lab.put("photos/a.dcm", &Dicom::photo(&scene(1)).words(0x6000_0100, &[16]).bytes());
    assert_eq!(failed(&format!("{} --json", SCRUB.replace("clean", "other"))), json!("scrub_unsupported"));
}

/// What PatientID and StudyInstanceUID of a file of this patient are.
fn of_patient(seed: u64, patient: &str, study: &str) -> Vec<u8> {
    Dicom::photo(&scene(seed)).text(0x0010_0020, b"LO", patient).text(0x0020_000D, b"UI", study).bytes()
}

#[test]
fn results_have_the_codes_that_copies_have_and_only_the_table_knows_whose_they_are() {
    let lab = lab();
    let codes = Pseudonyms::from_key(CODE_KEY.trim_ascii()).unwrap();
    let (taro, hanako) = (codes.code("P4711"), codes.code("P0815"));
    // A file called like the patient, a folder called so, a name that has more in it, and one that has nothing of it.
    for (name, seed, patient, study) in [
        ("P4711.dcm", 1, "P4711", "1.2.826.4711"),
        ("P4711/arm.dcm", 2, "P4711 ", "1.2.826.4711"),
        ("clinic/P4711_left.dcm", 3, "P4711", "1.2.826.4712"),
        ("clinic/IM0001.dcm", 4, "P0815", "1.2.826.815"),
    ] {
        lab.put(&format!("photos/{name}"), &of_patient(seed, patient, study));
    }
    lab.put("photos/clinic/plain.jpg", &Jpeg::camera().write(&scene(5)));
    let run = "run photos -o out --model model --faces off --names pseudonym --key-file key --table secret/run.csv";
    lab.say(run).expect_code(0);
    lab.say(&format!("{SCRUB} --table secret/copies.csv")).expect_code(0);
    let records = lab.records();
    let told = |name: &str| {
        let coded = codes.path(name);
        let record = records.iter().find(|record| record["input"]["path"] == *coded).unwrap();
        record["input"]["dicom"].clone()
    };
    for (name, patient) in [
        ("P4711.dcm", &taro),
        ("P4711/arm.dcm", &taro),
        ("clinic/P4711_left.dcm", &taro),
        ("clinic/IM0001.dcm", &hanako),
    ] {
        let copy = fs::read(lab.path("clean").join(codes.path(name))).unwrap();
        let dicom = told(name);
        assert_eq!((&dicom["patient"], text(&copy, 0x0010_0020)), (&json!(patient), patient.clone()), "{name}");
        assert_eq!(dicom["study"], json!(text(&copy, 0x0020_000D)), "{name}");
    }
    assert_eq!(codes.path("P4711.dcm"), format!("{taro}.dcm"), "the file's code is the patient's, too");
    assert!(codes.path("P4711/arm.dcm").starts_with(&taro), "and the folder's");
    assert!(told("P4711.dcm")["study"] == told("P4711/arm.dcm")["study"]);
    assert!(told("P4711.dcm")["study"] != told("clinic/P4711_left.dcm")["study"]);
    for (name, bytes) in lab.results() {
        let said = String::from_utf8_lossy(&bytes);
        assert!(["4711", "4712", "815", "IM0001"].iter().all(|told| !name.contains(told)), "{name}");
        assert!(!said.contains("P4711") && !said.contains("P0815") && !said.contains("1.2.826"), "{name}");
    }
    // Both tables say the same; the patient's own line has the number.
    let table = |name: &str| fs::read_to_string(lab.path(&format!("secret/{name}.csv"))).unwrap();
    assert_eq!(table("run"), table("copies"));
    let rows = table("run");
    assert!(rows.starts_with("code,path,patient\n"), "{rows}");
    assert!(rows.contains(&format!("{taro},,P4711\n")) && rows.contains(&format!("{hanako},,P0815\n")), "{rows}");
    for (name, patient) in
        [("clinic/IM0001.dcm", "P0815"), ("clinic/P4711_left.dcm", "P4711"), ("clinic/plain.jpg", "")]
    {
        assert!(rows.contains(&format!("{},{name},{patient}\n", codes.path(name))), "{rows}");
    }
    // A copy has codes already, which stay as they are, with the key or without.
    for (out, more) in [("a", ""), ("b", "--names pseudonym --key-file key")] {
        lab.say(&format!("run clean -o of-copies/{out} --model model --faces off {more}")).expect_code(0);
        let records = fs::read_to_string(lab.path(&format!("of-copies/{out}/records.jsonl"))).unwrap();
        assert_eq!(records.matches(&format!("\"patient\":\"{taro}\"")).count(), 3, "{records}");
        assert_eq!(records.matches(&format!("\"patient\":\"{hanako}\"")).count(), 1, "{records}");
    }
    // What is kept stays in it; who opted out goes.
    lab.say(run).expect_code(0);
    assert_eq!(table("run"), rows);
    lab.put("list", b"P4711\n");
    lab.say(&format!("{run} --opt-out list")).expect_code(0);
    assert!(!table("run").contains("4711"), "{}", table("run"));
}

#[test]
fn the_table_of_a_run_is_closed_encrypted_if_asked_and_never_among_results() {
    let lab = lab();
    lab.put("photos/a.dcm", &of_patient(1, "P4711", "1.2.3"));
    let key = age::x25519::Identity::generate();
    let run = "run photos --model model --faces off --key-file key";
    for place in ["out/table.csv", "photos/table.csv"] {
        let refused = lab.say(&format!("{run} -o out --names pseudonym --table {place}")).expect_code(2);
        refused.expect_error(&["keep it where only you can read it"]);
    }
    lab.say(&format!("{run} -o out --table t.csv")).expect_code(2).expect_error(&["--names pseudonym"]);
    lab.say(&format!("{run} -o out --names pseudonym --table t.csv --encrypt-to {}", key.to_public())).expect_code(0);
    assert!(!lab.path("t.csv").exists());
    let clear = age::decrypt(&key, &fs::read(lab.path("t.csv.age")).unwrap()).unwrap();
    assert!(String::from_utf8(clear).unwrap().contains("P4711"));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        lab.say(&format!("{run} -o clear --names pseudonym --table clear.csv")).expect_code(0);
        assert_eq!(fs::metadata(lab.path("clear.csv")).unwrap().permissions().mode() & 0o777, 0o600);
    }
}
