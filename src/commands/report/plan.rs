//! `report`: arguments to a plan.

use std::path::Path;
use std::sync::Arc;

use serde_json::Value;

use super::args::{Lang, ReportArgs};
use crate::commands::shared::derived::{counts, of_kind};
use crate::commands::shared::people::PeopleArgs;
use crate::commands::shared::scale::scales;
use crate::commands::shared::{at_rest, people};
use crate::disk::vault::{Vault, exists};
use crate::error::UsageError;
use crate::people::OptOut;
use crate::people::subjects::{Subjects, SubjectsPlan};
use crate::report::{Language, ReportPlan, Truth, Whose};
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
    let people = people::opt_out_of_results(&args.results.people, &vault)?;
    let results = Results::open(&args.out, &people, &vault)?;
    let beside = Beside {
        out: &args.out,
        model: results.run().map(|run| run["model"]["sha256"].clone()),
        people: &people,
        vault: &vault,
    };
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
    let whose = whose(&args.results.people, &results, &vault)?;
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
        language: match args.lang {
            Lang::En => Language::English,
            Lang::Ja => Language::Japanese,
        },
        output: args.output.unwrap_or_else(|| args.out.join("report.html")),
        figures: args.figures,
        jobs: args.results.jobs.count(),
    })
}

/// The table that says which photo is whose. Where results carry codes, people do so, too.
fn whose(args: &PeopleArgs, results: &Results, vault: &Vault) -> Result<Option<Whose>, UsageError> {
    let codes = people::key(args.key_file.as_deref(), vault)?;
    let Some(file) = args.opt_out.subjects.clone() else { return Ok(None) };
    let table = Subjects::read(&SubjectsPlan { file, ..SubjectsPlan::default() }, codes.as_ref(), vault)?;
    let is_coded = results.carries_codes();
    Ok(Some(Whose { table: Arc::new(table), codes: codes.filter(|_| is_coded) }))
}

/// What other commands wrote about these results.
struct Beside<'a> {
    out: &'a Path,
    /// The model's hash, where run.json tells it.
    model: Option<Value>,
    people: &'a OptOut,
    vault: &'a Vault,
}

impl Beside<'_> {
    /// The file that is named, or the one that lies with the results. That one is left out where it does not fit them.
    fn read(&self, named: Option<&Path>, option: &str, verb: &str, kind: &str) -> Result<Option<Value>, UsageError> {
        let again = format!("make it again: derm-seg {verb} ... --opt-out LIST");
        if let Some(path) = named {
            let file = of_kind(path, option, kind, self.vault)?;
            return match counts(&file, self.people) {
                true => Err(UsageError(format!("{option} counts people who opted out; {again}"))),
                false => Ok(Some(file)),
            };
        }
        let path = self.out.join(format!("{kind}.json"));
        if !exists(&path) {
            return Ok(None);
        }
        let file = of_kind(&path, option, kind, self.vault);
        let why = match &file {
            Err(UsageError(why)) => why.clone(),
            Ok(file) if counts(file, self.people) => format!("it counts people who opted out; {again}"),
            Ok(file)
                if file["model"]["sha256"].is_string() && Some(&file["model"]["sha256"]) != self.model.as_ref() =>
            {
                format!("it is of another model than these results; run `derm-seg {verb}` again")
            }
            Ok(_) => return file.map(Some),
        };
        tracing::warn!("{} is not shown: {why}", path.display());
        Ok(None)
    }
}
