//! Who says what: the true labels of a table, and the answers of a classifier, from records or from a table of its own.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Serialize;

use crate::disk::vault::Vault;
use crate::domain::record::{Classification, ClassifiedPart, ModelId};
use crate::error::UsageError;
use crate::evaluation::score::labels::likeliest;
use crate::people::subjects::Subjects;
use crate::people::{LeftOut, OptOut};
use crate::store::results::Results;

/// Names that a column of true labels usually has.
const LABEL_COLUMNS: [&str; 6] = ["label", "class", "truth", "target", "true_label", "diagnosis"];
/// Names that the column of a classifier's choice usually has; a blank cell says that it abstained.
const SAID_COLUMNS: [&str; 5] = ["predicted", "prediction", "predicted_label", "pred", "said"];
/// What may stand before a label in the name of a column of probabilities.
const PREFIXES: [&str; 4] = ["probability_", "prob_", "p_", "p:"];

/// A column of true labels.
pub struct Truth {
    pub table: Arc<Subjects>,
    pub column: usize,
    pub file: PathBuf,
}

impl Truth {
    pub fn new(table: Arc<Subjects>, file: PathBuf, asked: Option<&str>) -> Result<Self, UsageError> {
        let names: &[&str] = asked.as_ref().map_or(&LABEL_COLUMNS, std::slice::from_ref);
        let of = |name: &&str| table.columns.iter().position(|column| column.eq_ignore_ascii_case(name));
        match names.iter().find_map(of) {
            Some(column) => Ok(Self { table, column, file }),
            None => Err(UsageError(format!(
                "{}: there is no column `{}`; name the column of the true labels with --label-column: {}",
                file.display(),
                names[0],
                table.columns.join(", ")
            ))),
        }
    }

    pub fn of(&self, image: &str) -> Option<String> {
        self.table.value(image, self.column)
    }
}

/// What a classifier said of one photo.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    pub image: String,
    pub said: Option<String>,
    /// One for each of the classifier's labels.
    pub probabilities: Option<Vec<f64>>,
}

pub struct Answers {
    pub source: Source,
    /// Labels that there are probabilities for.
    pub labels: Vec<String>,
    pub list: Vec<Answer>,
    /// Photos that have no answer: not classified, failed or left out.
    pub without: Vec<String>,
    pub left_out: Option<LeftOut>,
}

/// Where answers come from.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Source {
    /// `records` or `table`.
    pub kind: &'static str,
    pub model: Option<ModelId>,
    pub of: Option<ClassifiedPart>,
}

/// Which of a photo's classifications is meant, where records hold several.
#[derive(Clone, Debug, Default)]
pub struct Which {
    pub classifier: Option<String>,
    pub of: Option<ClassifiedPart>,
}

/// A results folder, or a table of probabilities.
pub fn answers(
    path: &Path,
    which: &Which,
    people: &Arc<OptOut>,
    vault: &Vault,
    table: impl FnOnce(&Path) -> Result<Subjects, UsageError>,
) -> Result<Answers, UsageError> {
    if path.is_dir() || Results::is_one(path) {
        return of_results(&Results::open(path, people, vault)?, which, people);
    }
    of_table(&table(path)?, path, people)
}

fn of_results(results: &Results, which: &Which, people: &OptOut) -> Result<Answers, UsageError> {
    let mut found = Answers {
        source: Source { kind: "records", model: None, of: None },
        labels: Vec::new(),
        list: Vec::new(),
        without: Vec::new(),
        left_out: None,
    };
    let mut met: Vec<(ModelId, ClassifiedPart)> = Vec::new();
    for record in results.records()? {
        let record = record?;
        let image = record.input().path.clone();
        let all = record.done().and_then(|done| done.classifications.as_deref()).unwrap_or_default();
        let meant: Vec<&Classification> = all.iter().filter(|c| is_meant(c, which)).collect();
        for one in &meant {
            let (model, of) = (&one.model, one.of);
            if !met.iter().any(|(m, part)| m == model && *part == of) {
                met.push((model.clone(), of));
            }
        }
        // Of a photo's lesions the largest speaks for the photo: lesions are numbered by size.
        match meant.iter().min_by_key(|one| one.lesion.unwrap_or(0)) {
            Some(one) => found.add(image, one),
            None => found.without.push(image),
        }
    }
    match met.as_slice() {
        [] => Err(UsageError(format!(
            "no record in {} holds an answer of a second model{}: run `derm-seg run --classify MODEL`, or give a table with --predictions",
            results.root.display(),
            if which.classifier.is_some() || which.of.is_some() { " that is as --classifier and --of ask" } else { "" }
        ))),
        [(model, of)] => {
            found.source = Source { kind: "records", model: Some(model.clone()), of: Some(*of) };
            let theirs: Vec<String> = results.opted_out()?.iter().map(|r| r.input().path.clone()).collect();
            found.left_out = people.left_out(&theirs);
            Ok(found)
        }
        several => {
            let named = |(model, of): &(ModelId, ClassifiedPart)| format!("{} of the {}", model.name, part(*of));
            let names: Vec<String> = several.iter().map(named).collect();
            Err(UsageError(format!(
                "the records hold several answers ({}): choose one with --classifier NAME and --of PART",
                names.join(", ")
            )))
        }
    }
}

pub fn part(of: ClassifiedPart) -> &'static str {
    match of {
        ClassifiedPart::Photo => "photo",
        ClassifiedPart::Lesion => "lesion",
        ClassifiedPart::Union => "union",
    }
}

fn is_meant(one: &Classification, which: &Which) -> bool {
    which.of.is_none_or(|of| of == one.of) && which.classifier.as_ref().is_none_or(|name| *name == one.model.name)
}

impl Answers {
    fn add(&mut self, image: String, one: &Classification) {
        for label in one.probabilities.keys() {
            if !self.labels.contains(label) {
                self.labels.push(label.clone());
            }
        }
        let of = |label: &String| one.probabilities.get(label).and_then(serde_json::Value::as_f64).unwrap_or(0.0);
        let probabilities = self.labels.iter().map(of).collect();
        self.list.push(Answer { image, said: one.label.clone(), probabilities: Some(probabilities) });
    }
}

/// Columns of a table: which holds the choice, and which the probability of which label.
fn columns(table: &Subjects) -> (Option<usize>, Vec<(usize, String)>) {
    let said = SAID_COLUMNS.iter().find_map(|name| table.columns.iter().position(|c| c.eq_ignore_ascii_case(name)));
    let prefixed = |name: &String| PREFIXES.iter().find_map(|prefix| name.strip_prefix(prefix)).map(str::to_owned);
    let with_prefix: Vec<(usize, String)> =
        table.columns.iter().enumerate().filter_map(|(i, name)| Some((i, prefixed(name)?))).collect();
    if !with_prefix.is_empty() {
        return (said, with_prefix);
    }
    // Otherwise every column that holds shares, and nothing else, is a label.
    let images: Vec<&str> = table.images().collect();
    let holds_shares = |i: usize| {
        let cells = || images.iter().filter_map(|image| table.value(image, i));
        cells().next().is_some() && cells().all(|cell| share(&cell).is_some())
    };
    let plain = table.columns.iter().enumerate().filter(|(i, _)| Some(*i) != said && holds_shares(*i));
    (said, plain.map(|(i, name)| (i, name.clone())).collect())
}

fn share(cell: &str) -> Option<f64> {
    cell.parse().ok().filter(|p| (0.0..=1.0).contains(p))
}

fn of_table(table: &Subjects, file: &Path, people: &OptOut) -> Result<Answers, UsageError> {
    let (said, shares) = columns(table);
    if said.is_none() && shares.is_empty() {
        return Err(UsageError(format!(
            "{}: no column holds what the classifier said: name its choice `predicted`, and probabilities by their labels (numbers from 0 to 1), or p_LABEL",
            file.display()
        )));
    }
    if let (None, [(_, only)]) = (said, shares.as_slice()) {
        return Err(UsageError(format!(
            "{}: `{only}` is the only label with probabilities: add a column for every other label, or what was chosen as `predicted`",
            file.display()
        )));
    }
    let labels: Vec<String> = shares.iter().map(|(_, label)| label.clone()).collect();
    let mut list = Vec::new();
    let (mut without, mut theirs) = (Vec::new(), Vec::new());
    for image in table.images() {
        if people.excludes(image) {
            theirs.push(image.to_owned());
            continue;
        }
        let mut probabilities = Vec::new();
        for (column, label) in &shares {
            match table.value(image, *column) {
                None => {}
                Some(cell) => probabilities.push(share(&cell).ok_or_else(|| {
                    UsageError(format!(
                        "{}: `{cell}` of {label} in the line of {image} is not a number from 0 to 1",
                        file.display()
                    ))
                })?),
            }
        }
        let all = (!labels.is_empty() && probabilities.len() == labels.len()).then_some(probabilities);
        let choice = match said {
            Some(column) => table.value(image, column),
            None => all.as_ref().map(|p| labels[likeliest(p)].clone()),
        };
        // With neither a choice nor probabilities there is no answer; without a choice, the classifier abstained.
        match choice.is_none() && all.is_none() && said.is_none() {
            true => without.push(image.to_owned()),
            false => list.push(Answer { image: image.to_owned(), said: choice, probabilities: all }),
        }
    }
    let left_out = people.left_out(&theirs);
    Ok(Answers { source: Source { kind: "table", model: None, of: None }, labels, list, without, left_out })
}
