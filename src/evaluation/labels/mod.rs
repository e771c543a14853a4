//! What a classifier says of photos against true labels; its crops against those of experts; and two classifiers on the same
//! photos. The figures themselves are made in `score::labels`.

pub(crate) mod crops;
pub(crate) mod describe;
pub(crate) mod inputs;
mod named;
mod scores;

pub use scores::{Against, Classified, LabelScores, csv};

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Result;

use crate::annotations::references::ReferenceFormat;
use crate::batch::parallel_map;
use crate::disk::vault::Vault;
use crate::domain::pairing::pair;
use crate::error::UsageError;
use crate::evaluation::eval::scores::Tool;
use crate::evaluation::score::labels::{BINS, Case, Prepared};
use crate::evaluation::score::strata::{Grouping, group_all};
use crate::evaluation::score::summary::RESAMPLES;
use crate::people::subjects::{Subjects, SubjectsPlan};
use crate::people::{OptOut, Pseudonyms};
use crate::store::results::Results;
use crops::crop_scores;
use describe::{describe, paired};
use inputs::{Answers, Truth, Which, answers};
use named::Named;
use scores::{CaseRow, Conventions, Reliability, Strata, Stratum, Totals, Unpaired};

pub const LABELS_SCHEMA: &str = "derm-seg/labels/1";

/// What is to be scored, and how.
pub struct LabelsPlan {
    /// A results folder or a table: whose answers are scored.
    pub answers: PathBuf,
    /// Those that they are held against on the same photos.
    pub against: Option<PathBuf>,
    pub which: Which,
    pub truth: Option<Truth>,
    pub crop_truth: Option<PathBuf>,
    pub crop_format: Option<ReferenceFormat>,
    pub people: Arc<OptOut>,
    pub subjects: Option<Arc<Subjects>>,
    /// Columns to make groups of; empty for all that make groups.
    pub strata: Vec<String>,
    /// Of names that results carry as codes.
    pub key: Option<Pseudonyms>,
    pub bins: BTreeMap<String, Vec<f64>>,
    pub seed: u64,
    pub vault: Vault,
    pub jobs: usize,
}

/// Answers that have a true label, as numbers.
struct Scored {
    images: Vec<String>,
    cases: Vec<Case>,
}

pub fn evaluate(plan: &LabelsPlan) -> Result<LabelScores> {
    let mut opted_out = None;
    let (mut labels, mut against, mut crops) = (None, None, None);
    if let Some(truth) = &plan.truth {
        let first = plan.read(&plan.answers)?;
        opted_out = first.left_out;
        let second = plan.against.as_deref().map(|path| plan.read(path)).transpose()?;
        let names = all_labels(truth, &first, second.as_ref())?;
        let scored = plan.cases(truth, &first, &names)?;
        if let (Some(second), Some(path)) = (&second, &plan.against) {
            against = Some(plan.hold_against(&scored, &first, second, path, &names)?);
        }
        labels = Some(plan.classified(truth, first, scored, names)?);
    }
    if let Some(path) = &plan.crop_truth {
        let results = Results::open(&plan.answers, &plan.people, &plan.vault)?;
        if opted_out.is_none() {
            let theirs: Vec<String> = results.opted_out()?.iter().map(|r| r.input().path.clone()).collect();
            opted_out = plan.people.left_out(&theirs);
        }
        crops = Some(crop_scores(&results, path, plan)?);
    }
    Ok(LabelScores {
        schema: LABELS_SCHEMA,
        tool: Tool::default(),
        conventions: Conventions {
            rates: "of the cases that the classifier decided; undefined ones are null and in no mean",
            ranking: "of all cases with probabilities, one label against the rest; ties count half",
            calibration: "of all cases with probabilities; bins hold their upper edge",
            bins: BINS,
            interval: "95 %; Wilson for shares, percentile bootstrap by image and, where subjects are known, by whole subjects",
            seed: plan.seed,
            resamples: RESAMPLES,
        },
        opted_out,
        labels,
        against,
        crops,
    })
}

/// The first one's labels, then the other's, then those that only the truth or a choice names.
fn all_labels(truth: &Truth, first: &Answers, second: Option<&Answers>) -> Result<Vec<String>, UsageError> {
    let mut names = first.labels.clone();
    let mut known: Vec<String> = second.into_iter().flat_map(|other| other.labels.clone()).collect();
    let said = [Some(first), second].into_iter().flatten().flat_map(|a| a.list.iter().filter_map(|a| a.said.clone()));
    known.extend(said);
    let mut more: Vec<String> = truth.table.images().filter_map(|image| truth.of(image)).collect();
    let is_known = |label: &String| names.contains(label) || known.contains(label);
    if !more.is_empty() && !more.iter().any(is_known) {
        let list = |mut labels: Vec<String>| {
            labels.sort();
            labels.dedup();
            labels.truncate(8);
            labels.join(", ")
        };
        return Err(UsageError(format!(
            "{}: none of the true labels ({}) is one that the classifier gives ({}): write them alike",
            truth.file.display(),
            list(more),
            list([names, known].concat())
        )));
    }
    more.append(&mut known);
    more.sort();
    for label in more {
        if !names.contains(&label) {
            names.push(label);
        }
    }
    Ok(names)
}

impl LabelsPlan {
    fn table(&self, file: &Path) -> Result<Subjects, UsageError> {
        let plan = SubjectsPlan { file: file.to_owned(), ..SubjectsPlan::default() };
        Subjects::read(&plan, self.key.as_ref(), &self.vault)
    }

    fn read(&self, path: &Path) -> Result<Answers, UsageError> {
        answers(path, &self.which, &self.people, &self.vault, |file| self.table(file))
    }

    /// The table that says whose photo is whose.
    fn people_table(&self) -> Option<&Arc<Subjects>> {
        let of_labels = self.truth.as_ref().map(|truth| &truth.table);
        [self.subjects.as_ref(), of_labels].into_iter().flatten().find(|table| table.has_subjects)
    }

    fn subjects_of(&self, images: &[String]) -> Option<Vec<usize>> {
        let names: Vec<&str> = images.iter().map(String::as_str).collect();
        self.people_table()?.numbered(&names)
    }

    fn cases(&self, truth: &Truth, answers: &Answers, labels: &[String]) -> Result<Scored, UsageError> {
        let place = |label: &String| labels.iter().position(|name| name == label);
        let mut scored = Scored { images: Vec::new(), cases: Vec::new() };
        for answer in &answers.list {
            let Some(truth) = truth.of(&answer.image).as_ref().and_then(place) else { continue };
            let widened = |p: &Vec<f64>| {
                let of =
                    |label: &String| answers.labels.iter().position(|l| l == label).and_then(|i| p.get(i).copied());
                labels.iter().map(|label| of(label).unwrap_or(0.0)).collect()
            };
            let probabilities = answer.probabilities.as_ref().map(widened);
            scored.images.push(answer.image.clone());
            scored.cases.push(Case { truth, said: answer.said.as_ref().and_then(place), probabilities });
        }
        match (scored.cases.is_empty(), answers.list.first()) {
            (true, first) => Err(UsageError(format!(
                "no line of {} is about a photo that was classified. The first photo is `{}`, the first line is about `{}`",
                truth.file.display(),
                first.map_or("none at all", |answer| &answer.image),
                truth.table.images().next().unwrap_or("none at all")
            ))),
            _ => Ok(scored),
        }
    }

    fn hold_against(
        &self,
        scored: &Scored,
        first: &Answers,
        second: &Answers,
        path: &Path,
        labels: &[String],
    ) -> Result<Against, UsageError> {
        let truth = self.truth.as_ref().expect("answers are held against each other by true labels");
        let other = self.cases(truth, second, labels)?;
        let pairs = pair(&scored.images, &other.images, &[]).pairs;
        if pairs.is_empty() {
            return Err(UsageError(format!("--against {}: none of its photos is among those scored", path.display())));
        }
        let ours: Vec<Case> = pairs.iter().map(|&(i, _)| scored.cases[i].clone()).collect();
        let theirs: Vec<Case> = pairs.iter().map(|&(_, i)| other.cases[i].clone()).collect();
        let images: Vec<String> = pairs.iter().map(|&(i, _)| scored.images[i].clone()).collect();
        let subjects = self.subjects_of(&images);
        let knows = [first, second].map(|answers| knows(labels, answers));
        let paired = paired([&ours, &theirs], [&knows[0], &knows[1]], subjects.as_deref(), self.seed);
        Ok(Against { source: second.source.clone(), paired })
    }

    fn classified(&self, truth: &Truth, answers: Answers, scored: Scored, labels: Vec<String>) -> Result<Classified> {
        let knows = knows(&labels, &answers);
        let subjects = self.subjects_of(&scored.images);
        let (groupings, columns_left_out) = self.groupings(truth, &scored.images)?;
        let everything: Vec<usize> = (0..scored.cases.len()).collect();
        let mut members = vec![everything];
        members.extend(groupings.iter().flat_map(|g| (0..g.groups.len()).map(|i| g.members(i))));
        let of_group = |of: &Vec<usize>| {
            let cases: Vec<Case> = of.iter().map(|&i| scored.cases[i].clone()).collect();
            let subjects: Option<Vec<usize>> = subjects.as_ref().map(|all| of.iter().map(|&i| all[i]).collect());
            describe(&cases, &labels, &knows, subjects.as_deref(), self.seed)
        };
        let mut groups = parallel_map(&members, self.jobs, of_group)?.into_iter();
        let aggregate = groups.next().expect("all cases are the first group");
        let mut stratum = |grouping: &Grouping| Strata {
            column: grouping.column.clone(),
            groups: grouping
                .groups
                .iter()
                .zip(&mut groups)
                .map(|(value, group)| Stratum { value: value.clone(), group })
                .collect(),
        };
        let strata = groupings.iter().map(&mut stratum).collect();
        let (likeliest, of_labels) = Prepared::new(&scored.cases, &knows).reliability();
        let known = labels.iter().cloned().zip(of_labels).zip(&knows).filter(|(_, known)| **known);
        let unpaired = unpaired(truth, &answers);
        let names = answers.list.iter().map(|a| a.image.as_str()).chain(answers.without.iter().map(String::as_str));
        let (_, labels_without_answer) = truth.table.unmatched(names, |image| self.people.excludes(image));
        Ok(Classified {
            totals: Totals {
                scored: scored.cases.len(),
                abstained: scored.cases.iter().filter(|case| case.said.is_none()).count(),
                unpaired: unpaired.len(),
                labels_without_answer,
            },
            aggregate,
            reliability: Reliability { likeliest, labels: Named(known.map(|(named, _)| named).collect()) },
            strata,
            columns_left_out,
            cases: rows(&scored, &labels, &knows, &groupings),
            unpaired,
            without_probability: labels.iter().zip(&knows).filter(|(_, k)| !**k).map(|(l, _)| l.clone()).collect(),
            source: answers.source,
            labels,
        })
    }

    /// Groups by the other columns of the table of labels, and by those of the table of people.
    fn groupings(&self, truth: &Truth, images: &[String]) -> Result<(Vec<Grouping>, Vec<String>), UsageError> {
        let tables = std::iter::once(&truth.table).chain(self.subjects.as_ref());
        let mut columns: Vec<(&String, Vec<Option<String>>)> = Vec::new();
        for table in tables {
            for (i, name) in table.columns.iter().enumerate() {
                let is_label = Arc::ptr_eq(table, &truth.table) && i == truth.column;
                let is_wanted = self.strata.is_empty() || self.strata.iter().any(|s| s.eq_ignore_ascii_case(name));
                if is_wanted && !is_label && !columns.iter().any(|(known, _)| known.eq_ignore_ascii_case(name)) {
                    columns.push((name, images.iter().map(|image| table.value(image, i)).collect()));
                }
            }
        }
        group_all(columns.into_iter(), &self.bins)
    }
}

fn knows(labels: &[String], answers: &Answers) -> Vec<bool> {
    labels.iter().map(|label| answers.labels.contains(label)).collect()
}

fn unpaired(truth: &Truth, answers: &Answers) -> Vec<Unpaired> {
    let without_label = answers.list.iter().map(|answer| &answer.image).filter(|image| truth.of(image).is_none());
    let no_label = without_label.map(|image| Unpaired { path: image.clone(), reason: "no_label" });
    let no_answer = answers.without.iter().map(|image| Unpaired { path: image.clone(), reason: "no_answer" });
    let mut all: Vec<Unpaired> = no_label.chain(no_answer).collect();
    all.sort();
    all
}

fn rows(scored: &Scored, labels: &[String], knows: &[bool], groupings: &[Grouping]) -> Vec<CaseRow> {
    let row = |(i, (image, case)): (usize, (&String, &Case))| {
        let named = |p: &Vec<f64>| {
            let known = labels.iter().zip(p).zip(knows).filter(|(_, known)| **known);
            Named(known.map(|((label, p), _)| (label.clone(), *p)).collect())
        };
        CaseRow {
            image: image.clone(),
            truth: labels[case.truth].clone(),
            said: case.said.map(|said| labels[said].clone()),
            right: case.said.map(|said| said == case.truth),
            probabilities: case.probabilities.as_ref().map(named),
            strata: groupings.iter().map(|g| (g.column.clone(), g.groups[g.of[i]].clone())).collect(),
        }
    };
    scored.images.iter().zip(&scored.cases).enumerate().map(row).collect()
}
