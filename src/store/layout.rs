//! Where results lie in their folder, and which photo a file there belongs to.

use std::io::{
    self,
    ErrorKind::{InvalidFilename, NotADirectory, NotFound},
};
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

use crate::disk::vault::clear_name;
use crate::domain::mask::MAX_KINDS;
use crate::domain::record::Done;

/// Locked while a run lasts, and the sign that a folder was made by one; it is empty.
pub const LOCK: &str = ".derm-seg.lock";
/// A fingerprint of what names are relative to, seen from this folder. It is not among the results: they do not depend on
/// where the folder is.
pub const BASE: &str = ".derm-seg.base";
pub const RUN_FILE: &str = "run.json";
pub const RECORDS: &str = "records.jsonl";
pub const SUMMARY: &str = "summary.csv";
pub const METRICS: &str = "metrics";
/// The folder of crops, and the setting that tells how they are cut; absent where there are none.
pub const CROPS: &str = "crops";
/// Folders that mirror the inputs, and what follows the photo's path in their files' names. Records come first: where one
/// is, the others are whole; so it is the first to go.
pub const MIRRORS: [(&str, &[&str]); 6] = [
    (METRICS, &[".json"]),
    ("masks", &[".png"]),
    ("model_masks", &[".png"]),
    ("overlays", &[".jpg"]),
    ("probs", &PROBABILITIES),
    (CROPS, &[]),
];
/// Of the one kind of lesion, of skin, and of each of several kinds by its value in masks.
const PROBABILITIES: [&str; 2 + MAX_KINDS] = [
    ".lesion.png",
    ".skin.png",
    ".lesion-2.png",
    ".lesion-3.png",
    ".lesion-4.png",
    ".lesion-5.png",
    ".lesion-6.png",
    ".lesion-7.png",
    ".lesion-8.png",
    ".lesion-9.png",
    ".lesion-10.png",
    ".lesion-11.png",
    ".lesion-12.png",
    ".lesion-13.png",
    ".lesion-14.png",
    ".lesion-15.png",
];
/// Files that later commands make of the records of all photos together.
pub const DERIVED: [&str; 24] = [
    "scores.json",
    "scores.csv",
    "labels.json",
    "labels.csv",
    "detection.json",
    "detection.csv",
    "compare.json",
    "report.html",
    "tables/photos.csv",
    "tables/by_subject.csv",
    "tables/groups.csv",
    "tables/paper.csv",
    "tables/paper.md",
    "tables/paper.xlsx",
    "track.json",
    "track.csv",
    "track.html",
    "series.json",
    "series.csv",
    "calibrate.json",
    "calibrated.json",
    "stress.json",
    "stress.csv",
    "stress.html",
];
/// What withdrawals leave: how many photos each took away, and by what the people are known again.
pub const WITHDRAWALS: &str = "withdrawals.jsonl";
pub const WITHDRAWN: &str = "withdrawn.json";
/// The list of people who opted out that the last run was given, kept in the same way. It is not among the results: its key is
/// drawn at random.
pub const OPTED_OUT: &str = ".derm-seg.opted-out";
/// How many photos a withdrawal is about, from its beginning to its end.
pub const WITHDRAWAL_BEGUN: &str = ".derm-seg.withdrawal";

/// Which of the two files this is that every folder of results has.
pub fn sign_of_results(file: &str) -> Option<usize> {
    [LOCK, RUN_FILE].iter().position(|sign| *sign == file)
}

/// `file_name` is the photo's path as results are written under it, here and below.
pub fn record_path(file_name: &str) -> String {
    format!("{METRICS}/{file_name}.json")
}

pub fn mask_path(file_name: &str) -> String {
    format!("masks/{file_name}.png")
}

/// The map of the one kind of lesion that belongs to a mask, of the photo or of the model.
pub fn lesion_map_path(mask: &str) -> String {
    let file_name = mask.split_once('/').map_or(mask, |(_, name)| name);
    format!("probs/{}.lesion.png", file_name.strip_suffix(".png").unwrap_or(file_name))
}

/// Where the model's mask is kept when somebody corrected it.
pub fn model_mask_path(file_name: &str) -> String {
    format!("model_masks/{file_name}.png")
}

/// Results are written under another name where two differ only in case: the path of the mask tells.
pub fn file_name_of(done: &Done) -> &str {
    let written = done.mask.path.strip_prefix("masks/").and_then(|path| path.strip_suffix(".png"));
    written.unwrap_or(&done.input.path)
}

pub fn overlay_path(file_name: &str) -> String {
    format!("overlays/{file_name}.jpg")
}

pub fn crop_path(file_name: &str, crop: &str, ending: &str) -> String {
    format!("{CROPS}/{file_name}/{crop}.{ending}")
}

/// The crops of a photo that are there, whole or not; a folder in its folder is of another photo.
pub fn crops_there(root: &Path, file_name: &str) -> io::Result<Vec<PathBuf>> {
    let entries = match std::fs::read_dir(root.join(CROPS).join(file_name)) {
        Err(e) if matches!(e.kind(), NotFound | NotADirectory | InvalidFilename) => return Ok(Vec::new()),
        other => other?,
    };
    let mut files = Vec::new();
    for entry in entries {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            files.push(entry.path());
        }
    }
    Ok(files)
}

/// Every file that a photo may have, besides its crops, the record first.
pub fn files_of(file_name: &str) -> impl Iterator<Item = String> {
    MIRRORS
        .iter()
        .flat_map(move |(mirror, endings)| endings.iter().map(move |ending| format!("{mirror}/{file_name}{ending}")))
}

/// The photo that a file below a mirror belongs to; in crops/ the folder is the photo.
pub fn photo_of(mirror: &Path, file: &Path, endings: &[&str]) -> Option<String> {
    let relative = file.strip_prefix(mirror).ok()?.to_str()?.replace('\\', "/");
    let relative = clear_name(&relative);
    if endings.is_empty() {
        return relative.rsplit_once('/').map(|(photo, _)| photo.to_owned());
    }
    endings.iter().find_map(|ending| relative.strip_suffix(ending)).map(str::to_owned)
}

pub fn files_below(folder: &Path) -> io::Result<Vec<PathBuf>> {
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let mut files = Vec::new();
    for entry in WalkDir::new(folder).sort_by_file_name() {
        let entry = entry?;
        if entry.file_type().is_file() {
            files.push(entry.into_path());
        }
    }
    Ok(files)
}
