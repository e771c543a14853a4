//! The scores as a table for a terminal.

use std::collections::BTreeMap;
use std::fmt::{self, Write};

use crate::domain::words::counted;
use crate::evaluation::eval::scores::{Group, OptedOut, Scores, Strata};
use crate::evaluation::score::gate::GateResult;
use crate::evaluation::score::summary::MetricSummary;

/// Lists longer than this are cut; the files hold them whole.
const LONGEST_LIST: usize = 10;
const FEW: usize = 5;

pub fn table(scores: &Scores) -> String {
    let mut out = String::new();
    // Writing into a string cannot fail.
    let _ = write_table(&mut out, scores);
    out
}

fn write_table(out: &mut String, scores: &Scores) -> fmt::Result {
    for truth in &scores.conventions.truths {
        let guessed = if truth.guessed { " (guessed; --truth-format sets it)" } else { "" };
        writeln!(out, "reference {}: {}{guessed}", truth.annotator, truth.format)?;
    }
    if let Some(OptedOut { predictions, references }) = scores.opted_out {
        writeln!(out, "{predictions}; and {}", counted(references, "reference"))?;
    }
    if let Some(reviewed) = scores.review {
        writeln!(out, "{reviewed}")?;
    }
    let cases = &scores.aggregate.cases;
    writeln!(
        out,
        "{} scored; a lesion in both masks: {}, only in the reference: {}, only in the prediction: {}, in neither: {}\n",
        counted(scores.totals.scored, "image"),
        cases.normal,
        cases.empty_pred,
        cases.empty_truth,
        cases.both_empty
    )?;
    if scores.totals.edited > 0 {
        writeln!(
            out,
            "corrected by hand: {}. These scores are not of the model alone; --model-masks scores its own masks\n",
            counted(scores.totals.edited, "mask")
        )?;
    }
    if cases.empty_truth + cases.both_empty == scores.totals.scored {
        writeln!(out, "no reference has a lesion: does --truth-format say what its values mean?\n")?;
    }
    figures(out, &scores.aggregate)?;
    if let Some(isic) = &scores.isic2018 {
        writeln!(out, "ISIC 2018 task 1 score (mean Jaccard, 0 under 0.65): {:.4}", isic.threshold_jaccard)?;
    }
    // One group alone says nothing that the whole does not.
    for strata in scores.strata.iter().filter(|s| s.groups.len() > 1) {
        stratum_table(out, strata)?;
    }
    if !scores.columns_left_out.is_empty() {
        writeln!(out, "\nno groups made of: {}", scores.columns_left_out.join(", "))?;
    }
    if let Some(agreement) = &scores.agreement {
        writeln!(out, "\nDice between annotators")?;
        for pair in &agreement.pairs {
            writeln!(out, "  {} and {}: {}", pair.a, pair.b, mean_and_interval(&pair.dice))?;
        }
        writeln!(out, "Dice of the model against")?;
        for model in &agreement.model {
            writeln!(out, "  {}: {}", model.annotator, mean_and_interval(&model.dice))?;
        }
        if let (Some(mean), Some([low, high]), Some(place)) =
            (agreement.model_mean, agreement.inter_observer_range, agreement.model_against_range)
        {
            writeln!(out, "  mean {mean:.4}: {place} the range between annotators, {low:.4} to {high:.4}")?;
        }
    }
    if !scores.worst.is_empty() {
        writeln!(out, "\nlowest Dice")?;
        for worst in &scores.worst {
            writeln!(out, "  {:.4}  {}", worst.dice, worst.image)?;
        }
    }
    unpaired(out, scores)?;
    list(out, "failed", LONGEST_LIST, scores.failures.iter().map(|f| format!("{}: {}", f.image, f.message)))?;
    // Those that failed come first, and none of them is cut.
    let failed = scores.gates.iter().filter(|g| !g.held).count();
    let mut gates: Vec<&GateResult> = scores.gates.iter().collect();
    gates.sort_by_key(|gate| gate.held);
    list(out, "gates", LONGEST_LIST.max(failed), gates.into_iter().map(GateResult::sentence))
}

fn figures(out: &mut String, group: &Group) -> fmt::Result {
    writeln!(
        out,
        "{:<18}{:>9}  {:<20}{:>9}{:>10}  {:<20}{:>6}{:>9}",
        "", "mean", "95 % interval", "sd", "median", "quartiles", "n", "missing"
    )?;
    for (metric, s) in group.metrics.iter().filter(|(_, s)| s.n > 0) {
        writeln!(
            out,
            "{:<18}{:>9}  {:<20}{:>9}{:>10}  {:<20}{:>6}{:>9}",
            metric.name,
            number(s.mean),
            range(s.interval()),
            number(s.sd),
            number(s.median),
            range(s.q1.zip(s.q3).map(|(a, b)| [a, b])),
            s.n,
            s.missing
        )?;
    }
    let by = if group.metrics.values.iter().any(|s| s.subjects.is_some()) { "subject" } else { "image" };
    writeln!(out, "intervals by {by}")
}

fn stratum_table(out: &mut String, strata: &Strata) -> fmt::Result {
    writeln!(out, "\nDice by {}", strata.column)?;
    let width = strata.groups.iter().map(|g| g.value.chars().count()).max().unwrap_or(0);
    for stratum in &strata.groups {
        if let Some(dice) = stratum.group.metrics.get("dice") {
            writeln!(out, "  {:<width$}  {}", stratum.value, mean_and_interval(dice))?;
        }
    }
    match strata.gap.get("dice").and_then(Option::as_ref) {
        Some(gap) => writeln!(out, "  gap {:.4}: {} over {}", gap.gap, gap.best, gap.worst),
        None => Ok(()),
    }
}

fn mean_and_interval(s: &MetricSummary) -> String {
    let interval = if s.interval().is_some() { range(s.interval()) } else { "(too few for an interval)".to_owned() };
    format!("{} {interval} n {}", number(s.mean), s.n)
}

fn list(out: &mut String, title: &str, most: usize, lines: impl ExactSizeIterator<Item = String>) -> fmt::Result {
    let n = lines.len();
    if n > 0 {
        writeln!(out, "\n{title}: {n}")?;
    }
    for line in lines.take(most) {
        writeln!(out, "  {line}")?;
    }
    if n > most {
        writeln!(out, "  ... and {} more in scores.json", n - most)?;
    }
    Ok(())
}

/// One line for every kind, with the first names.
fn unpaired(out: &mut String, scores: &Scores) -> fmt::Result {
    let mut kinds: BTreeMap<(&str, &str), Vec<&str>> = BTreeMap::new();
    for file in &scores.unpaired {
        kinds.entry((file.side, file.reason)).or_default().push(&file.path);
    }
    let line = |((side, reason), paths): ((&str, &str), Vec<&str>)| {
        let side = if side == "truth" { "reference" } else { "prediction" };
        let more = if paths.len() > FEW { ", ..." } else { "" };
        let few = paths[..paths.len().min(FEW)].join(", ");
        format!("{} {}: {few}{more}", counted(paths.len(), side), said(reason))
    };
    if kinds.is_empty() {
        return Ok(());
    }
    writeln!(out, "\nnot paired: {} (all named in scores.json)", scores.unpaired.len())?;
    kinds.into_iter().try_for_each(|kind| writeln!(out, "  {}", line(kind)))
}

fn said(reason: &str) -> &str {
    match reason {
        "no_truth" => "without a reference",
        "no_prediction" => "without a prediction",
        "doubtful" => "that fit more than one",
        "photo_failed" => "of photos that failed in the run",
        "photo_excluded" => "of photos that the run excluded",
        other => other,
    }
}

pub(super) fn number(value: Option<f64>) -> String {
    value.map_or("-".to_owned(), |v| format!("{v:.4}"))
}

pub(super) fn range(values: Option<[f64; 2]>) -> String {
    values.map_or("-".to_owned(), |[low, high]| format!("[{low:.4}, {high:.4}]"))
}
