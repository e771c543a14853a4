//! The way of one photo: file → pixels → tensor → probabilities → classes → figures → files to write.

use super::Share;
use super::open::{Content, PhotoFile, Tools};
use super::photo::{Engines, PhotoPlan, Work, footprint, look_for_faces};
use crate::domain::geometry::Rect;
use crate::domain::mask::{LabelMap, SKIN};
use crate::domain::photo::Photo;
use crate::domain::record::{Classification, Done, Exclusion, FileRef, Input, Lesion, Privacy, Size, Warning};
use crate::domain::source::Source;
use crate::domain::values::Values;
use crate::error::{PhotoError, PhotoWarning, Stage};
use crate::inference::manifest::WindowRule;
use crate::inference::postprocess::{Decision, Segmentation, closer_look, disagreement, interpret, merge};
use crate::inference::preprocess::{preprocess, preprocess_values};
use crate::inference::runtime::Engine;
use crate::input::decode;
use crate::measure::{Measurements, measure_kinds};
use crate::people::{Kind, OptOut};
use crate::privacy::faces::FacePolicy;
use crate::privacy::{Policy, scan, scan_bytes};
use crate::store::{NewFile, encode_mask, encode_overlay, encode_probabilities, make_crops, mask_path};

/// Why a photo comes to an early end.
pub enum End {
    Excluded(Exclusion),
    Failed(PhotoError),
}

impl From<PhotoError> for End {
    fn from(error: PhotoError) -> Self {
        End::Failed(error)
    }
}

/// A photo on its way: what is at hand for it, and what is known of it so far.
pub struct Way<'a> {
    source: &'a Source,
    plan: &'a PhotoPlan,
    tools: Tools<'a>,
    engines: &'a mut Engines,
    pub input: Input,
    pub privacy: Privacy,
    warnings: Vec<PhotoWarning>,
}

/// The files of one photo, ready to be written.
pub struct Results {
    pub done: Done,
    pub mask: Vec<u8>,
    pub extra: Vec<Vec<u8>>,
    pub crops: Vec<NewFile>,
}

/// A photo in memory.
struct Pixels<'a> {
    /// As many of them as the model needs.
    photo: Photo,
    /// All of them, where they are more and crops or second models want them.
    all: Option<Photo>,
    /// For a model that takes them.
    values: Option<Values>,
    /// What a model of values sees, and what no camera took, has neither colours nor faces.
    is_photograph: bool,
    _share: Share<'a>,
}

impl Pixels<'_> {
    fn all(&self) -> &Photo {
        self.all.as_ref().unwrap_or(&self.photo)
    }
}

impl<'a> Way<'a> {
    pub fn new(source: &'a Source, work: Work<'a>, engines: &'a mut Engines) -> Self {
        let input = Input { path: source.name.clone(), ..Input::default() };
        let Work { plan, tools, .. } = work;
        Self { source, plan, tools, engines, input, privacy: Privacy::default(), warnings: Vec::new() }
    }

    pub fn segment(&mut self, content: Option<Content<'a>>, stage: &mut Stage) -> Result<Results, End> {
        let mut file = self.tools.read(self.source, content, &mut self.input)?;
        self.refuse_withdrawn()?;
        file.unlock()?;
        *stage = Stage::Decode;
        self.scan(&file.bytes)?;
        let pixels = self.decode(file)?;
        self.refuse_face(&pixels)?;
        *stage = Stage::Model;
        let segmentation =
            ask_model(&pixels.photo, pixels.values.as_ref(), self.plan, self.engines.segmenter.as_mut())?;
        *stage = Stage::Measure;
        let figures = self.measure(&pixels, &segmentation);
        *stage = Stage::Model;
        let classifications = self.classify(pixels.all(), &segmentation.labels, &figures.lesions)?;
        *stage = Stage::Write;
        Ok(self.results(&pixels, &segmentation, figures, classifications)?)
    }

    /// Somebody who was withdrawn from the results is known by the file's content.
    fn refuse_withdrawn(&self) -> Result<(), End> {
        let knows =
            |hash: &String| self.plan.withdrawn.as_ref().is_some_and(|people| people.knows(Kind::Content, hash));
        match self.input.blake3.as_ref().is_some_and(knows) {
            true => Err(End::Excluded(OptOut::exclusion())),
            false => Ok(()),
        }
    }

    /// What the file says besides its picture.
    fn scan(&mut self, bytes: &[u8]) -> Result<(), End> {
        self.privacy.findings = match self.plan.privacy {
            Policy::Off => Vec::new(),
            _ if self.plan.coded_names => scan_bytes(bytes),
            _ => scan(bytes, self.source.name.as_ref()),
        };
        self.plan.privacy.exclusion(&self.privacy.findings).map_or(Ok(()), |exclusion| Err(End::Excluded(exclusion)))
    }

    fn decode(&mut self, file: PhotoFile<'a>) -> Result<Pixels<'a>, PhotoError> {
        let mut header = file.header(&mut self.input)?;
        header.window = self.plan.spec.input.window.map(WindowRule::of_manifest);
        header.values = self.plan.spec.input.values;
        // A crop is never larger than the photo's longer side.
        let longer = u64::from(header.size.width.max(header.size.height));
        let of_crops = if self.plan.crops.is_some() { 3 * longer * longer } else { 0 };
        let need = footprint(file.bytes.len(), header) + of_crops;
        let (bytes, share) = file.enter(need);
        let decoded = decode::decode(&bytes, header, self.plan.enough_pixels)?;
        // Crops and second models get all the pixels that there are.
        let wants_all = self.plan.crops.is_some() || !self.plan.classifiers.is_empty();
        let again = wants_all && decoded.photo.reduction() > 1;
        let all = again.then(|| decode::decode(&bytes, header, u32::MAX)).transpose()?.map(|decoded| decoded.photo);
        if let Some(dicom) = &mut self.input.dicom {
            dicom.window = decoded.window;
        }
        self.warnings = decoded.warnings;
        let values = decoded.values.map(|values| values.within(self.plan.spec.input.range));
        let is_photograph = header.is_photograph && values.is_none();
        Ok(Pixels { photo: decoded.photo, all, values, is_photograph, _share: share })
    }

    fn refuse_face(&mut self, pixels: &Pixels) -> Result<(), End> {
        let faces = self.tools.faces.filter(|_| pixels.is_photograph);
        let shows_face = look_for_faces(&pixels.photo, faces, &mut self.privacy.findings, &mut self.warnings);
        if shows_face && self.plan.faces == FacePolicy::Exclude {
            let detail = "the picture seems to show a whole face".into();
            return Err(End::Excluded(Exclusion { reason: "face".into(), detail }));
        }
        Ok(())
    }

    fn measure(&self, pixels: &Pixels, segmentation: &Segmentation) -> Measurements {
        let probability = |class, x, y| segmentation.probability(class, f64::from(x) + 0.5, f64::from(y) + 0.5);
        let kinds = self.plan.spec.output.kinds();
        measure_kinds(pixels.is_photograph.then_some(&pixels.photo), &segmentation.labels, &kinds, Some(&probability))
    }

    /// What second models say; none where there are none.
    fn classify(
        &mut self,
        photo: &Photo,
        labels: &LabelMap,
        lesions: &[Lesion],
    ) -> Result<Option<Vec<Classification>>, PhotoError> {
        if self.plan.classifiers.is_empty() {
            return Ok(None);
        }
        let mut said = Vec::new();
        for (classifier, engine) in self.plan.classifiers.iter().zip(&mut self.engines.classifiers) {
            said.extend(classifier.classify(photo, labels, lesions, engine.as_mut())?);
        }
        Ok(Some(said))
    }

    fn results(
        &mut self,
        pixels: &Pixels,
        segmentation: &Segmentation,
        figures: Measurements,
        classifications: Option<Vec<Classification>>,
    ) -> Result<Results, PhotoError> {
        let (plan, file_name) = (self.plan, &self.source.file_name);
        let cut =
            plan.crops.as_ref().map(|rule| make_crops(pixels.all(), &figures.lesions, rule, &self.input, file_name));
        let (crops, crop_files) = cut.transpose()?.unzip();
        let mask = encode_mask(&segmentation.labels, plan.spec.output.kinds().names.len())?;
        let extra = extra_pictures(&pixels.photo, segmentation, plan)?;
        if *file_name != self.source.name {
            self.warnings.push(PhotoWarning::Renamed(file_name.clone()));
        }
        let confidence = segmentation.confidence();
        if plan.doubt.is_some_and(|doubt| doubt.is_raised_by(&confidence)) {
            self.warnings.push(PhotoWarning::Doubtful);
        }
        let done = Done {
            input: self.input.clone(),
            photo: Size { width: pixels.photo.width, height: pixels.photo.height },
            model: plan.model.clone(),
            mask: FileRef { path: mask_path(file_name), blake3: blake3::hash(&mask).to_hex().to_string() },
            area: figures.area,
            lesions: figures.lesions,
            specks: figures.specks,
            colour: figures.colour,
            quality: figures.quality,
            confidence,
            privacy: self.privacy.clone(),
            warnings: self.warnings.iter().map(Warning::from).collect(),
            edited: None,
            classes: figures.classes,
            crops,
            classifications,
        };
        Ok(Results { done, mask, extra, crops: crop_files.unwrap_or_default() })
    }
}

/// Runs the model: once over the whole photo, and again on a part where the manifest asks for a closer look. `values` are for
/// a model that takes them.
pub fn ask_model(
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
