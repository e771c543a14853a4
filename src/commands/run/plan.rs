//! `run`: where photos come from, what is made of them, and which settings results depend on.

use std::io::IsTerminal;
use std::num::NonZero;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::args::{Bits, OverlayStyle, PrivacyPolicy, RunArgs};
use crate::batch::{Engines, MEMORY_PER_JOB, PhotoPlan};
use crate::commands::shared::at_rest;
use crate::commands::shared::crops::crop_rule;
use crate::commands::shared::folders::check_inputs;
use crate::commands::shared::model::{device, find_model};
use crate::commands::shared::people;
use crate::commands::shared::scale::scales;
use crate::disk::describe;
use crate::disk::vault::Vault;
use crate::domain::crop::CropRule;
use crate::domain::shard::Shard;
use crate::error::UsageError;
use crate::inference::manifest::{self, Model};
use crate::inference::preprocess::enough_pixels;
use crate::inference::runtime::{Device, Runtime};
use crate::inference::{LoadedClassifier, LoadedModel};
use crate::input::decode::Limits;
use crate::input::discover::{Filter, read_list};
use crate::people::subjects::SubjectsPlan;
use crate::people::{OptOut, Pseudonyms};
use crate::privacy::Policy;
use crate::privacy::faces;
use crate::store::{CLASSIFIERS, CROPS, ENCRYPTED_TO, Overlay, Scales, opted_out_people, withdrawn_people};

/// What `run` was asked to do.
pub struct RunPlan {
    pub inputs: Vec<PathBuf>,
    /// Photos come in a tar over standard input.
    pub is_stream: bool,
    /// The folder of results; where they are sent away, one that goes when the run is over.
    pub output: PathBuf,
    pub outbox: Option<TempDir>,
    pub base: Option<PathBuf>,
    pub filter: Filter,
    pub shard: Option<Shard>,
    pub model: Model,
    pub classifiers: Vec<Model>,
    pub crops: Option<CropRule>,
    pub ort_lib: Option<PathBuf>,
    pub device: Device,
    pub full_decode: bool,
    pub limits: Limits,
    pub overlay: Option<Overlay>,
    pub probabilities: Option<u8>,
    pub privacy: Policy,
    pub faces: faces::FacePolicy,
    pub pseudonyms: Option<Pseudonyms>,
    /// Where it is kept what codes stand for.
    pub table: Option<PathBuf>,
    pub opt_out: OptOut,
    /// A list was given: it takes the place of the one that the folder remembers.
    pub has_list: bool,
    pub scales: Scales,
    pub vault: Vault,
    pub jobs: usize,
    /// Bytes that photos in flight may hold.
    pub memory: u64,
    pub overwrite: bool,
    pub prune: bool,
    pub verify: bool,
    pub dry_run: bool,
    pub json: bool,
}

pub fn plan(args: RunArgs) -> Result<RunPlan, UsageError> {
    if args.from.is_none() {
        check_inputs(&args.inputs)?;
    }
    if args.stdin.is_some() {
        refuse_foresight(&args)?;
    }
    let outbox = (args.output.as_os_str() == "-").then(|| outbox(&args)).transpose()?;
    let output = outbox.as_ref().map_or(args.output.clone(), |folder| folder.path().to_owned());
    let jobs = args.jobs.map_or_else(|| std::thread::available_parallelism().map_or(1, NonZero::get), usize::from);
    let (ort_lib, device) = device(&args.device);
    let vault = at_rest::vault(&args.at_rest)?;
    let pseudonyms = people::pseudonyms(&args.names, &vault)?;
    let (table, opt_out) = people::table_and_list(&args.opt_out, SubjectsPlan::default(), pseudonyms.as_ref(), &vault)?;
    let opt_out = opt_out.with_withdrawn(withdrawn_people(&output, &vault)?, pseudonyms.as_ref());
    let has_list = args.opt_out.opt_out.is_some();
    let listed = if has_list { None } else { opted_out_people(&output, &vault)? };
    let opt_out = opt_out.with_listed(listed);
    let scales = scales(args.scale, table, None);
    let inputs = if args.stdin.is_some() { Vec::new() } else { inputs(&args, &vault)? };
    args.table.check(pseudonyms.is_some(), &inputs, &output)?;
    Ok(RunPlan {
        inputs,
        is_stream: args.stdin.is_some(),
        output,
        outbox,
        base: args.folders.base,
        filter: Filter::new(&args.folders.include, &args.folders.exclude)?,
        shard: args.shard,
        model: find_model(&args.model)?,
        classifiers: classifiers(&args.classify)?,
        crops: crop_rule(&args.crops)?,
        ort_lib,
        device,
        full_decode: args.full_decode,
        limits: Limits { max_pixels: args.max_pixels, max_file_bytes: args.max_bytes },
        overlay: args
            .overlay
            .then_some(Overlay { longest_side: args.overlay_size, filled: args.overlay_style == OverlayStyle::Fill }),
        probabilities: args.probs.map(|bits| if bits == Bits::Sixteen { 16 } else { 8 }),
        privacy: match args.privacy {
            PrivacyPolicy::Off => Policy::Off,
            PrivacyPolicy::Warn => Policy::Warn,
            PrivacyPolicy::Strict => Policy::Strict,
        },
        faces: args.faces.into(),
        pseudonyms,
        table: args.table.table,
        opt_out,
        has_list,
        scales,
        vault,
        jobs,
        memory: args.memory.map_or(jobs as u64 * MEMORY_PER_JOB, |mib| mib.saturating_mul(1 << 20)),
        overwrite: args.overwrite,
        prune: args.prune,
        verify: args.verify,
        dry_run: args.dry_run,
        json: args.json,
    })
}

/// What needs to know all photos before the first is done.
fn refuse_foresight(args: &RunArgs) -> Result<(), UsageError> {
    let asked = [("--shard", args.shard.is_some()), ("--dry-run", args.dry_run), ("--prune", args.prune)];
    let Some((option, _)) = asked.into_iter().find(|(_, is_asked)| *is_asked) else { return Ok(()) };
    Err(UsageError(format!(
        "{option} needs to know all photos before the first one is done, and a stream does not tell them: save the archive as \
         a file and name that, or leave {option} out."
    )))
}

/// The folder that results lie in until they are sent, for the user alone.
fn outbox(args: &RunArgs) -> Result<TempDir, UsageError> {
    let refused = [("--json", args.json), ("--dry-run", args.dry_run)];
    if let Some((option, _)) = refused.into_iter().find(|(_, is_asked)| *is_asked) {
        return Err(UsageError(format!(
            "{option} writes to standard output, and so does -o -: leave one of them out. The tar's run.json has the totals."
        )));
    }
    if std::io::stdout().is_terminal() {
        return Err(UsageError(
            "-o - writes a tar to standard output, and that is a terminal: send it into a file (> results.tar) or a program."
                .into(),
        ));
    }
    tempfile::Builder::new().prefix("derm-seg-").tempdir().map_err(|e| {
        UsageError(format!("The temporary folder cannot be used: {}. Choose another by TMPDIR.", describe(&e)))
    })
}

fn inputs(args: &RunArgs, vault: &Vault) -> Result<Vec<PathBuf>, UsageError> {
    let mut inputs = Vec::new();
    for input in &args.inputs {
        if input.as_os_str() == "-" {
            inputs.extend(read_list(std::io::stdin().lock(), "standard input")?);
        } else {
            inputs.push(input.clone());
        }
    }
    if let Some(list) = &args.from {
        let file = vault
            .read(list)
            .map_err(|e| UsageError(format!("The list {} cannot be read: {}.", list.display(), describe(&e))))?;
        inputs.extend(read_list(file.as_slice(), &list.display().to_string())?);
    }
    if inputs.is_empty() {
        return Err(UsageError("The list of photos is empty.".into()));
    }
    Ok(inputs)
}

impl RunPlan {
    /// What the names in a stream are relative to: nobody knows but the user.
    pub fn base_of_stream(&self) -> &Path {
        self.base.as_deref().unwrap_or(self.place_of_results())
    }

    /// Where the folder of results will be. Of those that are sent away, the usual place is as good as any beside it.
    pub fn place_of_results(&self) -> &Path {
        if self.outbox.is_some() { Path::new("derm-seg-out") } else { &self.output }
    }

    /// The settings that results depend on. What only says how fast they are made is not among them, nor are overlays: they are
    /// pictures to look at, drawn where they are missing.
    pub fn settings(&self) -> Value {
        let mut settings = json!({
            "model_sha256": self.model.id.sha256,
            "manifest_input": self.model.manifest.input,
            "manifest_output": self.model.manifest.output,
            "second_look": self.model.manifest.second_look,
            "doubt": self.model.manifest.doubt,
            "device": self.device,
            "full_decode": self.full_decode,
            "max_pixels": self.limits.max_pixels,
            "max_file_bytes": self.limits.max_file_bytes,
            "probability_bits": self.probabilities,
            "privacy": self.privacy.as_str(),
            "faces": self.faces.as_str(),
            "names": if self.pseudonyms.is_some() { "pseudonym" } else { "keep" },
            (ENCRYPTED_TO): self.vault.fingerprint(),
        });
        if let Some(rule) = &self.crops {
            settings[CROPS] = json!(rule);
        }
        if !self.classifiers.is_empty() {
            settings[CLASSIFIERS] = self.classifiers.iter().map(classifier_settings).collect();
        }
        settings
    }

    pub fn load_models(&self) -> Result<(Models, PhotoPlan), UsageError> {
        let runtime = Runtime::load(self.ort_lib.as_deref(), self.device)?;
        let segmenter = LoadedModel::new(self.model.clone(), runtime.clone())?;
        let load = |model: &Model| LoadedClassifier::new(model.clone(), runtime.clone());
        let classifiers = self.classifiers.iter().map(load).collect::<Result<Vec<_>, _>>()?;
        let photo = PhotoPlan {
            model: self.model.id.clone(),
            spec: segmenter.spec.clone(),
            second_look: self.model.manifest.second_look,
            enough_pixels: if self.full_decode { u32::MAX } else { enough_pixels(&segmenter.spec.input) },
            doubt: self.model.manifest.doubt,
            classifiers: classifiers.iter().map(|classifier| classifier.spec.clone()).collect(),
            crops: self.crops.clone(),
            overlay: self.overlay,
            probabilities: self.probabilities,
            privacy: self.privacy,
            faces: self.faces,
            coded_names: self.pseudonyms.is_some(),
            withdrawn: self.opt_out.withdrawn().cloned(),
            scales: self.scales.clone(),
        };
        Ok((Models { segmenter, classifiers }, photo))
    }
}

/// The models of a run, loaded.
pub struct Models {
    pub segmenter: LoadedModel,
    pub classifiers: Vec<LoadedClassifier>,
}

impl Models {
    /// Sessions for one more worker.
    pub fn open(&self) -> Result<Engines, UsageError> {
        let classifiers = self.classifiers.iter().map(LoadedClassifier::open).collect::<Result<_, _>>()?;
        Ok(Engines { segmenter: self.segmenter.open()?, classifiers })
    }
}

/// Second models are told apart by their names, in records and in the columns of summary.csv.
fn classifiers(paths: &[PathBuf]) -> Result<Vec<Model>, UsageError> {
    let mut models: Vec<Model> = Vec::new();
    for path in paths {
        let model = manifest::locate(path, None)?;
        if models.iter().any(|other| other.id.name == model.id.name) {
            return Err(UsageError(format!(
                "Two models of --classify are called {}: give each a name of its own in its manifest.",
                model.id.name
            )));
        }
        models.push(model);
    }
    Ok(models)
}

fn classifier_settings(model: &Model) -> Value {
    let manifest = &model.manifest;
    json!({
        "name": model.id.name, "sha256": model.id.sha256, "manifest_input": manifest.input,
        "manifest_output": manifest.output, "applies_to": manifest.applies_to, "crop": manifest.crop,
    })
}
