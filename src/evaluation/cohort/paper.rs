//! The table as a paper prints it: a row for every figure, a column for every group, "mean (95 % interval)" in the cells.

use super::{Cohort, Group};
use crate::evaluation::score::summary::MetricSummary;

/// What figures are called in print, and by how much they are multiplied.
const LABELS: [(&str, &str, f64); 30] = [
    ("lesion_fraction_of_skin", "Lesion share of visible skin, %", 100.0),
    ("lesions", "Number of lesions", 1.0),
    ("largest_lesion_px", "Largest lesion, pixels", 1.0),
    ("lesion_mm2", "Lesion area, mm²", 1.0),
    ("largest_lesion_mm2", "Largest lesion, area, mm²", 1.0),
    ("largest_lesion_diameter_mm", "Largest lesion, diameter, mm", 1.0),
    ("delta_l", "Lightness, lesion minus skin around it, L*", 1.0),
    ("delta_a", "Redness, lesion minus skin around it, a*", 1.0),
    ("delta_b", "Yellowness, lesion minus skin around it, b*", 1.0),
    ("delta_e2000", "Colour difference to skin around it, CIEDE2000", 1.0),
    ("delta_erythema_index", "Erythema index, lesion minus skin around it", 1.0),
    ("delta_melanin_index", "Melanin index, lesion minus skin around it", 1.0),
    ("ita", "Individual typology angle of the skin, degrees", 1.0),
    ("sharpness", "Sharpness of the photo", 1.0),
    ("dice", "Dice", 1.0),
    ("jaccard", "Jaccard", 1.0),
    ("sensitivity", "Sensitivity", 1.0),
    ("specificity", "Specificity", 1.0),
    ("precision", "Precision", 1.0),
    ("accuracy", "Accuracy", 1.0),
    ("threshold_jaccard", "Jaccard, 0 where it is under 0.65", 1.0),
    ("hd95", "Hausdorff distance, 95 %, pixels", 1.0),
    ("hd100", "Hausdorff distance, pixels", 1.0),
    ("masd", "Mean average surface distance, pixels", 1.0),
    ("assd", "Average symmetric surface distance, pixels", 1.0),
    ("boundary_iou", "Boundary IoU", 1.0),
    ("hd95_mm", "Hausdorff distance, 95 %, mm", 1.0),
    ("hd100_mm", "Hausdorff distance, mm", 1.0),
    ("masd_mm", "Mean average surface distance, mm", 1.0),
    ("assd_mm", "Average symmetric surface distance, mm", 1.0),
];

/// One table: its header and its rows.
pub struct Paper {
    /// The column that makes the groups; none for all photos alone.
    pub column: Option<String>,
    pub header: Vec<String>,
    pub rows: Vec<Vec<String>>,
}

/// A table for every column of groups; one of all photos where there is none.
pub fn by_column(cohort: &Cohort) -> Vec<Paper> {
    let mut columns: Vec<&String> = cohort.groups.iter().filter_map(|group| Some(&group.of.as_ref()?.0)).collect();
    columns.dedup();
    if columns.is_empty() {
        return vec![paper(cohort, None, |group| group.of.is_none())];
    }
    let of = |column: &String| {
        paper(cohort, Some(column.clone()), |group| group.of.as_ref().is_none_or(|(other, _)| other == column))
    };
    columns.into_iter().map(of).collect()
}

/// One table with all groups side by side.
pub fn wide(cohort: &Cohort) -> Paper {
    paper(cohort, None, |_| true)
}

fn paper(cohort: &Cohort, column: Option<String>, wanted: impl Fn(&Group) -> bool) -> Paper {
    let groups: Vec<&Group> = cohort.groups.iter().filter(|group| wanted(group)).collect();
    let name = |group: &&Group| match &group.of {
        None => format!("all (n = {})", group.photos),
        Some((_, value)) if column.is_some() => format!("{value} (n = {})", group.photos),
        Some((of, value)) => format!("{of}: {value} (n = {})", group.photos),
    };
    let header = std::iter::once("mean (95 % interval)".to_owned()).chain(groups.iter().map(name)).collect();
    let is_known = |figure: &usize| cohort.groups[0].figures.get(*figure).is_some_and(|all| all.n > 0);
    let row = |figure: usize| {
        let name = cohort.figures[figure].as_str();
        let (label, factor) =
            LABELS.iter().find(|(known, ..)| *known == name).map_or((name, 1.0), |(_, label, factor)| (label, *factor));
        let places = places(cohort.groups[0].figures[figure].mean.unwrap_or_default() * factor);
        let cells = groups.iter().map(|group| cell(&group.figures[figure], factor, places));
        std::iter::once(label.to_owned()).chain(cells).collect()
    };
    let rows = (0..cohort.figures.len()).filter(is_known).map(row).collect();
    Paper { column, header, rows }
}

/// Decimal places of a row, by the mean of all photos.
fn places(mean: f64) -> usize {
    match mean.abs() {
        m if m >= 100.0 => 0,
        m if m >= 10.0 => 1,
        _ => 2,
    }
}

fn cell(summary: &MetricSummary, factor: f64, places: usize) -> String {
    let Some(mean) = summary.mean.map(|mean| mean * factor) else { return "n/a".to_owned() };
    match summary.interval() {
        Some([low, high]) => format!("{mean:.places$} ({:.places$} to {:.places$})", low * factor, high * factor),
        None => format!("{mean:.places$}"),
    }
}

impl Paper {
    pub fn markdown(&self) -> String {
        let line = |cells: &[String]| {
            format!("| {} |\n", cells.iter().map(|cell| cell.replace('|', "\\|")).collect::<Vec<_>>().join(" | "))
        };
        let rule: String =
            std::iter::once("|---|".to_owned()).chain(self.header.iter().skip(1).map(|_| "---|".to_owned())).collect();
        let title = self.column.as_ref().map(|column| format!("## {column}\n\n")).unwrap_or_default();
        format!("{title}{}{rule}\n{}", line(&self.header), self.rows.iter().map(|row| line(row)).collect::<String>())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_have_as_many_places_as_a_reader_needs() {
        let summary =
            |mean, interval| MetricSummary { n: 3, mean: Some(mean), ci95_by_image: interval, ..Default::default() };
        assert_eq!(cell(&summary(0.8312, Some([0.7949, 0.871])), 1.0, places(0.8312)), "0.83 (0.79 to 0.87)");
        assert_eq!(cell(&summary(0.1234, Some([0.1, 0.25])), 100.0, places(12.34)), "12.3 (10.0 to 25.0)");
        assert_eq!(cell(&summary(1234.5, None), 1.0, places(1234.5)), "1234");
        assert_eq!(cell(&MetricSummary::default(), 1.0, 2), "n/a");
    }
}
