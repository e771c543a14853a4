//! Scores of labels and crops as a table for a terminal.

use std::fmt::{self, Write};

use crate::commands::eval::print::{number, range};
use crate::domain::words::counted;
use crate::evaluation::labels::crops::CropScores;
use crate::evaluation::labels::describe::Estimate;
use crate::evaluation::labels::inputs::part;
use crate::evaluation::labels::{Against, Classified, LabelScores};
use crate::evaluation::score::summary::MetricSummary;

pub fn table(scores: &LabelScores) -> String {
    let mut out = String::new();
    // Writing into a string cannot fail.
    let _ = write_table(&mut out, scores);
    out
}

fn write_table(out: &mut String, scores: &LabelScores) -> fmt::Result {
    if let Some(left_out) = scores.opted_out {
        writeln!(out, "{left_out}")?;
    }
    if let Some(labels) = &scores.labels {
        classified(out, labels)?;
    }
    if let Some(against) = &scores.against {
        writeln!(out)?;
        held_against(out, against, scores.labels.as_ref().is_some_and(|l| l.aggregate.subjects.is_some()))?;
    }
    if let Some(crops) = &scores.crops {
        if scores.labels.is_some() {
            writeln!(out)?;
        }
        of_crops(out, crops)?;
    }
    Ok(())
}

fn classified(out: &mut String, scores: &Classified) -> fmt::Result {
    if let (Some(model), Some(of)) = (&scores.source.model, scores.source.of) {
        writeln!(out, "{} {}, asked about the {}", model.name, model.version, part(of))?;
    }
    let totals = scores.totals;
    writeln!(out, "{} scored, {} abstained", counted(totals.scored, "photo"), totals.abstained)?;
    let missing = |n: usize, what: &str| match n {
        0 => String::new(),
        n => format!("{what}: {n}\n"),
    };
    let without = |reason| scores.unpaired.iter().filter(|u| u.reason == reason).count();
    out.push_str(&missing(without("no_label"), "photos without a true label"));
    out.push_str(&missing(without("no_answer"), "photos without an answer"));
    out.push_str(&missing(totals.labels_without_answer, "lines of the table that fit no answer"));
    if !scores.without_probability.is_empty() && !scores.without_probability.eq(&scores.labels) {
        writeln!(out, "labels that the classifier has no probability for: {}", scores.without_probability.join(", "))?;
    }
    let width = scores.labels.iter().map(|l| l.chars().count()).max().unwrap_or(0).max(9);
    writeln!(out)?;
    write!(out, "{:<width$}", "true")?;
    scores.labels.iter().try_for_each(|label| write!(out, "  {label:>9}"))?;
    writeln!(out, "  {:>9}", "abstained")?;
    let group = &scores.aggregate;
    for (label, (counts, abstained)) in
        scores.labels.iter().zip(group.confusion.counts.iter().zip(&group.confusion.abstained))
    {
        write!(out, "{label:<width$}")?;
        for (said, count) in scores.labels.iter().zip(counts) {
            write!(out, "  {count:>0$}", said.chars().count().max(9))?;
        }
        writeln!(out, "  {abstained:>9}")?;
    }
    let by_subject = group.subjects.is_some();
    writeln!(out, "\n{:<28}{:>8}  95 % interval", "", "value")?;
    for (name, estimate) in group.figures.iter().filter(|(_, estimate)| estimate.value.is_some()) {
        writeln!(out, "{name:<28}{}", with_interval(estimate, by_subject))?;
    }
    for name in ["sensitivity", "specificity", "ppv", "npv", "f1", "auroc", "average_precision"] {
        for (label, figures) in group.labels.iter() {
            if let Some(estimate) = figures.get(name).filter(|estimate| estimate.value.is_some()) {
                writeln!(out, "{:<28}{}", format!("{label}: {name}"), with_interval(estimate, by_subject))?;
            }
        }
    }
    let subjects = group.subjects.map(|n| format!("by subject ({n})"));
    writeln!(
        out,
        "intervals {}",
        subjects.as_deref().unwrap_or("as if photos were independent: --subjects says whose they are")
    )?;
    for strata in scores.strata.iter().filter(|s| s.groups.len() > 1) {
        writeln!(out, "\naccuracy by {}", strata.column)?;
        let width = strata.groups.iter().map(|g| g.value.chars().count()).max().unwrap_or(0);
        for stratum in &strata.groups {
            if let Some(accuracy) = stratum.group.figures.get("accuracy") {
                writeln!(
                    out,
                    "  {:<width$}{}  n {}",
                    stratum.value,
                    with_interval(accuracy, by_subject),
                    stratum.group.n
                )?;
            }
        }
    }
    Ok(())
}

fn with_interval(estimate: &Estimate, by_subject: bool) -> String {
    format!("{:>8}  {}", number(estimate.value), range(estimate.interval(by_subject)))
}

fn held_against(out: &mut String, against: &Against, by_subject: bool) -> fmt::Result {
    let (paired, test) = (&against.paired, &against.paired.mcnemar);
    writeln!(out, "against the other answers, on {} that both have", counted(paired.n, "photo"))?;
    writeln!(
        out,
        "right: both {}, only these {}, only the others {}, neither {}",
        test.both_right, test.only_first_right, test.only_second_right, test.both_wrong
    )?;
    let corrected = test.chi2.zip(test.chi2_p);
    let corrected = corrected.map_or(String::new(), |(chi2, p)| {
        format!("; chi squared {chi2:.3} with continuity correction, p = {}", small(p))
    });
    writeln!(out, "McNemar: exact p = {}{corrected}", small(test.exact_p))?;
    writeln!(out, "{:<28}{:>8}{:>8}{:>12}  95 % interval", "", "these", "others", "difference")?;
    for (name, d) in paired.figures.iter().filter(|(_, d)| d.difference.is_some()) {
        let difference = d.difference.map_or(String::new(), |v| format!("{v:+.4}"));
        writeln!(
            out,
            "{name:<28}{:>8}{:>8}{difference:>12}  {}",
            number(d.first),
            number(d.second),
            range(d.interval(by_subject))
        )?;
    }
    Ok(())
}

/// Probabilities as papers print them.
fn small(p: f64) -> String {
    if p < 0.0001 { "under 0.0001".to_owned() } else { format!("{p:.4}") }
}

fn of_crops(out: &mut String, crops: &CropScores) -> fmt::Result {
    let source =
        if crops.automatic == "crops" { "crops of the run" } else { "boxes around all lesions (the run cut no crops)" };
    let expert = if crops.expert == "boxes" { "the expert's boxes" } else { "boxes around the expert's masks" };
    writeln!(out, "{source} against {expert}: {}", counted(crops.scored, "photo"))?;
    writeln!(out, "no lesion found: {}", crops.missed)?;
    if !crops.unpaired.is_empty() {
        writeln!(out, "of the expert, fitting no photo: {}", crops.unpaired.len())?;
    }
    writeln!(out, "{:<28}{:>8}  {:<20}{:>8}  quartiles", "", "mean", "95 % interval", "median")?;
    let figures = [("iou", &crops.iou), ("coverage", &crops.coverage), ("scale_ratio", &crops.scale_ratio)];
    figures.into_iter().try_for_each(|(name, summary)| writeln!(out, "{name:<28}{}", summarised(summary)))
}

fn summarised(s: &MetricSummary) -> String {
    let quartiles = s.q1.zip(s.q3).map(|(a, b)| [a, b]);
    format!("{:>8}  {:<20}{:>8}  {}", number(s.mean), range(s.interval()), number(s.median), range(quartiles))
}
