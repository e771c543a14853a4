//! `series`: arguments to a plan.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use super::args::SeriesArgs;
use crate::commands::shared::{at_rest, people, review};
use crate::domain::record::{ModelId, Outcome};
use crate::error::UsageError;
use crate::people::OptOut;
use crate::people::subjects::SubjectsPlan;
use crate::slices::stack::{Slice, Stack, stacks};
use crate::store::results::Results;

pub struct SeriesPlan {
    pub results: Results,
    pub people: Arc<OptOut>,
    pub stacks: Vec<Stack>,
    pub model: Option<ModelId>,
    /// Photos that are in no series, by cause.
    pub left_out: BTreeMap<&'static str, usize>,
    pub output: PathBuf,
    pub json: bool,
    pub jobs: usize,
}

pub fn plan(args: SeriesArgs) -> Result<SeriesPlan, UsageError> {
    let vault = at_rest::vault(&args.results.at_rest)?;
    let people = people::of_results(&args.results.people, SubjectsPlan::default(), &vault)?.opt_out;
    let results = Results::open(&args.out, &people, &vault)?.selected(review::selection(&args.review, &vault)?);
    let (mut slices, mut model, mut left_out) = (Vec::new(), None, BTreeMap::new());
    for record in results.records()? {
        let cause = match record?.outcome {
            Outcome::Done(done) => match Slice::of(&done) {
                Some(slice) => {
                    slices.push(slice);
                    model.get_or_insert(done.model);
                    continue;
                }
                None => "no_place",
            },
            Outcome::Excluded(_) => "excluded",
            Outcome::Failed(_) => "failed",
        };
        *left_out.entry(cause).or_default() += 1;
    }
    Ok(SeriesPlan {
        people,
        stacks: stacks(slices),
        model,
        left_out,
        output: args.output.unwrap_or(args.out),
        json: args.json,
        jobs: args.results.jobs.count(),
        results,
    })
}
