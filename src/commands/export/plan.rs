//! `export`: arguments to a plan.

use std::path::Path;

use super::args::{ExportArgs, FormatArg};
use crate::annotations::export::{ExportFormat, ExportPlan};
use crate::commands::shared::{at_rest, people};
use crate::error::UsageError;
use crate::store::results::Results;

pub fn plan(args: ExportArgs) -> Result<ExportPlan, UsageError> {
    let format = match args.format {
        FormatArg::Coco => ExportFormat::Coco,
        FormatArg::Labelme => ExportFormat::Labelme,
        FormatArg::Geojson => ExportFormat::Geojson,
        FormatArg::Csv => ExportFormat::Csv,
    };
    let dest = &args.output;
    let problem = match (format.is_one_file(), dest.is_dir()) {
        (true, true) => Some("is a folder; name the file to write".to_owned()),
        (false, false) if dest.exists() => Some("is a file; name a folder".to_owned()),
        _ if !args.overwrite && is_taken(dest) => Some("is there already; --overwrite replaces it".to_owned()),
        _ => None,
    };
    if let Some(problem) = problem {
        return Err(UsageError(format!("{} {problem}", dest.display())));
    }
    let vault = at_rest::vault(&args.results.at_rest)?;
    let people = people::opt_out_of_results(&args.results.people, &vault)?;
    let results = Results::open(&args.out, &people, &vault)?;
    Ok(ExportPlan { results, people, format, dest: args.output, jobs: args.results.jobs.count() })
}

/// An empty folder is free.
fn is_taken(dest: &Path) -> bool {
    match dest.read_dir() {
        Ok(mut entries) => entries.next().is_some(),
        Err(_) => crate::disk::vault::exists(dest),
    }
}
