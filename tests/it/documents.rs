//! Documents whose commands are run: `tests/cmd`, one for each verb, and the guide through a study.
//!
//! A block that opens with ```` ```console ```` holds commands after `$ `, each with what it prints. A test runs the commands
//! of one document, in their order and in one folder, and holds the whole document against what came out.
//! `SNAPSHOTS=overwrite cargo test --test it documents` puts what came out into the documents; read it before you commit it.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use age::secrecy::ExposeSecret;
use age::x25519::Identity;
use clap::CommandFactory;
use regex::Regex;
use serde_json::json;
use snapbox::{Assert, Data, Redactions};

use crate::kit::dicom::Dicom;
use crate::kit::faces;
use crate::kit::files::{Jpeg, identifying_exif};
use crate::kit::lesions::Kind;
use crate::kit::models::{that_fail, that_work};
use crate::kit::photos::{Backdrop, Body, Scene};
use crate::kit::spoil::cut;
use crate::kit::visits::{Spot, Visit};
use crate::support::results_folder::{Photo, binary, excluded, failed, results, square, write_text};
use crate::support::{Lab, Ran, path_with_program};

/// Photos of three people, and a small model.
fn photos() -> Lab {
    let lab = Lab::new();
    for (seed, name) in ["P01/arm.jpg", "P01/leg.jpg", "P02/hand.jpg", "P03/back.jpg"].into_iter().enumerate() {
        lab.put(&format!("photos/{name}"), &Jpeg::camera().write(&Scene::any(seed as u64).draw(320, 240).photo));
    }
    lab
}

/// What a study should see before it runs: a place, a name, a face, a cut file, the same photo twice, a tiny one.
fn photos_with_faults() -> Lab {
    let lab = photos();
    let draw = |seed, width| Scene::any(seed).draw(width, width * 3 / 4).photo;
    let with_place = Jpeg { exif: Some(identifying_exif(1)), ..Jpeg::camera() };
    let good = Jpeg::camera();
    lab.put("photos/P02/phone.jpg", &with_place.write(&draw(11, 320)));
    lab.put("photos/P03/cut.jpg", &cut(&good.write(&draw(12, 320)), 50));
    lab.put("photos/P03/face.jpg", &good.write(&faces::draw(400, 500)));
    lab.put("photos/P03/Taro_Yamada_1961-02-03.jpg", &good.write(&draw(13, 320)));
    lab.put("photos/P03/tiny.jpg", &good.write(&draw(14, 60)));
    fs::copy(lab.path("photos/P01/arm.jpg"), lab.path("photos/P03/again.jpg")).unwrap();
    lab
}

/// Besides the model one whose classes nobody can guess, and some that cannot be used.
fn models() -> Lab {
    let lab = Lab::new();
    lab.install_classifier("second", "lesion", false);
    let (_, five_classes) = that_work().into_iter().find(|(name, _)| *name == "five_classes").unwrap();
    lab.put("bare/rule.onnx", &five_classes.build().model);
    that_fail().iter().for_each(|(name, variant)| lab.install(&format!("faulty/{name}"), variant));
    lab
}

/// The study of docs/study.md: six patients, what doctors drew, a clinical table, and three photos that need somebody.
fn study() -> Lab {
    let lab = Lab::new();
    let patients = [
        ("P01", "psoriasis", 24, "f"),
        ("P02", "psoriasis", 67, "m"),
        ("P03", "eczema", 45, "f"),
        ("P04", "eczema", 31, "m"),
        ("P05", "psoriasis", 52, "f"),
        ("P06", "eczema", 58, "m"),
    ];
    let mut table = "path,patient,diagnosis,age,sex\n".to_owned();
    for (number, (patient, diagnosis, age, sex)) in patients.into_iter().enumerate() {
        for (place, body) in [("arm", Body::Limb), ("leg", Body::Closeup)] {
            let scene = Scene {
                seed: 40 + number as u64,
                tone: number,
                body,
                backdrop: Backdrop::BlueDrape,
                lesion: if diagnosis == "psoriasis" { Kind::Plaques } else { Kind::Erythema },
                ruler: false,
                vignette: false,
                hairs: 0,
            };
            let sample = scene.draw(480, 360);
            let phone = (patient, place) == ("P02", "leg");
            let jpeg = Jpeg { exif: phone.then(|| identifying_exif(1)), ..Jpeg::camera() }.write(&sample.photo);
            let damaged = (patient, place) == ("P05", "leg");
            lab.put(&format!("photos/{patient}/{place}.jpg"), if damaged { &jpeg[..jpeg.len() / 2] } else { &jpeg });
            if damaged {
                lab.put("camera/P05-leg.jpg", &jpeg);
            }
            binary(&lab.path(&format!("masks/{patient}/{place}.png")), &sample.truth);
            if patient == "P05" {
                binary(&lab.path(&format!("corrected/{patient}/{place}.png")), &sample.truth);
            }
            table += &format!("{patient}/{place}.jpg,{patient},{diagnosis},{age},{sex}\n");
        }
    }
    lab.install_classifier("second", "lesion", false);
    lab.put("visits.csv", visits(&lab).as_bytes());
    lab.put("photos/P06/face.jpg", &Jpeg::camera().write(&faces::draw(400, 500)));
    lab.put("patients.csv", table.as_bytes());
    lab
}

/// Photos of two patients of the study on three days, and their table: of one a lesion grows and another fades, of the other
/// the last photo is of another place.
fn visits(lab: &Lab) -> String {
    let [grows, fades] = [Spot::new(-0.4, -0.3, 0.2), Spot::new(0.4, 0.25, 0.2)];
    let of =
        |larger: f32, smaller: f32| [Spot { radius: 0.2 * larger, ..grows }, Spot { radius: 0.2 * smaller, ..fades }];
    let visits = [
        ("P01", 0, Visit::new(1, &of(1.0, 1.0))),
        ("P01", 28, Visit::new(1, &of(1.15, 0.8)).from(1.1, 9.0, (0.04, -0.03), 0.9)),
        ("P01", 84, Visit::new(1, &of(1.4, 0.6)).from(0.9, -14.0, (-0.04, 0.03), 1.08)),
        ("P04", 0, Visit::new(2, &[grows])),
        ("P04", 28, Visit::new(2, &[grows]).from(0.95, 6.0, (0.02, 0.02), 0.95)),
        ("P04", 84, Visit::new(7, &[grows])),
    ];
    let mut table = "path,patient,site,day\n".to_owned();
    for (patient, day, visit) in visits {
        let path = format!("{patient}/arm-day{day:02}.jpg");
        lab.put(&format!("visits/{path}"), &Jpeg::camera().write(&visit.draw(400, 300).photo));
        table += &format!("{path},{patient},arm,{day}\n");
    }
    table
}

/// Finished results and reference masks, without a photo: squares, so that every figure can be counted by hand.
fn scored() -> Lab {
    let lab = Lab::new();
    let drawn = square(40, 30, [5, 5, 10, 10]);
    let found = [("P01/a.jpg", 5u32), ("P01/b.jpg", 6), ("P02/a.jpg", 7), ("P02/b.jpg", 5), ("P03/a.jpg", 9)];
    let photos = |shift: u32| found.map(|(path, x)| Photo::new(path, square(40, 30, [x + shift, 5, 10, 10]))).into();
    results(&lab.path("results"), photos(0), vec![failed("P03/b.jpg"), excluded("P04/a.jpg")]);
    results(&lab.path("later"), photos(1), vec![failed("P03/b.jpg"), excluded("P04/a.jpg")]);
    for (path, _) in found {
        binary(&lab.path(&format!("truth/{}", path.replace(".jpg", ".png"))), &drawn);
    }
    binary(&lab.path("truth/P09/a.png"), &drawn);
    let table = "path,patient,sex,age\nP01/a.jpg,1,f,31\nP01/b.jpg,1,f,31\nP02/a.jpg,2,m,58\nP02/b.jpg,2,m,58\nP03/a.jpg,3,m,77\n";
    write_text(&lab.path("patients.csv"), table);
    binary(&lab.path("enlarged/P01/a.png"), &square(80, 60, [10, 10, 20, 20]));
    let plaque = json!({"label": "plaque", "shape_type": "polygon", "points": [[5, 5], [15, 5], [15, 15], [5, 15]]});
    let labelme = json!({"imageWidth": 40, "imageHeight": 30, "shapes": [plaque]});
    write_text(&lab.path("plaques/P01/a.json"), &labelme.to_string());
    classified(&lab);
    lab
}

/// True labels, and what two classifiers say: the first is wrong on two photos and abstains on one, the second on more.
fn classified(lab: &Lab) {
    let mut tables =
        ["path,patient,label\n", "path,eczema,impetigo,predicted\n", "path,eczema,impetigo\n"].map(str::to_owned);
    for i in 0..20_u32 {
        let truth = ["eczema", "impetigo"][usize::from(i % 5 < 2)];
        let path = format!("P{:02}/{i}.jpg", i / 2);
        let p = |wrong: bool| {
            let sure = f64::from(60 + i) / 100.0;
            if (truth == "eczema") != wrong { (sure, 1.0 - sure) } else { (1.0 - sure, sure) }
        };
        let (first, second) = (p(i == 3 || i == 8), p(i % 4 == 3));
        let said = if i == 11 {
            ""
        } else if first.0 > first.1 {
            "eczema"
        } else {
            "impetigo"
        };
        tables[0] += &format!("{path},{},{truth}\n", i / 2);
        tables[1] += &format!("{path},{:.2},{:.2},{said}\n", first.0, first.1);
        tables[2] += &format!("{path},{:.2},{:.2}\n", second.0, second.1);
    }
    for (name, table) in ["labels.csv", "kinds.csv", "others.csv"].into_iter().zip(tables) {
        write_text(&lab.path(name), &table);
    }
}

/// With a key to read what is encrypted, its public half, and somebody else's key.
fn photos_and_keys() -> Lab {
    let lab = photos();
    let [own, other] = [(); 2].map(|()| Identity::generate());
    for (name, key) in [("key", &own), ("other.key", &other)] {
        lab.put_private(name, key.to_string().expose_secret().as_bytes());
    }
    lab.put("public.txt", own.to_public().to_string().as_bytes());
    lab
}

macro_rules! documents {
    ($($verb:ident: $lab:expr),+ $(,)?) => {
        const DOCUMENTS: &[&str] = &[$(stringify!($verb)),+];
        $(#[test]
        fn $verb() {
            hold(&format!("tests/cmd/{}.md", stringify!($verb)), &$lab);
        })+
    };
}

documents! {
    calibrate: crate::calibrate::study(0.97),
    check: photos_with_faults(),
    compare: scored(),
    completions: Lab::new(),
    correct: photos(),
    encryption: photos_and_keys(),
    eval: scored(),
    export: photos(),
    help: photos(),
    man: Lab::new(),
    measure: photos(),
    merge: photos(),
    model: models(),
    report: scored(),
    run: photos(),
    scrub: photos_with_faults(),
    series: crate::series::drawn_chest(),
    stress: photos(),
    table: scored(),
    track: crate::track::three_people(),
    withdraw: photos(),
}

#[test]
fn the_study_guide() {
    hold("docs/study.md", &study());
}

/// Images of two hospitals: one patient was seen at both.
fn two_sites() -> Lab {
    let lab = Lab::new();
    let draw = |seed| Scene::any(seed).draw(160, 120).photo;
    for (seed, (place, patient, study)) in [
        ("A/archive/100231/IM0001", "100231", "1.2.826.1"),
        ("A/archive/100231/IM0002", "100231", "1.2.826.1"),
        ("A/archive/100877/IM0001", "100877", "1.2.826.2"),
        ("B/archive/100231/IM0007", "100231", "1.2.826.3"),
        ("B/archive/200412/IM0001", "200412", "1.2.826.4"),
    ]
    .into_iter()
    .enumerate()
    {
        let file = Dicom::photo(&draw(seed as u64))
            .text(0x0008_0020, b"DA", "20240531")
            .text(0x0010_0010, b"PN", "Yamada^Taro")
            .text(0x0010_0020, b"LO", patient)
            .text(0x0020_000D, b"UI", study);
        lab.put(place, &file.bytes());
    }
    let jpeg = Jpeg { exif: Some(identifying_exif(1)), ..Jpeg::camera() };
    lab.put("B/archive/200412/arm.jpg", &jpeg.write(&draw(9)));
    lab
}

#[test]
fn the_route_of_a_study_across_two_sites() {
    hold("docs/two-sites.md", &two_sites());
}

/// The Japanese page has the same commands in the same order.
#[test]
fn the_same_route_in_japanese() {
    let commands = |page: &str| -> Vec<String> {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").join(page);
        let text = fs::read_to_string(path).unwrap();
        text.lines().filter(|line| line.starts_with("$ ")).map(str::to_owned).collect()
    };
    let english = commands("two-sites.md");
    assert!(english.len() > 20);
    assert_eq!(english, commands("two-sites.ja.md"));
}

#[test]
fn other_images() {
    hold("docs/other-images.md", &crate::series::drawn_chest());
}

#[test]
fn every_verb_has_its_document() {
    for verb in derm_seg::commands::Cli::command().get_subcommands() {
        assert!(DOCUMENTS.contains(&verb.get_name()), "tests/cmd/{}.md is missing", verb.get_name());
    }
}

fn hold(document: &str, lab: &Lab) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(document);
    held(document, run_again(&fs::read_to_string(path).unwrap(), lab));
}

/// Holds a document against what it would be now.
pub fn held(document: &str, now: String) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(document);
    let assert = Assert::new().action_env("SNAPSHOTS").normalize_paths(false).redact_with(what_differs());
    assert.eq(now, Data::read_from(&path, None));
}

/// The document as it would be if every command had been run just now.
fn run_again(document: &str, lab: &Lab) -> String {
    let mut now = String::new();
    let mut lines = document.lines().peekable();
    let mut in_console = false;
    while let Some(line) = lines.next() {
        now += &format!("{line}\n");
        if line.starts_with("```") {
            in_console = line == "```console";
        } else if let Some(command) = line.strip_prefix("$ ").filter(|_| in_console) {
            let mut command = command.to_owned();
            while command.ends_with('\\') {
                let more = lines.next().expect("a line goes on");
                now += &format!("{more}\n");
                command += &format!("\n{more}");
            }
            while lines.next_if(|line| !line.starts_with("$ ") && !line.starts_with("```")).is_some() {}
            now += &said(&command, lab);
        }
    }
    now
}

/// What a shell shows of a command, and how it ended where that is not well.
fn said(command: &str, lab: &Lab) -> String {
    let mut shell = Command::new("sh");
    shell.args(["-c", &format!("exec 2>&1\n{command}")]).current_dir(lab.path("")).stdin(Stdio::null());
    for variable in ["COLUMNS", "LINES", "ORT_DYLIB_PATH"] {
        shell.env_remove(variable);
    }
    let ran = Ran::from(shell.env("PATH", path_with_program()).output().unwrap());
    let mut shown = ran.stdout;
    if !shown.is_empty() && !shown.ends_with('\n') {
        shown.push('\n');
    }
    if ran.code != 0 {
        shown += &format!("(exit code {})\n", ran.code);
    }
    shown
}

/// What may differ from machine to machine and from version to version.
fn what_differs() -> Redactions {
    let mut redactions = Redactions::new();
    for (shown, pattern) in [
        ("[TIME]", r"processed in (?<redacted>\d+\.\d s)"),
        ("[TIME]", r"about (?<redacted>\d+ (s|min)) with"),
        ("[TIME]", r#""seconds": ?(?<redacted>[\d.]+)"#),
        ("[RANGE]", r"values (?<redacted>-?[\d.]+ to -?[\d.]+)"),
        ("[RANGE]", r"from a range of (?<redacted>-?[\d.]+ to -?[\d.]+)"),
        ("[RATE]", r", (?<redacted>\d+\.\d) a second"),
        ("[JOBS]", r"(?<redacted>\d+ jobs?)\b"),
        // Codes that stand for names.
        ("[CODE]", r"\b(?<redacted>[0-9a-hjkmnp-tv-z]{16})\b"),
        ("[HASH]", r"\b(?<redacted>[0-9a-f]{64})\b"),
        ("[HASH]", r"\b(?<redacted>[0-9a-f]{32})\b"),
        ("[HASH]", r"sha256 (?<redacted>[0-9a-f]{12})\b"),
        ("[VERSION]", r"derm-s(eg|kin) (?<redacted>\d+\.\d+\.\d+)"),
    ] {
        redactions.insert(shown, Regex::new(pattern).unwrap()).unwrap();
    }
    redactions
}
