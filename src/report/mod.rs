//! One HTML file that shows a whole run: photos to judge by, figures, scores, changes, failures and where they come from.
//!
//! It holds everything it shows and asks nobody for anything. Photos are in it only when asked for; otherwise masks alone.

mod curves;
mod figures;
mod outline;
mod page;
mod pictures;
mod plots;
mod rows;
mod stress;
mod tables;
mod track;
mod truth;
mod words;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::batch::{MemoryGate, parallel_map};
use crate::disk::write;
use crate::error::UsageError;
use crate::people::subjects::Subjects;
use crate::people::{LeftOut, OptOut, Pseudonyms};
use crate::store::results::Results;
use crate::store::review::Review;
use rows::Row;
pub use stress::stress_page;
pub use track::track_page;
pub use truth::Truth;
pub use words::Language;
use words::Words;

pub struct ReportPlan {
    pub results: Results,
    pub people: Arc<OptOut>,
    /// Whose photo is whose.
    pub whose: Option<Whose>,
    /// Content of scores.json, compare.json and track.json.
    pub scores: Option<Value>,
    pub comparison: Option<Value>,
    pub track: Option<Value>,
    /// The reference masks of the scores.
    pub truth: Option<Truth>,
    /// What was said of these results before.
    pub review: Option<Arc<Review>>,
    /// Where the photos are that the run was made of, and the longer side that they have in the page.
    pub photos: Option<PathBuf>,
    pub photo_size: Option<u32>,
    pub language: Language,
    pub output: PathBuf,
    /// Where the plots go as files of their own.
    pub figures: Option<PathBuf>,
    pub jobs: usize,
}

/// The table of people. Where results carry codes, people do so, too.
pub struct Whose {
    pub table: Arc<Subjects>,
    pub codes: Option<Pseudonyms>,
}

impl Whose {
    fn subject(&self, photo: &str) -> Option<String> {
        let subject = self.table.subject(photo)?;
        Some(self.codes.as_ref().map_or_else(|| subject.to_owned(), |codes| codes.code(subject)))
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReportSummary {
    pub rows: usize,
    /// Photos of which a copy is in the report, and their longer side.
    pub photos: usize,
    pub photo_size: u32,
    /// Photos that should have been shown but could not be read.
    pub photos_missing: usize,
    pub masks_missing: usize,
    pub truths_missing: usize,
    pub figures: usize,
    pub bytes: usize,
    pub left_out: Option<LeftOut>,
}

pub fn report(plan: &ReportPlan) -> Result<ReportSummary> {
    let vault = &plan.results.vault;
    let words = Words::of(plan.language);
    let theirs: Vec<String> = plan.results.opted_out()?.iter().map(|record| record.input().path.clone()).collect();
    let left_out = plan.people.left_out(&theirs);
    let rows = Row::all(plan)?;
    let photo_size = plan.photo_size.unwrap_or_else(|| pictures::default_size(rows.len()));
    let memory = MemoryGate::for_jobs(plan.jobs);
    let pictures = parallel_map(&rows, plan.jobs, |row| pictures::pictures(row, plan, photo_size, &memory))?;
    let photos = pictures.iter().filter(|pictures| pictures.photo.is_some()).count();
    if let (Some(folder), 0, Some(first)) = (&plan.photos, photos, rows.iter().find(|row| row.mask.is_some())) {
        return Err(no_photo(folder, first).into());
    }
    let figures = figures::all(&rows, plan.scores.as_ref(), &words);
    let html = page::html(&page::Content {
        words: &words,
        kinds: plan.results.kinds(),
        rows: &rows,
        pictures: &pictures,
        figures: &figures,
        run: plan.results.run(),
        scores: plan.scores.as_ref(),
        comparison: plan.comparison.as_ref(),
        track: plan.track.as_ref(),
        left_out,
    })?;
    write(vault, &plan.output, html.as_bytes()).with_context(|| format!("cannot write {}", plan.output.display()))?;
    if let Some(folder) = &plan.figures {
        for figure in &figures {
            let path = folder.join(format!("{}.svg", figure.name));
            write(vault, &path, figure.file().as_bytes())
                .with_context(|| format!("cannot write {}", path.display()))?;
        }
    }
    let done = rows.iter().zip(&pictures).filter(|(row, _)| row.mask.is_some());
    Ok(ReportSummary {
        rows: rows.len(),
        photos,
        photo_size,
        photos_missing: done.clone().filter(|(_, p)| plan.photos.is_some() && p.photo.is_none()).count(),
        masks_missing: done.filter(|(_, p)| p.outlines.is_none()).count(),
        truths_missing: pictures.iter().filter(|p| p.lacks_truth).count(),
        figures: figures.len(),
        bytes: html.len(),
        left_out,
    })
}

fn no_photo(folder: &Path, first: &Row) -> UsageError {
    UsageError(format!(
        "None of the photos could be read in {}: the first would be `{}`. --with-photos takes the folder that was segmented; \
         results with codes instead of names cannot be shown with photos.",
        folder.display(),
        first.path
    ))
}

#[cfg(test)]
mod tests;
