//! `scrub`: where copies go, and that they can go there without touching an input or giving a name away.

use std::path::PathBuf;

use super::args::ScrubArgs;
use crate::batch::MEMORY_PER_JOB;
use crate::commands::shared::folders::{check_inputs, real};
use crate::commands::shared::{at_rest, people};
use crate::disk::vault::Vault;
use crate::error::UsageError;
use crate::inference::runtime::{Device, Runtime};
use crate::input::decode::Limits;
use crate::people::subjects::SubjectsPlan;
use crate::people::{OptOut, Pseudonyms};
use crate::privacy::faces::{self, FaceFinder};
use crate::privacy::scrub::DicomRule;

pub struct ScrubPlan {
    pub inputs: Vec<PathBuf>,
    pub output: PathBuf,
    pub base: Option<PathBuf>,
    pub pseudonyms: Option<Pseudonyms>,
    pub table: Option<PathBuf>,
    pub keep_burned_in: bool,
    pub uid_root: Option<String>,
    pub opt_out: OptOut,
    pub vault: Vault,
    pub faces: faces::FacePolicy,
    pub limits: Limits,
    pub jobs: usize,
    /// Bytes that photos in flight may hold.
    pub memory: u64,
    pub json: bool,
}

pub fn plan(args: ScrubArgs) -> Result<ScrubPlan, UsageError> {
    check_inputs(&args.inputs)?;
    let vault = at_rest::vault(&args.at_rest)?;
    let pseudonyms = people::pseudonyms(&args.names, &vault)?;
    let (_, opt_out) = people::table_and_list(&args.opt_out, SubjectsPlan::default(), pseudonyms.as_ref(), &vault)?;
    let output = real(&args.output);
    for input in args.inputs.iter().map(|input| real(input)) {
        if output.starts_with(&input) || (input.is_dir() && input.starts_with(&output)) {
            return Err(UsageError(format!(
                "the output folder {} lies in an input or around it; inputs are never touched: choose another with -o",
                args.output.display()
            )));
        }
    }
    args.table.check(pseudonyms.is_some(), &args.inputs, &args.output)?;
    let jobs = args.jobs.count();
    Ok(ScrubPlan {
        inputs: args.inputs,
        output: args.output,
        base: args.base,
        pseudonyms,
        table: args.table.table,
        keep_burned_in: args.keep_burned_in,
        uid_root: args.uid_root,
        opt_out,
        vault,
        faces: args.faces.into(),
        limits: Limits::default(),
        jobs,
        memory: jobs as u64 * MEMORY_PER_JOB,
        json: args.json,
    })
}

impl ScrubPlan {
    /// None without a key: DICOM files are not copied then.
    pub fn dicom(&self) -> Option<DicomRule<'_>> {
        let codes = self.pseudonyms.as_ref()?;
        Some(DicomRule { codes, uid_root: self.uid_root.as_deref(), keep_burned_in: self.keep_burned_in })
    }

    /// None where faces are not looked for; then no ONNX Runtime is needed.
    pub fn face_finder(&self) -> Result<Option<FaceFinder>, UsageError> {
        match self.faces {
            faces::FacePolicy::Off => Ok(None),
            policy => policy.finder(&Runtime::load(None, Device::Cpu)?),
        }
    }
}
