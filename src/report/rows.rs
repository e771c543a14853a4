//! What the report knows of each photo: its status, and every figure that it can be sorted and filtered by.

use std::collections::HashMap;

use anyhow::Result;
use serde_json::Value;

use super::ReportPlan;
use super::words::Words;
use crate::domain::record::{Classification, DicomInput, Done, FileRef, Outcome, Record, Size};
use crate::error::UsageError;
use crate::evaluation::score::strata::MISSING;
use crate::store::review::{Remark, result_id};

pub struct Column {
    /// Its name is `column.KEY` of the words.
    pub key: &'static str,
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

const fn column(key: &'static str, unit: &'static str, of: Source) -> Column {
    Column { key, unit, of }
}

pub const COLUMNS: &[Column] = &[
    column("dice", "", Score("dice")),
    column("sensitivity", "", Score("sensitivity")),
    column("precision", "", Score("precision")),
    column("hd95", "px", Score("hd95")),
    column("assd", "px", Score("assd")),
    column("hd95_mm", "mm", Score("hd95_mm")),
    column("assd_mm", "mm", Score("assd_mm")),
    column("boundary_iou", "", Score("boundary_iou")),
    column("jaccard", "", Score("jaccard")),
    column("truth_px", "px", Scored(truth_px)),
    column("change_dice", "", Change("dice")),
    column("change_px", "px", Change("changed_px")),
    column("skin_share", "%", Of(|d| percent(d.area.lesion_fraction_of_skin))),
    column("frame_share", "%", Of(|d| percent(d.area.lesion_fraction_of_frame))),
    column("lesions", "", Of(|d| d.area.lesion_px.map(|_| d.lesions.len() as f64))),
    column("lesion_px", "px", Of(|d| d.area.lesion_px.map(|px| px as f64))),
    column("lesion_mm2", "mm²", Of(|d| d.area.lesion_mm2)),
    column("diameter_mm", "mm", Of(|d| Some(d.lesions.first()?.mm?.feret_diameter_mm))),
    column("confidence", "", Of(|d| d.confidence.lesion_mean)),
    column("undecided", "%", Of(|d| percent(d.confidence.undecided_fraction))),
    column("lesion_doubt", "", Of(|d| d.confidence.lesion_doubt)),
    column("disagreement", "", Of(|d| d.confidence.disagreement)),
    column("delta_e", "", Of(|d| Some(d.colour.difference?.ciede2000))),
    column("delta_a", "", Of(|d| Some(d.colour.difference?.da))),
    column("delta_l", "", Of(|d| Some(d.colour.difference?.dl))),
    column("delta_ei", "", Of(|d| Some(d.colour.difference?.erythema_index))),
    column("ita", "°", Of(|d| d.colour.ita)),
    column("asymmetry", "", Of(|d| Some(d.lesions.first()?.asymmetry.iter().copied().fold(0.0, f64::max)))),
    column("sharpness", "", Of(|d| d.quality.sharpness)),
    column("megapixels", "MP", Of(|d| Some(f64::from(d.photo.width) * f64::from(d.photo.height) / 1e6))),
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
    pub labels: Vec<Label>,
    /// In the order of `COLUMNS`.
    pub values: Vec<Option<f64>>,
    pub mask: Option<(FileRef, Size)>,
    pub size: Option<(u32, u32)>,
    pub orientation: u8,
    pub dicom: Option<DicomInput>,
    pub is_scored: bool,
    /// Whose photo it is.
    pub subject: Option<String>,
    /// Tells this result from any other.
    pub id: String,
    pub remark: Option<Remark>,
    /// What second models say, each of one part of the photo.
    pub said: Vec<Classification>,
}

/// Something that a photo is called, to filter and to group by. Labels are in the order in which they are shown.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Label {
    pub kind: Kind,
    /// Among those of its kind.
    pub rank: usize,
    pub code: String,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Which kinds of lesion there are.
    Lesions,
    Quality,
    Warning,
    Mask,
    Tone,
    /// A column of the clinical table: its place among the columns, and its name.
    Column(usize, String),
    Privacy,
    /// What a second model says: its name.
    Said(String),
    Change,
}

impl Kind {
    /// Whether a photo has one label of this kind at most.
    pub fn is_single(&self) -> bool {
        matches!(self, Kind::Tone | Kind::Column(..) | Kind::Change)
    }
}

/// In place of a label.
pub const ABSTAINED: &str = "abstained";

/// From light to dark, as records name them.
pub const TONES: [&str; 6] = ["very_light", "light", "intermediate", "tan", "brown", "dark"];
/// The column of scores.json that holds them.
pub const TONE_COLUMN: &str = "estimated_tone_bin";

pub fn tone_rank(tone: &str) -> usize {
    TONES.iter().position(|name| *name == tone).unwrap_or(TONES.len())
}

/// A column of scores.json and a group of it in words: the words of the user's own table stay as they are.
pub fn column_name<'a>(column: &'a str, words: &Words) -> &'a str {
    if column == TONE_COLUMN { words.say("kind.tone") } else { column }
}

pub fn group_name(column: &str, group: &str, words: &Words) -> String {
    match words.find(group) {
        Some(missing) if group == MISSING => missing.to_owned(),
        _ if column == TONE_COLUMN => words.code(group),
        _ => bin_name(group, words).unwrap_or_else(|| group.to_owned()),
    }
}

/// A bin of numbers, as eval names it: "under 40", "40 to under 65", "65 and over".
fn bin_name(group: &str, words: &Words) -> Option<String> {
    let is_number = |text: &&str| text.parse::<f64>().is_ok();
    let (low, high) = match group.strip_prefix("under ") {
        Some(high) => (None, Some(high)),
        None => match group.split_once(" to under ") {
            Some((low, high)) => (Some(low), Some(high)),
            None => (group.strip_suffix(" and over"), None),
        },
    };
    let (key, known) = match (low, high) {
        (None, Some(high)) => ("group.under", vec![("high", high)]),
        (Some(low), Some(high)) => ("group.between", vec![("low", low), ("high", high)]),
        (Some(low), None) => ("group.over", vec![("low", low)]),
        (None, None) => return None,
    };
    known.iter().all(|(_, number)| is_number(number)).then(|| words.fill(key, &known))
}

/// What is known besides the records.
pub struct Beside<'a> {
    scored: HashMap<&'a str, &'a Value>,
    changed: HashMap<&'a str, &'a Value>,
    /// Columns of the clinical table with their groups, in the order of scores.json.
    strata: Vec<(&'a str, Vec<&'a str>)>,
}

impl<'a> Beside<'a> {
    pub fn new(scores: Option<&'a Value>, comparison: Option<&'a Value>) -> Self {
        let list = |value: &'a Value| value.as_array().map(Vec::as_slice).unwrap_or_default();
        let groups = |column: &'a Value| list(&column["groups"]).iter().filter_map(|g| g["value"].as_str()).collect();
        let strata = scores.map(|scores| list(&scores["strata"])).unwrap_or_default().iter();
        let strata = strata.filter_map(|column| Some((column["column"].as_str()?, groups(column))));
        Self {
            scored: by_image(scores),
            changed: by_image(comparison),
            // Records tell the tone of every photo, not only of those that were scored.
            strata: strata.filter(|(column, _)| *column != TONE_COLUMN).collect(),
        }
    }
}

impl Row {
    pub fn all(plan: &ReportPlan) -> Result<Vec<Row>> {
        let beside = Beside::new(plan.scores.as_ref(), plan.comparison.as_ref());
        let row = |record: Result<Record, UsageError>| {
            let record = record?;
            let subject = plan.whose.as_ref().and_then(|whose| whose.subject(&record.input().path));
            let remark = plan.review.as_ref().and_then(|review| review.remark(&record)).cloned();
            Ok(Row { subject, remark, ..Row::of(&record, &beside) })
        };
        let rows = plan.results.records()?.map(row).collect::<Result<Vec<_>>>()?;
        if let Some(whose) = &plan.whose {
            whose.table.refuse_doubt(rows.iter().map(|row| row.path.as_str()))?;
        }
        Ok(rows)
    }

    pub fn of(record: &Record, beside: &Beside) -> Row {
        let path = record.input().path.as_str();
        let (score, change) = (beside.scored.get(path).copied(), beside.changed.get(path).copied());
        let done = record.done();
        let (cause, message) = match &record.outcome {
            Outcome::Done(_) => (String::new(), String::new()),
            Outcome::Failed(f) => (f.failure.code.clone(), f.failure.message.clone()),
            Outcome::Excluded(e) => (e.exclusion.reason.clone(), e.exclusion.detail.clone()),
        };
        let value = |column: &Column| match &column.of {
            Of(figure) => done.and_then(figure),
            Scored(of) => score.and_then(of),
            Score(name) => score.and_then(|s| s["scores"][name].as_f64()),
            Change(name) => change.and_then(|c| c["mask"][name].as_f64()),
        };
        Row {
            path: path.to_owned(),
            status: record.status(),
            cause,
            message,
            labels: labels(done, score, change, beside),
            values: COLUMNS.iter().map(value).collect(),
            mask: done.map(|d| (d.mask.clone(), d.photo)),
            size: done.map(|d| (d.photo.width, d.photo.height)),
            orientation: record.input().orientation.unwrap_or(1),
            dicom: record.input().dicom.clone(),
            is_scored: score.is_some(),
            subject: None,
            id: result_id(record),
            remark: None,
            said: done.and_then(|d| d.classifications.clone()).unwrap_or_default(),
        }
    }

    pub fn value(&self, key: &str) -> Option<f64> {
        self.values[COLUMNS.iter().position(|column| column.key == key)?]
    }
}

fn labels(done: Option<&Done>, score: Option<&Value>, change: Option<&Value>, beside: &Beside) -> Vec<Label> {
    let mut labels = Vec::new();
    let mut add = |kind: Kind, rank: usize, code: &str| labels.push(Label { kind, rank, code: code.to_owned() });
    if let Some(done) = done {
        for (rank, class) in done.classes.iter().enumerate().filter(|(_, class)| class.area_px > 0) {
            add(Kind::Lesions, rank, &class.name);
        }
        done.quality.flags.iter().for_each(|flag| add(Kind::Quality, 0, flag.as_str()));
        done.edited.iter().for_each(|_| add(Kind::Mask, 0, "edited"));
        done.warnings.iter().for_each(|warning| add(Kind::Warning, 0, &warning.code));
        done.privacy.findings.iter().for_each(|finding| add(Kind::Privacy, 0, &finding.kind));
        for said in done.classifications.iter().flatten() {
            add(Kind::Said(said.model.name.clone()), 0, said.label.as_deref().unwrap_or(ABSTAINED));
        }
        done.colour.tone_bin.iter().for_each(|tone| add(Kind::Tone, tone_rank(tone), tone));
    }
    for (place, (column, groups)) in beside.strata.iter().enumerate() {
        if let Some(value) = score.and_then(|score| score["strata"][column].as_str()) {
            let rank = groups.iter().position(|group| *group == value).unwrap_or(groups.len());
            add(Kind::Column(place, (*column).to_owned()), rank, value);
        }
    }
    if let Some(kind) = change.and_then(|change| change["kind"].as_str()) {
        add(Kind::Change, 0, kind);
    }
    labels.sort();
    labels.dedup();
    labels
}

fn by_image(file: Option<&Value>) -> HashMap<&str, &Value> {
    let images = file.and_then(|f| f["images"].as_array()).map(Vec::as_slice).unwrap_or_default();
    images.iter().filter_map(|image| Some((image["image"].as_str()?, image))).collect()
}
