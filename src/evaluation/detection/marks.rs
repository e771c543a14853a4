//! What somebody marked on photos: boxes and outlines of a table, or the pieces of masks.

use std::collections::BTreeMap;
use std::path::Path;

use super::DetectionPlan;
use crate::annotations::references::{ReferenceFormat, References, labels_of_kinds, places, upright};
use crate::domain::geometry::Rect;
use crate::domain::mask::{IGNORE, LESION};
use crate::domain::pairing::pair;
use crate::error::UsageError;
use crate::evaluation::score::detection::Finding;
use crate::measure::components::components;
use crate::people::subjects::{normalise, read_text};
use crate::store::results::Results;

/// One reader's marks, by the photo of the results; a photo without any was looked at, and nothing was marked.
pub struct Reader {
    pub name: String,
    /// `boxes` of a table, or `masks`.
    pub source: &'static str,
    pub marks: BTreeMap<String, Vec<Finding>>,
    /// What fits no photo of the results.
    pub unpaired: Vec<String>,
}

/// `photos` are those of the results, with the orientation of each.
pub fn reader(
    name: String,
    path: &Path,
    photos: &[(String, u8)],
    results: &Results,
    plan: &DetectionPlan,
) -> Result<Reader, UsageError> {
    let is_table = path.extension().is_some_and(|e| e.eq_ignore_ascii_case("csv"))
        || path.to_str().is_some_and(|name| name.ends_with(".csv.age"));
    let images: Vec<String> = photos.iter().map(|(photo, _)| photo.clone()).collect();
    let (source, marked) = match is_table {
        true => ("boxes", of_table(path, plan)?),
        false => return of_masks(name, path, photos, results, plan),
    };
    let names: Vec<String> = marked.keys().filter(|name| !plan.people.excludes(name)).cloned().collect();
    let pairing = pair(&images, &names, &[]);
    let marks =
        pairing.pairs.iter().map(|&(image, line)| (images[image].clone(), marked[&names[line]].clone())).collect();
    let doubtful = pairing.doubtful.iter().flat_map(|(_, lines)| lines);
    let unpaired = pairing.lone_truths.iter().chain(doubtful).map(|&line| names[line].clone()).collect();
    Ok(Reader { name, source, marks, unpaired })
}

/// A line for each mark; one without numbers says that the photo was looked at.
fn of_table(file: &Path, plan: &DetectionPlan) -> Result<BTreeMap<String, Vec<Finding>>, UsageError> {
    let wrong = |why: String| UsageError(format!("--findings {}: {why}", file.display()));
    let text = read_text(file, &plan.vault)?;
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.as_bytes());
    let header = reader.headers().map_err(|e| wrong(e.to_string()))?.clone();
    let column =
        |names: &[&str]| header.iter().position(|cell| names.iter().any(|name| cell.eq_ignore_ascii_case(name)));
    let usage = "write path,x,y,width,height (pixels of the upright photo), or path,points with x and y of every corner; label is the kind";
    let path = column(&["path", "image", "image_id", "file"])
        .ok_or_else(|| wrong(format!("there is no column path; {usage}")))?;
    let sides = [column(&["x"]), column(&["y"]), column(&["width"]), column(&["height"])];
    let (points, kind) = (column(&["points", "polygon"]), column(&["label", "kind", "class"]));
    if points.is_none() && sides.contains(&None) {
        return Err(wrong(format!("there are no columns x, y, width, height and no column points; {usage}")));
    }
    let mut marks: BTreeMap<String, Vec<Finding>> = BTreeMap::new();
    for (number, line) in reader.records().enumerate() {
        let line = line.map_err(|e| wrong(e.to_string()))?;
        let cell = |column: Option<usize>| column.and_then(|c| line.get(c)).filter(|cell| !cell.is_empty());
        let Some(name) = cell(Some(path)) else { continue };
        let name = plan.key.as_ref().map_or_else(|| normalise(name), |key| key.path(&normalise(name)));
        let of_photo = marks.entry(name).or_default();
        let bad = |what: &str| wrong(format!("line {}: {what}; {usage}", number + 2));
        let area = match (cell(points), sides.map(cell)) {
            (None, [None, None, None, None]) => continue,
            (Some(points), _) => around(&numbers(points).ok_or_else(|| bad("the points are no numbers"))?),
            (None, cells) => {
                let [x, y, width, height] =
                    cells.map(|cell| cell.and_then(|c| c.parse().ok()).filter(|v: &f64| v.is_finite()));
                x.zip(y).zip(width.zip(height)).map(|((x, y), (width, height))| Rect { x, y, width, height })
            }
        };
        let area = area
            .filter(|area| area.width > 0.0 && area.height > 0.0)
            .ok_or_else(|| bad("there is no box with a width and a height"))?;
        of_photo.push(Finding { area, kind: cell(kind).map(str::to_owned), confidence: 1.0 });
    }
    Ok(marks)
}

fn numbers(text: &str) -> Option<Vec<f64>> {
    let words = text.split(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | '[' | ']' | '(' | ')'));
    words.filter(|word| !word.is_empty()).map(|word| word.parse().ok().filter(|v: &f64| v.is_finite())).collect()
}

/// The box around three corners or more.
fn around(numbers: &[f64]) -> Option<Rect> {
    let (corners, rest) = numbers.as_chunks::<2>();
    if corners.len() < 3 || !rest.is_empty() {
        return None;
    }
    let span = |axis: usize| {
        let all = corners.iter().map(|corner| corner[axis]);
        (all.clone().fold(f64::INFINITY, f64::min), all.fold(f64::NEG_INFINITY, f64::max))
    };
    let ((left, right), (top, bottom)) = (span(0), span(1));
    Some(Rect { x: left, y: top, width: right - left, height: bottom - top })
}

/// Every connected piece of lesion is a mark.
fn of_masks(
    name: String,
    folder: &Path,
    photos: &[(String, u8)],
    results: &Results,
    plan: &DetectionPlan,
) -> Result<Reader, UsageError> {
    let wrong = |why: &dyn std::fmt::Display| UsageError(format!("--findings {}: {why}", folder.display()));
    let mut masks = References::open(folder, plan.format.as_ref(), &plan.vault)?;
    masks.place(|| places(results))?;
    let keys = masks.keys();
    let open: Vec<usize> = (0..keys.len()).filter(|&i| !plan.people.excludes(&keys[i])).collect();
    let images: Vec<String> = photos.iter().map(|(photo, _)| photo.clone()).collect();
    let pairing = pair(&images, &open.iter().map(|&i| keys[i].clone()).collect::<Vec<_>>(), &[]);
    let paired: Vec<usize> = pairing.pairs.iter().map(|&(_, mask)| open[mask]).collect();
    let format = match &plan.format {
        Some(format) => format.clone(),
        None if masks.has_labels() => ReferenceFormat::Polygons(labels_of_kinds(results.kinds(), None)),
        None => masks.guess(&paired).map_err(|e| wrong(&format!("{e} (--truth-format)")))?,
    };
    let mut marks = BTreeMap::new();
    for &(image, mask) in &pairing.pairs {
        let labels = masks.read(open[mask], &format).map_err(|e| wrong(&format!("{}: {e}", keys[open[mask]])))?;
        let labels = if plan.stored_grid { upright(labels, photos[image].1) } else { labels };
        let pieces = (LESION..IGNORE).flat_map(|class| components(&labels, class));
        let boxes = pieces.map(|piece| {
            let [x, y, width, height] = piece.bbox.map(f64::from);
            Finding { area: Rect { x, y, width, height }, kind: None, confidence: 1.0 }
        });
        marks.insert(images[image].clone(), boxes.collect());
    }
    let doubtful = pairing.doubtful.iter().flat_map(|(_, masks)| masks);
    let unpaired = pairing.lone_truths.iter().chain(doubtful).map(|&i| keys[open[i]].clone()).collect();
    Ok(Reader { name, source: "masks", marks, unpaired })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn corners_are_read_in_any_of_the_usual_spellings() {
        let square = Some(Rect { x: 1.0, y: 2.0, width: 3.0, height: 4.0 });
        for text in ["1 2 4 2 4 6 1 6", "[[1, 2], [4, 2], [4, 6]]", "1,2;4,2;4,6;1,6"] {
            assert_eq!(numbers(text).and_then(|n| around(&n)), square, "{text}");
        }
        assert_eq!((numbers("1 a").is_none(), around(&[1.0, 2.0, 3.0, 4.0]), around(&[0.0; 7])), (true, None, None));
    }
}
