//! `report`: arguments to a plan.

use std::sync::Arc;

use super::args::ReportArgs;
use crate::commands::shared::at_rest;
use crate::commands::shared::derived::Beside;
use crate::commands::shared::people::{self, People};
use crate::commands::shared::scale::scales;
use crate::error::UsageError;
use crate::people::subjects::SubjectsPlan;
use crate::report::{ReportPlan, Truth, Whose};
use crate::store::results::Results;
use crate::store::review::{Review, Selection};

pub fn plan(args: ReportArgs) -> Result<ReportPlan, UsageError> {
    if let Some(folder) = args.with_photos.as_ref().filter(|folder| !folder.is_dir()) {
        return Err(UsageError(format!(
            "{} is not a folder: --with-photos takes the folder that was segmented",
            folder.display()
        )));
    }
    let vault = at_rest::vault(&args.results.at_rest)?;
    let People { key: codes, table, opt_out: people } =
        people::of_results(&args.results.people, SubjectsPlan::default(), &vault)?;
    let results = Results::open(&args.out, &people, &vault)?;
    let beside = Beside::new(&args.out, &results, &people, &vault);
    let scores = beside.read(args.scores.as_deref(), "--scores", "eval", "scores")?;
    let truth = match (&scores, args.truth.as_slice()) {
        (_, []) => None,
        (Some(scores), folders) => Some(Truth::open(folders, scores, &vault)?),
        (None, _) => {
            return Err(UsageError(
                "--truth shows references with their scores: run `derm-seg eval` with the same --truth first".into(),
            ));
        }
    };
    let review = args.review.as_deref().map(|file| Review::read(file, &vault).map(Arc::new)).transpose()?;
    // Where results carry codes, people do so, too.
    let codes = codes.filter(|_| results.carries_codes());
    let whose = table.map(|table| Whose { table, codes });
    let scales = scales(args.scale, whose.as_ref().map(|whose| whose.table.clone()), review.clone());
    Ok(ReportPlan {
        track: beside.read(args.track.as_deref(), "--track", "track", "track")?,
        comparison: beside.read(args.compare.as_deref(), "--compare", "compare", "compare")?,
        whose,
        scores,
        truth,
        results: results.selected(review.clone().map(Selection::of_everything)).scaled(scales),
        review,
        people,
        photos: args.with_photos,
        photo_size: args.photo_size,
        language: args.lang.language(),
        output: args.output.unwrap_or_else(|| args.out.join("report.html")),
        figures: args.figures,
        jobs: args.results.jobs.count(),
    })
}
