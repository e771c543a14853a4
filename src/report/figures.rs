//! Which plots a report has: those for which there are figures.

use serde_json::Value;

use super::plots::{Axis, Figure, Mean, histogram, means, points};
use super::rows::{COLUMNS, Row, TONE_COLUMN, column_name, group_name, tone_rank};
use super::tables::interval_of;
use super::words::Words;

/// How the values of a figure are laid out. What has natural ends has them in every report, so that reports can be compared.
enum Range {
    Fixed(f64, f64),
    Whole,
    FromZero,
    /// From 0, the largest together.
    Tail,
    Free,
}

const HISTOGRAMS: [(&str, Range); 9] = [
    ("skin_share", Range::Fixed(0.0, 100.0)),
    ("lesions", Range::Whole),
    ("confidence", Range::Fixed(0.0, 1.0)),
    ("delta_a", Range::Free),
    ("delta_e", Range::FromZero),
    ("ita", Range::Free),
    ("sharpness", Range::Tail),
    ("dice", Range::Fixed(0.0, 1.0)),
    ("hd95", Range::Tail),
];
/// More groups than this are no strata that a plot can show.
const MAX_GROUPS: usize = 24;

pub fn all(rows: &[Row], scores: Option<&Value>, words: &Words) -> Vec<Figure> {
    let of_key = |(key, range): &(&str, Range)| {
        let column = COLUMNS.iter().find(|column| column.key == *key)?;
        let mut values: Vec<f64> = rows.iter().filter_map(|row| row.value(key)).collect();
        values.sort_by(f64::total_cmp);
        let (low, high) = (*values.first()?, *values.last()?);
        let axis = match range {
            Range::Fixed(from, to) => Axis::over(*from, *to),
            Range::Whole => Axis::whole(high),
            Range::FromZero => Axis::over(0.0, high),
            Range::Tail => Axis::with_tail(&values),
            Range::Free => Axis::over(low, high),
        };
        histogram(column, &values, &axis, words)
    };
    let mut figures: Vec<Figure> = HISTOGRAMS.iter().filter_map(of_key).collect();
    let pairs: Vec<(f64, f64)> = rows
        .iter()
        .filter_map(|row| Some((row.value("truth_px").filter(|px| *px > 0.0)?, row.value("dice")?)))
        .collect();
    figures.extend(points(&pairs, words));
    for strata in scores.and_then(|s| s["strata"].as_array()).map(Vec::as_slice).unwrap_or_default() {
        let column = strata["column"].as_str().unwrap_or_default();
        let mut groups: Vec<Mean> =
            strata["groups"].as_array().map(Vec::as_slice).unwrap_or_default().iter().filter_map(mean).collect();
        if column == TONE_COLUMN {
            groups.sort_by_key(|group| tone_rank(&group.group));
        }
        groups.iter_mut().for_each(|group| group.group = group_name(column, &group.group, words));
        if groups.len() <= MAX_GROUPS {
            let name: String = column.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
            let title = words.fill("plot.dice_by", &[("column", column_name(column, words))]);
            figures.extend(means(&format!("dice-by-{}", name.to_lowercase()), &title, &groups, words));
        }
    }
    figures
}

fn mean(group: &Value) -> Option<Mean> {
    let dice = &group["metrics"]["dice"];
    Some(Mean {
        group: group["value"].as_str()?.to_owned(),
        n: dice["n"].as_u64()?,
        mean: dice["mean"].as_f64()?,
        interval: interval_of(dice).map(|[low, high]| (low, high)),
    })
}
