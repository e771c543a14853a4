//! What a run says as a whole: run.json, records.jsonl and summary.csv. Records pass through one at a time, so that half
//! a million of them need no memory.

use std::io::{self, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::layout::{RECORDS, SUMMARY};
use super::pictures::Overlay;
use crate::disk::LongFile;
use crate::disk::vault::Vault;
use crate::domain::record::{Done, Outcome, Record, ScaleSource};
use crate::domain::shard::PartOf;
use crate::people::LeftOut;

pub const RUN_SCHEMA: &str = "derm-seg/run/1";
/// The setting that names the second models; absent where there are none.
pub const CLASSIFIERS: &str = "classifiers";

/// run.json: everything that the results depend on, and what came of it. Only here are there timings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunFile {
    pub schema: String,
    pub tool: Value,
    pub model: Value,
    pub settings: Value,
    pub runtime: Value,
    /// How far the list of people who opted out reached; null without a list.
    #[serde(default)]
    pub opted_out: Option<LeftOut>,
    /// How overlays are drawn, where there are any. It is no setting: they are pictures to look at.
    #[serde(default)]
    pub overlay: Option<Overlay>,
    /// Of a run with `--shard`: which part these results are.
    #[serde(default, rename = "shard", skip_serializing_if = "Option::is_none")]
    pub part: Option<PartOf>,
    pub totals: Totals,
    /// False while a run goes on, and after one that was interrupted.
    pub complete: bool,
    pub timings: Option<Value>,
    pub research_use_only: String,
}

/// Whether results of these settings carry codes instead of names.
pub fn carries_codes(settings: &Value) -> bool {
    settings["names"] == "pseudonym"
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    pub inputs: u64,
    pub done: u64,
    pub excluded: u64,
    pub failed: u64,
    /// Not processed, because the run was interrupted.
    pub not_reached: u64,
    /// Files inside folders that are no photos.
    pub skipped_files: u64,
    /// Done photos in which no lesion was found.
    pub without_lesion: u64,
}

/// records.jsonl and summary.csv, written together, record by record in the order of the inputs.
pub struct Tables {
    records: LongFile,
    summary: csv::Writer<LongFile>,
    classifiers: Vec<ClassifierColumns>,
}

impl Tables {
    /// `settings` are those of the run: they name the second models.
    pub fn create(vault: &Vault, root: &Path, settings: &Value) -> io::Result<Self> {
        let records = LongFile::create(vault, &root.join(RECORDS))?;
        let mut summary = csv::WriterBuilder::new()
            .terminator(csv::Terminator::Any(b'\n'))
            .from_writer(LongFile::create(vault, &root.join(SUMMARY))?);
        let classifiers = ClassifierColumns::all(settings);
        let names = classifiers.iter().flat_map(ClassifierColumns::names);
        summary.write_record(summary_columns().map(str::to_owned).chain(names.map(harmless)))?;
        Ok(Self { records, summary, classifiers })
    }

    pub fn add(&mut self, record: &Record) -> io::Result<()> {
        serde_json::to_writer(&mut self.records, record)?;
        self.records.write_all(b"\n")?;
        let classified = self.classifiers.iter().flat_map(|columns| columns.cells(record));
        self.summary.write_record(summary_cells(record).into_iter().chain(classified).map(harmless))?;
        Ok(())
    }

    pub fn finish(self) -> io::Result<()> {
        let summary = self.summary.into_inner().map_err(|e| io::Error::new(e.error().kind(), e.error().to_string()))?;
        let (records, summary) = (self.records.close()?, summary.close()?);
        records.finish()?;
        summary.finish()
    }
}

/// Where summary.csv tells what one second model says. Of a model that looks at lesions it is what is said of the largest.
struct ClassifierColumns {
    model: String,
    labels: Vec<String>,
}

impl ClassifierColumns {
    fn all(settings: &Value) -> Vec<Self> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let of = |classifier: &Value| Self {
            model: text(&classifier["name"]),
            labels: classifier["manifest_output"]["labels"].as_array().into_iter().flatten().map(text).collect(),
        };
        settings[CLASSIFIERS].as_array().into_iter().flatten().map(of).collect()
    }

    fn names(&self) -> impl Iterator<Item = String> {
        let chances = self.labels.iter().map(|label| format!("{}.p.{label}", self.model));
        std::iter::once(format!("{}.label", self.model)).chain(chances)
    }

    fn cells(&self, record: &Record) -> Vec<String> {
        let all = record.done().and_then(|done| done.classifications.as_ref()).into_iter().flatten();
        let said = all.into_iter().find(|said| said.model.name == self.model);
        let label = said.map(|said| said.label.clone().unwrap_or_else(|| "abstained".to_owned()));
        let chance = |label: &String| said.map(|said| said.probabilities[label].to_string()).unwrap_or_default();
        std::iter::once(label.unwrap_or_default()).chain(self.labels.iter().map(chance)).collect()
    }
}

/// Spreadsheets run cells that begin like a formula: such text gets an apostrophe in front. Numbers stay numbers.
pub fn harmless(cell: String) -> String {
    let risky = cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '|', '%']);
    if risky && cell.parse::<f64>().is_err() { format!("'{cell}") } else { cell }
}

type Column = (&'static str, fn(&Record) -> String);

fn number<T: ToString>(value: Option<T>) -> String {
    value.map(|v| v.to_string()).unwrap_or_default()
}

fn of_done<T: ToString>(record: &Record, value: impl Fn(&Done) -> Option<T>) -> String {
    number(record.done().and_then(value))
}

const COLUMNS: &[Column] = &[
    ("path", |r| r.input().path.clone()),
    ("status", |r| r.status().to_owned()),
    ("cause", |r| match &r.outcome {
        Outcome::Done(_) => String::new(),
        Outcome::Excluded(e) => e.exclusion.reason.clone(),
        Outcome::Failed(f) => f.failure.code.clone(),
    }),
    ("message", |r| match &r.outcome {
        Outcome::Done(_) => String::new(),
        Outcome::Excluded(e) => e.exclusion.detail.clone(),
        Outcome::Failed(f) => f.failure.message.clone(),
    }),
    ("format", |r| r.input().format.clone().unwrap_or_default()),
    ("width", |r| of_done(r, |d| Some(d.photo.width))),
    ("height", |r| of_done(r, |d| Some(d.photo.height))),
    ("mask", |r| of_done(r, |d| Some(d.mask.path.clone()))),
    ("background_px", |r| of_done(r, |d| Some(d.area.background_px))),
    ("skin_px", |r| of_done(r, |d| d.area.skin_px)),
    ("lesion_px", |r| of_done(r, |d| d.area.lesion_px)),
    ("lesion_fraction_of_frame", |r| of_done(r, |d| d.area.lesion_fraction_of_frame)),
    ("lesion_fraction_of_skin", |r| of_done(r, |d| d.area.lesion_fraction_of_skin)),
    ("lesions", |r| of_done(r, |d| d.area.lesion_px.map(|_| d.lesions.len()))),
    ("largest_lesion_px", |r| of_done(r, |d| d.lesions.first().map(|l| l.area_px))),
    ("lesion_confidence", |r| of_done(r, |d| d.confidence.lesion_mean)),
    ("undecided_fraction", |r| of_done(r, |d| d.confidence.undecided_fraction)),
    ("lesion_doubt", |r| of_done(r, |d| d.confidence.lesion_doubt)),
    ("disagreement", |r| of_done(r, |d| d.confidence.disagreement)),
    ("delta_l", |r| of_done(r, |d| d.colour.difference.map(|c| c.dl))),
    ("delta_a", |r| of_done(r, |d| d.colour.difference.map(|c| c.da))),
    ("delta_b", |r| of_done(r, |d| d.colour.difference.map(|c| c.db))),
    ("delta_e2000", |r| of_done(r, |d| d.colour.difference.map(|c| c.ciede2000))),
    ("delta_erythema_index", |r| of_done(r, |d| d.colour.difference.map(|c| c.erythema_index))),
    ("delta_melanin_index", |r| of_done(r, |d| d.colour.difference.map(|c| c.melanin_index))),
    ("ita", |r| of_done(r, |d| d.colour.ita)),
    ("estimated_tone_bin", |r| of_done(r, |d| d.colour.tone_bin.clone())),
    ("sharpness", |r| of_done(r, |d| d.quality.sharpness)),
    ("quality_flags", |r| of_done(r, |d| Some(join(d.quality.flags.iter().map(|f| f.as_str()))))),
    ("warnings", |r| of_done(r, |d| Some(join(d.warnings.iter().map(|w| w.code.as_str()))))),
    ("privacy_findings", |r| of_done(r, |d| Some(join(d.privacy.findings.iter().map(|f| f.kind.as_str()))))),
    ("mm_per_px", |r| of_done(r, |d| d.area.mm_per_px)),
    ("scale_source", |r| of_done(r, |d| d.area.scale_source.map(ScaleSource::as_str))),
    ("lesion_mm2", |r| of_done(r, |d| d.area.lesion_mm2)),
    ("largest_lesion_mm2", |r| of_done(r, |d| Some(d.lesions.first()?.mm?.area_mm2))),
    ("largest_lesion_diameter_mm", |r| of_done(r, |d| Some(d.lesions.first()?.mm?.feret_diameter_mm))),
];

/// The columns of summary.csv, and a record's cells in them.
pub fn summary_columns() -> impl Iterator<Item = &'static str> {
    COLUMNS.iter().map(|(name, _)| *name)
}

pub fn summary_cells(record: &Record) -> Vec<String> {
    COLUMNS.iter().map(|(_, value)| value(record)).collect()
}

fn join<'a>(words: impl Iterator<Item = &'a str>) -> String {
    words.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::harmless;

    #[test]
    fn cells_that_a_spreadsheet_would_run_are_made_text() {
        for cell in ["=1+1.jpg", "+x", "-x", "@x", "|x", "\tx"] {
            assert_eq!(harmless(cell.into()), format!("'{cell}"));
        }
        for cell in ["-0.25", "+3", "a=b.jpg", ""] {
            assert_eq!(harmless(cell.into()), cell);
        }
    }
}
