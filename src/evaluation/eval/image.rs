//! One image: its prediction against the reference, or against the majority of several.

use std::borrow::Cow;

use serde::Serialize;

use super::inputs::{Annotator, Predictions};
use crate::annotations::references::upright;
use crate::batch::MemoryGate;
use crate::domain::mask::{LabelMap, SKIN};
use crate::evaluation::score::agreement::{ImageAgreement, dice, majority, pairwise_dice};
use crate::evaluation::score::{Options, PairScore, score};

pub struct ImageScore {
    pub width: u32,
    pub height: u32,
    pub pair: PairScore,
    pub truth_marks_skin: bool,
    pub agreement: ImageAgreement,
}

/// Why one image could not be scored; the others go on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ScoreFailure {
    pub image: String,
    /// `prediction_unreadable`, `truth_unreadable` or `size_mismatch`.
    pub code: &'static str,
    pub message: String,
}

/// Bytes a pixel of a reference in colours as it is being decoded, and of distances; the references stay in memory besides.
const SCORING: u64 = 16;

pub fn score_image(
    index: usize,
    predictions: &Predictions,
    annotators: &[Annotator],
    options: &Options,
    stored_grid: bool,
    memory: &MemoryGate,
) -> Result<ImageScore, ScoreFailure> {
    let this = &predictions.list[index];
    let failure = |code, message: String| ScoreFailure { image: this.image.clone(), code, message };
    let prediction = predictions.read(index).map_err(|e| failure("prediction_unreadable", e.to_string()))?;
    let bytes_a_pixel = SCORING + annotators.len() as u64;
    let _share = memory.enter_picture((prediction.width, prediction.height), bytes_a_pixel);
    let truths = references(index, (prediction.width, prediction.height), predictions, annotators, stored_grid)?;
    let Some(truth) = together(&truths) else {
        return Err(failure("truth_unreadable", "there is no reference".to_owned()));
    };
    let marks_skin = annotators.iter().any(|a| a.folder.marks_skin(&a.format));
    let agreement = if annotators.len() > 1 {
        ImageAgreement {
            between: pairwise_dice(&truths, options.empty),
            model: truths.iter().map(|t| dice(&prediction, t.as_ref()?, options.empty)).collect(),
        }
    } else {
        ImageAgreement::default()
    };
    Ok(ImageScore {
        width: prediction.width,
        height: prediction.height,
        pair: score(&prediction, &truth, options, this.mm_per_px, marks_skin),
        truth_marks_skin: truth.data.contains(&SKIN),
        agreement,
    })
}

/// Of every annotator, where there is one, in the size of the prediction.
pub fn references(
    index: usize,
    size: (u32, u32),
    predictions: &Predictions,
    annotators: &[Annotator],
    stored_grid: bool,
) -> Result<Vec<Option<LabelMap>>, ScoreFailure> {
    let this = &predictions.list[index];
    let failure = |code, message: String| ScoreFailure { image: this.image.clone(), code, message };
    let read = |annotator: &Annotator| {
        let Some(truth) = annotator.of[index] else { return Ok(None) };
        let name = &annotator.folder.names[truth];
        let map = annotator
            .folder
            .read(truth, &annotator.format)
            .map_err(|e| failure("truth_unreadable", format!("{name}: {e} (format {})", annotator.format)))?;
        let map = if stored_grid { upright(map, this.orientation) } else { map };
        match (map.width, map.height) == size {
            true => Ok(Some(map)),
            false => Err(failure("size_mismatch", mismatch(name, &map, size, this.orientation, stored_grid))),
        }
    };
    annotators.iter().map(read).collect()
}

/// The only one, or the majority of several.
pub fn together(references: &[Option<LabelMap>]) -> Option<Cow<'_, LabelMap>> {
    let present: Vec<&LabelMap> = references.iter().flatten().collect();
    match present.as_slice() {
        [] => None,
        [only] => Some(Cow::Borrowed(only)),
        many => Some(majority(many).map_or(Cow::Borrowed(many[0]), Cow::Owned)),
    }
}

fn mismatch(name: &str, truth: &LabelMap, (width, height): (u32, u32), orientation: u8, stored_grid: bool) -> String {
    let sizes = format!("the prediction is {width}x{height}, the reference {name} is {}x{}", truth.width, truth.height);
    let lying = (truth.width, truth.height) == (height, width);
    let remedy = match (lying && orientation > 4, stored_grid) {
        (true, false) => "it seems to be drawn on the pixels as stored: try --truth-grid stored",
        (true, true) => "it seems to be drawn on the upright photo: leave out --truth-grid stored",
        _ => "a mask is never resized silently: export the reference at the photo's size",
    };
    format!("{sizes}; {remedy}")
}
