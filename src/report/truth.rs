//! The reference masks that the scores were made with: which is whose, and what its values mean, stands in scores.json.

use std::collections::HashMap;
use std::path::PathBuf;

use serde_json::Value;

use crate::annotations::references::{ReferenceFormat, References, upright};
use crate::disk::vault::Vault;
use crate::domain::mask::LabelMap;
use crate::domain::words::counted;
use crate::error::UsageError;
use crate::evaluation::score::agreement::majority;

pub struct Truth {
    annotators: Vec<Annotator>,
    /// They are drawn on the photos' pixels before their orientation is applied.
    stored_grid: bool,
}

struct Annotator {
    folder: References,
    format: ReferenceFormat,
    /// By the photo, the index of its reference.
    of: HashMap<String, usize>,
}

impl Truth {
    /// A folder for each annotator of the scores, in their order.
    pub fn open(folders: &[PathBuf], scores: &Value, vault: &Vault) -> Result<Self, UsageError> {
        let formats = scores["conventions"]["truths"].as_array().map(Vec::as_slice).unwrap_or_default();
        if formats.len() != folders.len() {
            return Err(UsageError(format!(
                "--truth: the scores are of {}, and {} named; give the --truth of `derm-seg eval`",
                counted(formats.len(), "annotator"),
                match folders.len() {
                    1 => "1 folder is".to_owned(),
                    many => format!("{many} folders are"),
                }
            )));
        }
        let annotator = |(i, (root, told)): (usize, (&PathBuf, &Value))| {
            let text = told["format"].as_str().unwrap_or_default();
            let format: ReferenceFormat =
                text.parse().map_err(|e| UsageError(format!("scores.json: format {text}: {e}")))?;
            let folder = References::open(root, Some(&format), vault)?;
            let index: HashMap<&str, usize> = folder.names.iter().map(String::as_str).zip(0..).collect();
            let images = scores["images"].as_array().map(Vec::as_slice).unwrap_or_default();
            let of = images.iter().filter_map(|image| {
                let reference = index.get(image["truth"][i].as_str()?)?;
                Some((image["image"].as_str()?.to_owned(), *reference))
            });
            let of: HashMap<String, usize> = of.collect();
            match of.is_empty() {
                true => Err(UsageError(format!(
                    "--truth {}: none of the references that scores.json names is there",
                    root.display()
                ))),
                false => Ok(Annotator { folder, format, of }),
            }
        };
        let annotators = folders.iter().zip(formats).enumerate().map(annotator).collect::<Result<_, UsageError>>()?;
        Ok(Self { annotators, stored_grid: scores["conventions"]["truth_grid"] == "stored" })
    }

    /// The reference of a photo, upright; the majority where there are several, as the scores have it.
    pub fn of(&self, image: &str, orientation: u8) -> Option<LabelMap> {
        let read = |annotator: &Annotator| annotator.folder.read(*annotator.of.get(image)?, &annotator.format).ok();
        let mut maps: Vec<LabelMap> = self.annotators.iter().filter_map(read).collect();
        let map = match maps.len() {
            0 | 1 => maps.pop()?,
            _ => majority(&maps.iter().collect::<Vec<_>>())?,
        };
        Some(if self.stored_grid { upright(map, orientation) } else { map })
    }
}
