//! Results as annotations that other tools read: masks become polygons or runs, records become a table of lesions.
//!
//! Every photo is converted on its own; what goes into one file is put together in the order of the records.

mod coco;
mod dicom_seg;
mod geojson;
mod imagej;
mod lesions;

pub use dicom_seg::SegPlan;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::annotations::polygons::{fingerprint, labelme_shapes};
use crate::batch::{MemoryGate, parallel_map};
use crate::disk::{have_to_itself, remove, write};
use crate::domain::mask::{LESION, LabelMap, SKIN, is_lesion};
use crate::domain::record::Done;
use crate::input::discover::apart;
use crate::people::{LeftOut, OptOut};
use crate::store::encode_grey;
use crate::store::results::Results;
use crate::store::review::Reviewed;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExportFormat {
    Coco,
    Labelme,
    Geojson,
    /// A zip each, for the ROI manager of ImageJ and Fiji.
    Imagej,
    /// A picture each: 255 where the class is, 0 elsewhere.
    Masks,
    /// A picture each: 0 background, 1 normal skin, 2 lesion, or the kinds of lesion from 2 on.
    Index,
    Csv,
    /// A segmentation each, for photos that are DICOM.
    DicomSeg,
}

impl ExportFormat {
    pub fn is_one_file(self) -> bool {
        matches!(self, ExportFormat::Coco | ExportFormat::Csv)
    }
}

pub struct ExportPlan {
    pub results: Results,
    pub people: Arc<OptOut>,
    pub format: ExportFormat,
    pub dest: PathBuf,
    /// One class instead of skin and lesion.
    pub only: Option<u8>,
    /// How far outlines may lie from the mask's, in pixels, to have fewer corners.
    pub simplify: Option<f64>,
    pub jobs: usize,
    /// With `DicomSeg`.
    pub seg: Option<SegPlan>,
}

impl ExportPlan {
    fn classes(&self) -> Vec<u8> {
        let skin = (self.only != Some(LESION)).then_some(SKIN);
        let lesions = LESION..LESION + self.results.kinds().len() as u8;
        skin.into_iter().chain(lesions.filter(|_| self.only != Some(SKIN))).collect()
    }
}

#[derive(Debug, Default)]
pub struct ExportSummary {
    pub photos: usize,
    pub lesions: usize,
    /// Photos that failed in the run or were left out of it.
    pub without_mask: usize,
    pub files: usize,
    /// Photos whose mask could not be read, and why.
    pub failed: Vec<(String, String)>,
    pub left_out: Option<LeftOut>,
    pub reviewed: Option<Reviewed>,
}

/// A mask, and the bitmaps that its outlines are followed on.
const BYTES_A_PIXEL: u64 = 4;

pub fn export(plan: &ExportPlan) -> Result<ExportSummary> {
    let mut summary = ExportSummary::default();
    let mut photos = Vec::new();
    for record in plan.results.records()? {
        match record?.done() {
            Some(photo) => photos.push(photo.input.path.clone()),
            None => summary.without_mask += 1,
        }
    }
    let theirs: Vec<String> = plan.results.opted_out()?.iter().map(|record| record.input().path.clone()).collect();
    summary.left_out = plan.people.left_out(&theirs);
    summary.reviewed = plan.results.reviewed()?;
    let cannot = || format!("cannot write {}", plan.dest.display());
    match plan.format {
        ExportFormat::Csv => lesions::write(plan, &mut summary).with_context(cannot)?,
        ExportFormat::Coco => coco::write(plan, &mut summary).with_context(cannot)?,
        ExportFormat::Labelme => a_file_each(plan, "json", &photos, &theirs, &mut summary)?,
        ExportFormat::Geojson => a_file_each(plan, "geojson", &photos, &theirs, &mut summary)?,
        ExportFormat::Imagej => a_file_each(plan, "zip", &photos, &theirs, &mut summary)?,
        ExportFormat::DicomSeg => {
            let seg = plan.seg.as_ref().context("segmentations need the photos")?;
            dicom_seg::write_all(plan, seg, &photos, &theirs, &mut summary)?;
        }
        ExportFormat::Masks | ExportFormat::Index => a_file_each(plan, "png", &photos, &theirs, &mut summary)?,
    }
    Ok(summary)
}

/// Photos in hand at a time; the records of the others are on disk.
const BATCH: usize = 256;

/// Takes every photo with a mask through `work`, side by side, and what came of it to `then`, in the order of the records.
/// `work` also gets the photo's number. A mask that cannot be read is this photo's failure; an error stops everything.
fn each_photo<T: Send>(
    plan: &ExportPlan,
    summary: &mut ExportSummary,
    work: impl Fn(usize, &Done, &LabelMap) -> Result<T> + Sync,
    mut then: impl FnMut(&Done, T) -> Result<()>,
) -> Result<()> {
    let memory = MemoryGate::for_jobs(plan.jobs);
    let mut records = plan.results.records()?.peekable();
    let mut number = 0;
    while records.peek().is_some() {
        let mut batch = Vec::with_capacity(BATCH);
        for record in records.by_ref().take(BATCH) {
            if let Some(photo) = record?.done() {
                batch.push((number, photo.clone()));
                number += 1;
            }
        }
        let outcomes = parallel_map(&batch, plan.jobs, |(number, photo)| {
            let _share = memory.enter_picture((photo.photo.width, photo.photo.height), BYTES_A_PIXEL);
            plan.results.mask(&photo.mask, photo.photo).map(|labels| work(*number, photo, &labels))
        })?;
        for ((_, photo), outcome) in batch.iter().zip(outcomes) {
            match outcome {
                Ok(made) => {
                    then(photo, made?)?;
                    summary.photos += 1;
                    summary.lesions += photo.lesions.len();
                }
                Err(why) => summary.failed.push((photo.input.path.clone(), why.to_string())),
            }
        }
    }
    Ok(())
}

fn a_file_each(
    plan: &ExportPlan,
    ending: &str,
    photos: &[String],
    theirs: &[String],
    summary: &mut ExportSummary,
) -> Result<()> {
    let _lock = have_to_itself(&plan.dest, &plan.results.vault)?;
    let names = annotation_names(photos, ending);
    forget(theirs, ending, &names, &plan.dest)?;
    let write_one = |number: usize, photo: &Done, labels: &LabelMap| {
        let path = plan.dest.join(&names[number]);
        write(&plan.results.vault, &path, &file(plan, photo, labels)?)
            .with_context(|| format!("cannot write {}", path.display()))
    };
    each_photo(plan, summary, write_one, |_, ()| Ok(()))?;
    summary.files = summary.photos;
    Ok(())
}

/// Files of people who opted out, from an earlier export to the same folder.
fn forget(theirs: &[String], ending: &str, used: &[String], dest: &Path) -> Result<()> {
    for photo in theirs {
        let names = [with_ending(photo, ending), format!("{photo}.{ending}")];
        for name in names.iter().filter(|name| !used.contains(name)) {
            let path = dest.join(name);
            remove(&path).with_context(|| format!("cannot remove {}", path.display()))?;
        }
    }
    Ok(())
}

fn with_ending(photo: &str, ending: &str) -> String {
    Path::new(photo).with_extension(ending).to_string_lossy().into_owned()
}

/// The photo's name with another ending, which is where annotation tools look; with the ending added, where two photos of a
/// folder would share it. Whatever the names are, each photo has a file of its own.
fn annotation_names(photos: &[String], ending: &str) -> Vec<String> {
    let short: Vec<String> = photos.iter().map(|photo| with_ending(photo, ending)).collect();
    let mut uses: HashMap<String, usize> = HashMap::new();
    for name in &short {
        // File systems may not tell upper and lower case apart.
        *uses.entry(name.to_lowercase()).or_default() += 1;
    }
    let name = |(photo, short): (&String, &String)| match uses[&short.to_lowercase()] {
        1 => short.clone(),
        _ => format!("{photo}.{ending}"),
    };
    let wanted: Vec<String> = photos.iter().zip(&short).map(name).collect();
    apart(&wanted)
}

/// The photo's own file.
fn file(plan: &ExportPlan, photo: &Done, labels: &LabelMap) -> Result<Vec<u8>> {
    Ok(match plan.format {
        ExportFormat::Geojson => {
            serde_json::to_vec(&geojson::file(photo, labels, &plan.classes(), plan.results.kinds()))?
        }
        ExportFormat::Imagej => imagej::file(labels, &plan.classes(), plan.simplify)?,
        ExportFormat::Masks => {
            let class = plan.only.unwrap_or(LESION);
            let values = labels
                .data
                .iter()
                .map(|&c| if c == class || is_lesion(c) && class == LESION { 255 } else { 0 })
                .collect();
            encode_grey(&LabelMap { data: values, ..*labels })?
        }
        ExportFormat::Index => encode_grey(labels)?,
        _ => serde_json::to_vec(&labelme_file(plan, photo, labels))?,
    })
}

fn labelme_file(plan: &ExportPlan, photo: &Done, labels: &LabelMap) -> Value {
    let name = Path::new(&photo.input.path).file_name().unwrap_or_default().to_string_lossy();
    let shapes = labelme_shapes(labels, &plan.classes(), plan.results.kinds(), plan.simplify);
    json!({
        "version": "5.0.0", "flags": {}, "derm_seg": fingerprint(&shapes), "shapes": shapes,
        "imagePath": name, "imageData": null, "imageHeight": labels.height, "imageWidth": labels.width,
    })
}
