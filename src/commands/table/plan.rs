//! `table`: arguments to a plan.

use std::path::PathBuf;

use super::args::TableArgs;
use crate::commands::shared::bins::bins;
use crate::commands::shared::derived::Beside;
use crate::commands::shared::people::{self, People};
use crate::commands::shared::scale::scales;
use crate::commands::shared::{at_rest, review};
use crate::error::UsageError;
use crate::evaluation::cohort::CohortPlan;
use crate::people::subjects::SubjectsPlan;
use crate::store::results::Results;

pub struct TablePlan {
    pub cohort: CohortPlan,
    pub output: PathBuf,
}

pub fn plan(args: TableArgs) -> Result<TablePlan, UsageError> {
    let vault = at_rest::vault(&args.results.at_rest)?;
    let columns = SubjectsPlan {
        image_column: args.image_column,
        subject_column: args.subject_column,
        ..SubjectsPlan::default()
    };
    let whom = people::of_results(&args.results.people, columns, &vault)?;
    let People { key: codes, table: Some(subjects), opt_out: people } = whom else {
        return Err(UsageError(
            "Give the clinical table with --subjects FILE: a line for each photo, with a column path.".into(),
        ));
    };
    for name in &args.groups {
        if !subjects.columns.iter().any(|column| column.eq_ignore_ascii_case(name)) {
            return Err(UsageError(format!(
                "--groups {name}: the table has the columns {}",
                subjects.columns.join(", ")
            )));
        }
    }
    let selection = review::selection(&args.review, &vault)?;
    let measured = selection.as_ref().map(|selection| selection.review.clone());
    let scales = scales(args.scale, Some(subjects.clone()), measured);
    let results = Results::open(&args.out, &people, &vault)?.selected(selection).scaled(scales);
    let beside = Beside::new(&args.out, &results, &people, &vault);
    let scores = beside.read(args.scores.as_deref(), "--scores", "eval", "scores")?;
    let is_coded = results.carries_codes();
    Ok(TablePlan {
        output: args.output.unwrap_or_else(|| args.out.join("tables")),
        cohort: CohortPlan {
            scores,
            bins: bins(&args.bins, Some(&subjects))?,
            subjects,
            groups: args.groups,
            codes: codes.filter(|_| is_coded),
            seed: args.seed,
            results,
        },
    })
}
