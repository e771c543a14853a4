//! `stress`: arguments to a plan.

use std::path::PathBuf;

use super::args::StressArgs;
use crate::batch::MEMORY_PER_JOB;
use crate::commands::shared::folders::check_inputs;
use crate::commands::shared::model::{device, find_model};
use crate::commands::shared::{at_rest, people};
use crate::disk::vault::Vault;
use crate::error::UsageError;
use crate::evaluation::stress::kinds::Series;
use crate::evaluation::stress::{Judging, usual_series};
use crate::inference::manifest::Model;
use crate::inference::runtime::Device;
use crate::input::discover::Filter;
use crate::people::subjects::SubjectsPlan;
use crate::people::{OptOut, Pseudonyms};
use crate::report::Language;
use crate::store::withdrawn_people;

pub struct StressPlan {
    pub inputs: Vec<PathBuf>,
    pub output: PathBuf,
    pub base: Option<PathBuf>,
    pub filter: Filter,
    pub series: Vec<Series>,
    pub judging: Judging,
    pub model: Model,
    pub ort_lib: Option<PathBuf>,
    pub device: Device,
    pub pseudonyms: Option<Pseudonyms>,
    pub opt_out: OptOut,
    pub vault: Vault,
    pub jobs: usize,
    /// Bytes that photos in flight may hold.
    pub memory: u64,
    pub json: bool,
    pub language: Language,
}

pub fn plan(args: StressArgs) -> Result<StressPlan, UsageError> {
    check_inputs(&args.inputs)?;
    if !(0.0..=1.0).contains(&args.bound) {
        return Err(UsageError(format!("--bound {}: write a Dice from 0 to 1", args.bound)));
    }
    let series = args.kind.iter().map(|text| text.parse().map_err(|e| UsageError(format!("--kind {text}: {e}"))));
    let mut series = series.collect::<Result<Vec<Series>, _>>()?;
    if series.is_empty() {
        series = usual_series();
    }
    if let Some(twice) = series.iter().enumerate().find(|(i, one)| series[..*i].iter().any(|s| s.kind == one.kind)) {
        let name = twice.1.kind.about().name;
        return Err(UsageError(format!("--kind {name} is there twice: write its strengths in one, as {name}=1,2")));
    }
    let jobs = args.jobs.count();
    let (ort_lib, device) = device(&args.device);
    let vault = at_rest::vault(&args.at_rest)?;
    let pseudonyms = people::pseudonyms(&args.names, &vault)?;
    let (_, opt_out) = people::table_and_list(&args.opt_out, SubjectsPlan::default(), pseudonyms.as_ref(), &vault)?;
    let opt_out = opt_out.with_withdrawn(withdrawn_people(&args.output, &vault)?, pseudonyms.as_ref());
    Ok(StressPlan {
        inputs: args.inputs,
        output: args.output,
        base: args.folders.base,
        filter: Filter::new(&args.folders.include, &args.folders.exclude)?,
        series,
        judging: Judging { bound: args.bound, long_side: args.long_side, seed: args.seed },
        model: find_model(&args.model)?,
        ort_lib,
        device,
        pseudonyms,
        opt_out,
        vault,
        jobs,
        memory: jobs as u64 * MEMORY_PER_JOB,
        json: args.json,
        language: args.lang.language(),
    })
}
