//! What is written of all series: `series.json` and `series.csv`.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::json;

use super::findings::{Finding, Found};
use super::stack::{Doubt, Stack};
use crate::domain::record::{ModelId, round};
use crate::people::LeftOut;
use crate::store::harmless;
use crate::store::review::Reviewed;

pub const SCHEMA: &str = "derm-seg/series/1";

#[derive(Debug, Serialize)]
pub struct SeriesJson {
    pub folder: String,
    pub part: usize,
    pub slices: usize,
    /// In the order of the slices.
    pub first: String,
    pub last: String,
    pub codes: Vec<&'static str>,
    pub slice_spacing_mm: Option<f64>,
    /// Between rows, and between columns.
    pub pixel_spacing_mm: [f64; 2],
    pub gaps: Vec<GapJson>,
    pub unread: Vec<UnreadJson>,
    /// Null where the slices cannot be joined.
    pub findings: Option<Vec<FindingJson>>,
}

#[derive(Debug, Serialize)]
pub struct GapJson {
    pub after: String,
    pub mm: f64,
}

#[derive(Debug, Serialize)]
pub struct UnreadJson {
    pub path: String,
    pub message: String,
}

#[derive(Debug, Serialize)]
pub struct FindingJson {
    pub id: usize,
    /// Where the model tells kinds apart.
    pub class: Option<String>,
    pub slices: usize,
    pub first: String,
    pub last: String,
    pub volume_mm3: Option<f64>,
    pub place_mm: [f64; 3],
    pub extent_mm: [Option<f64>; 3],
    pub largest_area_mm2: f64,
    pub largest_in: String,
    pub may_go_on: bool,
    pub lesions: Vec<LesionJson>,
}

#[derive(Debug, Serialize)]
pub struct LesionJson {
    pub path: String,
    pub id: u32,
}

impl SeriesJson {
    pub fn of(stack: &Stack, found: Found) -> Self {
        let path = |slice: usize| stack.slices[slice].path.clone();
        let mut doubts = stack.doubts.clone();
        if !found.unread.is_empty() {
            doubts.push(Doubt::MaskUnreadable);
        }
        let [columns, rows] = stack.slices[0].plane.pixel;
        let finding = |(id, finding): (usize, Finding)| {
            let slices: Vec<usize> = finding.lesions.iter().map(|(slice, _)| *slice).collect();
            let (first, last) = (slices[0], slices[slices.len() - 1]);
            FindingJson {
                id,
                class: finding.class,
                slices: last - first + 1,
                first: path(first),
                last: path(last),
                volume_mm3: finding.volume_mm3,
                place_mm: finding.place_mm,
                extent_mm: finding.extent_mm,
                largest_area_mm2: finding.largest_area_mm2,
                largest_in: path(finding.largest_in),
                may_go_on: finding.may_go_on,
                lesions: finding.lesions.iter().map(|(slice, id)| LesionJson { path: path(*slice), id: *id }).collect(),
            }
        };
        Self {
            folder: stack.folder.clone(),
            part: stack.part,
            slices: stack.slices.len(),
            first: path(0),
            last: path(stack.slices.len() - 1),
            codes: doubts.into_iter().map(Doubt::code).collect(),
            slice_spacing_mm: stack.spacing,
            pixel_spacing_mm: [rows, columns],
            gaps: stack.gaps.iter().map(|gap| GapJson { after: path(gap.after), mm: gap.mm }).collect(),
            unread: found
                .unread
                .into_iter()
                .map(|(slice, message)| UnreadJson { path: path(slice), message })
                .collect(),
            findings: found.findings.map(|all| (1..).zip(all).map(finding).collect()),
        }
    }

    /// As it is called where a folder has several.
    pub fn name(&self) -> String {
        match self.codes.contains(&Doubt::Mixed.code()) {
            true => format!("{}, part {}", self.folder, self.part),
            false => self.folder.clone(),
        }
    }
}

pub struct AllSeries {
    pub model: Option<ModelId>,
    pub series: Vec<SeriesJson>,
    /// Photos that are in no series, by cause.
    pub left_out: BTreeMap<&'static str, usize>,
    pub opted_out: Option<LeftOut>,
    pub reviewed: Option<Reviewed>,
}

impl AllSeries {
    pub fn json(&self) -> serde_json::Result<Vec<u8>> {
        let mut value = json!({
            "schema": SCHEMA, "tool_version": env!("CARGO_PKG_VERSION"), "model": self.model, "series": self.series,
            "left_out": self.left_out, "opted_out": self.opted_out, "review": self.reviewed,
        });
        round(&mut value);
        let mut bytes = serde_json::to_vec_pretty(&value)?;
        bytes.push(b'\n');
        Ok(bytes)
    }

    /// A line for each finding.
    pub fn csv(&self) -> Result<Vec<u8>, csv::Error> {
        let mut table = csv::Writer::from_writer(Vec::new());
        table.write_record(COLUMNS)?;
        for (series, finding) in self.series.iter().flat_map(|s| s.findings.iter().flatten().map(move |f| (s, f))) {
            table.write_record(line(series, finding).map(harmless))?;
        }
        table.into_inner().map_err(|e| e.into_error().into())
    }
}

const COLUMNS: [&str; 18] = [
    "folder",
    "part",
    "finding",
    "class",
    "slices",
    "first",
    "last",
    "x_mm",
    "y_mm",
    "z_mm",
    "along_rows_mm",
    "along_columns_mm",
    "across_slices_mm",
    "volume_mm3",
    "largest_area_mm2",
    "largest_in",
    "may_go_on",
    "codes",
];

fn line(series: &SeriesJson, finding: &FindingJson) -> [String; 18] {
    let number = |value: Option<f64>| value.map(|v| format!("{:.6}", v + 0.0)).unwrap_or_default();
    let [x, y, z] = finding.place_mm.map(|v| number(Some(v)));
    let [rows, columns, across] = finding.extent_mm.map(number);
    [
        series.folder.clone(),
        series.part.to_string(),
        finding.id.to_string(),
        finding.class.clone().unwrap_or_default(),
        finding.slices.to_string(),
        finding.first.clone(),
        finding.last.clone(),
        x,
        y,
        z,
        rows,
        columns,
        across,
        number(finding.volume_mm3),
        number(Some(finding.largest_area_mm2)),
        finding.largest_in.clone(),
        finding.may_go_on.to_string(),
        series.codes.join(" "),
    ]
}
