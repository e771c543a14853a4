//! The files of a cohort: tables for people with spreadsheets and statistics programs.

use std::collections::BTreeMap;

use anyhow::Result;

use super::paper::{by_column, wide};
use super::workbook::workbook;
use super::{Cohort, PhotoRow};
use crate::store::{harmless, summary_columns};

pub const FILES: [&str; 6] = ["photos.csv", "by_subject.csv", "groups.csv", "paper.csv", "paper.md", "paper.xlsx"];

impl Cohort {
    /// What every file holds, in the order of `FILES`.
    pub fn files(&self) -> Result<[Vec<u8>; 6]> {
        let papers = by_column(self);
        let markdown: Vec<String> = papers.iter().map(super::paper::Paper::markdown).collect();
        let note = format!(
            "Mean (95 % interval by {}, bootstrap). Research use only.\n",
            if self.people.is_some() { "person" } else { "photo" }
        );
        let paper = wide(self);
        let paper_csv = csv(std::iter::once(paper.header).chain(paper.rows))?;
        Ok([
            self.by_photo()?,
            self.by_subject()?,
            self.by_group()?,
            paper_csv,
            format!("{}\n{note}", markdown.join("\n")).into_bytes(),
            workbook(&papers, note.trim_end())?,
        ])
    }

    /// summary.csv, with the person and the clinical columns after the path.
    fn by_photo(&self) -> Result<Vec<u8>> {
        let mut summary = summary_columns();
        let path = summary.next().unwrap_or_default();
        let header = [path, "subject"].map(str::to_owned).into_iter();
        let header = header.chain(self.columns.iter().cloned()).chain(summary.map(str::to_owned)).collect();
        let row = |photo: &PhotoRow| {
            let (path, rest) = photo.summary.split_at(1);
            let about = std::iter::once(photo.subject.clone().unwrap_or_default());
            let clinical = photo.clinical.iter().map(|value| value.clone().unwrap_or_default());
            path.iter().cloned().chain(about).chain(clinical).chain(rest.iter().cloned()).collect()
        };
        csv(std::iter::once(header).chain(self.photos.iter().map(row)))
    }

    /// A line for each person: the mean of every figure over their photos. A clinical value that differs between photos of
    /// one person is left empty.
    fn by_subject(&self) -> Result<Vec<u8>> {
        let mut people: BTreeMap<&str, Vec<&PhotoRow>> = BTreeMap::new();
        for photo in &self.photos {
            if let Some(subject) = &photo.subject {
                people.entry(subject).or_default().push(photo);
            }
        }
        let header = ["subject", "photos"].map(str::to_owned).into_iter();
        let header = header.chain(self.columns.iter().cloned()).chain(self.figures.iter().cloned()).collect();
        let row = |(subject, photos): (&str, Vec<&PhotoRow>)| {
            let common = |column: usize| {
                let first = photos[0].clinical[column].clone();
                first
                    .filter(|_| photos.iter().all(|p| p.clinical[column] == photos[0].clinical[column]))
                    .unwrap_or_default()
            };
            let mean = |figure: usize| {
                let known: Vec<f64> = photos.iter().filter_map(|photo| photo.figures[figure]).collect();
                (!known.is_empty()).then(|| known.iter().sum::<f64>() / known.len() as f64)
            };
            let about = [subject.to_owned(), photos.len().to_string()].into_iter();
            let clinical = (0..self.columns.len()).map(common);
            about.chain(clinical).chain((0..self.figures.len()).map(|figure| number(mean(figure)))).collect()
        };
        csv(std::iter::once(header).chain(people.into_iter().map(row)))
    }

    /// A line for each figure of each group.
    fn by_group(&self) -> Result<Vec<u8>> {
        const HEADER: [&str; 15] = [
            "column",
            "group",
            "figure",
            "photos",
            "n",
            "missing",
            "subjects",
            "mean",
            "sd",
            "ci95_low",
            "ci95_high",
            "median",
            "q1",
            "q3",
            "interval_by",
        ];
        let mut rows = vec![HEADER.map(str::to_owned).to_vec()];
        for group in &self.groups {
            let (column, value) = group.of.clone().unwrap_or_else(|| (String::new(), "all".to_owned()));
            for (figure, s) in self.figures.iter().zip(&group.figures) {
                let interval = s.interval();
                let by = if s.subjects.is_some() { "subject" } else { "photo" };
                rows.push(vec![
                    column.clone(),
                    value.clone(),
                    figure.clone(),
                    group.photos.to_string(),
                    s.n.to_string(),
                    s.missing.to_string(),
                    s.subjects.map_or_else(String::new, |n| n.to_string()),
                    number(s.mean),
                    number(s.sd),
                    number(interval.map(|i| i[0])),
                    number(interval.map(|i| i[1])),
                    number(s.median),
                    number(s.q1),
                    number(s.q3),
                    by.to_owned(),
                ]);
            }
        }
        csv(rows.into_iter())
    }
}

fn number(value: Option<f64>) -> String {
    value.map_or_else(String::new, |value| ((value * 1e6).round() / 1e6 + 0.0).to_string())
}

fn csv(rows: impl Iterator<Item = Vec<String>>) -> Result<Vec<u8>> {
    let mut table = csv::WriterBuilder::new().terminator(csv::Terminator::Any(b'\n')).from_writer(Vec::new());
    for row in rows {
        table.write_record(row.into_iter().map(harmless))?;
    }
    Ok(table.into_inner()?)
}
