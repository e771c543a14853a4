//! Masks that somebody corrected come home: each takes the place of the model's, which is kept beside it, and the photo's
//! figures are made again, without a model.

use std::io;

use crate::annotations::AnnotationError;
use crate::annotations::error::Doubt;
use crate::annotations::references::{ReferenceFormat, References};
use crate::batch::{Tools, footprint};
use crate::disk::vault;
use crate::domain::mask::{BACKGROUND, IGNORE, LESION, LabelMap, SKIN};
use crate::domain::photo::Photo;
use crate::domain::record::{Confidence, Done, Edited, FileRef, Input, Outcome, Record, Size};
use crate::domain::source::Source;
use crate::error::{PhotoError, PhotoWarning, RunError};
use crate::input::decode;
use crate::measure::{in_millimetres, measure};
use crate::store::{
    MaskError, OutputFolder, Overlay, decode_mask, encode_mask, encode_overlay, file_name_of, model_mask_path,
    overlay_path, record_path,
};

/// What came of one photo.
#[derive(Debug, PartialEq, Eq)]
pub enum Taken {
    New,
    /// The mask is the one that the record describes.
    Same,
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
        let foreign: Vec<usize> = of.iter().copied().filter(|&i| folder.in_own_colours(i).is_none()).collect();
        let format = if foreign.is_empty() { None } else { Some(folder.guess(&foreign)?) };
        Ok(Self { folder, format })
    }

    /// The mask, and whether it says where skin is. One that only has lesions does not.
    fn read(&self, index: usize) -> Result<(LabelMap, bool), AnnotationError> {
        let own = || self.folder.in_own_colours(index).map(|labels| (labels, true));
        let Some(format) = &self.format else { return own().ok_or(AnnotationError::ColourPicture) };
        if let Some(own) = own() {
            return Ok(own);
        }
        let labels = self.folder.read(index, format)?;
        let is_drawn = matches!(format, ReferenceFormat::Polygons(_));
        let marks_skin = format.marks_skin() && (!is_drawn || labels.data.contains(&SKIN));
        Ok((labels, marks_skin))
    }
}

/// What corrections are taken into, and with what.
pub struct Corrector<'a> {
    pub folder: &'a OutputFolder,
    pub tools: Tools<'a>,
    pub overlay: Option<Overlay>,
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
        let before = decode_mask(&there, done.photo)?;
        let has_skin_class = done.area.skin_px.is_some();
        let labels = match corrected {
            None if is_intact => return Ok(Taken::Same),
            Some((masks, index)) if is_intact && masks.folder.is_untouched(index) => return Ok(Taken::Same),
            None => before,
            Some((masks, index)) => {
                let (new, marks_skin) = masks.read(index)?;
                let size = Size { width: new.width, height: new.height };
                if size != done.photo {
                    return Err(Refused::OtherSize { mask: size, photo: done.photo });
                }
                let labels = laid_over(&before, new, marks_skin, has_skin_class);
                if is_intact && labels == before {
                    return Ok(Taken::Same);
                }
                labels
            }
        };
        let photo = self.photo(done, source.ok_or(Refused::NoPhoto)?)?;
        let edited = self.keep_model_mask(done, &there, is_intact)?;
        self.write(done, edited, &photo, &labels)?;
        Ok(Taken::New)
    }

    /// The photo, if it is still the one that was segmented.
    fn photo(&self, done: &Done, source: &Source) -> Result<Photo, Refused> {
        let mut input = Input::default();
        let mut file = self.tools.read(source, &mut input)?;
        if input.blake3 != done.input.blake3 {
            return Err(Refused::OtherPhoto);
        }
        file.unlock()?;
        let header = file.header(&mut input)?;
        let need = footprint(file.bytes.len(), header);
        let (bytes, _share) = file.enter(need);
        Ok(decode::decode(&bytes, header, u32::MAX)?.photo)
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
    fn write(&self, done: &Done, edited: Edited, photo: &Photo, labels: &LabelMap) -> Result<(), Refused> {
        let has_skin_class = done.area.skin_px.is_some();
        let figures = measure(photo, labels, has_skin_class, None);
        let mask = encode_mask(labels)?;
        let name = file_name_of(done);
        let mut files = vec![(done.mask.path.clone(), mask.clone())];
        if let Some(overlay) = self.overlay
            && vault::exists(&self.folder.root().join(overlay_path(name)))
        {
            files.push((overlay_path(name), encode_overlay(photo, labels, overlay)?));
        }
        let mut new = Done {
            mask: FileRef { path: done.mask.path.clone(), blake3: hash(&mask) },
            area: figures.area,
            lesions: figures.lesions,
            specks: figures.specks,
            colour: figures.colour,
            quality: figures.quality,
            confidence: Confidence::default(),
            warnings: done.warnings.iter().filter(|w| w.code != PhotoWarning::Doubtful.code()).cloned().collect(),
            edited: Some(edited),
            ..done.clone()
        };
        if let Some(scale) = done.area.scale() {
            in_millimetres(&mut new, scale);
        }
        let record = Record::new(Outcome::Done(Box::new(new)));
        files.push((record_path(name), record.to_file().map_err(|e| cannot_write(done, &e.into()))?));
        for (path, bytes) in files {
            self.folder.write(&path, &bytes).map_err(|e| cannot_write(done, &e))?;
        }
        Ok(())
    }
}

/// Where a mask of lesions alone says nothing, the earlier mask holds; what is no lesion any more is skin.
fn laid_over(before: &LabelMap, new: LabelMap, marks_skin: bool, has_skin_class: bool) -> LabelMap {
    let around = if has_skin_class { SKIN } else { BACKGROUND };
    let class = |(&new, &old): (&u8, &u8)| match new {
        LESION => LESION,
        IGNORE => old,
        _ if marks_skin => new,
        _ if old == LESION => around,
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
