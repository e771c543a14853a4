//! `correct` and `measure`: arguments to a plan.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use super::args::{CommonArgs, CorrectArgs, MeasureArgs};
use crate::annotations::corrections::Masks;
use crate::annotations::references::{ReferenceFormat, References};
use crate::commands::shared::at_rest;
use crate::commands::shared::crops::crop_rule;
use crate::commands::shared::people::{self, People};
use crate::commands::shared::references::reference_format;
use crate::commands::shared::scale::scales;
use crate::commands::shared::sources::sources;
use crate::disk::vault::Vault;
use crate::domain::crop::CropRule;
use crate::domain::mask::LESION;
use crate::domain::pairing::{Pairing, pair};
use crate::domain::record::{Done, Record};
use crate::domain::source::Source;
use crate::error::UsageError;
use crate::people::subjects::{Subjects, SubjectsPlan};
use crate::store::results::Results;
use crate::store::review::Review;
use crate::store::{CROPS, OutputFolder, Overlay, Scales, carries_codes, kinds_of};

pub struct CorrectPlan {
    pub folder: OutputFolder,
    pub overlay: Option<Overlay>,
    /// How the crops are cut that are there, or that are asked for.
    pub crops: Option<CropRule>,
    /// Crops are asked for, from every mask.
    pub cuts_all: bool,
    /// Photos that have a mask, each with the number of its corrected one.
    pub photos: Vec<(Done, Option<usize>)>,
    /// None where masks were changed in their place.
    pub masks: Option<Masks>,
    pub unused: Vec<Unused>,
    pub scales: Scales,
    /// The photos by the names that records give them.
    pub sources: HashMap<String, Source>,
    pub jobs: usize,
    pub json: bool,
}

/// A mask that was not taken in, and why.
pub struct Unused {
    pub path: String,
    pub why: &'static str,
}

pub fn correct(args: CorrectArgs) -> Result<CorrectPlan, UsageError> {
    let CorrectArgs { out, masks, mask_format, mask_suffix, common } = args;
    let format = reference_format(mask_format, "--mask-format")?;
    let Common { mut plan, records, vault, .. } = plan(&out, common)?;
    let (folder, format) = open(&masks, format, &kinds_of(plan.folder.settings()), &vault)?;
    let names: Vec<String> = records.iter().map(|record| record.input().path.clone()).collect();
    let Pairing { pairs, lone_truths, doubtful, .. } = pair(&names, &folder.keys(), &mask_suffix);
    let mut of = vec![None; records.len()];
    for &(photo, mask) in &pairs {
        of[photo] = Some(mask);
    }
    let mut unused = |masks: &mut dyn Iterator<Item = usize>, why| {
        plan.unused.extend(masks.map(|mask| Unused { path: folder.names[mask].clone(), why }));
    };
    unused(&mut lone_truths.into_iter(), "no photo in the results has this name");
    unused(
        &mut doubtful.into_iter().flat_map(|(_, masks)| masks),
        "it may belong to several photos, or several masks to one",
    );
    let failed = pairs.iter().filter(|(photo, _)| records[*photo].done().is_none());
    unused(&mut failed.map(|(_, mask)| *mask), "its photo failed in the run, or was left out: it has no mask");
    plan.photos =
        records.into_iter().zip(of).filter_map(|(record, mask)| Some((record.into_done()?, Some(mask?)))).collect();
    let used: Vec<usize> = plan.photos.iter().filter_map(|(_, mask)| *mask).collect();
    let wrong = |e| UsageError(format!("{}: {e} (--mask-format)", masks.display()));
    plan.masks = Some(Masks::new(folder, format, &used).map_err(wrong)?);
    Ok(plan)
}

/// Outlines may be called as the kinds of lesion that the model tells apart.
fn open(
    masks: &Path,
    format: Option<ReferenceFormat>,
    kinds: &[String],
    vault: &Vault,
) -> Result<(References, Option<ReferenceFormat>), UsageError> {
    let values = || kinds.iter().cloned().zip(LESION..);
    let asked = match &format {
        Some(ReferenceFormat::Polygons(labels)) => labels.clone(),
        None if kinds != ["lesion"] => Vec::new(),
        _ => return Ok((References::open(masks, format.as_ref(), vault)?, format)),
    };
    let named = ReferenceFormat::Polygons(asked.into_iter().chain(values()).collect());
    match References::open(masks, Some(&named), vault) {
        Ok(folder) => Ok((folder, Some(named))),
        // Pictures.
        Err(_) if format.is_none() => Ok((References::open(masks, None, vault)?, None)),
        Err(e) => Err(e),
    }
}

pub fn measure(args: MeasureArgs) -> Result<CorrectPlan, UsageError> {
    let asked = crop_rule(&args.crops)?;
    let Common { mut plan, records, table, vault } = plan(&args.out, args.common)?;
    let review = args.review.as_deref().map(|file| Review::read(file, &vault).map(Arc::new)).transpose()?;
    plan.scales = scales(args.scale, table, review);
    plan.cuts_all = asked.is_some();
    plan.crops = asked.or(plan.crops);
    plan.photos = records.into_iter().filter_map(|record| Some((record.into_done()?, None))).collect();
    Ok(plan)
}

/// What both commands ask for.
struct Common {
    plan: CorrectPlan,
    records: Vec<Record>,
    table: Option<Arc<Subjects>>,
    vault: Vault,
}

fn plan(out: &Path, args: CommonArgs) -> Result<Common, UsageError> {
    let CommonArgs { photos, json, results: args } = args;
    let vault = at_rest::vault(&args.at_rest)?;
    let People { key: codes, table, opt_out: people } =
        people::of_results(&args.people, SubjectsPlan::default(), &vault)?;
    let results = Results::open(out, &people, &vault)?;
    let folder = OutputFolder::open_results(out, &vault)?;
    let is_coded = carries_codes(folder.settings());
    let sources = sources(&photos, out, &people, is_coded, codes.as_ref())?;
    let plan = CorrectPlan {
        overlay: folder.overlay(),
        crops: serde_json::from_value(folder.settings()[CROPS].clone()).ok(),
        cuts_all: false,
        folder,
        photos: Vec::new(),
        masks: None,
        unused: Vec::new(),
        scales: Scales::default(),
        sources,
        jobs: args.jobs.count(),
        json,
    };
    let records = results.records()?.collect::<Result<Vec<_>, _>>()?;
    Ok(Common { plan, records, table, vault })
}
