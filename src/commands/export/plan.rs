//! `export`: arguments to a plan.

use std::path::{Path, PathBuf};

use super::args::{ExportArgs, FormatArg, OnlyArg};
use crate::annotations::export::{ExportFormat, ExportPlan, SegPlan};
use crate::commands::shared::people::{self, People};
use crate::commands::shared::sources::sources;
use crate::commands::shared::{at_rest, review};
use crate::domain::mask::{LESION, SKIN};
use crate::error::UsageError;
use crate::people::subjects::SubjectsPlan;
use crate::store::results::Results;

pub fn plan(args: ExportArgs) -> Result<ExportPlan, UsageError> {
    let format = match args.format {
        FormatArg::Coco => ExportFormat::Coco,
        FormatArg::Labelme => ExportFormat::Labelme,
        FormatArg::Geojson => ExportFormat::Geojson,
        FormatArg::Imagej => ExportFormat::Imagej,
        FormatArg::Masks => ExportFormat::Masks,
        FormatArg::Index => ExportFormat::Index,
        FormatArg::Csv => ExportFormat::Csv,
        FormatArg::DicomSeg => ExportFormat::DicomSeg,
    };
    let only = args.only.map(|only| if only == OnlyArg::Skin { SKIN } else { LESION });
    if args.simplify.is_some() && !matches!(format, ExportFormat::Labelme | ExportFormat::Imagej) {
        return Err(UsageError("--simplify is for --format labelme and imagej: outlines that a hand corrects".into()));
    }
    if only.is_some() && matches!(format, ExportFormat::Csv | ExportFormat::Index) {
        return Err(UsageError(
            "--only is not for csv, which has lesions alone, or index, which has all classes".into(),
        ));
    }
    let is_seg = format == ExportFormat::DicomSeg;
    if is_seg != args.photos.is_some() || !is_seg && args.uid_root.is_some() {
        return Err(UsageError(
            "--format dicom-seg needs --photos DIR, and only it takes --photos and --uid-root".into(),
        ));
    }
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
    let People { key: codes, opt_out: people, .. } =
        people::of_results(&args.results.people, SubjectsPlan::default(), &vault)?;
    let selection = review::selection(&args.review, &vault)?;
    let results = Results::open(&args.out, &people, &vault)?.selected(selection);
    let seg = |photos: &PathBuf| {
        let codes = codes.filter(|_| results.carries_codes());
        let sources = sources(photos, &args.out, &people, results.carries_codes(), codes.as_ref())?;
        Ok::<_, UsageError>(SegPlan { sources, codes, uid_root: args.uid_root.clone() })
    };
    let seg = args.photos.as_ref().map(seg).transpose()?;
    Ok(ExportPlan {
        seg,
        results,
        people,
        format,
        dest: args.output,
        only,
        simplify: args.simplify,
        jobs: args.results.jobs.count(),
    })
}

/// An empty folder is free.
fn is_taken(dest: &Path) -> bool {
    match dest.read_dir() {
        Ok(mut entries) => entries.next().is_some(),
        Err(_) => crate::disk::vault::exists(dest),
    }
}
