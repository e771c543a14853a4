//! `check`: what to look at, and what must not be found.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use super::args::{CheckArgs, Gate};
use crate::batch::MEMORY_PER_JOB;
use crate::commands::shared::at_rest;
use crate::commands::shared::folders::check_inputs;
use crate::commands::shared::model::find_model;
use crate::commands::shared::people;
use crate::disk::vault::Vault;
use crate::error::UsageError;
use crate::inference::LoadedModel;
use crate::inference::manifest::Model;
use crate::inference::preprocess::test_tensor;
use crate::inference::runtime::Runtime;
use crate::input::decode::Limits;
use crate::input::discover::Filter;
use crate::people::OptOut;
use crate::people::subjects::SubjectsPlan;
use crate::privacy::faces;

pub struct CheckPlan {
    pub inputs: Vec<PathBuf>,
    pub base: Option<PathBuf>,
    pub filter: Filter,
    pub gates: Vec<Gate>,
    pub faces: faces::FacePolicy,
    pub opt_out: OptOut,
    pub vault: Vault,
    pub model: Model,
    pub limits: Limits,
    pub jobs: usize,
    /// Bytes that photos in flight may hold.
    pub memory: u64,
    pub json: bool,
}

pub fn plan(args: CheckArgs) -> Result<CheckPlan, UsageError> {
    check_inputs(&args.inputs)?;
    let jobs = args.jobs.count();
    let vault = at_rest::reader(&args.identity)?;
    let (_, opt_out) = people::table_and_list(&args.opt_out, SubjectsPlan::default(), None, &vault)?;
    Ok(CheckPlan {
        inputs: args.inputs,
        base: args.folders.base,
        filter: Filter::new(&args.folders.include, &args.folders.exclude)?,
        gates: args.gate,
        faces: args.faces.into(),
        opt_out,
        vault,
        model: find_model(&args.model)?,
        limits: Limits::default(),
        jobs,
        memory: jobs as u64 * MEMORY_PER_JOB,
        json: args.json,
    })
}

impl CheckPlan {
    /// How long the model takes for a photo here; measured, on a test picture.
    pub fn model_time(&self, runtime: Runtime) -> Result<Duration, UsageError> {
        let loaded = LoadedModel::new(self.model.clone(), runtime)?;
        let mut engine = loaded.open()?;
        let looks = 1 + u32::from(self.model.manifest.second_look.is_some());
        let failed = |e: crate::error::PhotoError| UsageError(e.to_string());
        let tensor = test_tensor(&loaded.spec.input).map_err(failed)?;
        // The first run prepares things that later ones find ready.
        engine.infer(&tensor).map_err(failed)?;
        let started = Instant::now();
        engine.infer(&tensor).map_err(failed)?;
        Ok(started.elapsed() * looks)
    }
}
