//! Scoring many images: inputs, one figure table an image, and what they say together.
//!
//! The figures themselves are made in `score`; files are read through `results` and `truth`.

pub mod gates;
pub mod image;
pub mod inputs;
pub mod scores;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Result;

use crate::annotations::references::Format;
use crate::batch::parallel_map;
use crate::disk::vault::Vault;
use crate::error::UsageError;
use crate::evaluation::score::agreement::agreement;
use crate::evaluation::score::gate::Gate;
use crate::evaluation::score::isic::Isic;
use crate::evaluation::score::overlap::Case;
use crate::evaluation::score::strata::{Grouping, gap, group};
use crate::evaluation::score::summary::{RESAMPLES, summarise};
use crate::evaluation::score::{Metric, Options, metrics};
use crate::people::OptOut;
use crate::people::subjects::Subjects;
use image::{ImageScore, ScoreFailure, score_image};
use inputs::{Annotator, Prediction, Predictions, annotator, without_truth};
use scores::*;

/// What is to be scored, and how.
#[derive(Clone, Debug)]
pub struct Plan {
    pub predictions: PathBuf,
    pub prediction_format: Option<Format>,
    pub truths: Vec<PathBuf>,
    pub truth_format: Option<Format>,
    pub truth_suffixes: Vec<String>,
    /// The references are drawn on the photos' pixels as stored, before their orientation is applied.
    pub stored_grid: bool,
    pub options: Options,
    pub people: Arc<OptOut>,
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

pub fn evaluate(plan: &Plan) -> Result<Scores> {
    let subjects = plan.subjects.as_deref();
    let format = plan.prediction_format.as_ref();
    let predictions = Predictions::open(&plan.predictions, format, &plan.people, &plan.vault)?;
    if plan.stored_grid && !predictions.is_results() {
        let message = "--truth-grid stored needs the photos' orientation, which only a results folder knows";
        return Err(UsageError(message.to_owned()).into());
    }
    let mut unpaired = Vec::new();
    let mut annotators = Vec::new();
    for (name, root) in annotator_names(&plan.truths).into_iter().zip(&plan.truths) {
        annotators.push(annotator(name, root, &predictions, plan, &mut unpaired)?);
    }
    without_truth(&predictions, &annotators, &mut unpaired);
    let wanted: Vec<usize> =
        (0..predictions.list.len()).filter(|&p| annotators.iter().any(|a| a.of[p].is_some())).collect();
    if wanted.is_empty() {
        return Err(nothing_paired(&predictions, &annotators).into());
    }

    let (mut scored, mut failures): (Vec<(usize, ImageScore)>, Vec<ScoreFailure>) = (Vec::new(), Vec::new());
    let answers = parallel_map(&wanted, plan.jobs, |&p| {
        score_image(p, &predictions, &annotators, &plan.options, plan.stored_grid)
    })?;
    for (p, answer) in wanted.into_iter().zip(answers) {
        match answer {
            Ok(score) => scored.push((p, score)),
            Err(failure) => failures.push(failure),
        }
    }
    forget_skin_that_nobody_marked(&mut scored, &metrics(&plan.options));

    let list = Arc::new(metrics(&plan.options));
    let images: Vec<&Prediction> = scored.iter().map(|(p, _)| &predictions.list[*p]).collect();
    let names: Vec<&str> = images.iter().map(|i| i.image.as_str()).collect();
    let numbered = subjects.and_then(|s| s.numbered(&names));
    let (groupings, columns_left_out) = groupings(plan, subjects, &images);

    let everything: Vec<usize> = (0..scored.len()).collect();
    let mut members: Vec<Vec<usize>> = vec![everything];
    members.extend(groupings.iter().flat_map(|g| (0..g.groups.len()).map(|i| g.members(i))));
    let mut groups =
        parallel_map(&members, plan.jobs, |of| describe(of, &scored, numbered.as_deref(), &list, plan.seed))?
            .into_iter();
    let aggregate = groups.next().unwrap_or_else(|| describe(&[], &scored, None, &list, plan.seed));
    let strata = groupings.iter().map(|g| stratify(g, &mut groups, &list)).collect();

    let agreement = (annotators.len() > 1).then(|| {
        let names: Vec<String> = annotators.iter().map(|a| a.name.clone()).collect();
        let of: Vec<_> = scored.iter().map(|(_, s)| s.agreement.clone()).collect();
        agreement(&names, &of, numbered.as_deref(), plan.seed)
    });
    let rows = rows(scored, &names, &annotators, &groupings, &list);
    let mut scores = Scores {
        schema: SCORES_SCHEMA,
        tool: Tool::default(),
        model: predictions.model.clone(),
        conventions: conventions(plan, &predictions, &annotators),
        metrics: list.to_vec(),
        totals: Totals { scored: rows.len(), failed: failures.len(), unpaired: unpaired.len() },
        opted_out: opted_out(&predictions, &annotators),
        aggregate,
        isic2018: Isic::mean(rows.iter().map(|r| r.isic2018)),
        strata,
        worst: worst(&rows),
        agreement,
        gates: Vec::new(),
        images: rows,
        unpaired,
        failures,
        columns_left_out,
    };
    scores.gates = gates::check(&plan.gates, &scores)?;
    Ok(scores)
}

/// Folder names; a number is added where two are the same.
fn annotator_names(truths: &[PathBuf]) -> Vec<String> {
    let name = |p: &PathBuf| p.file_name().map_or("truth".to_owned(), |n| n.to_string_lossy().into_owned());
    let names: Vec<String> = truths.iter().map(name).collect();
    let distinct = |i: usize| {
        if names.iter().filter(|n| **n == names[i]).count() > 1 {
            format!("{}-{}", names[i], i + 1)
        } else {
            names[i].clone()
        }
    };
    (0..names.len()).map(distinct).collect()
}

fn opted_out(predictions: &Predictions, annotators: &[Annotator]) -> Option<OptedOut> {
    let references = annotators.iter().flat_map(|a| &a.theirs).filter(|theirs| **theirs).count();
    predictions.left_out.map(|predictions| OptedOut { predictions, references })
}

fn nothing_paired(predictions: &Predictions, annotators: &[Annotator]) -> UsageError {
    let prediction = predictions.list.first().map_or("none at all", |p| &p.image);
    let Annotator { folder, theirs, .. } = &annotators[0];
    let truth = folder.names.iter().zip(theirs).find(|(_, theirs)| !**theirs).map_or("none at all", |(name, _)| name);
    UsageError(format!(
        "no reference fits a prediction: the first prediction is `{prediction}`, the first reference is `{truth}`. \
         References are found by path or by file name, with `_segmentation`, `_mask` or --truth-suffix at the end of the stem"
    ))
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

fn groupings(plan: &Plan, subjects: Option<&Subjects>, images: &[&Prediction]) -> (Vec<Grouping>, Vec<String>) {
    let mut groupings = Vec::new();
    let mut left_out = Vec::new();
    if let Some(subjects) = subjects {
        for (i, column) in subjects.columns.iter().enumerate() {
            let values: Vec<Option<String>> = images.iter().map(|p| subjects.value(&p.image, i)).collect();
            match group(column, &values, plan.bins.get(column).map(Vec::as_slice)) {
                Some(grouping) => groupings.push(grouping),
                None => left_out.push(column.clone()),
            }
        }
    }
    let tones: Vec<Option<String>> = images.iter().map(|p| p.tone_bin.clone()).collect();
    groupings.extend(group(TONE_COLUMN, &tones, None));
    (groupings, left_out)
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
    scored: Vec<(usize, ImageScore)>,
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

fn conventions(plan: &Plan, predictions: &Predictions, annotators: &[Annotator]) -> Conventions {
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
        prediction_format: predictions.format.as_ref().map(Format::to_string),
        truths: annotators
            .iter()
            .map(|a| TruthFormat { annotator: a.name.clone(), format: a.format.to_string(), guessed: a.guessed })
            .collect(),
        reference: if annotators.len() > 1 { "majority of the annotators" } else { "the reference" },
    }
}
