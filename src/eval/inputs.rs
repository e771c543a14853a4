//! What is scored against what: predictions from a results folder or a folder of masks, references of every annotator.

use std::collections::BTreeSet;
use std::path::Path;

use serde::Serialize;

use crate::error::UsageError;
use crate::mask::LabelMap;
use crate::record::{ModelId, Outcome};
use crate::results::Results;
use crate::score::pairing::pair;
use crate::truth::{Format, References};
use crate::vault::Vault;

/// One photo that the model was given, or one mask of a folder.
#[derive(Clone, Debug)]
pub struct Prediction {
    /// The photo's path in the results, or the mask's in its folder.
    pub image: String,
    source: Source,
    pub orientation: u8,
    pub mm_per_px: Option<f64>,
    pub tone_bin: Option<String>,
}

#[derive(Clone, Debug)]
enum Source {
    Mask(String),
    File(usize),
    /// There is no mask: the photo failed or was excluded.
    None(&'static str),
}

pub struct Predictions {
    pub list: Vec<Prediction>,
    pub model: Option<ModelId>,
    /// Where masks of a folder are; a results folder says it itself.
    pub format: Option<Format>,
    results: Option<Results>,
    folder: Option<References>,
}

impl Predictions {
    pub fn open(root: &Path, format: Option<&Format>, vault: &Vault) -> Result<Self, UsageError> {
        if Results::is_one(root) { Self::of_results(root, vault) } else { Self::of_folder(root, format, vault) }
    }

    fn of_results(root: &Path, vault: &Vault) -> Result<Self, UsageError> {
        let results = Results::open(root, vault)?;
        let mut model = None;
        let mut list = Vec::new();
        for record in results.records()? {
            let record = record?;
            let status = record.status();
            let input = record.input();
            let (image, orientation) = (input.path.clone(), input.orientation.unwrap_or(1));
            list.push(match record.outcome {
                Outcome::Done(done) => {
                    model.get_or_insert(done.model);
                    Prediction {
                        image,
                        source: Source::Mask(done.mask.path),
                        orientation,
                        mm_per_px: done.area.mm_per_px,
                        tone_bin: done.colour.tone_bin,
                    }
                }
                _ => Prediction { image, source: Source::None(status), orientation, mm_per_px: None, tone_bin: None },
            });
        }
        Ok(Predictions { list, model, format: None, results: Some(results), folder: None })
    }

    fn of_folder(root: &Path, format: Option<&Format>, vault: &Vault) -> Result<Self, UsageError> {
        let folder = References::open(root, format, vault)?;
        let all: Vec<usize> = (0..folder.names.len()).collect();
        let format = match format {
            Some(format) => format.clone(),
            None => {
                folder.guess(&all).map_err(|e| UsageError(format!("{}: {e} (--prediction-format)", root.display())))?
            }
        };
        let prediction = |i: usize| Prediction {
            image: folder.names[i].clone(),
            source: Source::File(i),
            orientation: 1,
            mm_per_px: None,
            tone_bin: None,
        };
        let list = all.into_iter().map(prediction).collect();
        Ok(Predictions { list, model: None, format: Some(format), results: None, folder: Some(folder) })
    }

    pub fn is_results(&self) -> bool {
        self.results.is_some()
    }

    pub fn read(&self, index: usize) -> Result<LabelMap, String> {
        match (&self.list[index].source, &self.results, &self.folder, &self.format) {
            (Source::Mask(path), Some(results), _, _) => results.mask(path),
            (Source::File(i), _, Some(folder), Some(format)) => folder.read(*i, format),
            _ => Err("there is no mask".to_owned()),
        }
    }
}

/// One folder of references, and which of them belongs to which prediction.
pub struct Annotator {
    pub name: String,
    pub format: Format,
    pub guessed: bool,
    pub folder: References,
    /// For every prediction, the index of its reference.
    pub of: Vec<Option<usize>>,
}

/// A file that could not be scored for want of the other.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Unpaired {
    /// `prediction` or `truth`.
    pub side: &'static str,
    pub annotator: Option<String>,
    pub path: String,
    /// `no_truth`, `no_prediction`, `doubtful`, `photo_failed` or `photo_excluded`.
    pub reason: &'static str,
}

/// Opens the references of one annotator and pairs them.
pub fn annotator(
    name: String,
    root: &Path,
    predictions: &Predictions,
    format: Option<&Format>,
    suffixes: &[String],
    vault: &Vault,
    unpaired: &mut Vec<Unpaired>,
) -> Result<Annotator, UsageError> {
    let folder = References::open(root, format, vault)?;
    let images: Vec<String> = predictions.list.iter().map(|p| p.image.clone()).collect();
    let pairing = pair(&images, &folder.keys(), suffixes);
    let truth =
        |path: &str, reason| Unpaired { side: "truth", annotator: Some(name.clone()), path: path.to_owned(), reason };

    let mut of = vec![None; images.len()];
    for &(p, t) in &pairing.pairs {
        match predictions.list[p].source {
            Source::None("failed") => unpaired.push(truth(&folder.names[t], "photo_failed")),
            Source::None(_) => unpaired.push(truth(&folder.names[t], "photo_excluded")),
            _ => of[p] = Some(t),
        }
    }
    unpaired.extend(pairing.lone_truths.iter().map(|&t| truth(&folder.names[t], "no_prediction")));
    for (ps, ts) in &pairing.doubtful {
        unpaired.extend(ts.iter().map(|&t| truth(&folder.names[t], "doubtful")));
        let prediction = |&p: &usize| Unpaired {
            side: "prediction",
            annotator: Some(name.clone()),
            path: images[p].clone(),
            reason: "doubtful",
        };
        unpaired.extend(ps.iter().map(prediction));
    }

    let paired: Vec<usize> = of.iter().copied().flatten().collect();
    let (format, guessed) = match format {
        Some(format) => (format.clone(), false),
        None if paired.is_empty() => (Format::Binary, true),
        None => {
            (folder.guess(&paired).map_err(|e| UsageError(format!("{}: {e} (--truth-format)", root.display())))?, true)
        }
    };
    Ok(Annotator { name, format, guessed, folder, of })
}

/// Predictions that no annotator has a reference for.
pub fn without_truth(predictions: &Predictions, annotators: &[Annotator], unpaired: &mut Vec<Unpaired>) {
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
