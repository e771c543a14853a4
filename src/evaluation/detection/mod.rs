//! Findings of a run against those that doctors marked, place by place and kind by kind; and doctors against each other.
//! Matching and figures are in `score::detection`.

mod marks;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Result;
use serde::Serialize;

use crate::annotations::references::ReferenceFormat;
use crate::disk::vault::Vault;
use crate::domain::geometry::Rect;
use crate::domain::record::{Lesion, ModelId};
use crate::error::UsageError;
use crate::evaluation::eval::scores::Tool;
use crate::evaluation::score::detection::{Finding, RATES, Rule, Tally, figures, iou, matches};
use crate::evaluation::score::labels::Resampling;
use crate::evaluation::score::summary::RESAMPLES;
use crate::people::subjects::Subjects;
use crate::people::{LeftOut, OptOut, Pseudonyms};
use crate::store::harmless;
use crate::store::results::Results;
use marks::{Reader, reader};

pub struct DetectionPlan {
    pub results: PathBuf,
    /// A table or masks of each reader.
    pub findings: Vec<PathBuf>,
    pub format: Option<ReferenceFormat>,
    pub stored_grid: bool,
    pub rule: Rule,
    pub people: Arc<OptOut>,
    pub subjects: Option<Arc<Subjects>>,
    pub key: Option<Pseudonyms>,
    pub seed: u64,
    pub vault: Vault,
}

/// The content of `detection.json` (`docs/schemas/detection.json`). Fields are added, never renamed.
#[derive(Debug, Serialize)]
pub struct Detection {
    pub schema: &'static str,
    pub tool: Tool,
    pub model: Option<ModelId>,
    pub conventions: Conventions,
    pub opted_out: Option<LeftOut>,
    pub readers: Vec<ReaderScores>,
    /// Every two readers on the photos that both looked at.
    pub between: Vec<Between>,
    pub images: Vec<ImageRow>,
    #[serde(skip)]
    pub lines: Vec<Line>,
}

#[derive(Debug, Serialize)]
pub struct Conventions {
    /// `iou` or `centre`.
    pub rule: &'static str,
    pub least_iou: Option<f64>,
    pub froc_rates: [f64; RATES.len()],
    /// `images` or `subjects`.
    pub resampled: &'static str,
    pub seed: u64,
    pub resamples: usize,
}

/// A figure with its 95 % interval.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Figure {
    pub value: Option<f64>,
    pub ci95: Option<[f64; 2]>,
}

#[derive(Debug, Serialize)]
pub struct ReaderScores {
    pub reader: String,
    pub source: &'static str,
    pub images: usize,
    pub marked: usize,
    pub found: usize,
    pub hits: usize,
    pub misses: usize,
    pub false_findings: usize,
    pub sensitivity: Figure,
    pub precision: Figure,
    pub f1: Figure,
    pub false_per_image: Figure,
    pub froc: Vec<FrocPoint>,
    /// Mean of the sensitivities of `froc`.
    pub froc_mean: Figure,
    pub kinds: Kinds,
    pub by_kind: Vec<OfKind>,
    pub unpaired: Vec<String>,
}

#[derive(Debug, Serialize)]
pub struct FrocPoint {
    pub false_per_image: f64,
    pub sensitivity: Figure,
}

/// Of the hits of which both sides tell the kind: how many tell the same.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Kinds {
    pub told: usize,
    pub same: usize,
}

/// Only findings and marks of this kind; where the model tells no kinds, its findings may be of any, and none is false.
#[derive(Debug, Serialize)]
pub struct OfKind {
    pub kind: String,
    pub marked: usize,
    pub found: Option<usize>,
    pub hits: usize,
    pub sensitivity: Option<f64>,
    pub precision: Option<f64>,
}

#[derive(Debug, Serialize)]
pub struct Between {
    pub first: String,
    pub second: String,
    pub images: usize,
    pub marked: [usize; 2],
    pub hits: usize,
    /// 2 x hits over the marks of both: 1 where they marked the same places.
    pub agreement: Option<f64>,
    pub kinds: Kinds,
}

#[derive(Debug, Serialize)]
pub struct ImageRow {
    pub image: String,
    pub reader: String,
    pub marked: usize,
    pub found: usize,
    pub hits: usize,
}

/// A line of `detection.csv`: one finding, or one mark that was missed.
#[derive(Debug)]
pub struct Line {
    reader: String,
    image: String,
    outcome: &'static str,
    found: Option<Finding>,
    marked: Option<Finding>,
}

type Photos = BTreeMap<String, Vec<Finding>>;

pub fn evaluate(plan: &DetectionPlan) -> Result<Detection> {
    let results = Results::open(&plan.results, &plan.people, &plan.vault)?;
    let (mut photos, mut list, mut model) = (Photos::new(), Vec::new(), None);
    for record in results.records()? {
        let record = record?;
        let Some(done) = record.done() else { continue };
        list.push((done.input.path.clone(), done.input.orientation.unwrap_or(1)));
        photos.insert(done.input.path.clone(), done.lesions.iter().map(finding).collect());
        model.get_or_insert_with(|| done.model.clone());
    }
    if let Some(table) = &plan.subjects {
        table.refuse_doubt(photos.keys().map(String::as_str))?;
    }
    let name =
        |path: &PathBuf| path.file_stem().map_or("reader".to_owned(), |name| name.to_string_lossy().into_owned());
    let names: Vec<String> = plan.findings.iter().map(name).collect();
    let distinct = |i: usize| match names.iter().filter(|name| **name == names[i]).count() {
        1 => names[i].clone(),
        _ => format!("{}-{}", names[i], i + 1),
    };
    let readers: Result<Vec<Reader>, UsageError> =
        plan.findings.iter().enumerate().map(|(i, path)| reader(distinct(i), path, &list, &results, plan)).collect();
    let readers = readers?;
    if let Some(empty) = readers.iter().position(|reader| reader.marks.is_empty()) {
        let shown = plan.findings[empty].display();
        return Err(UsageError(format!("--findings {shown}: it fits none of the photos of the results")).into());
    }
    let opted_out: Vec<String> = results.opted_out()?.iter().map(|record| record.input().path.clone()).collect();
    let mut detection = Detection {
        schema: "derm-seg/detection/1",
        tool: Tool::default(),
        model,
        conventions: conventions(plan),
        opted_out: plan.people.left_out(&opted_out),
        between: between(&readers, plan.rule),
        readers: Vec::new(),
        images: Vec::new(),
        lines: Vec::new(),
    };
    for reader in readers {
        score(reader, &photos, plan, &mut detection);
    }
    Ok(detection)
}

/// A lesion that somebody drew is as sure as can be.
fn finding(lesion: &Lesion) -> Finding {
    let [x, y, width, height] = lesion.bbox.map(f64::from);
    let area = Rect { x, y, width, height };
    Finding { area, kind: lesion.class.clone(), confidence: lesion.confidence.unwrap_or(1.0) }
}

fn conventions(plan: &DetectionPlan) -> Conventions {
    let (rule, least_iou) = match plan.rule {
        Rule::Iou(least) => ("iou", Some(least)),
        Rule::Centre => ("centre", None),
    };
    let by_subject = plan.subjects.as_ref().is_some_and(|table| table.has_subjects);
    let resampled = if by_subject { "subjects" } else { "images" };
    Conventions { rule, least_iou, froc_rates: RATES, resampled, seed: plan.seed, resamples: RESAMPLES }
}

fn score(reader: Reader, photos: &Photos, plan: &DetectionPlan, all: &mut Detection) {
    let (mut tallies, mut kinds) = (Vec::new(), Kinds::default());
    let (mut marked, mut hits) = (0, 0);
    for (image, marks) in &reader.marks {
        let found = &photos[image];
        let pairs = matched(found, marks, plan.rule);
        let count = pairs.iter().flatten().count();
        (marked, hits) = (marked + marks.len(), hits + count);
        kinds.add(found, marks, &pairs);
        let outcome = found.iter().zip(&pairs).map(|(finding, hit)| (finding.confidence, hit.is_some()));
        tallies.push(Tally { marked: marks.len() as u64, found: outcome.collect() });
        all.images.push(ImageRow {
            image: image.clone(),
            reader: reader.name.clone(),
            marked: marks.len(),
            found: found.len(),
            hits: count,
        });
        all.lines.extend(lines(&reader.name, image, found, marks, &pairs));
    }
    let names: Vec<&str> = reader.marks.keys().map(String::as_str).collect();
    let subjects = plan.subjects.as_ref().and_then(|table| table.numbered(&names));
    let resampling = match &subjects {
        Some(subjects) => Resampling::of_subjects(subjects),
        None => Resampling::of_cases(names.len()),
    };
    let values = figures(&tallies, &vec![1; tallies.len()]);
    let intervals = resampling.intervals(plan.seed, |weights| figures(&tallies, weights)).unwrap_or_default();
    let figure = |i: usize| Figure { value: values[i], ci95: intervals.get(i).copied().flatten() };
    let found: usize = tallies.iter().map(|tally| tally.found.len()).sum();
    all.readers.push(ReaderScores {
        by_kind: by_kind(&reader, photos, plan.rule),
        reader: reader.name,
        source: reader.source,
        images: tallies.len(),
        marked,
        found,
        hits,
        misses: marked - hits,
        false_findings: found - hits,
        sensitivity: figure(0),
        precision: figure(1),
        f1: figure(2),
        false_per_image: figure(3),
        froc: RATES
            .iter()
            .zip(4..)
            .map(|(rate, i)| FrocPoint { false_per_image: *rate, sensitivity: figure(i) })
            .collect(),
        froc_mean: figure(4 + RATES.len()),
        kinds,
        unpaired: reader.unpaired,
    });
}

fn matched(found: &[Finding], marks: &[Finding], rule: Rule) -> Vec<Option<usize>> {
    matches(&found.iter().collect::<Vec<_>>(), &marks.iter().collect::<Vec<_>>(), rule)
}

impl Kinds {
    fn add(&mut self, found: &[Finding], marks: &[Finding], pairs: &[Option<usize>]) {
        for (finding, hit) in found.iter().zip(pairs) {
            let both = hit.and_then(|mark| finding.kind.as_ref().zip(marks[mark].kind.as_ref()));
            if let Some((one, other)) = both {
                self.told += 1;
                self.same += usize::from(one.eq_ignore_ascii_case(other));
            }
        }
    }
}

fn by_kind(reader: &Reader, photos: &Photos, rule: Rule) -> Vec<OfKind> {
    let kinds: BTreeSet<&str> = reader.marks.values().flatten().filter_map(|mark| mark.kind.as_deref()).collect();
    let tells_kinds = photos.values().flatten().any(|finding| finding.kind.is_some());
    let is = |finding: &&Finding, kind: &str| finding.kind.as_ref().is_some_and(|own| own.eq_ignore_ascii_case(kind));
    let of_kind = |kind: &str| {
        let (mut marked, mut found, mut hits) = (0, 0, 0);
        for (image, marks) in &reader.marks {
            let theirs: Vec<&Finding> = marks.iter().filter(|mark| is(mark, kind)).collect();
            let ours: Vec<&Finding> = photos[image].iter().filter(|f| !tells_kinds || is(f, kind)).collect();
            hits += matches(&ours, &theirs, rule).iter().flatten().count();
            (marked, found) = (marked + theirs.len(), found + ours.len());
        }
        let share = |all: usize| (all > 0).then(|| hits as f64 / all as f64);
        let precision = share(found).filter(|_| tells_kinds);
        let found = tells_kinds.then_some(found);
        OfKind { kind: kind.to_owned(), marked, found, hits, sensitivity: share(marked), precision }
    };
    kinds.into_iter().map(of_kind).collect()
}

fn between(readers: &[Reader], rule: Rule) -> Vec<Between> {
    let mut all = Vec::new();
    for (i, first) in readers.iter().enumerate() {
        for second in &readers[i + 1..] {
            let (mut images, mut marked, mut hits, mut kinds) = (0, [0, 0], 0, Kinds::default());
            for (image, ones) in &first.marks {
                let Some(others) = second.marks.get(image) else { continue };
                let pairs = matched(ones, others, rule);
                kinds.add(ones, others, &pairs);
                images += 1;
                hits += pairs.iter().flatten().count();
                marked = [marked[0] + ones.len(), marked[1] + others.len()];
            }
            let both = marked[0] + marked[1];
            let agreement = (both > 0).then(|| 2.0 * hits as f64 / both as f64);
            let (first, second) = (first.name.clone(), second.name.clone());
            all.push(Between { first, second, images, marked, hits, agreement, kinds });
        }
    }
    all
}

fn lines<'a>(
    reader: &'a str,
    image: &'a str,
    found: &'a [Finding],
    marks: &'a [Finding],
    pairs: &'a [Option<usize>],
) -> impl Iterator<Item = Line> + 'a {
    let line = move |outcome, found: Option<&Finding>, marked: Option<&Finding>| Line {
        reader: reader.to_owned(),
        image: image.to_owned(),
        outcome,
        found: found.cloned(),
        marked: marked.cloned(),
    };
    let ours = found.iter().zip(pairs).map(move |(finding, hit)| match hit {
        Some(mark) => line("hit", Some(finding), Some(&marks[*mark])),
        None => line("false", Some(finding), None),
    });
    let missed = (0..marks.len()).filter(move |mark| !pairs.contains(&Some(*mark)));
    ours.chain(missed.map(move |mark| line("miss", None, Some(&marks[mark]))))
}

/// `detection.csv`.
pub fn csv(detection: &Detection) -> csv::Result<Vec<u8>> {
    let mut out = csv::Writer::from_writer(Vec::new());
    let mut header: Vec<String> = ["reader", "image", "outcome", "iou", "confidence"].map(str::to_owned).to_vec();
    for side in ["found", "marked"] {
        header.extend(["kind", "x", "y", "width", "height"].map(|name| format!("{side}_{name}")));
    }
    out.write_record(&header)?;
    let cells = |finding: &Option<Finding>| match finding {
        Some(Finding { area, kind, .. }) => {
            let sides = [area.x, area.y, area.width, area.height].map(|side| side.to_string());
            [vec![kind.clone().unwrap_or_default()], sides.to_vec()].concat()
        }
        None => vec![String::new(); 5],
    };
    for line in &detection.lines {
        let overlap =
            line.found.as_ref().zip(line.marked.as_ref()).map(|(f, m)| format!("{:.6}", iou(&f.area, &m.area)));
        let sure = line.found.as_ref().map(|finding| finding.confidence.to_string());
        let mut row = vec![line.reader.clone(), line.image.clone(), line.outcome.to_owned()];
        row.extend([overlap.unwrap_or_default(), sure.unwrap_or_default()]);
        row.extend(cells(&line.found));
        row.extend(cells(&line.marked));
        out.write_record(row.into_iter().map(harmless))?;
    }
    out.into_inner().map_err(|e| e.into_error().into())
}
