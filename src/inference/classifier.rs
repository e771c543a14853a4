//! A second model: it says what a photo, or a part of it, shows. Loaded and tried like the first, and asked in the same pass.

use serde::Serialize;
use serde_json::{Map, Value};

use super::manifest::{
    Activation, Input, LabelOutput, Manifest, Model, ModelKind, Observed, OutputManifest, ROUNDING, Unclear, Values,
    fill_in_input, labels_output, resolve_input, resolve_labels,
};
use super::postprocess::activate;
use super::preprocess::{lay, test_tensor};
use super::runtime::{Engine, OrtSession, RawMap, Runtime};
use crate::domain::crop::{Frame, Part};
use crate::domain::geometry::Rect;
use crate::domain::mask::LabelMap;
use crate::domain::photo::{Photo, cut, cut_labels};
use crate::domain::record::{Classification, ClassifiedPart, Lesion, ModelId, Size};
use crate::error::{PhotoError, UsageError};
use crate::inference::manifest::GraphInfo;

/// The complete description, with nothing left open. `model check` prints it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Classifier {
    #[serde(skip)]
    pub id: ModelId,
    pub applies_to: ClassifiedPart,
    pub crop: Frame,
    pub input: Input,
    pub output: LabelOutput,
    /// What was taken from the graph or by convention rather than from the manifest.
    pub assumed: Vec<String>,
}

/// A classifier that was loaded, run once on a test picture, and understood.
pub struct LoadedClassifier {
    pub model: Model,
    pub runtime: Runtime,
    pub graph: GraphInfo,
    pub spec: Classifier,
    pub seen: Observed,
}

impl LoadedClassifier {
    pub fn new(model: Model, runtime: Runtime) -> Result<Self, UsageError> {
        let name = &model.id.name;
        let manifest = &model.manifest;
        if manifest.kind != Some(ModelKind::Classifier) {
            return Err(UsageError(format!(
                "The model {name} is no classifier: its manifest does not say \"kind\": \"classifier\". Models that draw masks go with --model."
            )));
        }
        let mut session = OrtSession::open(&runtime, &model)?;
        let graph = session.graph();
        let (input, mut assumed) =
            resolve_input(&manifest.input, &graph).map_err(|unclear| explain(unclear, manifest, &graph, None))?;
        if input.values.is_some() {
            return Err(UsageError(format!(
                "The manifest of {name} asks for grey values, which only models that draw masks can be given."
            )));
        }
        let output = labels_output(&manifest.output, &graph).map_err(|e| UsageError(e.to_string()))?;
        session.select(&input.name, &output.name);
        let raw = test_tensor(&input)
            .and_then(|tensor| session.infer(&tensor))
            .map_err(|e| UsageError(format!("The model {name} was tried on a test picture: {e}.")))?;
        let seen = observe(&raw);
        let (output, more) = resolve_labels(&manifest.output, &graph, &seen)
            .map_err(|unclear| explain(unclear, manifest, &graph, Some(&seen)))?;
        assumed.extend(more);
        let applies_to = manifest.applies_to.unwrap_or(ClassifiedPart::Photo);
        let crop = manifest.crop.unwrap_or_default();
        if !(0.0..=1.0).contains(&crop.margin) || !(0.0..=100.0).contains(&crop.merge) {
            return Err(UsageError(format!(
                "The manifest of {name} cuts with a margin of {} and merges within {}: a margin lies between 0 and 1, a distance between 0 and 100.",
                crop.margin, crop.merge
            )));
        }
        let id = model.id.clone();
        let spec = Classifier { id, applies_to, crop, input, output, assumed };
        Ok(Self { model, runtime, graph, spec, seen })
    }

    /// A session for one more worker.
    pub fn open(&self) -> Result<Box<dyn Engine>, UsageError> {
        let mut session = OrtSession::open(&self.runtime, &self.model)?;
        session.select(&self.spec.input.name, &self.spec.output.name);
        Ok(Box::new(session))
    }
}

impl Classifier {
    /// What it says of every part that it looks at; nothing where it looks at lesions and there is none.
    pub fn classify(
        &self,
        photo: &Photo,
        labels: &LabelMap,
        lesions: &[Lesion],
        engine: &mut dyn Engine,
    ) -> Result<Vec<Classification>, PhotoError> {
        let size = Size { width: photo.width, height: photo.height };
        let parts = match self.applies_to {
            ClassifiedPart::Photo => vec![Part::whole(size)],
            ClassifiedPart::Lesion => self.crop.each(lesions, size),
            ClassifiedPart::Union => self.crop.all(lesions, size).into_iter().collect(),
        };
        let mut said = Vec::new();
        for Part { lesions, area } in parts {
            let mask = self.input.mask.then(|| cut_labels(labels, area));
            let part = Rect::of(area);
            let tensor = match Rect::whole(photo.width, photo.height).holds(part) {
                true => lay(photo, part, mask.as_ref(), &self.input)?,
                false => {
                    let picture = cut(photo, area, None)?;
                    lay(&picture, Rect::whole(area.width, area.height), mask.as_ref(), &self.input)?
                }
            };
            let chances = self.read(&engine.infer(&tensor)?)?;
            let lesion = lesions.first().copied().filter(|_| self.applies_to == ClassifiedPart::Lesion);
            said.push(self.say(&chances, lesion));
        }
        Ok(said)
    }

    /// The answer as probabilities.
    fn read(&self, raw: &RawMap) -> Result<Vec<f32>, PhotoError> {
        let output = &self.output;
        if raw.values.len() != output.labels.len() {
            return Err(PhotoError::UnexpectedOutput { shape: raw.shape.clone(), classes: output.labels.len() });
        }
        if raw.values.iter().any(|v| !v.is_finite()) {
            return Err(PhotoError::NotANumber);
        }
        let mut chances = raw.values.clone();
        activate(&mut chances, output.activation, output.temperature as f32);
        chances.iter_mut().for_each(|chance| *chance = chance.clamp(0.0, 1.0));
        Ok(chances)
    }

    fn say(&self, chances: &[f32], lesion: Option<u32>) -> Classification {
        let labels = &self.output.labels;
        // The first of equal ones.
        let top = (0..chances.len()).reduce(|best, i| if chances[i] > chances[best] { i } else { best });
        let sure = top.filter(|&i| f64::from(chances[i]) >= self.output.abstain_below);
        let probability = |&chance: &f32| Value::from(f64::from(chance));
        Classification {
            model: self.id.clone(),
            of: self.applies_to,
            lesion,
            probabilities: Map::from_iter(labels.iter().cloned().zip(chances.iter().map(probability))),
            label: sure.map(|i| labels[i].clone()),
            abstained: sure.is_none(),
        }
    }
}

fn observe(raw: &RawMap) -> Observed {
    let (min, max) = raw.range();
    Observed {
        shape: raw.shape.clone(),
        element: raw.element,
        min,
        max,
        sums_to_one: (raw.values.iter().sum::<f32>() - 1.0).abs() < ROUNDING,
    }
}

/// A doubt comes with a manifest to fill in.
fn explain(unclear: Unclear, manifest: &Manifest, graph: &GraphInfo, seen: Option<&Observed>) -> UsageError {
    let Unclear::Open(problem) = unclear else { return UsageError(unclear.to_string()) };
    let mut known = fill_in_input(manifest, graph);
    known.applies_to.get_or_insert(ClassifiedPart::Photo);
    let output: &mut OutputManifest = &mut known.output;
    if let Some(seen) = seen {
        let count = seen.shape.iter().product();
        output.labels.get_or_insert_with(|| vec![String::new(); count]);
        let values = if seen.lies_from_0_to_1() { Values::Probabilities } else { Values::Logits };
        output.values.get_or_insert(values);
        if values == Values::Logits {
            output.activation.get_or_insert(if count == 1 { Activation::Sigmoid } else { Activation::Softmax });
        }
    }
    let known = serde_json::to_string_pretty(&known).unwrap_or_default();
    UsageError(format!(
        "{problem}\nWrite what is missing into the manifest. What the graph shows is filled in below; scale, mean and std are guesses: \
         check them against the model's training code. Give every label its name:\n{known}"
    ))
}
