//! Results as annotations that other tools read: masks become polygons or runs, records become a table of lesions.
//!
//! Every photo is converted on its own; what goes into one file is put together in the order of the records.

mod geojson;
mod lesions;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::annotations::polygons::{class_name, coco_segmentation, labelme_shapes};
use crate::batch::{MemoryGate, parallel_map};
use crate::disk::{remove, write};
use crate::domain::mask::{LESION, LabelMap, SKIN};
use crate::domain::record::Done;
use crate::input::discover::apart;
use crate::measure::components::components;
use crate::people::{LeftOut, OptOut};
use crate::store::MaskError;
use crate::store::results::Results;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExportFormat {
    Coco,
    Labelme,
    Geojson,
    Csv,
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
    pub jobs: usize,
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
}

/// A mask, and the bitmaps that its outlines are followed on.
const BYTES_A_PIXEL: u64 = 4;

pub fn export(plan: &ExportPlan) -> Result<ExportSummary> {
    let mut done = Vec::new();
    let mut summary = ExportSummary::default();
    for record in plan.results.records()? {
        match record?.done() {
            Some(photo) => done.push(photo.clone()),
            None => summary.without_mask += 1,
        }
    }
    let theirs: Vec<String> = plan.results.opted_out()?.iter().map(|record| record.input().path.clone()).collect();
    summary.left_out = plan.people.left_out(&theirs);
    let cannot = || format!("cannot write {}", plan.dest.display());
    if plan.format == ExportFormat::Csv {
        write(&plan.results.vault, &plan.dest, &lesions::table(&done)?).with_context(cannot)?;
        summary.lesions = done.iter().map(|photo| photo.lesions.len()).sum();
        (summary.photos, summary.files) = (done.len(), 1);
        return Ok(summary);
    }
    let ending = if plan.format == ExportFormat::Labelme { "json" } else { "geojson" };
    let names = annotation_names(&done, ending);
    if !plan.format.is_one_file() {
        forget(&theirs, ending, &names, &plan.dest)?;
    }
    let memory = MemoryGate::for_jobs(plan.jobs);
    let items: Vec<(&Done, &String)> = done.iter().zip(&names).collect();
    let converted = parallel_map(&items, plan.jobs, |(photo, name)| {
        let _share = memory.enter_picture((photo.photo.width, photo.photo.height), BYTES_A_PIXEL);
        convert(plan, photo, name)
    })?;
    let (mut images, mut annotations) = (Vec::new(), Vec::new());
    for (photo, outcome) in done.iter().zip(converted) {
        match outcome? {
            Ok(of_photo) => {
                summary.photos += 1;
                summary.lesions += photo.lesions.len();
                images.push(photo);
                annotations.push(of_photo);
            }
            Err(why) => summary.failed.push((photo.input.path.clone(), why.to_string())),
        }
    }
    if plan.format == ExportFormat::Coco {
        write(&plan.results.vault, &plan.dest, &coco_file(&images, annotations)?).with_context(cannot)?;
        summary.files = 1;
    } else {
        summary.files = summary.photos;
    }
    Ok(summary)
}

/// Writes the photo's own file, or gives its COCO annotations. The inner error is this photo's, the outer one stops everything.
fn convert(plan: &ExportPlan, photo: &Done, name: &str) -> Result<Result<Vec<Value>, MaskError>> {
    let labels = match plan.results.mask(&photo.mask, photo.photo) {
        Ok(labels) => labels,
        Err(why) => return Ok(Err(why)),
    };
    let document = match plan.format {
        ExportFormat::Labelme => labelme_file(photo, &labels),
        ExportFormat::Geojson => geojson::file(photo, &labels),
        ExportFormat::Coco | ExportFormat::Csv => return Ok(Ok(coco_annotations(&labels))),
    };
    let path = plan.dest.join(name);
    write(&plan.results.vault, &path, &serde_json::to_vec(&document)?)
        .with_context(|| format!("cannot write {}", path.display()))?;
    Ok(Ok(Vec::new()))
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
fn annotation_names(photos: &[Done], ending: &str) -> Vec<String> {
    let short: Vec<String> = photos.iter().map(|photo| with_ending(&photo.input.path, ending)).collect();
    let mut uses: HashMap<String, usize> = HashMap::new();
    for name in &short {
        // File systems may not tell upper and lower case apart.
        *uses.entry(name.to_lowercase()).or_default() += 1;
    }
    let name = |(photo, short): (&Done, &String)| match uses[&short.to_lowercase()] {
        1 => short.clone(),
        _ => format!("{}.{ending}", photo.input.path),
    };
    let wanted: Vec<String> = photos.iter().zip(&short).map(name).collect();
    apart(&wanted)
}

fn coco_annotations(labels: &LabelMap) -> Vec<Value> {
    let of_class = |class| {
        components(labels, class).into_iter().map(move |component| {
            json!({
                "category_id": class,
                "segmentation": coco_segmentation(&component, labels.width, labels.height),
                "area": component.area,
                "bbox": component.bbox,
                "iscrowd": 0,
            })
        })
    };
    [SKIN, LESION].into_iter().flat_map(of_class).collect()
}

fn coco_file(photos: &[&Done], annotations: Vec<Vec<Value>>) -> Result<Vec<u8>> {
    let mut images = Vec::with_capacity(photos.len());
    let mut all = Vec::new();
    for ((photo, of_photo), id) in photos.iter().zip(annotations).zip(1..) {
        let (width, height) = (photo.photo.width, photo.photo.height);
        images.push(json!({"id": id, "file_name": photo.input.path, "width": width, "height": height}));
        for mut annotation in of_photo {
            annotation["id"] = json!(all.len() + 1);
            annotation["image_id"] = json!(id);
            all.push(annotation);
        }
    }
    let category = |class: u8| json!({"id": class, "name": class_name(class), "supercategory": "skin"});
    let description = "Made by derm-seg from a model's masks. Research use only.";
    let file = json!({
        "info": {"description": description}, "licenses": [],
        "categories": [category(SKIN), category(LESION)], "images": images, "annotations": all,
    });
    Ok(serde_json::to_vec(&file)?)
}

fn labelme_file(photo: &Done, labels: &LabelMap) -> Value {
    let name = Path::new(&photo.input.path).file_name().unwrap_or_default().to_string_lossy();
    json!({
        "version": "5.0.0", "flags": {}, "shapes": labelme_shapes(labels),
        "imagePath": name, "imageData": null, "imageHeight": labels.height, "imageWidth": labels.width,
    })
}
