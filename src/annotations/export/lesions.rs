//! A table with a row for every lesion.

use anyhow::Result;

use super::{ExportPlan, ExportSummary};
use crate::disk::LongFile;
use crate::domain::record::{Lesion, LesionMm};
use crate::store::harmless;

type Column = (&'static str, fn(&Lesion) -> String);

/// Only where the model tells kinds of lesion apart.
const CLASS: &str = "class";
const COLUMNS: &[Column] = &[
    ("id", |l| l.id.to_string()),
    (CLASS, |l| harmless(l.class.clone().unwrap_or_default())),
    ("area_px", |l| l.area_px.to_string()),
    ("fraction_of_frame", |l| l.fraction_of_frame.to_string()),
    ("fraction_of_skin", |l| l.fraction_of_skin.map_or_else(String::new, |v| v.to_string())),
    ("bbox_x", |l| l.bbox[0].to_string()),
    ("bbox_y", |l| l.bbox[1].to_string()),
    ("bbox_width", |l| l.bbox[2].to_string()),
    ("bbox_height", |l| l.bbox[3].to_string()),
    ("centroid_x", |l| l.centroid[0].to_string()),
    ("centroid_y", |l| l.centroid[1].to_string()),
    ("perimeter_px", |l| l.perimeter_px.to_string()),
    ("equivalent_diameter_px", |l| l.equivalent_diameter_px.to_string()),
    ("major_axis_px", |l| l.major_axis_px.to_string()),
    ("minor_axis_px", |l| l.minor_axis_px.to_string()),
    ("orientation_rad", |l| l.orientation_rad.to_string()),
    ("eccentricity", |l| l.eccentricity.to_string()),
    ("solidity", |l| l.solidity.to_string()),
    ("extent", |l| l.extent.to_string()),
    ("circularity", |l| l.circularity.map_or_else(String::new, |v| v.to_string())),
    ("feret_diameter_px", |l| l.feret_diameter_px.to_string()),
    ("euler_number", |l| l.euler_number.to_string()),
    ("asymmetry_major", |l| l.asymmetry[0].to_string()),
    ("asymmetry_minor", |l| l.asymmetry[1].to_string()),
    ("touches_border", |l| l.touches_border.to_string()),
    ("confidence", |l| l.confidence.map_or_else(String::new, |v| v.to_string())),
    ("area_mm2", |l| in_mm(l, |mm| mm.area_mm2)),
    ("perimeter_mm", |l| in_mm(l, |mm| mm.perimeter_mm)),
    ("equivalent_diameter_mm", |l| in_mm(l, |mm| mm.equivalent_diameter_mm)),
    ("major_axis_mm", |l| in_mm(l, |mm| mm.major_axis_mm)),
    ("minor_axis_mm", |l| in_mm(l, |mm| mm.minor_axis_mm)),
    ("feret_diameter_mm", |l| in_mm(l, |mm| mm.feret_diameter_mm)),
];

/// Empty where the photo's scale is not known.
fn in_mm(lesion: &Lesion, figure: fn(LesionMm) -> f64) -> String {
    lesion.mm.map_or_else(String::new, |mm| figure(mm).to_string())
}

pub fn write(plan: &ExportPlan, summary: &mut ExportSummary) -> Result<()> {
    let mut table = csv::Writer::from_writer(LongFile::create(&plan.results.vault, &plan.dest)?);
    let has_kinds = plan.results.kinds() != ["lesion"];
    let columns = || COLUMNS.iter().filter(|(name, _)| has_kinds || *name != CLASS);
    table.write_record(std::iter::once("path").chain(columns().map(|(name, _)| *name)))?;
    for record in plan.results.records()? {
        let record = record?;
        let Some(photo) = record.done() else { continue };
        for lesion in &photo.lesions {
            let path = harmless(photo.input.path.clone());
            table.write_record(std::iter::once(path).chain(columns().map(|(_, value)| value(lesion))))?;
        }
        summary.photos += 1;
        summary.lesions += photo.lesions.len();
    }
    summary.files = 1;
    let table = table.into_inner().map_err(csv::IntoInnerError::into_error)?;
    Ok(table.finish()?)
}
