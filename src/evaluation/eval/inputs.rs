//! What is scored against what: predictions from a results folder or a folder of masks, references of every annotator.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::EvalPlan;
use crate::annotations::AnnotationError;
use crate::annotations::references::{ReferenceFormat, References, labels_of_kinds, places};
use crate::disk::vault::Vault;
use crate::domain::mask::{LESION, LabelMap};
use crate::domain::pairing::{folder_and_stems, pair};
use crate::domain::record::{Done, Edited, FileRef, ModelId, Outcome, Size};
use crate::error::UsageError;
use crate::people::{LeftOut, OptOut};
use crate::store::results::Results;
use crate::store::review::Reviewed;
use crate::store::{MaskError, file_name_of, lesion_map_path, model_mask_path};

/// Everything that is scored, in pairs.
pub struct Inputs {
    pub predictions: Predictions,
    pub annotators: Vec<Annotator>,
    /// Predictions that have a reference, by index.
    pub paired: Vec<usize>,
    pub unpaired: Vec<Unpaired>,
}

impl Inputs {
    pub fn open(plan: &EvalPlan) -> Result<Self, UsageError> {
        let predictions = Predictions::open(plan)?;
        if plan.stored_grid && !predictions.is_results() {
            let message = "--truth-grid stored needs the orientation of the photos, which a folder of masks does not tell; name a results folder";
            return Err(UsageError(message.to_owned()));
        }
        let mut unpaired = Vec::new();
        let mut annotators = Vec::new();
        for (name, root) in annotator_names(&plan.truths).into_iter().zip(&plan.truths) {
            annotators.push(annotator(name, root, &predictions, plan, &mut unpaired)?);
        }
        without_truth(&predictions, &annotators, &mut unpaired);
        let has_truth = |&p: &usize| annotators.iter().any(|a| a.of[p].is_some());
        let paired: Vec<usize> = (0..predictions.list.len()).filter(has_truth).collect();
        match paired.is_empty() {
            true => Err(nothing_paired(&predictions, &annotators)),
            false => Ok(Self { predictions, annotators, paired, unpaired }),
        }
    }
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

fn nothing_paired(predictions: &Predictions, annotators: &[Annotator]) -> UsageError {
    let prediction = predictions.list.first().map_or("none at all", |p| &p.image);
    let Annotator { folder, theirs, .. } = &annotators[0];
    let truth = folder.names.iter().zip(theirs).find(|(_, theirs)| !**theirs).map_or("none at all", |(name, _)| name);
    UsageError(format!(
        "no reference has the name of a prediction. The first prediction is `{prediction}`, the first reference is `{truth}`. \
         Name references like the photos; the name may end in `_segmentation`, `_mask` or what --truth-suffix says"
    ))
}

/// One photo that the model was given, or one mask of a folder.
#[derive(Clone, Debug)]
pub struct Prediction {
    /// The photo's path in the results, or the mask's in its folder.
    pub image: String,
    source: Source,
    pub orientation: u8,
    pub mm_per_px: Option<f64>,
    pub tone_bin: Option<String>,
    /// The mask is not the model's: somebody corrected it.
    pub edited: bool,
}

#[derive(Clone, Debug)]
enum Source {
    Mask(FileRef, Size),
    File(usize),
    /// There is no mask: the photo failed or was excluded.
    None(&'static str),
}

pub struct Predictions {
    pub list: Vec<Prediction>,
    /// Names of photos, and of masks, of people who opted out. They take part in the pairing, so that their references are
    /// never taken for somebody else's, and in nothing else.
    theirs: Vec<String>,
    /// Photos that a review leaves out; they take part in the pairing for the same reason.
    passed_over: Vec<String>,
    pub left_out: Option<LeftOut>,
    pub reviewed: Option<Reviewed>,
    pub model: Option<ModelId>,
    /// Where masks of a folder are; a results folder says it itself.
    pub format: Option<ReferenceFormat>,
    results: Option<Results>,
    folder: Option<References>,
    /// The value of the one kind of lesion that is scored.
    kind: Option<u8>,
}

impl Predictions {
    pub fn open(plan: &EvalPlan) -> Result<Self, UsageError> {
        let (root, people, vault) = (&plan.predictions, &plan.people, &plan.vault);
        match Results::is_one(root) {
            true => {
                let results =
                    Results::open(root, people, vault)?.selected(plan.selection.clone()).scaled(plan.scales.clone());
                let kind = plan.kind.as_ref().map(|name| value_of(name, results.kinds())).transpose()?;
                Ok(Self { kind, ..Self::of_results(results, people, plan.model_masks)? })
            }
            false if plan.kind.is_some() => Err(UsageError(format!(
                "--class is for results of a model that tells kinds of lesion apart; {} is a folder of masks",
                root.display()
            ))),
            false => Self::of_folder(plan, people, vault),
        }
    }

    fn of_results(results: Results, people: &OptOut, model_masks: bool) -> Result<Self, UsageError> {
        let mut model = None;
        let mut list = Vec::new();
        for record in results.records()? {
            let record = record?;
            let status = record.status();
            let input = record.input();
            let (image, orientation) = (input.path.clone(), input.orientation.unwrap_or(1));
            list.push(match record.outcome {
                Outcome::Done(done) => {
                    let source = match &done.edited {
                        Some(edited) if model_masks => model_mask(&done, edited),
                        _ => Source::Mask(done.mask.clone(), done.photo),
                    };
                    let edited = done.edited.is_some() && !model_masks;
                    model.get_or_insert(done.model);
                    let (mm_per_px, tone_bin) = (done.area.mm_per_px, done.colour.tone_bin);
                    Prediction { image, source, orientation, mm_per_px, tone_bin, edited }
                }
                _ => Prediction::bare(image, Source::None(status), orientation),
            });
        }
        let mut theirs: Vec<String> = results.opted_out()?.iter().map(|record| record.input().path.clone()).collect();
        let left_out = people.left_out(&theirs);
        theirs.extend(people.photos());
        let (reviewed, passed_over) = (results.reviewed()?, results.left_by_review()?);
        Ok(Predictions {
            list,
            theirs,
            passed_over,
            left_out,
            reviewed,
            model,
            format: None,
            results: Some(results),
            folder: None,
            kind: None,
        })
    }

    fn of_folder(plan: &EvalPlan, people: &OptOut, vault: &Vault) -> Result<Self, UsageError> {
        let (root, format) = (&plan.predictions, plan.prediction_format.as_ref());
        let folder = References::open(root, format, vault)?;
        let is_theirs = theirs_among(&folder.names, &people.photos(), people, &[]);
        let (out, all): (Vec<usize>, Vec<usize>) = (0..folder.names.len()).partition(|&i| is_theirs[i]);
        let mut theirs: Vec<String> = out.into_iter().map(|i| folder.names[i].clone()).collect();
        let left_out = people.left_out(&theirs);
        theirs.extend(people.photos());
        let format = match format {
            Some(format) => format.clone(),
            None => {
                folder.guess(&all).map_err(|e| UsageError(format!("{}: {e} (--prediction-format)", root.display())))?
            }
        };
        let prediction = |i: usize| Prediction {
            mm_per_px: plan.scales.of_name(&folder.names[i]).map(|scale| scale.mm_per_px),
            ..Prediction::bare(folder.names[i].clone(), Source::File(i), 1)
        };
        let list = all.into_iter().map(prediction).collect();
        Ok(Predictions {
            list,
            theirs,
            passed_over: Vec::new(),
            left_out,
            reviewed: None,
            model: None,
            format: Some(format),
            results: None,
            folder: Some(folder),
            kind: None,
        })
    }

    /// What the model calls its kinds of lesion, for references that have labels.
    fn labels(&self) -> Vec<(String, u8)> {
        self.results.as_ref().map(|results| labels_of_kinds(results.kinds(), self.kind)).unwrap_or_default()
    }

    pub fn is_results(&self) -> bool {
        self.results.is_some()
    }

    /// The size of a photo of results, and its map of lesion probabilities where `run --probs` made one.
    pub fn lesion_map(&self, index: usize) -> Option<(Size, PathBuf)> {
        let (Source::Mask(mask, size), Some(results)) = (&self.list[index].source, &self.results) else { return None };
        Some((*size, results.root.join(lesion_map_path(&mask.path))))
    }

    /// With every kind of lesion as a lesion, or the one that is scored.
    pub fn read(&self, index: usize) -> Result<LabelMap, NoPrediction> {
        let labels = self.read_all_kinds(index)?;
        Ok(match self.kind {
            None => labels.with_one_kind(),
            Some(kind) => labels.of_kind(kind),
        })
    }

    fn read_all_kinds(&self, index: usize) -> Result<LabelMap, NoPrediction> {
        match (&self.list[index].source, &self.results, &self.folder, &self.format) {
            (Source::Mask(mask, size), Some(results), _, _) => Ok(results.mask(mask, *size)?),
            (Source::File(i), _, Some(folder), Some(format)) => Ok(folder.read(*i, format)?),
            _ => Err(NoPrediction::Missing),
        }
    }
}

/// Of a kind of lesion, by its name.
fn value_of(name: &str, kinds: &[String]) -> Result<u8, UsageError> {
    match kinds.iter().position(|kind| kind == name) {
        Some(kind) => Ok(LESION + kind as u8),
        None => Err(UsageError(format!("--class {name}: the model of these results has: {}", kinds.join(", ")))),
    }
}

/// The model's own mask of a photo whose mask was corrected.
fn model_mask(done: &Done, edited: &Edited) -> Source {
    match edited.model_mask_kept {
        true => {
            let path = model_mask_path(file_name_of(done));
            Source::Mask(FileRef { path, blake3: edited.model_mask_blake3.clone() }, done.photo)
        }
        false => Source::None("painted_over"),
    }
}

impl Prediction {
    /// Of which nothing more is known.
    fn bare(image: String, source: Source, orientation: u8) -> Self {
        Self { image, source, orientation, mm_per_px: None, tone_bin: None, edited: false }
    }
}

/// Why an image cannot be scored.
#[derive(Debug, thiserror::Error)]
pub enum NoPrediction {
    #[error("{0}")]
    Mask(#[from] MaskError),
    #[error("{0}")]
    File(#[from] AnnotationError),
    #[error("there is no mask")]
    Missing,
}

/// Which of these masks may be of people who opted out: by their own path, or as masks of their photos. A mask without a
/// folder may be of a photo in any.
fn theirs_among(masks: &[String], photos: &[String], people: &OptOut, suffixes: &[String]) -> Vec<bool> {
    let mut folders: HashMap<String, Vec<String>> = HashMap::new();
    for (folder, stems) in photos.iter().map(|photo| folder_and_stems(photo, suffixes)) {
        stems.into_iter().for_each(|stem| folders.entry(stem).or_default().push(folder.clone()));
    }
    let is_theirs = |mask: &String| {
        let (folder, stems) = folder_and_stems(mask, suffixes);
        let mut fitting = stems.iter().filter_map(|stem| folders.get(stem)).flatten();
        people.excludes(mask) || fitting.any(|of| *of == folder || of.is_empty() || folder.is_empty())
    };
    masks.iter().map(is_theirs).collect()
}

/// One folder of references, and which of them belongs to which prediction.
pub struct Annotator {
    pub name: String,
    pub format: ReferenceFormat,
    pub guessed: bool,
    pub folder: References,
    /// For every prediction, the index of its reference.
    pub of: Vec<Option<usize>>,
    /// For every reference, whether it is of somebody who opted out.
    pub theirs: Vec<bool>,
}

/// A file that could not be scored for want of the other.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Unpaired {
    /// `prediction` or `truth`.
    pub side: &'static str,
    pub annotator: Option<String>,
    pub path: String,
    /// `no_truth`, `no_prediction`, `doubtful`, `photo_failed`, `photo_excluded` or `model_mask_gone`.
    pub reason: &'static str,
}

/// Opens the references of one annotator and pairs them.
fn annotator(
    name: String,
    root: &Path,
    predictions: &Predictions,
    plan: &EvalPlan,
    unpaired: &mut Vec<Unpaired>,
) -> Result<Annotator, UsageError> {
    let (format, suffixes) = (plan.truth_format.as_ref(), &plan.truth_suffixes);
    let mut folder = References::open(root, format, &plan.vault)?;
    folder.place(|| predictions.results.as_ref().map_or_else(|| Ok(Vec::new()), places))?;
    let keys = folder.keys();
    let ours = predictions.list.len();
    let mut images: Vec<String> = predictions.list.iter().map(|p| p.image.clone()).collect();
    let known: HashSet<String> = images.iter().cloned().collect();
    images.extend(predictions.passed_over.iter().cloned());
    let theirs_from = images.len();
    images.extend(predictions.theirs.iter().filter(|photo| !known.contains(*photo)).cloned());
    // What lies under their name is nobody else's; of the rest, what surely belongs to somebody else's photo is not theirs.
    let people = &plan.people;
    let open: Vec<usize> = (0..keys.len()).filter(|&t| !people.excludes(&keys[t])).collect();
    let open_keys: Vec<String> = open.iter().map(|&t| keys[t].clone()).collect();
    let pairing = pair(&images, &open_keys, suffixes);
    let mut theirs = theirs_among(&keys, &predictions.theirs, people, suffixes);
    pairing.pairs.iter().for_each(|&(p, t)| theirs[open[t]] = p >= theirs_from);

    let mut of = vec![None; ours];
    let mut tell = |t: usize, reason| {
        let t = open[t];
        if !theirs[t] {
            let path = folder.names[t].clone();
            unpaired.push(Unpaired { side: "truth", annotator: Some(name.clone()), path, reason });
        }
    };
    for &(p, t) in pairing.pairs.iter().filter(|&&(p, _)| p < ours) {
        match predictions.list[p].source {
            Source::None("failed") => tell(t, "photo_failed"),
            Source::None("painted_over") => tell(t, "model_mask_gone"),
            Source::None(_) => tell(t, "photo_excluded"),
            _ => of[p] = Some(open[t]),
        }
    }
    pairing.lone_truths.iter().for_each(|&t| tell(t, "no_prediction"));
    pairing.doubtful.iter().flat_map(|(_, ts)| ts).for_each(|&t| tell(t, "doubtful"));
    for (ps, _) in &pairing.doubtful {
        let prediction = |&p: &usize| Unpaired {
            side: "prediction",
            annotator: Some(name.clone()),
            path: images[p].clone(),
            reason: "doubtful",
        };
        unpaired.extend(ps.iter().filter(|p| **p < ours).map(prediction));
    }

    let paired: Vec<usize> = of.iter().copied().flatten().collect();
    let (format, guessed) = match format {
        Some(format) => (format.clone(), false),
        None if paired.is_empty() => (ReferenceFormat::Binary, true),
        None if folder.has_labels() => (ReferenceFormat::Polygons(predictions.labels()), true),
        None => {
            (folder.guess(&paired).map_err(|e| UsageError(format!("{}: {e} (--truth-format)", root.display())))?, true)
        }
    };
    Ok(Annotator { name, format, guessed, folder, of, theirs })
}

/// Predictions that no annotator has a reference for.
fn without_truth(predictions: &Predictions, annotators: &[Annotator], unpaired: &mut Vec<Unpaired>) {
    let doubtful: BTreeSet<String> =
        unpaired.iter().filter(|u| u.side == "prediction").map(|u| u.path.clone()).collect();
    for (p, prediction) in predictions.list.iter().enumerate() {
        let has_mask = !matches!(prediction.source, Source::None(_));
        if has_mask && annotators.iter().all(|a| a.of[p].is_none()) && !doubtful.contains(&prediction.image) {
            let path = prediction.image.clone();
            unpaired.push(Unpaired { side: "prediction", annotator: None, path, reason: "no_truth" });
        }
    }
    unpaired.sort();
}
