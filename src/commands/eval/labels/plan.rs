//! `eval --labels` and `eval --crop-truth`: arguments to a plan.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Result;

use crate::commands::eval::args::{EvalArgs, Part};
use crate::commands::shared::bins::bins;
use crate::commands::shared::references::reference_format;
use crate::commands::shared::{at_rest, people};
use crate::disk::vault::Vault;
use crate::domain::record::ClassifiedPart;
use crate::error::UsageError;
use crate::evaluation::labels::LabelsPlan;
use crate::evaluation::labels::inputs::{Truth, Which};
use crate::people::Pseudonyms;
use crate::people::subjects::{Subjects, SubjectsPlan};
use crate::store::results::Results;

pub struct LabelSettings {
    pub plan: LabelsPlan,
    /// Where labels.json and labels.csv go.
    pub output: PathBuf,
    pub json: bool,
}

pub fn settings(args: EvalArgs) -> Result<LabelSettings, UsageError> {
    if !args.min.is_empty() || !args.max.is_empty() {
        return Err(UsageError("--min and --max hold scores of masks; labels and crops have no limits".into()));
    }
    let vault = at_rest::vault(&args.results.at_rest)?;
    let key = people::key(args.results.people.key_file.as_deref(), &vault)?;
    let Tables { subjects, truth } = tables(&args, key.as_ref(), &vault)?;
    let known = || [subjects.as_ref(), truth.as_ref().map(|truth| &truth.table)].into_iter().flatten();
    let has =
        |column: &String| known().any(|table| table.columns.iter().any(|known| known.eq_ignore_ascii_case(column)));
    if let Some(unknown) = args.strata.iter().find(|column| !has(column)) {
        return Err(UsageError(format!("--strata {unknown}: no table has this column")));
    }
    let whose = subjects.as_ref().or(known().find(|table| table.has_subjects));
    let opt_out = people::opt_out(args.results.people.opt_out.opt_out.as_deref(), whose, key.as_ref(), &vault)?;
    let bins = bins(&args.bins, known().next().map(Arc::as_ref))?;
    let beside = args.predictions.clone().filter(|out| Results::is_one(out)).unwrap_or_else(|| PathBuf::from("."));
    let answers = answers(args.labels.table, args.predictions, args.labels.crop_truth.is_some())?;
    Ok(LabelSettings {
        output: args.output.unwrap_or(beside),
        json: args.json,
        plan: LabelsPlan {
            answers,
            against: args.labels.against,
            which: Which {
                classifier: args.labels.classifier,
                of: args.labels.of.map(|of| match of {
                    Part::Photo => ClassifiedPart::Photo,
                    Part::Lesion => ClassifiedPart::Lesion,
                    Part::Union => ClassifiedPart::Union,
                }),
            },
            truth,
            crop_truth: args.labels.crop_truth,
            crop_format: reference_format(args.truth_format, "--truth-format")?,
            people: Arc::new(opt_out),
            subjects,
            strata: args.strata,
            key,
            bins,
            seed: args.seed,
            vault,
            jobs: args.results.jobs.count(),
        },
    })
}

/// The table of people and that of true labels, where they are given.
struct Tables {
    subjects: Option<Arc<Subjects>>,
    truth: Option<Truth>,
}

fn tables(args: &EvalArgs, key: Option<&Pseudonyms>, vault: &Vault) -> Result<Tables, UsageError> {
    let of_people = args.results.people.opt_out.subjects.as_deref();
    let named = SubjectsPlan {
        image_column: args.image_column.clone(),
        subject_column: args.subject_column.clone(),
        ..SubjectsPlan::default()
    };
    // Named columns are those of the table of people where there is one, else of the table of labels.
    let (in_people, in_labels) = match (of_people, &args.labels.labels) {
        (None, Some(_)) => (SubjectsPlan::default(), named),
        _ => (named, SubjectsPlan::default()),
    };
    let subjects = people::table(of_people, in_people, key, vault)?;
    let truth = match &args.labels.labels {
        Some(file) => {
            let table = Subjects::read(&SubjectsPlan { file: file.clone(), ..in_labels }, key, vault)?;
            Some(Truth::new(Arc::new(table), file.clone(), args.labels.label_column.as_deref())?)
        }
        None => None,
    };
    Ok(Tables { subjects, truth })
}

/// Where the classifier's answers are: results, or a table.
fn answers(table: Option<PathBuf>, results: Option<PathBuf>, about_crops: bool) -> Result<PathBuf, UsageError> {
    match (table, results) {
        (Some(_), Some(out)) if !about_crops => {
            let out = out.display();
            Err(UsageError(format!("{out} and --predictions both hold answers: name one of them")))
        }
        (Some(_), _) if about_crops => {
            Err(UsageError("--crop-truth is about the crops of OUT: leave out --predictions".into()))
        }
        (Some(table), _) => Ok(table),
        (None, Some(out)) => Ok(out),
        (None, None) => Err(UsageError("name the results, or a table with --predictions".into())),
    }
}
