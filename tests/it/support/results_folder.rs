//! Small folders of results and of masks, made in code.

use std::fs;
use std::path::Path;

use derm_seg::domain::mask::{LESION, LabelMap, SKIN};
use derm_seg::domain::record::*;

/// A lesion of `[x, y, width, height]` on skin.
pub fn square(width: u32, height: u32, [x, y, w, h]: [u32; 4]) -> LabelMap {
    let mut map = LabelMap::filled(width, height, SKIN);
    for row in y..y + h {
        for column in x..x + w {
            map.data[(row * width + column) as usize] = LESION;
        }
    }
    map
}

/// Grey PNG of any values.
pub fn grey_png(path: &Path, width: u32, height: u32, values: &[u8]) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    image::save_buffer(path, values, width, height, image::ExtendedColorType::L8).unwrap();
}

/// A reference as most data sets have it: lesion 255, everything else 0.
pub fn binary(path: &Path, map: &LabelMap) {
    let values: Vec<u8> = map.data.iter().map(|c| if *c == LESION { 255 } else { 0 }).collect();
    grey_png(path, map.width, map.height, &values);
}

pub fn index(path: &Path, map: &LabelMap) {
    grey_png(path, map.width, map.height, &map.data);
}

pub fn write_text(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

/// One photo of a made-up run.
pub struct Photo {
    pub path: &'static str,
    pub mask: LabelMap,
    pub orientation: u8,
    pub tone_bin: Option<&'static str>,
    pub mm_per_px: Option<f64>,
}

impl Photo {
    pub fn new(path: &'static str, mask: LabelMap) -> Self {
        Photo { path, mask, orientation: 1, tone_bin: None, mm_per_px: None }
    }
}

/// A results folder as `run` leaves it, as far as other commands read it.
pub fn results(out: &Path, photos: Vec<Photo>, others: Vec<Outcome>) {
    let mut lines = String::new();
    let mut add = |outcome: Outcome| {
        lines += &serde_json::to_string(&Record::new(outcome)).unwrap();
        lines.push('\n');
    };
    for photo in photos {
        let mask = format!("masks/{}.png", photo.path);
        index(&out.join(&mask), &photo.mask);
        add(Outcome::Done(Box::new(done(photo, out, mask))));
    }
    others.into_iter().for_each(add);
    write_text(&out.join("records.jsonl"), &lines);
    write_text(&out.join("run.json"), &run_json("1.0.0", 384));
}

pub fn run_json(version: &str, size: u32) -> String {
    serde_json::json!({
        "schema": "derm-seg/run/1",
        "tool": {"name": "derm-seg", "version": "0.1.0"},
        "model": {"name": "test", "version": version, "sha256": "00"},
        "settings": {"size": size},
        "timings": {"seconds": 1.5},
    })
    .to_string()
}

pub fn failed(path: &str) -> Outcome {
    let failure = Failure { stage: "decode".into(), code: "damaged".into(), message: "the file ends early".into() };
    Outcome::Failed(Failed { input: Input { path: path.into(), ..Input::default() }, failure })
}

pub fn excluded(path: &str) -> Outcome {
    Outcome::Excluded(Excluded {
        input: Input { path: path.into(), ..Input::default() },
        exclusion: Exclusion { reason: "opt_out".into(), detail: String::new() },
        privacy: Privacy::default(),
    })
}

fn done(photo: Photo, out: &Path, mask: String) -> Done {
    let map = &photo.mask;
    let lesion_px = map.count(LESION);
    let all = map.data.len() as u64;
    Done {
        input: Input {
            path: photo.path.into(),
            format: Some("jpeg".into()),
            bytes: Some(1000),
            blake3: Some("00".into()),
            width: Some(map.width),
            height: Some(map.height),
            orientation: Some(photo.orientation),
            dicom: None,
        },
        photo: Size { width: map.width, height: map.height },
        model: ModelId { name: "test".into(), version: "1.0.0".into(), sha256: "00".into() },
        mask: FileRef { blake3: blake3::hash(&fs::read(out.join(&mask)).unwrap()).to_hex().to_string(), path: mask },
        area: Area {
            background_px: 0,
            skin_px: Some(all - lesion_px),
            lesion_px: Some(lesion_px),
            lesion_fraction_of_frame: Some(lesion_px as f64 / all as f64),
            lesion_fraction_of_skin: Some(lesion_px as f64 / all as f64),
            mm_per_px: photo.mm_per_px,
            ..Area::default()
        },
        lesions: vec![],
        specks: Specks::default(),
        colour: Colour { tone_bin: photo.tone_bin.map(str::to_owned), ..Colour::default() },
        quality: Quality { sharpness: Some(0.5), ..Quality::default() },
        edited: None,
        classes: Vec::new(),
        crops: None,
        classifications: None,
        confidence: Confidence {
            lesion_mean: Some(0.9),
            lesion_entropy: Some(0.1),
            undecided_fraction: Some(0.01),
            lesion_doubt: Some(0.2),
            disagreement: None,
        },
        privacy: Privacy::default(),
        warnings: vec![],
    }
}
