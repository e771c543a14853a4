//! `compare`: arguments to a plan.

use std::path::PathBuf;

use anyhow::Result;

use super::args::CompareArgs;
use crate::commands::shared::{at_rest, people, review};
use crate::error::UsageError;
use crate::evaluation::compare::ComparePlan;
use crate::evaluation::compare::limits::{Limit, limits};
use crate::people::subjects::SubjectsPlan;

pub struct CompareSettings {
    pub plan: ComparePlan,
    /// Where compare.json goes.
    pub output: PathBuf,
    pub json: bool,
}

pub fn settings(args: CompareArgs) -> Result<CompareSettings> {
    let mut asked: Vec<Limit> = Vec::new();
    for text in &args.max_change {
        asked.push(text.parse().map_err(|e| UsageError(format!("--max-change {text}: {e}")))?);
    }
    let vault = at_rest::vault(&args.results.at_rest)?;
    Ok(CompareSettings {
        output: args.output.unwrap_or_else(|| args.new.clone()),
        json: args.json,
        plan: ComparePlan {
            people: people::of_results(&args.results.people, SubjectsPlan::default(), &vault)?.opt_out,
            selection: review::selection(&args.review, &vault)?,
            vault,
            base: args.base,
            new: args.new,
            limits: limits(asked),
            jobs: args.results.jobs.count(),
        },
    })
}
