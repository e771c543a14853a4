//! Automatic crops against those of experts: boxes of a table, or the boxes around the lesions of masks.

use std::collections::HashMap;
use std::path::Path;

use serde::Serialize;

use super::LabelsPlan;
use crate::annotations::references::{ReferenceFormat, References};
use crate::disk::vault::Vault;
use crate::domain::geometry::Rect;
use crate::domain::mask::{IGNORE, LESION, LabelMap};
use crate::domain::pairing::pair;
use crate::domain::record::{CropOf, Done};
use crate::error::UsageError;
use crate::evaluation::score::summary::{MetricSummary, summarise};
use crate::people::subjects::Subjects;
use crate::people::{OptOut, Pseudonyms};
use crate::store::results::Results;

/// How well the program's crops agree with an expert's.
#[derive(Clone, Debug, Serialize)]
pub struct CropScores {
    /// `crops` of the run, or `lesions` where the run cut none: then the box around all lesions.
    pub automatic: &'static str,
    /// `boxes` of a table, or `masks`: then the box around the lesion.
    pub expert: &'static str,
    pub scored: usize,
    /// Photos with an expert's box in which the program found no lesion.
    pub missed: usize,
    pub iou: MetricSummary,
    pub coverage: MetricSummary,
    pub scale_ratio: MetricSummary,
    pub images: Vec<CropRow>,
    pub unpaired: Vec<String>,
}

#[derive(Clone, Debug, Serialize)]
pub struct CropRow {
    pub image: String,
    /// x, y, width, height in the upright photo; null where no lesion was found.
    pub automatic: Option<[f64; 4]>,
    pub expert: [f64; 4],
    /// 0 where there is no automatic crop, as the coverage is.
    pub iou: f64,
    /// The share of the expert's box that the automatic one holds.
    pub coverage: f64,
    /// Side of the automatic box over side of the expert's (square roots of their areas).
    pub scale_ratio: Option<f64>,
}

/// The program's box of every photo that is done.
struct Automatic {
    image: String,
    area: Option<Rect>,
}

pub fn crop_scores(results: &Results, truth: &Path, plan: &LabelsPlan) -> Result<CropScores, UsageError> {
    let (automatic, source) = automatic(results)?;
    let is_table = truth.extension().is_some_and(|e| e.eq_ignore_ascii_case("csv")) || truth.ends_with(".csv.age");
    let (expert, lone, kind) = match is_table {
        true => of_table(&plan.table(truth)?, truth, &automatic, &plan.people)?,
        false => of_masks(truth, plan.crop_format.as_ref(), &automatic, &plan.people, &plan.vault)?,
    };
    // What fits no photo keeps no name where the photos have none.
    let codes: Option<&Pseudonyms> = plan.key.as_ref().filter(|_| results.carries_codes());
    let unpaired = lone.into_iter().map(|name| codes.map_or(name.clone(), |codes| codes.path(&name))).collect();
    let rows: Vec<CropRow> =
        automatic.iter().filter_map(|one| expert.get(&one.image).map(|area| row(one, area))).collect();
    if rows.is_empty() {
        return Err(UsageError(format!("--crop-truth {}: it fits none of the photos of the results", truth.display())));
    }
    let subjects = plan.subjects_of(&rows.iter().map(|row| row.image.clone()).collect::<Vec<_>>());
    let summary = |of: &dyn Fn(&CropRow) -> Option<f64>| {
        summarise(&rows.iter().map(of).collect::<Vec<_>>(), subjects.as_deref(), plan.seed)
    };
    Ok(CropScores {
        automatic: source,
        expert: kind,
        scored: rows.len(),
        missed: rows.iter().filter(|row| row.automatic.is_none()).count(),
        iou: summary(&|row| Some(row.iou)),
        coverage: summary(&|row| Some(row.coverage)),
        scale_ratio: summary(&|row| row.scale_ratio),
        unpaired,
        images: rows,
    })
}

fn automatic(results: &Results) -> Result<(Vec<Automatic>, &'static str), UsageError> {
    let mut found = Vec::new();
    let mut source = "lesions";
    for record in results.records()? {
        let record = record?;
        let Some(done) = record.done() else { continue };
        let area = match &done.crops {
            Some(crops) => {
                source = "crops";
                let whole = crops.iter().find(|crop| crop.of == CropOf::Photo).or(crops.first());
                whole.map(|crop| Rect {
                    x: crop.area.x as f64,
                    y: crop.area.y as f64,
                    width: f64::from(crop.area.width),
                    height: f64::from(crop.area.height),
                })
            }
            None => around_lesions(done),
        };
        found.push(Automatic { image: record.input().path.clone(), area });
    }
    Ok((found, source))
}

fn around_lesions(done: &Done) -> Option<Rect> {
    let boxes = done.lesions.iter().map(|lesion| {
        let [x, y, width, height] = lesion.bbox.map(f64::from);
        Rect { x, y, width, height }
    });
    boxes.reduce(|a, b| {
        let (x, y) = (a.x.min(b.x), a.y.min(b.y));
        Rect { x, y, width: (a.x + a.width).max(b.x + b.width) - x, height: (a.y + a.height).max(b.y + b.height) - y }
    })
}

/// Boxes by image; what fits no photo; and where they are from.
type Expert = (HashMap<String, Rect>, Vec<String>, &'static str);

fn of_table(table: &Subjects, file: &Path, automatic: &[Automatic], people: &OptOut) -> Result<Expert, UsageError> {
    let wrong = |why: String| UsageError(format!("--crop-truth {}: {why}", file.display()));
    let column = |name: &str| {
        let found = table.columns.iter().position(|column| column.eq_ignore_ascii_case(name));
        found.ok_or_else(|| {
            wrong(format!("there is no column `{name}`; write path,x,y,width,height in pixels of the upright photo"))
        })
    };
    let columns = [column("x")?, column("y")?, column("width")?, column("height")?];
    let mut boxes = HashMap::new();
    for one in automatic {
        let cells = columns.map(|column| table.value(&one.image, column));
        if cells.iter().all(Option::is_none) {
            continue;
        }
        let numbers = cells.map(|cell| cell.and_then(|c| c.parse().ok()).filter(|v: &f64| v.is_finite()));
        match numbers {
            [Some(x), Some(y), Some(width), Some(height)] if width > 0.0 && height > 0.0 => {
                boxes.insert(one.image.clone(), Rect { x, y, width, height });
            }
            _ => return Err(wrong(format!("the box of {} is not four numbers with a width and a height", one.image))),
        }
    }
    let known: Vec<String> = automatic.iter().map(|one| one.image.clone()).collect();
    let met = table.images_of(&known);
    let lone = table.images().filter(|name| !met.contains(name) && !people.excludes(name)).map(str::to_owned).collect();
    Ok((boxes, lone, "boxes"))
}

fn of_masks(
    folder: &Path,
    format: Option<&ReferenceFormat>,
    automatic: &[Automatic],
    people: &OptOut,
    vault: &Vault,
) -> Result<Expert, UsageError> {
    let wrong = |why: &dyn std::fmt::Display| UsageError(format!("--crop-truth {}: {why}", folder.display()));
    let masks = References::open(folder, format, vault)?;
    let keys: Vec<String> = masks.keys();
    let open: Vec<usize> = (0..keys.len()).filter(|&i| !people.excludes(&keys[i])).collect();
    let images: Vec<String> = automatic.iter().map(|one| one.image.clone()).collect();
    let pairing = pair(&images, &open.iter().map(|&i| keys[i].clone()).collect::<Vec<_>>(), &[]);
    let paired: Vec<usize> = pairing.pairs.iter().map(|&(_, truth)| open[truth]).collect();
    let format = match format {
        Some(format) => format.clone(),
        None => masks.guess(&paired).map_err(|e| wrong(&format!("{e} (--truth-format)")))?,
    };
    let mut boxes = HashMap::new();
    for &(image, truth) in &pairing.pairs {
        let labels = masks.read(open[truth], &format).map_err(|e| wrong(&format!("{}: {e}", keys[open[truth]])))?;
        boxes.extend(around(&labels).map(|area| (images[image].clone(), area)));
    }
    let lone = pairing.lone_truths.iter().map(|&i| keys[open[i]].clone()).collect();
    Ok((boxes, lone, "masks"))
}

/// The box around all lesions of a mask.
fn around(labels: &LabelMap) -> Option<Rect> {
    let is_lesion = |label: &u8| (LESION..IGNORE).contains(label);
    let rows: Vec<u32> = (0..labels.height).filter(|y| labels.row(*y).iter().any(is_lesion)).collect();
    let columns: Vec<u32> = (0..labels.width).filter(|x| rows.iter().any(|y| is_lesion(&labels.at(*x, *y)))).collect();
    let (top, bottom) = (*rows.first()?, *rows.last()?);
    let (left, right) = (*columns.first()?, *columns.last()?);
    Some(Rect {
        x: f64::from(left),
        y: f64::from(top),
        width: f64::from(right - left + 1),
        height: f64::from(bottom - top + 1),
    })
}

fn row(one: &Automatic, expert: &Rect) -> CropRow {
    let size = |area: &Rect| area.width * area.height;
    let common = one.area.map_or(0.0, |area| {
        let side = |a: f64, a_size: f64, b: f64, b_size: f64| ((a + a_size).min(b + b_size) - a.max(b)).max(0.0);
        side(area.x, area.width, expert.x, expert.width) * side(area.y, area.height, expert.y, expert.height)
    });
    let own = one.area.as_ref().map_or(0.0, size);
    let plain = |area: &Rect| [area.x, area.y, area.width, area.height];
    CropRow {
        image: one.image.clone(),
        automatic: one.area.as_ref().map(plain),
        expert: plain(expert),
        iou: common / (own + size(expert) - common),
        coverage: common / size(expert),
        scale_ratio: one.area.map(|area| (size(&area) / size(expert)).sqrt()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boxes_are_held_against_each_other() {
        let area = |x, y, width, height| Rect { x, y, width, height };
        let found = |automatic| row(&Automatic { image: "a".into(), area: automatic }, &area(0.0, 0.0, 10.0, 10.0));
        let twice = found(Some(area(-5.0, -5.0, 20.0, 20.0)));
        assert_eq!((twice.iou, twice.coverage, twice.scale_ratio), (0.25, 1.0, Some(2.0)));
        let half = found(Some(area(5.0, 0.0, 10.0, 10.0)));
        assert_eq!((half.iou, half.coverage, half.scale_ratio), (50.0 / 150.0, 0.5, Some(1.0)));
        let none = found(None);
        assert_eq!((none.iou, none.coverage, none.scale_ratio), (0.0, 0.0, None));
        assert_eq!(found(Some(area(30.0, 30.0, 5.0, 5.0))).iou, 0.0);
    }

    #[test]
    fn a_mask_stands_for_the_box_around_it() {
        let mut labels = LabelMap::filled(10, 8, 0);
        labels.paint(2, 3, 5, LESION);
        labels.paint(6, 7, 8, LESION);
        labels.paint(7, 0, 9, IGNORE);
        assert_eq!(around(&labels), Some(Rect { x: 3.0, y: 2.0, width: 5.0, height: 5.0 }));
        assert_eq!(around(&LabelMap::filled(3, 3, 1)), None);
    }
}
