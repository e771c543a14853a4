//! The content of `scores.json` (`docs/schemas/scores.json`). Fields are added, never renamed.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Serialize, Serializer};

use super::image::ScoreFailure;
use super::inputs::Unpaired;
use crate::domain::record::ModelId;
use crate::evaluation::score::Metric;
use crate::evaluation::score::agreement::Agreement;
use crate::evaluation::score::gate::GateResult;
use crate::evaluation::score::isic::Isic;
use crate::evaluation::score::overlap::{Case, Counts, EmptyPolicy};
use crate::evaluation::score::strata::Gap;
use crate::evaluation::score::summary::MetricSummary;
use crate::people::LeftOut;
use crate::store::harmless;
use crate::store::review::Reviewed;

pub const SCORES_SCHEMA: &str = "derm-seg/scores/1";

#[derive(Clone, Debug, Serialize)]
pub struct Scores {
    pub schema: &'static str,
    pub tool: Tool,
    /// The model of the results; null for a folder of masks.
    pub model: Option<ModelId>,
    pub conventions: Conventions,
    /// The figures, in the order of every list of them.
    pub metrics: Vec<Metric>,
    pub totals: Totals,
    /// Null where nobody is listed.
    pub opted_out: Option<OptedOut>,
    /// What --review left out; null without it.
    pub review: Option<Reviewed>,
    pub aggregate: Group,
    /// Macro mean under the conventions of the ISIC 2018 challenge, task 1; null without an image.
    pub isic2018: Option<Isic>,
    pub strata: Vec<Strata>,
    /// The ten images with the lowest Dice, the lowest first.
    pub worst: Vec<Worst>,
    /// Null unless there are several annotators.
    pub agreement: Option<Agreement>,
    pub gates: Vec<GateResult>,
    pub images: Vec<ImageRow>,
    pub unpaired: Vec<Unpaired>,
    pub failures: Vec<ScoreFailure>,
    /// Columns of the clinical table that make no groups.
    pub columns_left_out: Vec<String>,
}

#[derive(Clone, Debug, Serialize)]
pub struct Tool {
    pub name: &'static str,
    pub version: &'static str,
}

impl Default for Tool {
    fn default() -> Self {
        Tool { name: env!("CARGO_PKG_NAME"), version: env!("CARGO_PKG_VERSION") }
    }
}

/// How the figures are to be read: tools disagree.
#[derive(Clone, Debug, Serialize)]
pub struct Conventions {
    pub distances: &'static str,
    pub one_empty: &'static str,
    pub both_empty: EmptyPolicy,
    pub nsd_tolerances_px: Vec<f64>,
    pub boundary_iou: &'static str,
    pub interval: &'static str,
    pub seed: u64,
    pub resamples: usize,
    pub truth_grid: &'static str,
    pub prediction_format: Option<String>,
    pub truths: Vec<TruthFormat>,
    /// `the reference`, or `majority of the annotators`.
    pub reference: &'static str,
}

pub const DISTANCES: &str = "edge pixels (mask minus its 3x3-cross erosion, outside the photo is empty), Euclidean; hd95 and hd100: \
    directed percentile with linear interpolation, maximum of both directions; masd: mean of the two directed means; assd: \
    pooled mean; nsd@t: share of both edges' pixels within t + 1e-9";
pub const ONE_EMPTY: &str = "dice, jaccard and nsd are 0, distances are null";
pub const BOUNDARY_IOU: &str =
    "band inside each mask, max(1, round(0.02 x diagonal)) pixels by full 3x3 erosion, outside the photo is empty";
pub const INTERVAL: &str = "95 % percentile bootstrap of the mean";

#[derive(Clone, Debug, Serialize)]
pub struct TruthFormat {
    pub annotator: String,
    pub format: String,
    pub guessed: bool,
}

#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Totals {
    pub scored: usize,
    pub failed: usize,
    pub unpaired: usize,
    /// Scored masks that somebody corrected: they are not the model's.
    pub edited: usize,
}

/// What of people who opted out was found, and is in nothing else here.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct OptedOut {
    #[serde(flatten)]
    pub predictions: LeftOut,
    pub references: usize,
}

#[derive(Clone, Debug, Default, Serialize)]
pub struct Cases {
    pub normal: usize,
    pub empty_pred: usize,
    pub empty_truth: usize,
    pub both_empty: usize,
}

/// Several images in a few numbers.
#[derive(Clone, Debug, Serialize)]
pub struct Group {
    pub n: usize,
    pub cases: Cases,
    pub metrics: ByMetric<MetricSummary>,
}

#[derive(Clone, Debug, Serialize)]
pub struct Strata {
    pub column: String,
    pub groups: Vec<Stratum>,
    /// Between groups of five images or more; null where there are not two.
    pub gap: ByMetric<Option<Gap>>,
}

#[derive(Clone, Debug, Serialize)]
pub struct Stratum {
    pub value: String,
    #[serde(flatten)]
    pub group: Group,
}

#[derive(Clone, Debug, Serialize)]
pub struct Worst {
    pub image: String,
    pub case: Case,
    pub dice: f64,
    pub hd95: Option<f64>,
}

#[derive(Clone, Debug, Serialize)]
pub struct ImageRow {
    pub image: String,
    /// The reference's path in its folder; one for each annotator, null where there is none.
    pub truth: Vec<Option<String>>,
    pub width: u32,
    pub height: u32,
    pub case: Case,
    pub counts: Counts,
    pub scores: ByMetric<Option<f64>>,
    pub isic2018: Isic,
    /// The group of every stratified column.
    pub strata: BTreeMap<String, String>,
    /// Dice of the model against each annotator, where there are several.
    pub model_dice: Vec<Option<f64>>,
    /// Dice between the annotators: first and second, first and third, … second and third, …
    pub annotator_dice: Vec<Option<f64>>,
}

/// A value for every figure, written as an object in the figures' order.
#[derive(Clone, Debug)]
pub struct ByMetric<T> {
    pub metrics: Arc<Vec<Metric>>,
    pub values: Vec<T>,
}

impl<T> ByMetric<T> {
    pub fn get(&self, name: &str) -> Option<&T> {
        self.values.get(self.metrics.iter().position(|m| m.name == name)?)
    }

    pub fn iter(&self) -> impl Iterator<Item = (&Metric, &T)> {
        self.metrics.iter().zip(&self.values)
    }
}

impl<T: Serialize> Serialize for ByMetric<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter().map(|(metric, value)| (&metric.name, value)))
    }
}

/// `scores.csv`: one line an image, the same figures.
pub fn csv(scores: &Scores) -> csv::Result<Vec<u8>> {
    let mut out = csv::Writer::from_writer(Vec::new());
    let mut header: Vec<&str> = vec!["image", "truth", "width", "height", "case", "tp", "fp", "fn", "tn"];
    header.extend(scores.metrics.iter().map(|m| m.name.as_str()));
    header.extend(scores.strata.iter().map(|s| s.column.as_str()));
    out.write_record(&header)?;
    for row in &scores.images {
        let truths: Vec<&str> = row.truth.iter().map(|t| t.as_deref().unwrap_or_default()).collect();
        let mut line = vec![row.image.clone(), truths.join(";"), row.width.to_string(), row.height.to_string()];
        line.push(row.case.as_str().to_owned());
        line.extend([row.counts.tp, row.counts.fp, row.counts.fn_, row.counts.tn].map(|n| n.to_string()));
        line.extend(row.scores.values.iter().map(|v| v.map_or(String::new(), |v| v.to_string())));
        line.extend(scores.strata.iter().map(|s| row.strata.get(&s.column).cloned().unwrap_or_default()));
        out.write_record(line.into_iter().map(harmless))?;
    }
    out.into_inner().map_err(|e| e.into_error().into())
}
