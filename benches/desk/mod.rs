//! What the benches work on: drawn photos of three sizes, the built-in model, and the plan of a plain `run`.
#![allow(dead_code, reason = "each bench takes a part of it")]
#![allow(clippy::unwrap_used, reason = "a failure here is a failed bench")]

use std::sync::LazyLock;

use derm_seg::batch::{Engines, PhotoPlan};
use derm_seg::domain::geometry::Rect;
use derm_seg::domain::photo::Photo;
use derm_seg::inference::LoadedModel;
use derm_seg::inference::manifest::built_in;
use derm_seg::inference::postprocess::{Decision, ProbMap, Segmentation, interpret};
use derm_seg::inference::preprocess::{Tensor, enough_pixels, preprocess};
use derm_seg::inference::runtime::{Device, Engine, RawMap, Runtime};
use derm_seg::input::decode::{Decoded, Limits, decode, header};
use derm_seg::privacy::Policy;
use derm_seg::privacy::faces::{self, FaceFinder};

use crate::kit::files::Jpeg;
use crate::kit::photos::Scene;

pub const MEGAPIXELS: [f64; 3] = [0.04, 1.0, 12.0];

/// A process can load it once.
static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::load(None, Device::Cpu).unwrap());

/// As a phone's camera writes it; the grain keeps it as large as a real one.
pub fn jpeg(megapixels: f64, seed: u64) -> Vec<u8> {
    let height = (megapixels * 1e6 * 0.75).sqrt().round() as u32;
    let width = height * 4 / 3;
    Jpeg { quality: 90, ..Jpeg::camera() }.write(&Scene::any(seed).draw(width, height).photo)
}

pub struct Desk {
    ready: LoadedModel,
    pub plan: PhotoPlan,
}

impl Desk {
    pub fn new() -> Self {
        let model = built_in().unwrap();
        let ready = LoadedModel::new(model, RUNTIME.clone()).unwrap();
        let plan = PhotoPlan {
            model: ready.model.id.clone(),
            spec: ready.spec.clone(),
            second_look: ready.model.manifest.second_look,
            enough_pixels: enough_pixels(&ready.spec.input),
            doubt: ready.model.manifest.doubt,
            classifiers: Vec::new(),
            crops: None,
            overlay: None,
            probabilities: None,
            privacy: Policy::Warn,
            coded_names: false,
            faces: faces::FacePolicy::Warn,
            withdrawn: None,
            scales: Default::default(),
        };
        Self { ready, plan }
    }

    pub fn engine(&self) -> Box<dyn Engine> {
        self.ready.open().unwrap()
    }

    pub fn engines(&self) -> Engines {
        Engines { segmenter: self.engine(), classifiers: Vec::new() }
    }

    pub fn faces(&self) -> FaceFinder {
        FaceFinder::open(&self.ready.runtime).unwrap()
    }

    pub fn decode(&self, bytes: &[u8]) -> Decoded {
        let header = header(bytes, &Limits::default()).unwrap();
        decode(bytes, header, enough_pixels(&self.plan.spec.input)).unwrap()
    }

    pub fn preprocess(&self, photo: &Photo) -> Tensor {
        preprocess(photo, Rect::whole(photo.width, photo.height), &self.plan.spec.input).unwrap()
    }

    pub fn interpret(&self, raw: &RawMap, tensor: &Tensor) -> ProbMap {
        interpret(raw, &self.plan.spec.output, &tensor.placement).unwrap()
    }

    pub fn paint(&self, photo: &Photo, looks: Vec<ProbMap>) -> Segmentation {
        let output = &self.plan.spec.output;
        let decision = Decision::of(output);
        Segmentation::new(photo.width, photo.height, looks, decision, output.has_skin_class(), None)
    }
}
