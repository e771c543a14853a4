//! A model that was loaded, run once on a test picture, and understood.

use std::path::Path;
use std::sync::{Mutex, PoisonError};

use super::manifest::{
    GraphInfo, Input, InputManifest, Manifest, Model, ModelKind, Observed, ROUNDING, Resolved, Unclear, fill_in_input,
    fill_in_output, map_output, resolve_input, resolve_output,
};
use super::preprocess::test_tensor;
use super::runtime::{Engine, OrtSession, RawMap, Runtime};
use crate::error::{PhotoError, UsageError};

/// A model that was loaded, run once on a test picture, and understood.
pub struct LoadedModel {
    pub model: Model,
    pub runtime: Runtime,
    pub graph: GraphInfo,
    pub spec: Resolved,
    /// What the run on the test picture gave.
    pub seen: Observed,
    /// The session of that run, for the first worker: another one would take time and memory again.
    tried: Mutex<Option<OrtSession>>,
}

impl LoadedModel {
    pub fn new(model: Model, runtime: Runtime) -> Result<Self, UsageError> {
        if model.manifest.kind == Some(ModelKind::Classifier) || model.manifest.input.mask == Some(true) {
            return Err(UsageError(format!(
                "The model {} is a classifier: it says what a photo shows, and draws no mask. Give it with --classify.",
                model.id.name
            )));
        }
        let mut session = OrtSession::open(&runtime, &model)?;
        let graph = session.graph();
        let manifest = &model.manifest;
        let (input, mut assumed) = resolve_input(&manifest.input, &graph)
            .map_err(|unclear| explain(unclear, &model, &graph, |guess| guess_and_try(guess, &graph, &mut session)))?;
        let map = map_output(&manifest.output, &graph).map_err(|e| UsageError(e.to_string()))?;
        let seen = try_out(&mut session, &input, &map.name)
            .map_err(|e| UsageError(format!("The model {} was tried on a test picture: {e}.", model.id.name)))?;
        let (output, more) = resolve_output(&manifest.output, &graph, input.layout, &seen)
            .map_err(|unclear| explain(unclear, &model, &graph, |_| Some(seen.clone())))?;
        assumed.extend(more);
        let tried = Mutex::new(Some(session));
        Ok(Self { model, runtime, graph, spec: Resolved { input, output, assumed }, seen, tried })
    }

    /// A manifest to fill in: what is given, what the graph shows, and guesses for the rest.
    pub fn draft(model: &Model, runtime: &Runtime) -> Result<Manifest, UsageError> {
        let mut session = OrtSession::open(runtime, model)?;
        let graph = session.graph();
        let guess = fill_in_input(&model.manifest, &graph);
        let seen = guess_and_try(&guess, &graph, &mut session);
        Ok(fill_in_output(guess, &graph, seen.as_ref()))
    }

    /// A session for one more worker.
    pub fn open(&self) -> Result<Box<dyn Engine>, UsageError> {
        let tried = self.tried.lock().unwrap_or_else(PoisonError::into_inner).take();
        let mut session = tried.map_or_else(|| OrtSession::open(&self.runtime, &self.model), Ok)?;
        session.select(&self.spec.input.name, &self.spec.output.name);
        Ok(Box::new(session))
    }
}

/// One run on the test picture.
fn try_out(session: &mut OrtSession, input: &Input, output: &str) -> Result<Observed, PhotoError> {
    session.select(&input.name, output);
    Ok(observe(&session.infer(&test_tensor(input)?)?))
}

/// What the graph gives when it is fed by a guess: enough to tell probabilities from logits and to count channels.
fn guess_and_try(guess: &Manifest, graph: &GraphInfo, session: &mut OrtSession) -> Option<Observed> {
    let map = map_output(&guess.output, graph).ok()?;
    // A graph may choke on numbers below 0: then pixels from 0 to 1.
    let plain = InputManifest { mean: None, std: None, ..guess.input.clone() };
    [&guess.input, &plain].into_iter().find_map(|wanted| {
        let (input, _) = resolve_input(wanted, graph).ok()?;
        try_out(session, &input, &map.name).ok().filter(Observed::is_finite)
    })
}

/// A doubt comes with a manifest to fill in, which holds all that the graph shows. `seen` runs the graph with a guess.
fn explain(
    unclear: Unclear,
    model: &Model,
    graph: &GraphInfo,
    seen: impl FnOnce(&Manifest) -> Option<Observed>,
) -> UsageError {
    let Unclear::Open(problem) = unclear else { return UsageError(unclear.to_string()) };
    let guess = fill_in_input(&model.manifest, graph);
    let place = model.manifest_place.as_deref().unwrap_or(Path::new("manifest.json")).display();
    let seen = seen(&guess);
    let known = serde_json::to_string_pretty(&fill_in_output(guess, graph, seen.as_ref())).unwrap_or_default();
    UsageError(format!(
        "{problem}\nWrite what is missing into {place} (`derm-seg model check MODEL --write-manifest` makes it). What the graph \
         shows is filled in below; scale, mean and std are guesses, and so are the classes: check them against the model's \
         training code. Where it says \"ignore\", write what the class is:\n{known}"
    ))
}

fn observe(raw: &RawMap) -> Observed {
    let (min, max) = raw.range();
    let sums_to_one = match *raw.shape.as_slice() {
        [1, c, h, w] => {
            let near_one = |sum: f32| (sum - 1.0).abs() < ROUNDING;
            let planar = (0..h * w).all(|i| near_one((0..c).map(|k| raw.values[k * h * w + i]).sum()));
            planar || raw.values.chunks_exact(w.max(1)).all(|pixel| near_one(pixel.iter().sum()))
        }
        _ => false,
    };
    Observed { shape: raw.shape.clone(), element: raw.element, min, max, sums_to_one }
}
