//! A model that was loaded, run once on a test picture, and understood.

use super::manifest::{self, GraphInfo, Model, Observed, Resolved};
use super::preprocess::test_tensor;
use super::runtime::{Engine, OrtSession, RawMap, Runtime};
use crate::error::UsageError;

/// A model that was loaded, run once on a test picture, and understood.
pub struct LoadedModel {
    pub model: Model,
    pub runtime: Runtime,
    pub graph: GraphInfo,
    pub spec: Resolved,
    /// What the run on the test picture gave.
    pub seen: Observed,
}

impl LoadedModel {
    pub fn new(model: Model, runtime: Runtime) -> Result<Self, UsageError> {
        let mut session = OrtSession::open(&runtime, &model)?;
        let graph = session.graph();
        let (input, mut assumed) = manifest::resolve_input(&model.manifest, &graph)?;
        let wanted = model.manifest.output.name.as_deref();
        let output = manifest::pick(&graph.outputs, wanted)
            .ok_or_else(|| UsageError(format!("The graph has no output named {:?}.", wanted.unwrap_or_default())))?;
        session.select(&input.name, &output.name);
        let tried = test_tensor(&input).and_then(|tensor| session.infer(&tensor));
        let raw =
            tried.map_err(|e| UsageError(format!("The model {} was tried on a test picture: {e}.", model.id.name)))?;
        let seen = observe(&raw);
        let (output, more) = manifest::resolve_output(&model.manifest, &graph, &input, &seen)?;
        assumed.extend(more);
        Ok(Self { model, runtime, graph, spec: Resolved { input, output, assumed }, seen })
    }

    /// A session for one more worker.
    pub fn open(&self) -> Result<Box<dyn Engine>, UsageError> {
        let mut session = OrtSession::open(&self.runtime, &self.model)?;
        session.select(&self.spec.input.name, &self.spec.output.name);
        Ok(Box::new(session))
    }
}

fn observe(raw: &RawMap) -> Observed {
    // `f32::min` passes over NaN; it must show.
    let fold = |start: f32, pick: fn(f32, f32) -> f32| {
        raw.values.iter().copied().fold(start, |a, b| if a.is_nan() || b.is_nan() { f32::NAN } else { pick(a, b) })
    };
    let sums_to_one = match *raw.shape.as_slice() {
        [1, c, h, w] => {
            let near_one = |sum: f32| (sum - 1.0).abs() < 1e-3;
            let planar = (0..h * w).all(|i| near_one((0..c).map(|k| raw.values[k * h * w + i]).sum()));
            planar || raw.values.chunks_exact(w.max(1)).all(|pixel| near_one(pixel.iter().sum()))
        }
        _ => false,
    };
    Observed {
        shape: raw.shape.clone(),
        element: raw.element,
        min: fold(f32::INFINITY, f32::min),
        max: fold(f32::NEG_INFINITY, f32::max),
        sums_to_one,
    }
}
