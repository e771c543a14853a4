//! The way of one photo: file → pixels → tensor → probabilities → classes → figures → files.

use std::fs;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::Tools;
use super::open::Content;
use crate::disk::describe;
use crate::domain::crop::CropRule;
use crate::domain::geometry::Rect;
use crate::domain::mask::{LabelMap, SKIN};
use crate::domain::photo::Photo;
use crate::domain::record::{
    Classification, Done, Excluded, Exclusion, Failed, Failure, FileRef, Finding, Input, Lesion, ModelId, Outcome,
    Privacy, Record, Size, Warning,
};
use crate::domain::source::Source;
use crate::domain::values::Values;
use crate::error::{PhotoError, PhotoWarning, RunError, Stage};
use crate::inference::manifest::{Doubt, Output, Resolved, SecondLook, WindowRule};
use crate::inference::postprocess::{Decision, Segmentation, closer_look, disagreement, interpret, merge};
use crate::inference::preprocess::{preprocess, preprocess_values};
use crate::inference::runtime::Engine;
use crate::inference::{Classifier, LoadedModel};
use crate::input::decode;
use crate::input::decode::{Header, PhotoFormat};
use crate::measure::measure_kinds;
use crate::people::{Kind, OptOut, Remembered};
use crate::privacy::faces::{self, FaceFinder};
use crate::privacy::{Policy, findings, scan, scan_bytes};
use crate::store::{
    NewFile, OutputFolder, Overlay, Scales, encode_mask, encode_overlay, encode_probabilities, is_about_the_name,
    last_touched, make_crops, mask_path, overlay_path, record_path,
};

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
    pub fn only_looking(ready: &LoadedModel) -> Self {
        Self {
            model: ready.model.id.clone(),
            spec: ready.spec.clone(),
            second_look: ready.model.manifest.second_look,
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

/// The files of one photo, ready to be written.
struct Results {
    done: Done,
    mask: Vec<u8>,
    extra: Vec<Vec<u8>>,
    crops: Vec<NewFile>,
}

/// Processes one photo and writes its results. A bad photo is a failed record; an error means that the run cannot go on.
pub fn process(
    source: &Source,
    content: Option<Content>,
    plan: &PhotoPlan,
    tools: Tools,
    engines: &mut Engines,
    folder: &OutputFolder,
) -> Result<Record, RunError> {
    let before = stamp(source);
    let mut input = Input { path: source.name.clone(), ..Input::default() };
    let mut stage = Stage::Read;
    let outcome = contained(&mut stage, |stage| segment(source, content, plan, tools, engines, &mut input, stage));
    let outcome = match outcome {
        Ok(Ok(results)) => {
            let record = write(source, plan, *results, folder)?;
            // Looked at after the record was written: a later change is seen by its date.
            if record.done().is_none() || stamp(source) == before {
                return Ok(record);
            }
            Outcome::Failed(Failed { input, failure: Failure::from(&PhotoError::ChangedMeanwhile) })
        }
        Ok(Err(excluded)) => Outcome::Excluded(excluded),
        Err(error) => Outcome::Failed(Failed { input, failure: Failure::from(&error) }),
    };
    // Results of what the file was before must not outlive it.
    folder.remove(&source.file_name).map_err(|e| cannot_write(source, &e))?;
    Ok(Record::new(outcome))
}

/// Runs a part of a photo's way. A panic inside a decoder, the model or a measurement is this photo's failure and no other's.
pub fn contained<T>(
    stage: &mut Stage,
    work: impl FnOnce(&mut Stage) -> Result<T, PhotoError>,
) -> Result<T, PhotoError> {
    let done = catch_unwind(AssertUnwindSafe(|| work(stage)));
    done.unwrap_or(Err(PhotoError::Internal(*stage)))
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

type Segmented = Result<Box<Results>, Excluded>;

fn segment(
    source: &Source,
    content: Option<Content>,
    plan: &PhotoPlan,
    tools: Tools,
    engines: &mut Engines,
    input: &mut Input,
    stage: &mut Stage,
) -> Result<Segmented, PhotoError> {
    let mut file = tools.read(source, content, input)?;
    let knows = |hash: &String| plan.withdrawn.as_ref().is_some_and(|people| people.knows(Kind::Content, hash));
    if input.blake3.as_ref().is_some_and(knows) {
        let exclusion = OptOut::exclusion();
        return Ok(Err(Excluded { input: input.clone(), exclusion, privacy: Privacy::default() }));
    }
    file.unlock()?;
    *stage = Stage::Decode;
    let findings = match plan.privacy {
        Policy::Off => Vec::new(),
        _ if plan.coded_names => scan_bytes(&file.bytes),
        _ => scan(&file.bytes, source.name.as_ref()),
    };
    let mut privacy = Privacy { findings };
    if let Some(exclusion) = plan.privacy.exclusion(&privacy.findings) {
        return Ok(Err(Excluded { input: input.clone(), exclusion, privacy }));
    }
    let mut header = file.header(input)?;
    header.window = plan.spec.input.window.map(WindowRule::of_manifest);
    header.values = plan.spec.input.values;

    // A crop is never larger than the photo's longer side.
    let longer = u64::from(header.size.width.max(header.size.height));
    let need = footprint(file.bytes.len(), header) + if plan.crops.is_some() { 3 * longer * longer } else { 0 };
    let (bytes, _share) = file.enter(need);
    let decoded = decode::decode(&bytes, header, plan.enough_pixels)?;
    // Crops and second models get all the pixels that there are.
    let looks_closely = plan.crops.is_some() || !plan.classifiers.is_empty();
    let again = looks_closely && decoded.photo.reduction() > 1;
    let whole = again.then(|| decode::decode(&bytes, header, u32::MAX)).transpose()?.map(|decoded| decoded.photo);
    drop(bytes);
    if let Some(dicom) = &mut input.dicom {
        dicom.window = decoded.window;
    }
    let photo = decoded.photo;
    let values = decoded.values.map(|values| values.within(plan.spec.input.range));
    // What such a model sees, and what no camera took, has neither colours nor faces.
    let is_photograph = header.is_photograph && values.is_none();
    let whole = whole.as_ref().unwrap_or(&photo);
    let mut warnings = decoded.warnings;
    let faces = tools.faces.filter(|_| is_photograph);
    let shows_face = look_for_faces(&photo, faces, &mut privacy.findings, &mut warnings);
    if shows_face && plan.faces == faces::FacePolicy::Exclude {
        let exclusion = Exclusion { reason: "face".into(), detail: "the picture seems to show a whole face".into() };
        return Ok(Err(Excluded { input: input.clone(), exclusion, privacy }));
    }
    *stage = Stage::Model;
    let segmentation = look(&photo, values.as_ref(), plan, engines.segmenter.as_mut())?;
    *stage = Stage::Measure;
    let probability = |class, x, y| segmentation.probability(class, f64::from(x) + 0.5, f64::from(y) + 0.5);
    let kinds = plan.spec.output.kinds();
    let figures = measure_kinds(is_photograph.then_some(&photo), &segmentation.labels, &kinds, Some(&probability));
    *stage = Stage::Model;
    let classifications = classify(whole, &segmentation.labels, &figures.lesions, plan, engines)?;
    *stage = Stage::Write;
    let cut = plan.crops.as_ref().map(|rule| make_crops(whole, &figures.lesions, rule, input, &source.file_name));
    let (crops, crop_files) = cut.transpose()?.unzip();
    let mask = encode_mask(&segmentation.labels, kinds.names.len())?;
    let extra = extra_pictures(&photo, &segmentation, plan)?;
    if source.file_name != source.name {
        warnings.push(PhotoWarning::Renamed(source.file_name.clone()));
    }
    let confidence = segmentation.confidence();
    if plan.doubt.is_some_and(|doubt| doubt.is_raised_by(&confidence)) {
        warnings.push(PhotoWarning::Doubtful);
    }
    let done = Done {
        input: input.clone(),
        photo: Size { width: photo.width, height: photo.height },
        model: plan.model.clone(),
        mask: FileRef { path: mask_path(&source.file_name), blake3: blake3::hash(&mask).to_hex().to_string() },
        area: figures.area,
        lesions: figures.lesions,
        specks: figures.specks,
        colour: figures.colour,
        quality: figures.quality,
        confidence,
        privacy,
        warnings: warnings.iter().map(Warning::from).collect(),
        edited: None,
        classes: figures.classes,
        crops,
        classifications,
    };
    Ok(Ok(Box::new(Results { done, mask, extra, crops: crop_files.unwrap_or_default() })))
}

/// What second models say; none where there are none.
fn classify(
    photo: &Photo,
    labels: &LabelMap,
    lesions: &[Lesion],
    plan: &PhotoPlan,
    engines: &mut Engines,
) -> Result<Option<Vec<Classification>>, PhotoError> {
    if plan.classifiers.is_empty() {
        return Ok(None);
    }
    let mut said = Vec::new();
    for (classifier, engine) in plan.classifiers.iter().zip(&mut engines.classifiers) {
        said.extend(classifier.classify(photo, labels, lesions, engine.as_mut())?);
    }
    Ok(Some(said))
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

/// Runs the model: once over the whole photo, and again on a part where the manifest asks for a closer look. `values` are for
/// a model that takes them.
pub fn look(
    photo: &Photo,
    values: Option<&Values>,
    plan: &PhotoPlan,
    engine: &mut dyn Engine,
) -> Result<Segmentation, PhotoError> {
    let (input, output) = (&plan.spec.input, &plan.spec.output);
    let mut see = |part: Rect, mirrored: bool| -> Result<_, PhotoError> {
        let tensor = match values {
            Some(values) => preprocess_values(values, (photo.width, photo.height), part, input)?,
            None => preprocess(photo, part, input)?,
        };
        let tensor = if mirrored { tensor.mirrored(input.layout) } else { tensor };
        let map = interpret(&engine.infer(&tensor)?, output, &tensor.placement)?;
        Ok(if mirrored { map.mirrored() } else { map })
    };
    let decision = Decision::of(output);
    let mut disagreed = None;
    let mut looks = vec![see(Rect::whole(photo.width, photo.height), false)?];
    if let Some(rule) = &plan.second_look
        && let Some(part) = closer_look(&looks[0], rule, photo.width, photo.height)
    {
        let closer = see(part, rule.mirrored)?;
        disagreed = Some(disagreement(&looks[0], &closer, decision));
        looks.push(merge(&looks[0], closer, rule, photo.width, photo.height));
    }
    Ok(Segmentation::new(photo.width, photo.height, looks, decision, output.has_skin_class(), disagreed))
}

/// In the order of `extra_files`.
fn extra_pictures(photo: &Photo, segmentation: &Segmentation, plan: &PhotoPlan) -> Result<Vec<Vec<u8>>, PhotoError> {
    let mut pictures = Vec::new();
    if let Some(overlay) = plan.overlay {
        pictures.push(encode_overlay(photo, &segmentation.labels, overlay, &plan.spec.output.kinds().names)?);
    }
    if let Some(bits) = plan.probabilities {
        for class in plan.spec.output.kinds().values() {
            pictures.push(encode_probabilities(segmentation, class, bits)?);
        }
        if segmentation.has_skin_class {
            pictures.push(encode_probabilities(segmentation, SKIN, bits)?);
        }
    }
    Ok(pictures)
}

/// The record last: where it exists, everything else does.
fn write(source: &Source, plan: &PhotoPlan, results: Results, folder: &OutputFolder) -> Result<Record, RunError> {
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
