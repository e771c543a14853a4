//! A study's tables: the figures of a run joined with the clinical table, by photo, by person and by group, and as a paper
//! prints them.
//!
//! Figures of a group are over its photos; intervals are by person where the table says who is who. Nothing is computed here
//! that the records or the scores do not say.

mod paper;
mod workbook;
mod write;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use anyhow::Result;
use serde_json::Value;

use crate::evaluation::score::strata::group_all;
use crate::evaluation::score::summary::{MetricSummary, summarise};
use crate::people::Pseudonyms;
use crate::people::subjects::Subjects;
use crate::store::results::Results;
use crate::store::{summary_cells, summary_columns};

pub use write::FILES;

/// Figures of records that say something of a group: columns of summary.csv.
pub const FIGURES: [&str; 14] = [
    "lesion_fraction_of_skin",
    "lesions",
    "largest_lesion_px",
    "lesion_mm2",
    "largest_lesion_mm2",
    "largest_lesion_diameter_mm",
    "delta_l",
    "delta_a",
    "delta_b",
    "delta_e2000",
    "delta_erythema_index",
    "delta_melanin_index",
    "ita",
    "sharpness",
];

pub struct CohortPlan {
    pub results: Results,
    pub subjects: Arc<Subjects>,
    /// Results that carry codes: then a person is a code, too.
    pub codes: Option<Pseudonyms>,
    /// What `eval` wrote.
    pub scores: Option<Value>,
    /// Columns to make groups of; empty for all that make groups.
    pub groups: Vec<String>,
    /// Edges of the bins of a column.
    pub bins: BTreeMap<String, Vec<f64>>,
    pub seed: u64,
}

pub struct Cohort {
    /// Of the clinical table.
    pub columns: Vec<String>,
    /// Names of the figures of a photo.
    pub figures: Vec<String>,
    pub photos: Vec<PhotoRow>,
    pub groups: Vec<Group>,
    pub people: Option<usize>,
    pub photos_without_line: usize,
    pub lines_without_photo: usize,
    /// Columns that have too many values to make groups of.
    pub no_groups: Vec<String>,
}

pub struct PhotoRow {
    pub subject: Option<String>,
    pub clinical: Vec<Option<String>>,
    /// As in summary.csv; the path comes first, then the status.
    pub summary: Vec<String>,
    pub figures: Vec<Option<f64>>,
}

/// All photos with a mask, or those with one value of a column.
pub struct Group {
    /// None for all photos.
    pub of: Option<(String, String)>,
    pub photos: usize,
    /// One for each figure.
    pub figures: Vec<MetricSummary>,
}

impl PhotoRow {
    pub fn path(&self) -> &str {
        &self.summary[0]
    }

    fn is_done(&self) -> bool {
        self.summary[1] == "done"
    }
}

pub fn cohort(plan: &CohortPlan) -> Result<Cohort> {
    let scores = scores(plan.scores.as_ref());
    let figures: Vec<String> =
        FIGURES.iter().map(|name| (*name).to_owned()).chain(scores.names.iter().cloned()).collect();
    let mut photos = Vec::new();
    for record in plan.results.records()? {
        photos.push(row(plan, &scores, summary_cells(&record?)));
    }
    plan.subjects.refuse_doubt(photos.iter().map(PhotoRow::path))?;
    let paths = photos.iter().map(PhotoRow::path);
    // A line of a photo that the review leaves out is no slip.
    let reviewed = plan.results.left_by_review()?;
    let aside = plan.subjects.images_of(&reviewed);
    let is_meant = |image: &str| aside.contains(image) || plan.results.leaves_out(image);
    let (photos_without_line, lines_without_photo) = plan.subjects.unmatched(paths, is_meant);
    // A photo without a mask has no figures: it stands in the table of photos alone.
    let measured: Vec<&PhotoRow> = photos.iter().filter(|photo| photo.is_done()).collect();
    let paths: Vec<&str> = measured.iter().map(|photo| photo.path()).collect();
    let numbers = plan.subjects.numbered(&paths);
    let is_wanted = |column: &str| plan.groups.is_empty() || plan.groups.iter().any(|g| g.eq_ignore_ascii_case(column));
    let columns = plan.subjects.columns.iter().enumerate().filter(|(_, column)| is_wanted(column));
    let values = |i: usize| measured.iter().map(|photo| photo.clinical[i].clone()).collect();
    let (groupings, no_groups) = group_all(columns.map(|(i, column)| (column, values(i))), &plan.bins)?;
    let everybody: Vec<usize> = (0..measured.len()).collect();
    let mut groups = vec![described(None, &everybody, &measured, numbers.as_deref(), plan.seed)];
    for grouping in &groupings {
        for (i, name) in grouping.groups.iter().enumerate() {
            let of = Some((grouping.column.clone(), name.clone()));
            groups.push(described(of, &grouping.members(i), &measured, numbers.as_deref(), plan.seed));
        }
    }
    let people = numbers.and_then(|numbers| numbers.into_iter().max()).map(|most| most + 1);
    let columns = plan.subjects.columns.clone();
    Ok(Cohort { columns, figures, photos, groups, people, photos_without_line, lines_without_photo, no_groups })
}

fn row(plan: &CohortPlan, scores: &Scores, summary: Vec<String>) -> PhotoRow {
    let cell = |wanted: &str| {
        let index = summary_columns().position(|name| name == wanted)?;
        summary[index].parse().ok()
    };
    let scored = scores.of.get(&summary[0]);
    let score = |i: usize| scored.and_then(|values| values[i]);
    let figures = FIGURES.iter().map(|name| cell(name)).chain((0..scores.names.len()).map(score)).collect();
    let path = &summary[0];
    let subject =
        plan.subjects.subject(path).map(|id| plan.codes.as_ref().map_or_else(|| id.to_owned(), |codes| codes.code(id)));
    let clinical = (0..plan.subjects.columns.len()).map(|column| plan.subjects.value(path, column)).collect();
    PhotoRow { subject, clinical, figures, summary }
}

/// The scores of every image by its name.
#[derive(Default)]
struct Scores {
    names: Vec<String>,
    of: HashMap<String, Vec<Option<f64>>>,
}

fn scores(file: Option<&Value>) -> Scores {
    let Some(file) = file else { return Scores::default() };
    let images = || file["images"].as_array().into_iter().flatten();
    let is_known = |name: &str| images().any(|image| image["scores"][name].is_number());
    let names: Vec<String> = file["metrics"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|metric| metric["name"].as_str())
        .filter(|name| is_known(name))
        .map(str::to_owned)
        .collect();
    let values = |image: &Value| names.iter().map(|name| image["scores"][name].as_f64()).collect();
    let of = images().filter_map(|image| Some((image["image"].as_str()?.to_owned(), values(image)))).collect();
    Scores { names, of }
}

fn described(
    of: Option<(String, String)>,
    members: &[usize],
    photos: &[&PhotoRow],
    numbers: Option<&[usize]>,
    seed: u64,
) -> Group {
    let subjects: Option<Vec<usize>> = numbers.map(|numbers| members.iter().map(|&i| numbers[i]).collect());
    let count = photos.first().map_or(0, |photo| photo.figures.len());
    let figure = |figure: usize| {
        let values: Vec<Option<f64>> = members.iter().map(|&i| photos[i].figures[figure]).collect();
        summarise(&values, subjects.as_deref(), seed)
    };
    Group { of, photos: members.len(), figures: (0..count).map(figure).collect() }
}
