//! What decides a photo's results, and their way into the folder: whole, or not at all.

use std::fs;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::open::{Content, Tools};
use super::segment::{End, Results, Way};
use crate::disk::describe;
use crate::domain::crop::CropRule;
use crate::domain::photo::Photo;
use crate::domain::record::{Done, Excluded, Failed, Failure, Finding, ModelId, Outcome, Record};
use crate::domain::source::Source;
use crate::error::{PhotoError, PhotoWarning, RunError, Stage};
use crate::inference::manifest::{Doubt, Output, Resolved, SecondLook};
use crate::inference::runtime::Engine;
use crate::inference::{Classifier, LoadedModel};
use crate::input::decode::{Header, PhotoFormat};
use crate::people::Remembered;
use crate::privacy::faces::{self, FaceFinder};
use crate::privacy::{Policy, findings};
use crate::store::{OutputFolder, Overlay, Scales, is_about_the_name, last_touched, overlay_path, record_path};

/// Everything that decides a photo's results.
#[derive(Clone, Debug)]
pub struct PhotoPlan {
    pub model: ModelId,
    pub spec: Resolved,
    pub second_look: Option<SecondLook>,
    /// As many pixels on the longer side will do; a larger JPEG may be decoded at a reduced size.
    pub enough_pixels: u32,
    pub doubt: Option<Doubt>,
    /// Second models, in the order in which they were named.
    pub classifiers: Vec<Classifier>,
    pub crops: Option<CropRule>,
    pub overlay: Option<Overlay>,
    /// Bits of the probability maps, 8 or 16.
    pub probabilities: Option<u8>,
    pub privacy: Policy,
    /// Photos go by codes: a name that tells something is not in any result.
    pub coded_names: bool,
    pub faces: faces::FacePolicy,
    /// People who were withdrawn from the results: their photos are known under any name.
    pub withdrawn: Option<Remembered>,
    /// How long a pixel is.
    pub scales: Scales,
}

impl PhotoPlan {
    /// For work that wants masks and writes none.
    pub fn for_masks_alone(loaded: &LoadedModel) -> Self {
        Self {
            model: loaded.model.id.clone(),
            spec: loaded.spec.clone(),
            second_look: loaded.model.manifest.second_look,
            enough_pixels: u32::MAX,
            doubt: None,
            classifiers: Vec::new(),
            crops: None,
            overlay: None,
            probabilities: None,
            privacy: Policy::Off,
            coded_names: false,
            faces: faces::FacePolicy::Off,
            withdrawn: None,
            scales: Scales::default(),
        }
    }

    /// Files that a finished photo has besides its mask and its record.
    pub fn extra_files(&self, source: &Source) -> Vec<String> {
        let mut files = Vec::new();
        if self.overlay.is_some() {
            files.push(overlay_path(&source.file_name));
        }
        if self.probabilities.is_some() {
            for class in self.spec.output.kinds().values() {
                files.push(probability_path(&source.file_name, class, &self.spec.output));
            }
            if self.spec.output.has_skin_class() {
                files.push(format!("probs/{}.skin.png", source.file_name));
            }
        }
        files
    }

    /// Whether a record tells of the crops and second models that are asked for.
    pub fn has_all(&self, done: &Done) -> bool {
        (self.crops.is_none() || done.crops.is_some())
            && (self.classifiers.is_empty() || done.classifications.is_some())
    }
}

/// Of a kind of lesion; where there are several, with its value in masks.
fn probability_path(file_name: &str, class: u8, output: &Output) -> String {
    match output.kinds().names.len() {
        1 => format!("probs/{file_name}.lesion.png"),
        _ => format!("probs/{file_name}.lesion-{class}.png"),
    }
}

/// One worker's models.
pub struct Engines {
    pub segmenter: Box<dyn Engine>,
    /// In the order of the plan.
    pub classifiers: Vec<Box<dyn Engine>>,
}

/// What all workers share.
#[derive(Clone, Copy)]
pub struct Work<'a> {
    pub plan: &'a PhotoPlan,
    pub tools: Tools<'a>,
    pub folder: &'a OutputFolder,
}

/// Processes one photo and writes its results. A bad photo is a failed record; an error means that the run cannot go on.
pub fn process<'a>(
    source: &'a Source,
    content: Option<Content<'a>>,
    work: Work<'a>,
    engines: &'a mut Engines,
) -> Result<Record, RunError> {
    let before = stamp(source);
    let mut way = Way::new(source, work, engines);
    let mut stage = Stage::Read;
    let came = contained(&mut stage, |stage| way.segment(content, stage));
    let (input, privacy) = (way.input, way.privacy);
    let outcome = match came {
        Ok(results) => {
            let record = write(source, work, results)?;
            // Looked at after the record was written: a later change is seen by its date.
            if record.done().is_none() || stamp(source) == before {
                return Ok(record);
            }
            Outcome::Failed(Failed { input, failure: Failure::from(&PhotoError::ChangedMeanwhile) })
        }
        Err(End::Excluded(exclusion)) => Outcome::Excluded(Excluded { input, exclusion, privacy }),
        Err(End::Failed(error)) => Outcome::Failed(Failed { input, failure: Failure::from(&error) }),
    };
    // Results of what the file was before must not outlive it.
    work.folder.remove(&source.file_name).map_err(|e| cannot_write(source, &e))?;
    Ok(Record::new(outcome))
}

/// Runs a part of a photo's way. A panic inside a decoder, the model or a measurement is this photo's failure and no other's.
pub fn contained<T, E: From<PhotoError>>(
    stage: &mut Stage,
    work: impl FnOnce(&mut Stage) -> Result<T, E>,
) -> Result<T, E> {
    let done = catch_unwind(AssertUnwindSafe(|| work(stage)));
    done.unwrap_or_else(|_| Err(PhotoError::Internal(*stage).into()))
}

/// Tells a file that was changed from one that was not.
fn stamp(source: &Source) -> Option<(u64, std::time::SystemTime)> {
    let metadata = fs::metadata(&source.path).ok()?;
    Some((metadata.len(), last_touched(&metadata)?))
}

fn cannot_write(source: &Source, error: &io::Error) -> RunError {
    RunError(format!(
        "The results of {} could not be written: {}. The run was stopped; all that was finished is intact. \
         Make room or choose another folder, then run the same command again.",
        source.name,
        describe(error)
    ))
}

/// Adds a finding if the picture shows a whole face, or a warning if that could not be told.
pub fn look_for_faces(
    photo: &Photo,
    faces: Option<&FaceFinder>,
    findings: &mut Vec<Finding>,
    warnings: &mut Vec<PhotoWarning>,
) -> bool {
    match faces.map_or(Ok(Vec::new()), |faces| faces.find(photo)) {
        Ok(found) if found.is_empty() => false,
        Ok(_) => {
            findings.push(findings::face());
            findings.sort();
            true
        }
        Err(error) => {
            warnings.push(PhotoWarning::FacesNotChecked(error));
            false
        }
    }
}

/// Bytes that a photo holds at the worst moment: the file, and twelve bytes a pixel (a progressive JPEG's coefficients and
/// its pixels, or a 16-bit picture beside its 8-bit copy); twice as many for DICOM, of which values may take four bytes, and
/// where the model takes values.
pub fn footprint(file: usize, header: Header) -> u64 {
    let a_pixel = if header.format == PhotoFormat::Dicom || header.values.is_some() { 24 } else { 12 };
    file as u64 + header.unpacked + a_pixel * u64::from(header.size.width) * u64::from(header.size.height)
}

/// The record last: where it exists, everything else does.
fn write(source: &Source, Work { plan, folder, .. }: Work, results: Results) -> Result<Record, RunError> {
    let Results { done, mask, extra, crops } = results;
    let input = done.input.clone();
    let kept = done.crops.clone().unwrap_or_default();
    let mask_path = done.mask.path.clone();
    let mut record = Record::new(Outcome::Done(Box::new(done)));
    plan.scales.apply(&mut record);
    let json = record.to_file().map_err(|e| RunError(format!("A record could not be written as JSON: {e}.")))?;
    let files = std::iter::once((mask_path, mask)).chain(plan.extra_files(source).into_iter().zip(extra)).chain(crops);
    let last = (record_path(&source.file_name), json);
    // An earlier record must not be held against new files, should the run be killed in between.
    folder.forget(&source.file_name).map_err(|e| cannot_write(source, &e))?;
    folder.keep_crops(&source.file_name, &kept).map_err(|e| cannot_write(source, &e))?;
    for (path, bytes) in files.chain([last]) {
        match folder.write(&path, &bytes) {
            Ok(()) => {}
            // The name is this photo's own trouble. What could be written under it must not stay without a record.
            Err(e) if is_about_the_name(&e) => {
                folder.remove(&source.file_name).map_err(|e| cannot_write(source, &e))?;
                let error = PhotoError::NameUnusable(describe(&e));
                return Ok(Record::new(Outcome::Failed(Failed { input, failure: Failure::from(&error) })));
            }
            Err(e) => return Err(cannot_write(source, &e)),
        }
    }
    Ok(record)
}
