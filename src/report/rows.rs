//! What the report knows of each photo: its status, and every figure that it can be sorted and filtered by.

use std::collections::HashMap;

use anyhow::Result;
use serde_json::Value;

use crate::domain::record::{Done, FileRef, Outcome, Record, Size};
use crate::store::results::Results;

pub struct Column {
    pub key: &'static str,
    pub name: &'static str,
    pub unit: &'static str,
    of: Source,
}

enum Source {
    Record(fn(&Done) -> Option<f64>),
    /// A figure of scores.json.
    Score(&'static str),
    /// What else a row of scores.json tells.
    Scored(fn(&Value) -> Option<f64>),
    /// A figure of compare.json's `mask`.
    Change(&'static str),
}
use Source::{Change, Record as Of, Score, Scored};

const fn column(key: &'static str, name: &'static str, unit: &'static str, of: Source) -> Column {
    Column { key, name, unit, of }
}

pub const COLUMNS: &[Column] = &[
    column("skin_share", "Lesion share of visible skin", "%", Of(|d| percent(d.area.lesion_fraction_of_skin))),
    column("frame_share", "Lesion share of frame", "%", Of(|d| percent(Some(d.area.lesion_fraction_of_frame)))),
    column("lesions", "Lesions", "", Of(|d| Some(d.lesions.len() as f64))),
    column("lesion_px", "Lesion area", "px", Of(|d| Some(d.area.lesion_px as f64))),
    column("confidence", "Confidence in the lesion", "", Of(|d| d.confidence.lesion_mean)),
    column("undecided", "Undecided pixels", "%", Of(|d| percent(d.confidence.undecided_fraction))),
    column(
        "delta_e",
        "Colour difference to the skin around (CIEDE2000)",
        "",
        Of(|d| Some(d.colour.difference?.ciede2000)),
    ),
    column("delta_a", "Redness difference (a*)", "", Of(|d| Some(d.colour.difference?.da))),
    column("delta_l", "Lightness difference (L*)", "", Of(|d| Some(d.colour.difference?.dl))),
    column("delta_ei", "Erythema index difference", "", Of(|d| Some(d.colour.difference?.erythema_index))),
    column("ita", "Skin tone angle (ITA)", "°", Of(|d| d.colour.ita)),
    column(
        "asymmetry",
        "Asymmetry of the largest lesion",
        "",
        Of(|d| Some(d.lesions.first()?.asymmetry.iter().copied().fold(0.0, f64::max))),
    ),
    column("sharpness", "Sharpness", "", Of(|d| Some(d.quality.sharpness))),
    column("megapixels", "Photo size", "MP", Of(|d| Some(f64::from(d.photo.width) * f64::from(d.photo.height) / 1e6))),
    column("truth_px", "Lesion area in the reference", "px", Scored(truth_px)),
    column("dice", "Dice", "", Score("dice")),
    column("jaccard", "Jaccard", "", Score("jaccard")),
    column("sensitivity", "Sensitivity", "", Score("sensitivity")),
    column("precision", "Precision", "", Score("precision")),
    column("hd95", "HD95", "px", Score("hd95")),
    column("assd", "ASSD", "px", Score("assd")),
    column("boundary_iou", "Boundary IoU", "", Score("boundary_iou")),
    column("change_dice", "Dice to the earlier run", "", Change("dice")),
    column("change_px", "Changed pixels", "px", Change("changed_px")),
];

fn truth_px(row: &Value) -> Option<f64> {
    Some(row["counts"]["tp"].as_f64()? + row["counts"]["fn"].as_f64()?)
}

fn percent(fraction: Option<f64>) -> Option<f64> {
    fraction.map(|f| f * 100.0)
}

pub struct Row {
    pub path: String,
    pub status: &'static str,
    /// Why there is no mask.
    pub cause: String,
    pub message: String,
    /// Quality flags, kinds of privacy findings and warnings.
    pub flags: Vec<String>,
    pub tone: Option<String>,
    pub strata: Vec<(String, String)>,
    /// In the order of `COLUMNS`.
    pub values: Vec<Option<f64>>,
    pub mask: Option<(FileRef, Size)>,
    pub size: Option<(u32, u32)>,
}

impl Row {
    pub fn all(results: &Results, scores: Option<&Value>, comparison: Option<&Value>) -> Result<Vec<Row>> {
        let (scored, changed) = (by_image(scores), by_image(comparison));
        let mut rows = Vec::new();
        for record in results.records()? {
            let record = record?;
            let path = record.input().path.as_str();
            rows.push(Row::of(&record, scored.get(path).copied(), changed.get(path).copied()));
        }
        Ok(rows)
    }

    fn of(record: &Record, score: Option<&Value>, change: Option<&Value>) -> Row {
        let done = record.done();
        let (cause, message) = match &record.outcome {
            Outcome::Done(_) => Default::default(),
            Outcome::Excluded(e) => (e.exclusion.reason.clone(), e.exclusion.detail.clone()),
            Outcome::Failed(f) => (f.failure.code.clone(), f.failure.message.clone()),
        };
        let value = |column: &Column| match column.of {
            Of(figure) => done.and_then(figure),
            Scored(of) => score.and_then(of),
            Score(name) => score.and_then(|s| s["scores"][name].as_f64()),
            Change(name) => change.and_then(|c| c["mask"][name].as_f64()),
        };
        let mut flags: Vec<String> = Vec::new();
        if let Some(done) = done {
            flags.extend(done.quality.flags.iter().map(|f| f.as_str().to_owned()));
            flags.extend(done.warnings.iter().map(|w| w.code.clone()));
            flags.extend(done.privacy.findings.iter().map(|f| format!("privacy: {}", f.kind)));
        }
        if let Some(kind) = change.and_then(|c| c["kind"].as_str()) {
            flags.push(format!("changed: {kind}"));
        }
        flags.sort();
        flags.dedup();
        let strata = score.and_then(|s| s["strata"].as_object());
        Row {
            path: record.input().path.clone(),
            status: record.status(),
            cause,
            message,
            flags,
            tone: done.and_then(|d| d.colour.tone_bin.clone()),
            strata: strata
                .map(|s| s.iter().filter_map(|(k, v)| Some((k.clone(), v.as_str()?.to_owned()))).collect())
                .unwrap_or_default(),
            values: COLUMNS.iter().map(value).collect(),
            mask: done.map(|d| (d.mask.clone(), d.photo)),
            size: done.map(|d| (d.photo.width, d.photo.height)),
        }
    }

    pub fn value(&self, key: &str) -> Option<f64> {
        self.values[COLUMNS.iter().position(|column| column.key == key)?]
    }
}

fn by_image(file: Option<&Value>) -> HashMap<&str, &Value> {
    let images = file.and_then(|f| f["images"].as_array()).map(Vec::as_slice).unwrap_or_default();
    images.iter().filter_map(|image| Some((image["image"].as_str()?, image))).collect()
}
