//! Masks that somebody corrected come home: each takes the place of the model's, which is kept beside it, and the photo's
//! figures are made again, without a model.

use std::io;

use serde_json::Value;

use crate::annotations::AnnotationError;
use crate::annotations::error::Doubt;
use crate::annotations::references::{ReferenceFormat, References};
use crate::batch::Tools;
use crate::disk::vault;
use crate::domain::crop::CropRule;
use crate::domain::mask::{BACKGROUND, IGNORE, Kinds, LabelMap, SKIN, is_lesion};
use crate::domain::photo::Photo;
use crate::domain::record::{
    Classification, ClassifiedPart, Confidence, Crop, Done, Edited, FileRef, Lesion, Outcome, Record, Size,
};
use crate::domain::source::Source;
use crate::error::{PhotoError, PhotoWarning, RunError};
use crate::measure::{in_millimetres, measure_kinds};
use crate::store::{
    CLASSIFIERS, MaskError, NewFile, OutputFolder, Overlay, decode_mask, encode_mask, encode_overlay, file_name_of,
    kinds_of, make_crops, model_mask_path, overlay_path, record_path,
};

/// What came of one photo.
#[derive(Debug, PartialEq, Eq)]
pub enum Taken {
    New,
    /// The mask is the one that the record describes.
    Same,
    /// So it is, and crops were cut from it.
    Cut,
}

/// Why a mask was not taken in. The results are as they were.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    #[error("its photo is not in the folder that --photos names")]
    NoPhoto,
    #[error("its photo is not the one that was segmented: the file has changed since")]
    OtherPhoto,
    #[error("{0}")]
    Photo(#[from] PhotoError),
    #[error("the mask there cannot be read: {0}")]
    Mask(#[from] MaskError),
    #[error("{0}")]
    File(#[from] AnnotationError),
    #[error("the mask is {}x{}, its photo {}x{}: save it at the photo's size, the right way up", mask.width, mask.height, photo.width, photo.height)]
    OtherSize { mask: Size, photo: Size },
    #[error("{0}")]
    Run(#[from] RunError),
}

/// A folder of corrected masks, or one COCO file.
pub struct Masks {
    folder: References,
    /// None where all are in the colours of this program's own masks.
    format: Option<ReferenceFormat>,
}

impl Masks {
    /// `of` are the masks that belong to a photo: what their values mean is learnt from them, unless `format` says it.
    pub fn new(folder: References, format: Option<ReferenceFormat>, of: &[usize]) -> Result<Self, Doubt> {
        if format.is_some() {
            return Ok(Self { folder, format });
        }
        let foreign: Vec<usize> = of.iter().copied().filter(|&i| !folder.is_in_own_colours(i)).collect();
        let format = if foreign.is_empty() { None } else { Some(folder.guess(&foreign)?) };
        Ok(Self { folder, format })
    }

    /// The mask, and whether it says where skin is. One that only has lesions does not.
    fn read(&self, index: usize) -> Result<(LabelMap, bool), AnnotationError> {
        let (labels, is_own) = self.folder.read_own_or(index, self.format.as_ref())?;
        let marks_skin = is_own
            || self.format.as_ref().is_some_and(|format| {
                let is_drawn = matches!(format, ReferenceFormat::Polygons(_));
                format.marks_skin() && (!is_drawn || labels.data.contains(&SKIN))
            });
        Ok((labels, marks_skin))
    }
}

/// What corrections are taken into, and with what.
pub struct Corrector<'a> {
    pub folder: &'a OutputFolder,
    pub tools: Tools<'a>,
    pub overlay: Option<Overlay>,
    /// How crops are cut, where there are any or there shall be.
    pub crops: Option<CropRule>,
    /// They are cut from every mask, corrected or not.
    pub cuts_all: bool,
}

impl Corrector<'_> {
    /// Takes in the mask of one photo: the one of this number, or, without one, what was painted over the model's in its place.
    pub fn take(
        &self,
        done: &Done,
        source: Option<&Source>,
        corrected: Option<(&Masks, usize)>,
    ) -> Result<Taken, Refused> {
        let there = self.folder.read(&done.mask.path).map_err(MaskError::from)?;
        let is_intact = hash(&there) == done.mask.blake3;
        let names = kinds_of(self.folder.settings());
        let kinds = Kinds { names, has_skin_class: done.area.skin_px.is_some() };
        let before = decode_mask(&there, done.photo, kinds.names.len())?;
        let labels = match corrected {
            None if is_intact && self.cuts_all => return self.cut_again(done, source),
            None if is_intact => return Ok(Taken::Same),
            Some((masks, index)) if is_intact && masks.folder.is_untouched(index) => return Ok(Taken::Same),
            None => before,
            Some((masks, index)) => {
                let (new, marks_skin) = masks.read(index)?;
                let size = Size { width: new.width, height: new.height };
                if size != done.photo {
                    return Err(Refused::OtherSize { mask: size, photo: done.photo });
                }
                if new.data.iter().any(|&class| is_lesion(class) && !kinds.values().contains(&class)) {
                    return Err(MaskError::OtherValues.into());
                }
                let labels = laid_over(&before, new, marks_skin, kinds.has_skin_class);
                if is_intact && labels == before {
                    return Ok(Taken::Same);
                }
                labels
            }
        };
        let photo = self.photo(done, source.ok_or(Refused::NoPhoto)?)?;
        let edited = self.keep_model_mask(done, &there, is_intact)?;
        self.write(done, edited, &photo, &labels, &kinds)?;
        Ok(Taken::New)
    }

    /// Crops from a mask that is as it was.
    fn cut_again(&self, done: &Done, source: Option<&Source>) -> Result<Taken, Refused> {
        let photo = self.photo(done, source.ok_or(Refused::NoPhoto)?)?;
        let (crops, files) = self.cut(done, &photo, &done.lesions)?;
        self.write_all(&Done { crops, ..done.clone() }, files)?;
        Ok(Taken::Cut)
    }

    fn cut(
        &self,
        done: &Done,
        photo: &Photo,
        lesions: &[Lesion],
    ) -> Result<(Option<Vec<Crop>>, Vec<NewFile>), Refused> {
        let Some(rule) = &self.crops else { return Ok((None, Vec::new())) };
        let (crops, files) = make_crops(photo, lesions, rule, &done.input, file_name_of(done))?;
        Ok((Some(crops), files))
    }

    /// The photo, if it is still the one that was segmented.
    fn photo(&self, done: &Done, source: &Source) -> Result<Photo, Refused> {
        let (photo, _share) = self.tools.reopen(source, &done.input, u32::MAX)?.ok_or(Refused::OtherPhoto)?;
        Ok(photo)
    }

    /// Before anything is written over it. A command that was killed may have kept it already.
    fn keep_model_mask(&self, done: &Done, there: &[u8], is_intact: bool) -> Result<Edited, Refused> {
        if let Some(edited) = &done.edited {
            return Ok(edited.clone());
        }
        let place = model_mask_path(file_name_of(done));
        let model_mask_kept = if is_intact {
            self.folder.write(&place, there).map_err(|e| cannot_write(done, &e))?;
            true
        } else {
            match self.folder.read(&place) {
                Err(e) if e.kind() == io::ErrorKind::NotFound => false,
                kept => hash(&kept.map_err(MaskError::from)?) == done.mask.blake3,
            }
        };
        Ok(Edited { model_mask_blake3: done.mask.blake3.clone(), model_mask_kept })
    }

    /// The record last: until then, it still says that the mask is the model's, and the same command goes on.
    fn write(
        &self,
        done: &Done,
        edited: Edited,
        photo: &Photo,
        labels: &LabelMap,
        kinds: &Kinds,
    ) -> Result<(), Refused> {
        let is_photograph = done.quality.sharpness.is_some();
        let figures = measure_kinds(is_photograph.then_some(photo), labels, kinds, None);
        let mask = encode_mask(labels, kinds.names.len())?;
        let name = file_name_of(done);
        let mut files = vec![(done.mask.path.clone(), mask.clone())];
        if let Some(overlay) = self.overlay
            && vault::exists(&self.folder.root().join(overlay_path(name)))
        {
            files.push((overlay_path(name), encode_overlay(photo, labels, overlay, &kinds.names)?));
        }
        let (crops, crop_files) = self.cut(done, photo, &figures.lesions)?;
        files.extend(crop_files);
        let mut new = Done {
            mask: FileRef { path: done.mask.path.clone(), blake3: hash(&mask) },
            area: figures.area,
            lesions: figures.lesions,
            specks: figures.specks,
            colour: figures.colour,
            quality: figures.quality,
            classes: figures.classes,
            confidence: Confidence::default(),
            warnings: done.warnings.iter().filter(|w| w.code != PhotoWarning::Doubtful.code()).cloned().collect(),
            edited: Some(edited),
            crops,
            classifications: done.classifications.clone().map(|said| without_lesions(said, self.folder.settings())),
            ..done.clone()
        };
        if let Some(scale) = done.area.scale() {
            in_millimetres(&mut new, scale);
        }
        self.write_all(&new, files)
    }

    /// These files, and the record last.
    fn write_all(&self, done: &Done, mut files: Vec<NewFile>) -> Result<(), Refused> {
        let name = file_name_of(done);
        let record = Record::new(Outcome::Done(Box::new(done.clone())));
        files.push((record_path(name), record.to_file().map_err(|e| cannot_write(done, &e.into()))?));
        let kept = done.crops.as_deref().unwrap_or_default();
        self.folder.keep_crops(name, kept).map_err(|e| cannot_write(done, &e))?;
        for (path, bytes) in files {
            self.folder.write(&path, &bytes).map_err(|e| cannot_write(done, &e))?;
        }
        Ok(())
    }
}

/// What second models said of the earlier mask does not hold any more.
fn without_lesions(said: Vec<Classification>, settings: &Value) -> Vec<Classification> {
    let sees_mask = |model: &str| {
        let mut all = settings[CLASSIFIERS].as_array().into_iter().flatten();
        all.any(|classifier| classifier["name"] == model && classifier["manifest_input"]["mask"] == true)
    };
    said.into_iter().filter(|said| said.of == ClassifiedPart::Photo && !sees_mask(&said.model.name)).collect()
}

/// Where a mask of lesions alone says nothing, the earlier mask holds; what is no lesion any more is skin.
fn laid_over(before: &LabelMap, new: LabelMap, marks_skin: bool, has_skin_class: bool) -> LabelMap {
    let around = if has_skin_class { SKIN } else { BACKGROUND };
    let class = |(&new, &old): (&u8, &u8)| match new {
        lesion if is_lesion(lesion) => lesion,
        IGNORE => old,
        _ if marks_skin => new,
        _ if is_lesion(old) => around,
        _ => old,
    };
    LabelMap { data: new.data.iter().zip(&before.data).map(class).collect(), ..new }
}

fn hash(bytes: &[u8]) -> String {
    blake3::hash(bytes).to_hex().to_string()
}

fn cannot_write(done: &Done, error: &io::Error) -> RunError {
    RunError(format!(
        "The results of {} could not be written: {error}. Make room, then run the same command again.",
        done.input.path
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::mask::LESION;

    #[test]
    fn a_mask_of_lesions_alone_leaves_the_rest_as_it_was() {
        let map = |data: &[u8]| LabelMap { width: 5, height: 1, data: data.to_vec() };
        let before = map(&[0, 1, 2, 2, 1]);
        let drawn = map(&[LESION, 0, 0, LESION, IGNORE]);
        assert_eq!(laid_over(&before, drawn.clone(), false, true), map(&[2, 1, 1, 2, 1]));
        assert_eq!(laid_over(&before, drawn.clone(), false, false), map(&[2, 1, 0, 2, 1]));
        assert_eq!(laid_over(&before, drawn, true, true), map(&[2, 0, 0, 2, 1]));
    }
}
