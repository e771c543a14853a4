//! `eval --labels` and `eval --crop-truth`: arguments to a plan.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Result;

use crate::commands::eval::args::{EvalArgs, Part};
use crate::commands::shared::bins::bins;
use crate::commands::shared::references::reference_format;
use crate::commands::shared::{at_rest, people};
use crate::domain::record::ClassifiedPart;
use crate::error::UsageError;
use crate::evaluation::labels::LabelsPlan;
use crate::evaluation::labels::inputs::{Truth, Which};
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
    let asked = args.labels;
    let vault = at_rest::vault(&args.results.at_rest)?;
    let whom = &args.results.people;
    let key = people::key(whom.key_file.as_deref(), &vault)?;
    let named = SubjectsPlan {
        image_column: args.image_column,
        subject_column: args.subject_column,
        ..SubjectsPlan::default()
    };
    // Named columns are those of the table of people where there is one, else of the table of labels.
    let (of_people, of_labels) = match (&whom.opt_out.subjects, &asked.labels) {
        (None, Some(_)) => (SubjectsPlan::default(), named),
        _ => (named, SubjectsPlan::default()),
    };
    let subjects = people::table(whom.opt_out.subjects.as_deref(), of_people, key.as_ref(), &vault)?;
    let truth = match asked.labels {
        Some(file) => {
            let table = Subjects::read(&SubjectsPlan { file: file.clone(), ..of_labels }, key.as_ref(), &vault)?;
            Some(Truth::new(Arc::new(table), file, asked.label_column.as_deref())?)
        }
        None => None,
    };
    let tables = || [subjects.as_ref(), truth.as_ref().map(|truth| &truth.table)].into_iter().flatten();
    if let Some(unknown) = args
        .strata
        .iter()
        .find(|column| !tables().any(|table| table.columns.iter().any(|known| known.eq_ignore_ascii_case(column))))
    {
        return Err(UsageError(format!("--strata {unknown}: no table has this column")));
    }
    let whose = subjects.as_ref().or(tables().find(|table| table.has_subjects));
    let opt_out = people::opt_out(whom.opt_out.opt_out.as_deref(), whose, key.as_ref(), &vault)?;
    let bins = bins(&args.bins, tables().next().map(Arc::as_ref))?;
    let out = args.predictions;
    let beside = out.clone().filter(|out| Results::is_one(out)).unwrap_or_else(|| PathBuf::from("."));
    let answers = match (asked.table, out) {
        (Some(_), Some(out)) if asked.crop_truth.is_none() => {
            let out = out.display();
            return Err(UsageError(format!("{out} and --predictions both hold answers: name one of them")));
        }
        (Some(_), _) if asked.crop_truth.is_some() => {
            return Err(UsageError("--crop-truth is about the crops of OUT: leave out --predictions".into()));
        }
        (Some(table), _) => table,
        (None, Some(out)) => out,
        (None, None) => return Err(UsageError("name the results, or a table with --predictions".into())),
    };
    Ok(LabelSettings {
        output: args.output.unwrap_or(beside),
        json: args.json,
        plan: LabelsPlan {
            answers,
            against: asked.against,
            which: Which {
                classifier: asked.classifier,
                of: asked.of.map(|of| match of {
                    Part::Photo => ClassifiedPart::Photo,
                    Part::Lesion => ClassifiedPart::Lesion,
                    Part::Union => ClassifiedPart::Union,
                }),
            },
            truth,
            crop_truth: asked.crop_truth,
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
