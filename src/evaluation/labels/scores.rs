//! What comes out: `labels.json` and `labels.csv`.

use std::collections::BTreeMap;

use serde::Serialize;

use super::crops::CropScores;
use super::describe::{Group, Paired};
use super::inputs::Source;
use super::named::Named;
use crate::evaluation::eval::scores::Tool;
use crate::evaluation::score::labels::Bin;
use crate::people::LeftOut;
use crate::store::harmless;

/// The content of `labels.json` (`docs/schemas/labels.json`). Fields are added, never renamed.
#[derive(Clone, Debug, Serialize)]
pub struct LabelScores {
    pub schema: &'static str,
    pub tool: Tool,
    pub conventions: Conventions,
    /// Null where nobody is listed.
    pub opted_out: Option<LeftOut>,
    /// Null without --labels.
    pub labels: Option<Classified>,
    /// Null without --against: the first is what was scored, the second what it is held against.
    pub against: Option<Against>,
    /// Null without --crop-truth.
    pub crops: Option<CropScores>,
}

#[derive(Clone, Debug, Serialize)]
pub struct Conventions {
    pub rates: &'static str,
    pub ranking: &'static str,
    pub calibration: &'static str,
    pub bins: usize,
    pub interval: &'static str,
    pub seed: u64,
    pub resamples: usize,
}

#[derive(Clone, Debug, Serialize)]
pub struct Classified {
    pub source: Source,
    /// Labels in the order of every list of them: the classifier's, then others that are true.
    pub labels: Vec<String>,
    /// Labels for which there are no probabilities.
    pub without_probability: Vec<String>,
    pub totals: Totals,
    pub aggregate: Group,
    pub reliability: Reliability,
    pub strata: Vec<Strata>,
    /// Columns that make no groups.
    pub columns_left_out: Vec<String>,
    pub cases: Vec<CaseRow>,
    pub unpaired: Vec<Unpaired>,
}

#[derive(Clone, Copy, Debug, Serialize)]
pub struct Totals {
    pub scored: usize,
    pub abstained: usize,
    pub unpaired: usize,
    /// Lines of the table of labels that fit no answer.
    pub labels_without_answer: usize,
}

#[derive(Clone, Debug, Serialize)]
pub struct Reliability {
    /// Of the likeliest label: of those called so sure, how many were right.
    pub likeliest: Vec<Bin>,
    /// By label: of those with such a probability, how many are of it.
    pub labels: Named<Vec<Bin>>,
}

#[derive(Clone, Debug, Serialize)]
pub struct Strata {
    pub column: String,
    pub groups: Vec<Stratum>,
}

#[derive(Clone, Debug, Serialize)]
pub struct Stratum {
    pub value: String,
    #[serde(flatten)]
    pub group: Group,
}

#[derive(Clone, Debug, Serialize)]
pub struct CaseRow {
    pub image: String,
    pub truth: String,
    /// Null where the classifier abstained.
    pub said: Option<String>,
    pub right: Option<bool>,
    pub probabilities: Option<Named<f64>>,
    pub strata: BTreeMap<String, String>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Unpaired {
    pub path: String,
    /// `no_label`: the table says nothing of it; `no_answer`: the classifier does not.
    pub reason: &'static str,
}

#[derive(Clone, Debug, Serialize)]
pub struct Against {
    pub source: Source,
    #[serde(flatten)]
    pub paired: Paired,
}

/// `labels.csv`: one line for every case; without labels, one for every crop.
pub fn csv(scores: &LabelScores) -> csv::Result<Vec<u8>> {
    let mut out = csv::Writer::from_writer(Vec::new());
    let cell = |value: Option<f64>| value.map(|v| v.to_string()).unwrap_or_default();
    if let Some(labels) = &scores.labels {
        let known: Vec<&String> = labels.labels.iter().filter(|l| !labels.without_probability.contains(l)).collect();
        let mut header: Vec<String> = ["image", "truth", "said", "right"].map(str::to_owned).to_vec();
        header.extend(known.iter().map(|label| format!("p_{label}")));
        header.extend(labels.strata.iter().map(|s| s.column.clone()));
        out.write_record(header.into_iter().map(harmless))?;
        for case in &labels.cases {
            let right = case.right.map(|right| u8::from(right).to_string()).unwrap_or_default();
            let mut line = vec![case.image.clone(), case.truth.clone(), case.said.clone().unwrap_or_default(), right];
            let p = |label: &&String| cell(case.probabilities.as_ref().and_then(|p| p.get(label).copied()));
            line.extend(known.iter().map(p));
            line.extend(labels.strata.iter().map(|s| case.strata.get(&s.column).cloned().unwrap_or_default()));
            out.write_record(line.into_iter().map(harmless))?;
        }
    } else if let Some(crops) = &scores.crops {
        out.write_record(["image", "iou", "coverage", "scale_ratio"])?;
        for row in &crops.images {
            let line = [row.image.clone(), row.iou.to_string(), row.coverage.to_string(), cell(row.scale_ratio)];
            out.write_record(line.into_iter().map(harmless))?;
        }
    }
    out.into_inner().map_err(|e| e.into_error().into())
}
