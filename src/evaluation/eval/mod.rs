//! Scoring many images: inputs, one figure table an image, and what they say together.
//!
//! The figures themselves are made in `score`; files are read through `results` and `truth`.

pub(crate) mod gates;
pub(crate) mod image;
pub(crate) mod inputs;
pub(crate) mod scores;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Result;

use crate::annotations::references::ReferenceFormat;
use crate::batch::{MemoryGate, parallel_map};
use crate::disk::vault::Vault;
use crate::error::UsageError;
use crate::evaluation::score::agreement::{Agreement, agreement};
use crate::evaluation::score::gate::Gate;
use crate::evaluation::score::isic::Isic;
use crate::evaluation::score::overlap::Case;
use crate::evaluation::score::strata::{Grouping, gap, group, group_all};
use crate::evaluation::score::summary::{RESAMPLES, summarise};
use crate::evaluation::score::{Metric, Options, metrics};
use crate::people::OptOut;
use crate::people::subjects::Subjects;
use crate::store::Scales;
use crate::store::review::Selection;
use image::{ImageScore, ScoreFailure, score_image};
use inputs::{Annotator, Inputs, Prediction, Predictions};
use scores::*;

/// What is to be scored, and how.
#[derive(Clone, Debug)]
pub struct EvalPlan {
    pub predictions: PathBuf,
    pub prediction_format: Option<ReferenceFormat>,
    pub truths: Vec<PathBuf>,
    pub truth_format: Option<ReferenceFormat>,
    pub truth_suffixes: Vec<String>,
    /// The references are drawn on the photos' pixels as stored, before their orientation is applied.
    pub stored_grid: bool,
    pub options: Options,
    /// The model's own masks, also where somebody corrected them.
    pub model_masks: bool,
    /// The one kind of lesion that is scored, by its name.
    pub kind: Option<String>,
    pub people: Arc<OptOut>,
    /// Which photos a review takes.
    pub selection: Option<Selection>,
    /// How long a pixel is.
    pub scales: Scales,
    pub subjects: Option<Arc<Subjects>>,
    /// Edges of the bins of a column.
    pub bins: BTreeMap<String, Vec<f64>>,
    pub gates: Vec<Gate>,
    pub seed: u64,
    pub vault: Vault,
    pub jobs: usize,
}

const WORST: usize = 10;
const TONE_COLUMN: &str = "estimated_tone_bin";

pub fn evaluate(plan: &EvalPlan) -> Result<Scores> {
    let inputs = Inputs::open(plan)?;
    let (scored, failures) = score_all(plan, &inputs)?;
    let metrics = Arc::new(metrics(&plan.options));
    let images: Vec<&Prediction> = scored.iter().map(|(p, _)| &inputs.predictions.list[*p]).collect();
    let names: Vec<&str> = images.iter().map(|i| i.image.as_str()).collect();
    if let Some(table) = &plan.subjects {
        table.refuse_doubt(names.iter().copied())?;
    }
    let subjects = plan.subjects.as_ref().and_then(|table| table.numbered(&names));
    let (groupings, columns_left_out) = groupings(plan, &images)?;
    let (aggregate, strata) = describe_all(plan, &scored, &groupings, subjects.as_deref(), &metrics)?;
    let agreement = agreement_of(plan, &inputs.annotators, &scored, subjects.as_deref());
    let rows = rows(scored, &names, &inputs.annotators, &groupings, &metrics);
    let edited = images.iter().filter(|image| image.edited).count();
    let mut scores = Scores {
        schema: SCORES_SCHEMA,
        tool: Tool::default(),
        model: inputs.predictions.model.clone(),
        conventions: conventions(plan, &inputs.predictions, &inputs.annotators),
        metrics: metrics.to_vec(),
        totals: Totals { scored: rows.len(), failed: failures.len(), unpaired: inputs.unpaired.len(), edited },
        opted_out: opted_out(&inputs.predictions, &inputs.annotators),
        review: inputs.predictions.reviewed,
        aggregate,
        isic2018: Isic::mean(rows.iter().map(|r| r.isic2018)),
        strata,
        worst: worst(&rows),
        agreement,
        gates: Vec::new(),
        images: rows,
        unpaired: inputs.unpaired,
        failures,
        columns_left_out,
    };
    scores.gates = gates::check(&plan.gates, &scores)?;
    Ok(scores)
}

/// The scores of every image, each with the index of its prediction.
type Scored = Vec<(usize, ImageScore)>;

/// The scores of every pair; and the pairs that could not be scored.
fn score_all(plan: &EvalPlan, inputs: &Inputs) -> Result<(Scored, Vec<ScoreFailure>)> {
    let (mut scored, mut failures) = (Vec::new(), Vec::new());
    let memory = MemoryGate::for_jobs(plan.jobs);
    let answers = parallel_map(&inputs.paired, plan.jobs, |&p| {
        score_image(p, &inputs.predictions, &inputs.annotators, &plan.options, plan.stored_grid, &memory)
    })?;
    for (&p, answer) in inputs.paired.iter().zip(answers) {
        match answer {
            Ok(score) => scored.push((p, score)),
            Err(failure) => failures.push(failure),
        }
    }
    forget_skin_that_nobody_marked(&mut scored, &metrics(&plan.options));
    Ok((scored, failures))
}

/// All images together, and every group of every column.
fn describe_all(
    plan: &EvalPlan,
    scored: &[(usize, ImageScore)],
    groupings: &[Grouping],
    subjects: Option<&[usize]>,
    metrics: &Arc<Vec<Metric>>,
) -> Result<(Group, Vec<Strata>)> {
    let everything: Vec<usize> = (0..scored.len()).collect();
    let mut members: Vec<Vec<usize>> = vec![everything];
    members.extend(groupings.iter().flat_map(|g| (0..g.groups.len()).map(|i| g.members(i))));
    let mut groups =
        parallel_map(&members, plan.jobs, |of| describe(of, scored, subjects, metrics, plan.seed))?.into_iter();
    let aggregate = groups.next().unwrap_or_else(|| describe(&[], scored, None, metrics, plan.seed));
    Ok((aggregate, groupings.iter().map(|g| stratify(g, &mut groups, metrics)).collect()))
}

/// Where there are several annotators: how well they agree with each other, and with the model.
fn agreement_of(
    plan: &EvalPlan,
    annotators: &[Annotator],
    scored: &[(usize, ImageScore)],
    subjects: Option<&[usize]>,
) -> Option<Agreement> {
    let names: Vec<String> = annotators.iter().map(|a| a.name.clone()).collect();
    let of: Vec<_> = scored.iter().map(|(_, s)| s.agreement.clone()).collect();
    (annotators.len() > 1).then(|| agreement(&names, &of, subjects, plan.seed))
}

fn opted_out(predictions: &Predictions, annotators: &[Annotator]) -> Option<OptedOut> {
    let references = annotators.iter().flat_map(|a| &a.theirs).filter(|theirs| **theirs).count();
    predictions.left_out.map(|predictions| OptedOut { predictions, references })
}

/// Where no reference marks normal skin, figures about it would only say so.
fn forget_skin_that_nobody_marked(scored: &mut [(usize, ImageScore)], metrics: &[Metric]) {
    if !scored.iter().any(|(_, s)| s.truth_marks_skin) {
        for (_, score) in scored {
            for (value, metric) in score.pair.values.iter_mut().zip(metrics) {
                if metric.name.starts_with("skin.") {
                    *value = None;
                }
            }
        }
    }
}

/// Also returns the columns that make no groups.
fn groupings(plan: &EvalPlan, images: &[&Prediction]) -> Result<(Vec<Grouping>, Vec<String>), UsageError> {
    let (mut groupings, mut left_out) = (Vec::new(), Vec::new());
    if let Some(table) = &plan.subjects {
        let values = |i: usize| images.iter().map(|p| table.value(&p.image, i)).collect();
        let columns = table.columns.iter().enumerate().map(|(i, column)| (column, values(i)));
        (groupings, left_out) = group_all(columns, &plan.bins)?;
    }
    let tones: Vec<Option<String>> = images.iter().map(|p| p.tone_bin.clone()).collect();
    groupings.extend(group(TONE_COLUMN, &tones, None));
    Ok((groupings, left_out))
}

fn describe(
    of: &[usize],
    scored: &[(usize, ImageScore)],
    subjects: Option<&[usize]>,
    metrics: &Arc<Vec<Metric>>,
    seed: u64,
) -> Group {
    let mut cases = Cases::default();
    for &i in of {
        *match scored[i].1.pair.case {
            Case::Normal => &mut cases.normal,
            Case::EmptyPred => &mut cases.empty_pred,
            Case::EmptyTruth => &mut cases.empty_truth,
            Case::BothEmpty => &mut cases.both_empty,
        } += 1;
    }
    let subjects: Option<Vec<usize>> = subjects.map(|s| of.iter().map(|&i| s[i]).collect());
    let summary = |metric: usize| {
        let values: Vec<Option<f64>> = of.iter().map(|&i| scored[i].1.pair.values[metric]).collect();
        summarise(&values, subjects.as_deref(), seed)
    };
    let values = (0..metrics.len()).map(summary).collect();
    Group { n: of.len(), cases, metrics: ByMetric { metrics: metrics.clone(), values } }
}

fn stratify(grouping: &Grouping, described: &mut impl Iterator<Item = Group>, metrics: &Arc<Vec<Metric>>) -> Strata {
    let groups: Vec<Stratum> =
        grouping.groups.iter().zip(described).map(|(value, group)| Stratum { value: value.clone(), group }).collect();
    let gaps = metrics
        .iter()
        .enumerate()
        .map(|(i, m)| gap(m, groups.iter().map(|g| (g.value.as_str(), &g.group.metrics.values[i]))))
        .collect();
    Strata { column: grouping.column.clone(), groups, gap: ByMetric { metrics: metrics.clone(), values: gaps } }
}

fn rows(
    scored: Scored,
    names: &[&str],
    annotators: &[Annotator],
    groupings: &[Grouping],
    metrics: &Arc<Vec<Metric>>,
) -> Vec<ImageRow> {
    let row = |(i, (p, score)): (usize, (usize, ImageScore))| ImageRow {
        image: names[i].to_owned(),
        truth: annotators.iter().map(|a| a.of[p].map(|t| a.folder.names[t].clone())).collect(),
        width: score.width,
        height: score.height,
        case: score.pair.case,
        counts: score.pair.counts,
        scores: ByMetric { metrics: metrics.clone(), values: score.pair.values },
        isic2018: score.pair.isic,
        strata: groupings.iter().map(|g| (g.column.clone(), g.groups[g.of[i]].clone())).collect(),
        model_dice: score.agreement.model,
        annotator_dice: score.agreement.between,
    };
    scored.into_iter().enumerate().map(row).collect()
}

fn worst(rows: &[ImageRow]) -> Vec<Worst> {
    let mut worst: Vec<Worst> = rows
        .iter()
        .filter_map(|row| {
            let dice = (*row.scores.get("dice")?)?;
            let hd95 = row.scores.get("hd95").copied().flatten();
            Some(Worst { image: row.image.clone(), case: row.case, dice, hd95 })
        })
        .collect();
    worst.sort_by(|a, b| a.dice.total_cmp(&b.dice).then_with(|| a.image.cmp(&b.image)));
    worst.truncate(WORST);
    worst
}

fn conventions(plan: &EvalPlan, predictions: &Predictions, annotators: &[Annotator]) -> Conventions {
    Conventions {
        distances: DISTANCES,
        one_empty: ONE_EMPTY,
        both_empty: plan.options.empty,
        nsd_tolerances_px: plan.options.tolerances.clone(),
        boundary_iou: BOUNDARY_IOU,
        interval: INTERVAL,
        seed: plan.seed,
        resamples: RESAMPLES,
        truth_grid: if plan.stored_grid { "stored" } else { "upright" },
        prediction_format: predictions.format.as_ref().map(ReferenceFormat::to_string),
        truths: annotators
            .iter()
            .map(|a| TruthFormat { annotator: a.name.clone(), format: a.format.to_string(), guessed: a.guessed })
            .collect(),
        reference: if annotators.len() > 1 { "majority of the annotators" } else { "the reference" },
    }
}
