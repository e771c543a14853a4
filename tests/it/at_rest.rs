//! Files at rest: encrypted ones in and out of every command, and files for the user alone.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
#[cfg(unix)]
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};

use age::secrecy::ExposeSecret;
use age::x25519::Identity;
use serde_json::Value;
use walkdir::WalkDir;

use crate::kit::files::{Jpeg, SENTINEL, identifying_exif};
use crate::kit::photos::Scene;
use crate::support::results_folder::{binary, square};
use crate::support::{CODE_KEY, Lab, RUN, Ran, assert_same, no_faces, results, skipped};

/// A lab with photos that carry a marker, a key, and the key of somebody else.
struct Vaulted {
    lab: Lab,
    key: Identity,
    recipient: String,
    other: String,
}

impl Vaulted {
    fn new() -> Self {
        let lab = Lab::new();
        for (i, name) in ["a.jpg", "PAT_1/b.jpg", "PAT_2/c.jpg"].into_iter().enumerate() {
            let jpeg = Jpeg { exif: Some(identifying_exif(1)), ..Jpeg::camera() };
            lab.put(&format!("photos/{name}"), &jpeg.write(&Scene::any(i as u64).draw(160, 120).photo));
        }
        let (key, other) = (Identity::generate(), Identity::generate());
        for (name, key) in [("key", &key), ("other.key", &other)] {
            lab.put_private(name, key.to_string().expose_secret().as_bytes());
        }
        for folder in ["home", "temp"] {
            fs::create_dir(lab.path(folder)).unwrap();
        }
        let (recipient, other) = (key.to_public().to_string(), other.to_public().to_string());
        Self { lab, key, recipient, other }
    }

    fn say(&self, args: &[&str]) -> Ran {
        let mut program = self.lab.program();
        program.args(args).args(no_faces(args)).env("HOME", self.lab.path("home")).env("TMPDIR", self.lab.path("temp"));
        program.output().unwrap().into()
    }

    /// With the key to write and the key to read.
    fn sealed(&self, args: &[&str]) -> Ran {
        self.say(&[args, &["--encrypt-to", &self.recipient, "--identity", "key"]].concat())
    }

    /// Opened by the library, not by the program.
    fn open(&self, file: &Path) -> Vec<u8> {
        age::decrypt(&self.key, &fs::read(file).unwrap()).unwrap_or_else(|e| panic!("{}: {e}", file.display()))
    }

    /// What a results folder holds once it is opened, under the names that it would have had.
    fn opened(&self, out: &str) -> BTreeMap<String, Vec<u8>> {
        let mut files = BTreeMap::new();
        for (name, _) in raw(&self.lab.path(out)) {
            let clear = name.strip_suffix(".age").unwrap_or_else(|| panic!("{name} is not encrypted"));
            files.insert(clear.to_owned(), self.open(&self.lab.path(out).join(&name)));
        }
        without_what_differs(files)
    }

    fn encrypt_photos(&self) {
        for (name, bytes) in raw(&self.lab.path("photos")) {
            let sealed = age::encrypt(&self.key.to_public(), &bytes).unwrap();
            self.lab.put(&format!("photos/{name}.age"), &sealed);
            fs::remove_file(self.lab.path(&format!("photos/{name}"))).unwrap();
        }
    }

    /// Of all that was written, only ciphertext has touched the disk.
    fn assert_nothing_clear(&self, folders: &[&str]) {
        let mut seen = 0;
        for folder in folders.iter().chain(&["home", "temp"]) {
            for (name, bytes) in raw(&self.lab.path(folder)) {
                assert!(bytes.starts_with(b"age-encryption.org/v1\n"), "{folder}/{name} is not encrypted");
                for clear in
                    [b"\x89PNG\r\n\x1a\n".as_slice(), b"JFIF", b"\"schema\"", b"path,status", SENTINEL.as_bytes()]
                {
                    assert!(!bytes.windows(clear.len()).any(|w| w == clear), "{folder}/{name} holds {clear:?}");
                }
                seen += 1;
            }
        }
        assert!(seen > 0, "{folders:?} hold something");
    }
}

/// All files below a folder but the lock, which is empty.
fn raw(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = WalkDir::new(folder).into_iter().map(Result::unwrap).filter(|entry| entry.file_type().is_file());
    let name = |path: &Path| path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned();
    let mut files: BTreeMap<_, _> =
        entries.map(|entry| (name(entry.path()), fs::read(entry.path()).unwrap())).collect();
    if let Some(lock) = files.remove(".derm-seg.lock") {
        assert!(lock.is_empty());
    }
    files
}

/// run.json but for its timings and whom it is encrypted to.
fn without_what_differs(mut files: BTreeMap<String, Vec<u8>>) -> BTreeMap<String, Vec<u8>> {
    files.remove(".derm-seg.base");
    if let Some(bytes) = files.get_mut("run.json") {
        let mut run: Value = serde_json::from_slice(bytes).unwrap();
        run["timings"] = Value::Null;
        run["settings"]["encrypted_to"] = Value::Null;
        *bytes = serde_json::to_vec(&run).unwrap();
    }
    files
}

const ALL: [&str; 2] = ["--overlay", "--probs"];

#[test]
fn a_run_is_the_same_but_for_the_lock_on_it() {
    let study = Vaulted::new();
    study.say(&[&RUN[..], &ALL].concat()).expect_code(0);
    let clear = without_what_differs(results(&study.lab.path("out")));
    fs::remove_dir_all(study.lab.path("out")).unwrap();
    // Nobody who runs it needs the key.
    study.say(&[&RUN[..], &ALL, &["--encrypt-to", &study.recipient]].concat()).expect_code(0);
    study.assert_nothing_clear(&["out"]);
    assert_same(&clear, &study.opened("out"));
    let run: Value = serde_json::from_slice(&study.open(&study.lab.path("out/run.json.age"))).unwrap();
    let fingerprint = run["settings"]["encrypted_to"].as_str().unwrap();
    assert!(fingerprint.len() == 32 && !run.to_string().contains("age1"), "a fingerprint, no key: {fingerprint}");
}

#[test]
fn encrypted_results_are_resumed_with_the_key_and_with_the_same_recipients_only() {
    let study = Vaulted::new();
    study.sealed(&[&RUN[..], &ALL].concat()).expect_code(0);
    let before = raw(&study.lab.path("out"));
    let refused = [
        (vec!["--encrypt-to", &study.recipient], "--identity FILE"),
        (vec![], "--identity FILE"),
        (vec!["--encrypt-to", &study.recipient, "--identity", "other.key"], "none of the keys"),
        (vec!["--encrypt-to", &study.other, "--identity", "key"], "encrypted_to"),
        (vec!["--identity", "key"], "encrypted_to"),
        (vec!["--dry-run"], "--identity FILE"),
    ];
    for (more, word) in refused {
        study.say(&[&RUN[..], &ALL, &more].concat()).expect_code(2).expect_error(&[word]);
    }
    assert!(before == raw(&study.lab.path("out")), "what is refused changes nothing");
    let processed = |more: &[&str]| {
        study.sealed(&[&RUN[..], &ALL, &["--json"], more].concat()).expect_code(0).json()["processed"].as_u64().unwrap()
    };
    assert_eq!(processed(&[]), 0);
    // What was damaged or lost is made again.
    let mask = study.lab.path("out/masks/a.jpg.png.age");
    let bytes = fs::read(&mask).unwrap();
    fs::write(&mask, &bytes[..bytes.len() - 9]).unwrap();
    fs::remove_file(study.lab.path("out/overlays/PAT_1/b.jpg.jpg.age")).unwrap();
    fs::write(study.lab.path("out/metrics/PAT_2/c.jpg.json.age"), b"age-encryption.org/v1\n-> cut").unwrap();
    let dry = study.sealed(&[&RUN[..], &ALL, &["--dry-run", "--json"]].concat()).expect_code(0).json();
    let told = ["new", "changed", "damaged", "pictures_missing"].map(|name| dry[name].as_u64());
    assert_eq!(told, [Some(1), Some(0), Some(1), Some(1)]);
    assert_eq!(processed(&[]), 3);
    assert_eq!(processed(&["--verify"]), 0);
    study.assert_nothing_clear(&["out"]);
}

#[test]
fn results_made_anew_in_another_form_leave_none_of_the_old() {
    let study = Vaulted::new();
    study.say(&[&RUN[..], &ALL].concat()).expect_code(0);
    study.lab.put("out/scores.json", b"{}");
    study.sealed(&RUN).expect_code(2);
    fs::remove_file(study.lab.path("photos/a.jpg")).unwrap();
    study.sealed(&[&RUN[..], &ALL, &["--overwrite"]].concat()).expect_code(2);
    study.sealed(&[&RUN[..], &ALL, &["--overwrite", "--prune"]].concat()).expect_code(0);
    study.assert_nothing_clear(&["out"]);
    study.say(&[&RUN[..], &["--overwrite"]].concat()).expect_code(0);
    let names: Vec<String> = raw(&study.lab.path("out")).into_keys().collect();
    assert!(names.iter().all(|name| !name.ends_with(".age")), "{names:?}");
}

#[test]
fn encrypted_photos_give_the_results_of_clear_ones() {
    let study = Vaulted::new();
    study.say(&["run", "photos", "-o", "clear", "--model", "model", "--overlay"]).expect_code(0);
    study.encrypt_photos();
    let ran = study.sealed(&[&RUN[..], &["--overlay"]].concat()).expect_code(0);
    assert!(ran.stderr.is_empty(), "{}", ran.stderr);
    study.assert_nothing_clear(&["photos", "out"]);
    let (clear, sealed) = (results(&study.lab.path("clear")), study.opened("out"));
    for name in ["masks/a.jpg.png", "masks/PAT_1/b.jpg.png", "overlays/PAT_2/c.jpg.jpg"] {
        assert_eq!(clear[name], sealed[name], "{name}");
    }
    let of = |files: &BTreeMap<String, Vec<u8>>| -> Value {
        let mut record: Value = serde_json::from_slice(&files["metrics/a.jpg.json"]).unwrap();
        for field in ["bytes", "blake3"] {
            record["input"].as_object_mut().unwrap().remove(field).unwrap();
        }
        record
    };
    assert_eq!(of(&clear), of(&sealed), "only size and hash are the encrypted file's own");
    // They are known again by the file as it lies there, and clear results of them are warned of.
    assert_eq!(study.sealed(&[&RUN[..], &["--overlay", "--json"]].concat()).json()["processed"], 0);
    let warned = study.say(&["run", "photos", "-o", "open", "--model", "model", "--identity", "key"]).expect_code(0);
    assert!(warned.stderr.contains("--encrypt-to"), "{}", warned.stderr);
}

#[test]
fn photos_that_cannot_be_opened_fail_one_by_one() {
    let study = Vaulted::new();
    let clear = fs::read(study.lab.path("photos/a.jpg")).unwrap();
    study.encrypt_photos();
    for args in [&RUN[..], &["check", "photos"], &["scrub", "photos", "-o", "clean"]] {
        for more in [&[][..], &["--identity", "other.key"]] {
            study.say(&[args, more].concat()).expect_code(2).expect_error(&["none can be opened", "--identity FILE"]);
        }
    }
    assert!(!study.lab.path("clean").exists());
    study.lab.put("photos/theirs.jpg.age", &age::encrypt(&Identity::generate().to_public(), &clear).unwrap());
    let cut = fs::read(study.lab.path("photos/a.jpg.age")).unwrap();
    study.lab.put("photos/cut.jpg.age", &cut[..cut.len() - 99]);
    study.lab.put("photos/armoured.jpg.age", armoured(&study.key, &clear).as_bytes());
    study.lab.put("photos/twin.jpg", &clear);
    study.lab.put("photos/twin.jpg.age", &cut);
    study.lab.put("photos/other.txt.age", &cut);
    study.sealed(&[&RUN[..], &["--exclude", "PAT_?/*.jpg"]].concat()).expect_code(3);
    let records = String::from_utf8(study.open(&study.lab.path("out/records.jsonl.age"))).unwrap();
    let told: Vec<(String, String)> = records
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .map(|r| {
            let text = |v: &Value| v.as_str().unwrap_or("done").to_owned();
            (text(&r["input"]["path"]), text(&r["failure"]["code"]))
        })
        .collect();
    let expected = [
        ("a.jpg", "done"),
        ("armoured.jpg", "done"),
        ("cut.jpg", "decryption_failed"),
        ("theirs.jpg", "no_matching_key"),
        ("twin.jpg", "done"),
        ("twin~2.jpg", "name_taken"),
    ];
    let expected: Vec<_> = expected.iter().map(|(path, code)| (path.to_string(), code.to_string())).collect();
    assert_eq!(told, expected);
}

fn armoured(key: &Identity, bytes: &[u8]) -> String {
    age::encrypt_and_armor(&key.to_public(), bytes).unwrap()
}

/// A limit is on what a photo is, not on how it lies there.
#[test]
fn limits_hold_for_what_is_inside() {
    let study = Vaulted::new();
    study.encrypt_photos();
    let records = |more: &[&str]| {
        study
            .sealed(&[&["run", "photos", "-o", "small", "--model", "model", "--overwrite"], more].concat())
            .expect_code(3);
        String::from_utf8(study.open(&study.lab.path("small/records.jsonl.age"))).unwrap()
    };
    assert_eq!(records(&["--max-pixels", "1000"]).matches("too_many_pixels").count(), 3);
    assert_eq!(records(&["--max-bytes", "2000"]).matches("file_too_large").count(), 3);
}

#[test]
fn every_command_reads_and_writes_encrypted_results() {
    let study = Vaulted::new();
    study.lab.put("photos/PAT_2/bad.jpg", b"");
    study.say(&["run", "photos", "-o", "clear", "--model", "model"]).expect_code(3);
    fs::remove_file(study.lab.path("photos/PAT_2/bad.jpg")).unwrap();
    study.encrypt_photos();
    study.lab.put("photos/PAT_2/bad.jpg.age", &age::encrypt(&study.key.to_public(), b"").unwrap());
    study.sealed(&RUN).expect_code(3);
    for (i, name) in ["a", "PAT_1/b", "PAT_2/c"].iter().enumerate() {
        let file = study.lab.path(&format!("truth/{name}.png"));
        binary(&file, &square(160, 120, [40 + i as u32, 30, 50, 40]));
        if i > 0 {
            study.lab.put(
                &format!("truth/{name}.png.age"),
                &age::encrypt(&study.key.to_public(), &fs::read(&file).unwrap()).unwrap(),
            );
            fs::remove_file(file).unwrap();
        }
    }
    study.say(&["eval", "clear", "--truth", "truth", "-o", "of-clear", "--identity", "key"]).expect_code(0);
    study.sealed(&["eval", "out", "--truth", "truth", "-o", "of-sealed"]).expect_code(0);
    let scores = |bytes: &[u8]| serde_json::from_slice::<Value>(bytes).unwrap();
    let (clear, sealed) = (
        fs::read(study.lab.path("of-clear/scores.json")).unwrap(),
        study.open(&study.lab.path("of-sealed/scores.json.age")),
    );
    assert_eq!(scores(&clear), scores(&sealed));
    assert_eq!(scores(&sealed)["totals"]["scored"], 3);
    study.sealed(&["eval", "out", "--truth", "truth"]).expect_code(0);

    study.sealed(&["compare", "clear", "out", "--max-change", "inputs=off"]).expect_code(0);
    let compared = scores(&study.open(&study.lab.path("out/compare.json.age")));
    assert_eq!(compared["totals"]["changed"], 4, "the files are others, encrypted: {compared}");
    assert!(compared["images"].as_array().unwrap().iter().all(|i| i["kind"] != "damaged"), "{compared}");

    for format in ["coco", "csv"] {
        study.say(&["export", "clear", "--format", format, "-o", &format!("of-clear/{format}")]).expect_code(0);
        study.sealed(&["export", "out", "--format", format, "-o", &format!("of-sealed/{format}")]).expect_code(0);
        let sealed = study.open(&study.lab.path(&format!("of-sealed/{format}.age")));
        assert_eq!(fs::read(study.lab.path(&format!("of-clear/{format}"))).unwrap(), sealed);
        if format == "coco" {
            // It is a reference as good as any, also by its plain name.
            let truth = ["eval", "out", "--truth", "of-sealed/coco", "-o", "of-sealed/coco-scores"];
            study.sealed(&truth).expect_code(0);
        }
        study.sealed(&["export", "out", "--format", format, "-o", &format!("of-sealed/{format}")]).expect_code(2);
    }
    study.sealed(&["export", "out", "--format", "labelme", "-o", "of-sealed/labelme"]).expect_code(0);

    let page =
        ["report", "out", "--with-photos", "photos", "--scores", "out/scores.json", "--figures", "of-sealed/plots"];
    let ran = study.sealed(&page).expect_code(0);
    assert!(ran.stderr.is_empty(), "{}", ran.stderr);
    let html = String::from_utf8(study.open(&study.lab.path("out/report.html.age"))).unwrap();
    assert_eq!(html.matches("/9j/").count(), 3, "each photo is shown");
    study.assert_nothing_clear(&["out", "of-sealed"]);

    // Without the key nothing is read; without a recipient it is said that what is written is clear.
    for verb in [
        &["eval", "out", "--truth", "truth"][..],
        &["compare", "clear", "out"],
        &["report", "out"],
        &["export", "out", "--format", "csv", "-o", "x.csv"],
        &["withdraw", "out", "--ids", "key"],
    ] {
        study.say(verb).expect_code(2).expect_error(&["--identity FILE"]);
    }
    let warned = study.say(&["export", "out", "--format", "csv", "-o", "x.csv", "--identity", "key"]).expect_code(0);
    assert!(warned.stderr.contains("--encrypt-to"), "{}", warned.stderr);
}

#[cfg(unix)]
#[test]
fn crops_second_models_and_what_judges_them_are_encrypted_too() {
    let study = Vaulted::new();
    let lab = &study.lab;
    lab.install_classifier("second", "photo", false);
    study.say(&["run", "photos", "-o", "clear", "--model", "model", "--quiet"]).expect_code(0);
    study.encrypt_photos();
    let with_all = ["--crops", "both", "--classify", "second", "--probs", "--private", "--quiet"];
    study.sealed(&[&RUN[..], &with_all].concat()).expect_code(0);
    lab.put("labels.csv", b"path,label\na.jpg,red\nPAT_1/b.jpg,pale\nPAT_2/c.jpg,red\n");
    lab.put("boxes.csv", b"path,x,y,width,height\na.jpg,9,9,50,50\n");
    lab.put("visits.csv", b"path,subject,day\na.jpg,P,0\nPAT_1/b.jpg,P,7\nPAT_2/c.jpg,P,9\n");
    let verbs = [
        &["eval", "out", "--labels", "labels.csv", "--crop-truth", "boxes.csv", "-o", "judged"][..],
        &["stress", "photos", "--model", "model", "--kind", "blur=4", "-o", "stressed"],
        &["calibrate", "out", "--truth", "clear/masks", "-o", "calibrated"],
        &["track", "out", "--photos", "photos", "--subjects", "visits.csv", "-o", "tracked"],
        &["measure", "out", "--photos", "photos", "--crops", "both"],
    ];
    for verb in verbs {
        if verb[0] != "stress" {
            study.say(verb).expect_code(2).expect_error(&["--identity FILE"]);
        }
        study.sealed(&[verb, &["--private", "--quiet"]].concat()).expect_code(0);
    }
    let folders = ["out", "judged", "stressed", "calibrated", "tracked"];
    study.assert_nothing_clear(&folders);
    for folder in folders {
        for (name, _) in raw(&lab.path(folder)) {
            let mode = fs::metadata(lab.path(folder).join(&name)).unwrap().permissions().mode();
            assert_eq!(mode & 0o077, 0, "{folder}/{name} is open to others");
        }
    }
    assert!(raw(&lab.path("out")).keys().any(|name| name == "crops/a.jpg/photo.jpg.age"));
}

#[test]
fn people_are_withdrawn_from_encrypted_results() {
    let (with, without) = (Vaulted::new(), Vaulted::new());
    fs::remove_dir_all(without.lab.path("photos/PAT_2")).unwrap();
    with.sealed(&[&RUN[..], &ALL].concat()).expect_code(0);
    without.sealed(&[&RUN[..], &ALL].concat()).expect_code(0);
    with.lab.put("list", b"PAT_2\n");
    let withdraw = ["withdraw", "out", "--ids", "list"];
    with.say(&[&withdraw[..], &["--identity", "key"]].concat()).expect_code(2).expect_error(&["--encrypt-to"]);
    with.say(&[&withdraw[..], &["--identity", "key", "--encrypt-to", &with.other]].concat()).expect_code(2);
    let done = with.sealed(&[&withdraw[..], &["--json"]].concat()).expect_code(0).json();
    assert_eq!((&done["photos"], &done["files"]), (&1.into(), &5.into()));
    with.assert_nothing_clear(&["out"]);
    let mut left = with.opened("out");
    let log = String::from_utf8(left.remove("withdrawals.jsonl").unwrap()).unwrap();
    assert!(left.remove("withdrawn.json").is_some());
    assert!(log.contains("\"photos\":1") && !log.contains("PAT"), "{log}");
    assert_same(&left, &without.opened("out"));
    // Who opts out later is removed by the next run as well.
    let list = ["--opt-out", "list"];
    with.lab.put("list", b"PAT_1\nPAT_2\n");
    let ran = with.sealed(&[&RUN[..], &ALL, &list, &["--json"]].concat()).expect_code(0).json();
    assert_eq!(ran["removed"], 1);
    assert!(!with.opened("out").keys().any(|name| name.contains("PAT_1")));
}

/// Who is whose is more telling than any photo: it need not lie there clear.
#[test]
fn what_is_read_about_people_may_be_encrypted_too() {
    let study = Vaulted::new();
    study.lab.put("photos.txt", b"photos/PAT_1/b.jpg\nphotos/PAT_2/c.jpg\n");
    study.lab.put("people.csv", b"path,subject\nPAT_1/b.jpg,one\nPAT_2/c.jpg,two\n");
    study.lab.put("out_of_it", b"two\n");
    study.lab.put_private("code.key", CODE_KEY);
    let words = "run --from photos.txt --base photos -o out --model model --opt-out out_of_it --subjects people.csv \
                 --names pseudonym --key-file code.key";
    let run: Vec<&str> = words.split_whitespace().collect();
    study.say(&run).expect_code(0);
    assert_eq!(study.lab.run_file()["totals"]["excluded"], 1);
    let clear = results(&study.lab.path("out"));
    fs::remove_dir_all(study.lab.path("out")).unwrap();

    for name in ["photos.txt", "people.csv", "out_of_it", "code.key"] {
        let sealed = age::encrypt(&study.key.to_public(), &fs::read(study.lab.path(name)).unwrap()).unwrap();
        // Under its own name or with `.age` behind it.
        let place = if name == "people.csv" { name.to_owned() } else { format!("{name}.age") };
        fs::remove_file(study.lab.path(name)).unwrap();
        study.lab.put(&place, &sealed);
    }
    let ids = ["withdraw", "out", "--ids", "out_of_it", "--subjects", "people.csv", "--key-file", "code.key.age"];
    study.say(&[&run[..], &["--identity", "key"]].concat()).expect_code(0);
    assert_same(&clear, &results(&study.lab.path("out")));
    study.say(&[&ids[..], &["--identity", "key"]].concat()).expect_code(0);
    for (key, why) in [(&[][..], "--identity FILE"), (&["--identity", "other.key"], "none of the keys")] {
        for command in [&run[..], &ids, &["check", "photos", "--opt-out", "out_of_it"]] {
            study.say(&[command, key].concat()).expect_code(2).expect_error(&["it is encrypted", why]);
        }
    }
}

/// As `<(age -d ...)` hands it over: it can be read once.
#[cfg(unix)]
#[test]
fn a_list_or_a_key_may_come_through_a_pipe() {
    let study = Vaulted::new();
    let coded = [&RUN[..], &["--names", "pseudonym", "--key-file", "/dev/stdin"]].concat();
    let listed = ["run", "--from", "/dev/stdin", "-o", "listed", "--model", "model"];
    for (args, input) in [(&coded[..], "0123456789abcdefghijklmnopqrstuv"), (&listed, "photos/a.jpg\n")] {
        let mut program = study.lab.program();
        let program = program.args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = program.spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        Ran::from(child.wait_with_output().unwrap()).expect_code(0);
    }
}

#[test]
fn copies_and_their_table_are_encrypted() {
    let study = Vaulted::new();
    study.say(&["scrub", "photos", "-o", "clear"]).expect_code(0);
    study.encrypt_photos();
    study.lab.put_private("study.key", CODE_KEY);
    study.sealed(&["scrub", "photos", "-o", "clean"]).expect_code(0);
    study.assert_nothing_clear(&["clean"]);
    assert!(study.opened("clean") == raw(&study.lab.path("clear")), "the copies are those of clear photos");
    let scrub = [
        "scrub",
        "photos",
        "-o",
        "coded",
        "--names",
        "pseudonym",
        "--key-file",
        "study.key",
        "--table",
        "tables/t.csv",
    ];
    study.sealed(&scrub).expect_code(0);
    study.assert_nothing_clear(&["coded", "tables"]);
    let table = String::from_utf8(study.open(&study.lab.path("tables/t.csv.age"))).unwrap();
    assert!(table.contains(".jpg,PAT_1/b.jpg,\n") && table.lines().count() == 4, "{table}");
    // Without the key neither the table nor the copies can be gone on with; with it, nothing is left to do.
    let again = study.sealed(&[&scrub[..], &["--json"]].concat()).expect_code(0).json();
    assert_eq!((&again["copied"], &again["unchanged"]), (&0.into(), &3.into()));
    let blind = ["scrub", "clear", "-o", "new", "--encrypt-to", &study.recipient];
    study.say(&blind).expect_code(0);
    study.say(&blind).expect_code(3);
    study.say(&[&blind[..], &scrub[4..]].concat()).expect_code(2).expect_error(&["the table", "--identity FILE"]);
}

#[test]
fn check_looks_into_encrypted_photos() {
    let study = Vaulted::new();
    study.encrypt_photos();
    let seen = study.say(&["check", "photos", "--identity", "key", "--json"]).expect_code(0);
    assert!(seen.stderr.is_empty(), "it writes nothing, so there is nothing to warn of: {}", seen.stderr);
    let seen = seen.json();
    assert_eq!((&seen["survey"]["photos"], &seen["survey"]["photos_identifying"]), (&3.into(), &3.into()));
}

/// What is written is opened by the tools that everybody has.
#[test]
fn age_itself_opens_what_is_written_and_writes_what_is_read() {
    let study = Vaulted::new();
    if Command::new("age").arg("--version").output().is_err() {
        return skipped("age is not installed");
    }
    let age = |args: &[&str]| {
        let ran = Command::new("age").args(args).current_dir(study.lab.path("")).output().unwrap();
        assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
        ran.stdout
    };
    age(&["-r", &study.recipient, "-o", "photos/a.jpg.age", "photos/a.jpg"]);
    age(&["-a", "-r", &study.recipient, "-o", "photos/PAT_1/b.jpg.age", "photos/PAT_1/b.jpg"]);
    for photo in ["photos/a.jpg", "photos/PAT_1/b.jpg"] {
        fs::remove_file(study.lab.path(photo)).unwrap();
    }
    study.sealed(&RUN).expect_code(0);
    let records = String::from_utf8(age(&["-d", "-i", "key", "out/records.jsonl.age"])).unwrap();
    assert_eq!(records.lines().filter(|line| line.contains("\"done\"")).count(), 3);
    let mask = age(&["-d", "-i", "key", "out/masks/PAT_1/b.jpg.png.age"]);
    assert_eq!(mask, study.open(&study.lab.path("out/masks/PAT_1/b.jpg.png.age")));
}

/// Ended at any moment, no clear temporary file is left, and the same command converges.
#[test]
fn killed_while_encrypting() {
    let study = Vaulted::new();
    for i in 0..12 {
        study.lab.put(&format!("photos/more/{i}.jpg"), &Jpeg::camera().write(&Scene::any(i + 9).draw(320, 240).photo));
    }
    let command = |out: &str| {
        let mut program = study.lab.program();
        program.args(["run", "photos", "-o", out, "--model", "model", "--overlay", "--encrypt-to", &study.recipient]);
        program.args(["--identity", "key", "--faces", "off", "--jobs", "1"]);
        program
    };
    let begin = std::time::Instant::now();
    Ran::from(command("whole").output().unwrap()).expect_code(0);
    let time = begin.elapsed();
    fs::create_dir(study.lab.path("out")).unwrap();
    for part in [0.4, 0.5, 0.6, 0.7, 0.8] {
        let mut child = command("out").stdout(std::process::Stdio::null()).spawn().unwrap();
        std::thread::sleep(time.mul_f32(part));
        child.kill().unwrap();
        child.wait().unwrap();
        for (name, bytes) in raw(&study.lab.path("out")) {
            // A file that was just begun may still be empty.
            let signature = b"age-encryption.org/v1\n";
            assert!(bytes.is_empty() && name.ends_with("-tmp") || bytes.starts_with(signature), "{name}");
        }
    }
    Ran::from(command("out").output().unwrap()).expect_code(0);
    assert_same(&study.opened("whole"), &study.opened("out"));
}

#[cfg(unix)]
#[test]
fn private_files_are_for_the_user_alone_whatever_the_umask() {
    let study = Vaulted::new();
    let say = |umask: &str, args: &str| {
        let mut program = Command::new("sh");
        program.current_dir(study.lab.path("")).arg("-c");
        program.arg(format!("umask {umask}; exec {} {args} --private", env!("CARGO_BIN_EXE_derm-seg")));
        Ran::from(program.output().unwrap()).expect_code(0)
    };
    let assert_closed = |folder: &str| {
        let mut seen = 0;
        for entry in WalkDir::new(study.lab.path(folder)) {
            let entry = entry.unwrap();
            let wanted = if entry.file_type().is_dir() { 0o700 } else { 0o600 };
            let mode = entry.metadata().unwrap().permissions().mode() & 0o777;
            assert_eq!(mode, wanted, "{} is {mode:o}", entry.path().display());
            seen += 1;
        }
        assert!(seen > 1, "{folder}");
    };
    say("000", "run photos -o out --model model --faces off --overlay --probs");
    assert_closed("out");
    say("277", "run photos -o odd --model model --faces off");
    assert_closed("odd");
    binary(&study.lab.path("truth/a.png"), &square(160, 120, [40, 30, 50, 40]));
    say("000", "eval out --truth truth");
    say("000", "compare odd out --max-change run=off");
    say("000", "report out --figures plots");
    say("000", "export out --format labelme -o labelme");
    say("000", "scrub photos -o clean --faces off");
    study.lab.put("list", b"PAT_1\n");
    say("000", "withdraw out --ids list");
    ["out", "plots", "labelme", "clean"].into_iter().for_each(assert_closed);
    // Results that were open before are closed by the next run.
    study.say(&["run", "photos", "-o", "open", "--model", "model"]).expect_code(0);
    say("022", "run photos -o open --model model --faces off");
    assert_closed("open");
}
