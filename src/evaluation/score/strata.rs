//! Groups of images by one clinical column, and how far apart the best and the worst of them are.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::metric::{Better, Metric};
use super::summary::MetricSummary;
use crate::domain::statistics::quantile;
use crate::error::UsageError;

/// The group of images for which the table says nothing.
pub const MISSING: &str = "(missing)";
/// Groups with fewer known values are shown but make no gap: one image is no group.
pub const GAP_MIN_N: usize = 5;
/// A column of words with more different values than this names images rather than groups.
const MAX_GROUPS: usize = 40;
/// A column of numbers with more different values than this is put into bins.
const MAX_NUMBERS: usize = 8;

/// Which group every image belongs to.
#[derive(Clone, Debug, PartialEq)]
pub struct Grouping {
    pub column: String,
    /// In the order in which they are shown.
    pub groups: Vec<String>,
    /// For every image, its group.
    pub of: Vec<usize>,
}

impl Grouping {
    pub fn members(&self, group: usize) -> Vec<usize> {
        (0..self.of.len()).filter(|&image| self.of[image] == group).collect()
    }
}

/// What people write into a column of numbers where they have none.
const NO_NUMBER: [&str; 9] = ["n/a", "na", "nan", "null", "none", "unknown", "missing", "-", "?"];

/// Groups images by a column; numbers go into `edges`, or into quarters of the images where there are many of them.
/// `None` where the column has too many values to make groups of.
pub fn group(column: &str, values: &[Option<String>], edges: Option<&[f64]>) -> Option<Grouping> {
    let numbers = numbers(values);
    // In a column of numbers, a word for "no number" is a blank.
    let known_value = |v: &'_ Option<String>| v.clone().filter(|v| numbers.is_none() || number(v).is_some());
    let values: Vec<Option<String>> = values.iter().map(known_value).collect();
    let known: Vec<&str> = values.iter().flatten().map(String::as_str).collect();
    let mut distinct: Vec<f64> = numbers.clone().unwrap_or_default();
    distinct.sort_by(f64::total_cmp);
    distinct.dedup();

    let (mut names, pick) = match (edges, numbers) {
        (Some(edges), Some(_)) => bins(edges.to_vec()),
        (None, Some(all)) if distinct.len() > MAX_NUMBERS => bins(quartiles(all)),
        (None, Some(_)) => {
            exact(distinct.iter().map(f64::to_string).collect(), |v| number(v).unwrap_or(f64::NAN).to_string())
        }
        (_, None) => {
            let mut names: Vec<String> = known.iter().map(|&v| v.to_owned()).collect();
            names.sort();
            names.dedup();
            exact(names, str::to_owned)
        }
    };
    if known.is_empty() || names.len() > MAX_GROUPS {
        return None;
    }
    let mut of: Vec<usize> = values.iter().map(|v| v.as_deref().map_or(names.len(), &pick)).collect();
    names.push(MISSING.to_owned());
    // Groups without an image (an empty bin, nothing missing) are not shown.
    let used: Vec<usize> = (0..names.len()).filter(|g| of.contains(g)).collect();
    for group in &mut of {
        *group = used.iter().position(|u| u == group).unwrap_or_default();
    }
    let groups = used.into_iter().map(|g| std::mem::take(&mut names[g])).collect();
    Some(Grouping { column: column.to_owned(), groups, of })
}

/// Groups by every column of a clinical table, and the columns that make none. `bins` has the edges of some columns.
pub fn group_all<'a>(
    columns: impl Iterator<Item = (&'a String, Vec<Option<String>>)>,
    bins: &BTreeMap<String, Vec<f64>>,
) -> Result<(Vec<Grouping>, Vec<String>), UsageError> {
    let (mut groupings, mut no_groups) = (Vec::new(), Vec::new());
    for (column, values) in columns {
        let edges = bins.get(column);
        if let (Some(_), Some(word)) = (edges, first_word(&values)) {
            return Err(UsageError(format!(
                "--bins {column}: `{word}` in that column is not a number; correct the table"
            )));
        }
        match group(column, &values, edges.map(Vec::as_slice)) {
            Some(grouping) => groupings.push(grouping),
            None => no_groups.push(column.clone()),
        }
    }
    Ok((groupings, no_groups))
}

type Pick = Box<dyn Fn(&str) -> usize>;

fn exact(names: Vec<String>, key: impl Fn(&str) -> String + 'static) -> (Vec<String>, Pick) {
    let keys = names.clone();
    let pick = move |value: &str| {
        let key = key(value);
        keys.iter().position(|n| *n == key).unwrap_or(keys.len())
    };
    (names, Box::new(pick))
}

fn bins(edges: Vec<f64>) -> (Vec<String>, Pick) {
    let names = (0..=edges.len())
        .map(|i| match (i.checked_sub(1).map(|i| edges[i]), edges.get(i)) {
            (None, Some(high)) => format!("under {high}"),
            (Some(low), Some(high)) => format!("{low} to under {high}"),
            (Some(low), None) => format!("{low} and over"),
            (None, None) => "all".to_owned(),
        })
        .collect();
    let pick = move |value: &str| edges.iter().filter(|&&edge| number(value).is_some_and(|n| n >= edge)).count();
    (names, Box::new(pick))
}

fn number(text: &str) -> Option<f64> {
    text.parse().ok().filter(|n: &f64| n.is_finite())
}

/// The numbers of a column that holds nothing else but words for "no number"; `None` for a column of words.
fn numbers(values: &[Option<String>]) -> Option<Vec<f64>> {
    let known = || values.iter().flatten().map(String::as_str);
    let all: Vec<f64> = known().filter_map(number).collect();
    (first_word(values).is_none() && !all.is_empty()).then_some(all)
}

/// The first value of a column that is neither a number nor a word for "no number".
fn first_word(values: &[Option<String>]) -> Option<&str> {
    let stands_for_none = |v: &str| NO_NUMBER.iter().any(|word| v.eq_ignore_ascii_case(word));
    values.iter().flatten().map(String::as_str).find(|v| number(v).is_none() && !stands_for_none(v))
}

fn quartiles(mut all: Vec<f64>) -> Vec<f64> {
    all.sort_by(f64::total_cmp);
    let mut edges: Vec<f64> = [0.25, 0.5, 0.75].iter().map(|&q| quantile(&all, q)).collect();
    edges.dedup();
    edges
}

/// The best and the worst group by one figure's mean.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Gap {
    pub best: String,
    pub best_mean: f64,
    pub worst: String,
    pub worst_mean: f64,
    pub gap: f64,
}

/// `None` where fewer than two groups are large enough.
pub fn gap<'a>(metric: &Metric, groups: impl Iterator<Item = (&'a str, &'a MetricSummary)>) -> Option<Gap> {
    let mut means: Vec<(&str, f64)> = groups
        .filter(|(name, summary)| *name != MISSING && summary.n >= GAP_MIN_N)
        .filter_map(|(name, summary)| Some((name, summary.mean?)))
        .collect();
    means.sort_by(|a, b| a.1.total_cmp(&b.1));
    if metric.better == Better::Lower {
        means.reverse();
    }
    let (worst, best) = (means.first()?, means.last()?);
    (means.len() > 1).then(|| Gap {
        best: best.0.to_owned(),
        best_mean: best.1,
        worst: worst.0.to_owned(),
        worst_mean: worst.1,
        gap: (best.1 - worst.1).abs(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(values: &[&str]) -> Vec<Option<String>> {
        values.iter().map(|v| (!v.is_empty()).then(|| v.to_string())).collect()
    }

    #[test]
    fn words_make_a_group_each_and_blanks_make_the_missing_one() {
        let g = group("sex", &column(&["male", "", "female", "male"]), None).unwrap();
        assert_eq!(g.groups, ["female", "male", MISSING]);
        assert_eq!(g.of, [1, 2, 0, 1]);
        assert_eq!(g.members(1), [0, 3]);
    }

    #[test]
    fn few_numbers_stay_themselves_in_the_order_of_numbers() {
        let g = group("grade", &column(&["10", "2", "10.0", "1"]), None).unwrap();
        assert_eq!(g.groups, ["1", "2", "10"]);
        assert_eq!(g.of, [2, 1, 2, 0]);
    }

    #[test]
    fn many_numbers_go_into_quarters_or_into_the_bins_asked_for() {
        let ages: Vec<String> = (0..40).map(|i| (20 + i).to_string()).collect();
        let ages: Vec<&str> = ages.iter().map(String::as_str).collect();
        let g = group("age", &column(&ages), None).unwrap();
        assert_eq!(g.groups.len(), 4);
        assert!((0..4).all(|i| g.members(i).len() == 10), "{g:?}");

        let g = group("age", &column(&["39.9", "40", "64", "65", "90"]), Some(&[40.0, 65.0, 100.0])).unwrap();
        assert_eq!(g.groups, ["under 40", "40 to under 65", "65 to under 100"]);
        assert_eq!(g.of, [0, 1, 1, 2, 2]);
    }

    #[test]
    fn a_word_for_no_number_is_a_blank_in_a_column_of_numbers() {
        let values = column(&["30", "n/a", "50", "NaN", ""]);
        let g = group("age", &values, Some(&[40.0])).unwrap();
        assert_eq!(
            (g.groups, g.of),
            (vec!["under 40".into(), "40 and over".into(), MISSING.into()], vec![0, 2, 1, 2, 2])
        );
        assert_eq!(first_word(&column(&["30", "n/a", "forty"])), Some("forty"));
        // Words stay words.
        assert_eq!(group("sex", &column(&["f", "unknown"]), None).unwrap().groups, ["f", "unknown"]);
    }

    #[test]
    fn a_column_of_names_makes_no_groups() {
        let names: Vec<String> = (0..50).map(|i| format!("p{i}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        assert_eq!(group("id", &column(&names), None), None);
        assert_eq!(group("empty", &column(&["", ""]), None), None);
    }

    #[test]
    fn the_gap_knows_which_way_is_better_and_leaves_small_groups_out() {
        let summary = |n, mean| MetricSummary { n, mean: Some(mean), ..MetricSummary::default() };
        let groups = [summary(9, 0.9), summary(5, 0.6), summary(4, 0.1), summary(20, 0.0)];
        let named = || ["a", "b", "c", MISSING].into_iter().zip(&groups);
        let metric = |better| Metric { name: "m".into(), better, unit: "ratio".into() };
        let g = gap(&metric(Better::Higher), named()).unwrap();
        assert_eq!((g.best.as_str(), g.worst.as_str()), ("a", "b"));
        assert!((g.gap - 0.3).abs() < 1e-12);
        let g = gap(&metric(Better::Lower), named()).unwrap();
        assert_eq!((g.best.as_str(), g.worst.as_str()), ("b", "a"));
        assert_eq!(gap(&metric(Better::Higher), named().take(1)), None);
    }
}
