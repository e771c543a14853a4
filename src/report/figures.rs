//! Which plots a report has: those for which there are figures.

use serde_json::Value;

use super::plots::{Figure, Mean, histogram, means, points};
use super::rows::{COLUMNS, Row};
use super::tables::interval_of;

const HISTOGRAMS: [&str; 9] =
    ["skin_share", "lesions", "confidence", "delta_e", "delta_a", "ita", "sharpness", "dice", "hd95"];
/// More groups than this are no strata that a plot can show.
const MAX_GROUPS: usize = 24;

pub fn all(rows: &[Row], scores: Option<&Value>) -> Vec<Figure> {
    let of_key = |key: &str| {
        let column = COLUMNS.iter().find(|column| column.key == key)?;
        let values: Vec<f64> = rows.iter().filter_map(|row| row.value(key)).collect();
        histogram(key, column.name, column.unit, &values)
    };
    let mut figures: Vec<Figure> = HISTOGRAMS.into_iter().filter_map(of_key).collect();
    let pairs: Vec<(f64, f64)> = rows
        .iter()
        .filter_map(|row| Some((row.value("truth_px").filter(|px| *px > 0.0)?.log10(), row.value("dice")?)))
        .collect();
    figures.extend(points(
        "dice-by-size",
        "Dice by lesion size",
        ("Lesion area in the reference, decimal logarithm of pixels", "Dice"),
        &pairs,
    ));
    for strata in scores.and_then(|s| s["strata"].as_array()).map(Vec::as_slice).unwrap_or_default() {
        let column = strata["column"].as_str().unwrap_or_default();
        let groups: Vec<Mean> =
            strata["groups"].as_array().map(Vec::as_slice).unwrap_or_default().iter().filter_map(mean).collect();
        if groups.len() <= MAX_GROUPS {
            let name: String = column.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
            figures.extend(means(
                &format!("dice-by-{}", name.to_lowercase()),
                &format!("Dice by {column}"),
                "Mean Dice with its 95 % interval",
                &groups,
            ));
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
