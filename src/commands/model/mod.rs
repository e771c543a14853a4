//! `derm-seg model list|show|check`.

pub(in crate::commands) mod args;

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::Result;
use serde::Serialize;
use serde_json::Value;

use crate::commands::shared::model::ModelArgs;
use crate::commands::shared::model::{device, find_model};
use crate::disk::vault::Vault;
use crate::disk::{describe, write};
use crate::domain::record::{ClassifiedPart, ModelId};
use crate::domain::values::GreyValues;
use crate::error::UsageError;
use crate::exit;
use crate::inference::manifest::{self, BUILT_IN_CARD, GraphInfo, Model, ModelKind, Observed};
use crate::inference::runtime::{Device, Runtime, RuntimeInfo, notices};
use crate::inference::{LoadedClassifier, LoadedModel};
use args::{ModelAction, ModelCommand};

/// Returns the exit code.
pub fn run(command: ModelCommand) -> Result<u8> {
    let mut out = crate::commands::shared::print::stdout();
    match command.action {
        ModelAction::List { folder, json } => list(&mut out, folder.as_deref(), json),
        ModelAction::Show { notices: true, .. } => {
            write!(out, "{}", notices())?;
            Ok(exit::OK)
        }
        ModelAction::Show { path, model, card, json, .. } => match (card, named(path, model)) {
            (true, ModelArgs { model: Some(_), .. }) => {
                Err(UsageError("--card is for the built-in model; your own model's card lies in its folder.".into())
                    .into())
            }
            (true, _) => {
                write!(out, "{BUILT_IN_CARD}")?;
                Ok(exit::OK)
            }
            (false, model) => show(&mut out, &find_model(&model)?, json),
        },
        ModelAction::Check { path, model, device: device_args, write_manifest: true, .. } => {
            write_manifest(&mut out, &find_model(&named(path, model))?, device(&device_args))
        }
        ModelAction::Check { path, model, device: device_args, json, .. } => {
            check(&mut out, &named(path, model), device(&device_args), json)
        }
    }
}

/// A model may be named with or without --model.
fn named(path: Option<PathBuf>, args: ModelArgs) -> ModelArgs {
    ModelArgs { model: path.or(args.model), ..args }
}

/// One line of the list: a model, or why it is none.
#[derive(Serialize)]
struct Listed {
    #[serde(rename = "where")]
    place: String,
    #[serde(flatten)]
    model: Found,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Found {
    Model(ModelId),
    Unusable { error: String },
}

fn list(out: &mut impl Write, folder: Option<&Path>, json: bool) -> Result<u8> {
    let found = |model: Result<Model, UsageError>| match model {
        Ok(model) => Found::Model(model.id),
        Err(error) => Found::Unusable { error: error.to_string() },
    };
    let mut models = vec![Listed { place: "built-in".to_owned(), model: found(manifest::built_in()) }];
    for path in folder.map(models_in).transpose()?.unwrap_or_default() {
        models.push(Listed { place: path.display().to_string(), model: found(manifest::locate(&path, None)) });
    }
    if json {
        writeln!(out, "{}", serde_json::to_string_pretty(&models)?)?;
    } else {
        for Listed { place, model } in &models {
            match model {
                Found::Model(id) => writeln!(out, "{} {}  sha256 {}  {place}", id.name, id.version, &id.sha256[..12])?,
                Found::Unusable { error } => writeln!(out, "{place}: {error}")?,
            }
        }
    }
    Ok(if models.iter().all(|listed| matches!(listed.model, Found::Model(_))) { exit::OK } else { exit::USAGE })
}

/// What in a folder may be a model.
fn models_in(folder: &Path) -> Result<Vec<PathBuf>, UsageError> {
    let entries = std::fs::read_dir(folder)
        .map_err(|e| UsageError(format!("{} cannot be listed: {}.", folder.display(), describe(&e))))?;
    let is_model = |path: &PathBuf| {
        path.join("model.onnx").is_file()
            || path.join("manifest.json").is_file()
            || path.extension().is_some_and(|e| e == "onnx")
    };
    let mut paths: Vec<PathBuf> = entries.flatten().map(|e| e.path()).filter(is_model).collect();
    paths.sort();
    Ok(paths)
}

fn show(out: &mut impl Write, model: &Model, json: bool) -> Result<u8> {
    if json {
        let mut value = serde_json::to_value(&model.manifest)?;
        value["sha256"] = Value::from(model.id.sha256.as_str());
        writeln!(out, "{}", serde_json::to_string_pretty(&value)?)?;
        return Ok(exit::OK);
    }
    let none = || "not stated".to_owned();
    writeln!(out, "{} {}", model.id.name, model.id.version)?;
    writeln!(out, "sha256:       {}", model.id.sha256)?;
    writeln!(out, "bytes:        {}", model.graph.len())?;
    writeln!(out, "licence:      {}", model.manifest.licence.clone().unwrap_or_else(none))?;
    writeln!(out, "intended use: {}", model.manifest.intended_use.clone().unwrap_or_else(none))?;
    writeln!(out, "input:        {}", serde_json::to_string(&model.manifest.input)?)?;
    writeln!(out, "output:       {}", serde_json::to_string(&model.manifest.output)?)?;
    if let Some(second) = &model.manifest.second_look {
        writeln!(out, "second look:  {}", serde_json::to_string(second)?)?;
    }
    if let Some(doubt) = &model.manifest.doubt {
        writeln!(out, "doubtful at:  {}", serde_json::to_string(doubt)?)?;
    }
    if !model.manifest.provenance.is_null() {
        writeln!(out, "provenance:\n{}", serde_json::to_string_pretty(&model.manifest.provenance)?)?;
    }
    writeln!(out, "research use only")?;
    Ok(exit::OK)
}

/// What `model check` tells, in words and as JSON. `understood` is of a segmenter or, where `kind` says so, of a classifier.
#[derive(Serialize)]
struct Checked<'a, Understood> {
    schema: &'static str,
    model: &'a ModelId,
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<ModelKind>,
    understood: &'a Understood,
    seen: &'a Observed,
    runtime: &'a RuntimeInfo,
}

impl<'a, Understood: Serialize> Checked<'a, Understood> {
    fn new(model: &'a ModelId, understood: &'a Understood, seen: &'a Observed, runtime: &'a RuntimeInfo) -> Self {
        Self { schema: "derm-seg/model-check/1", model, kind: None, understood, seen, runtime }
    }

    fn print_json(&self, out: &mut impl Write) -> Result<u8> {
        writeln!(out, "{}", serde_json::to_string_pretty(self)?)?;
        Ok(exit::OK)
    }
}

fn check_classifier(out: &mut impl Write, loaded: &LoadedClassifier, json: bool) -> Result<u8> {
    let (spec, runtime) = (&loaded.spec, &loaded.runtime.info);
    if json {
        let checked = Checked::new(&loaded.model.id, spec, &loaded.seen, runtime);
        return Checked { kind: Some(ModelKind::Classifier), ..checked }.print_json(out);
    }
    say_where(out, &loaded.model.id, runtime, &loaded.graph)?;
    let part = match spec.applies_to {
        ClassifiedPart::Photo => "the whole photo".to_owned(),
        ClassifiedPart::Lesion => format!("each lesion, cut as {}", serde_json::to_string(&spec.crop)?),
        ClassifiedPart::Union => format!("all lesions of the photo, cut as {}", serde_json::to_string(&spec.crop)?),
    };
    writeln!(out, "a classifier: it sees {part}")?;
    writeln!(out, "that goes in as: {}", serde_json::to_string(&spec.input)?)?;
    say_answer(out, &spec.output, &loaded.seen, &spec.assumed)?;
    Ok(exit::OK)
}

/// What goes in, before scale, mean and std.
fn values_in_words(values: GreyValues, range: Option<[f64; 2]>) -> String {
    match (values, range) {
        (GreyValues::Window, _) => "grey values as the window shows them, 0 to 255 with decimals".to_owned(),
        (GreyValues::Stored, None) => "grey values as they are stored, of DICOM files in the file's unit".to_owned(),
        (GreyValues::Stored, Some([least, most])) => {
            format!("grey values as they are stored, of DICOM files in the file's unit, from {least} to {most}")
        }
    }
}

fn say_answer(out: &mut impl Write, output: &impl Serialize, seen: &Observed, assumed: &[String]) -> Result<()> {
    writeln!(out, "answer is read as: {}", serde_json::to_string(output)?)?;
    writeln!(out, "tried on a test picture: shape {:?}, values {:.4} to {:.4}", seen.shape, seen.min, seen.max)?;
    for assumption in assumed {
        writeln!(out, "assumed: {assumption}")?;
    }
    Ok(())
}

fn say_where(out: &mut impl Write, model: &ModelId, runtime: &RuntimeInfo, graph: &GraphInfo) -> Result<()> {
    let (name, version) = (&model.name, &model.version);
    writeln!(out, "{name} {version} runs on {} (ONNX Runtime {})", runtime.device.name(), runtime.onnxruntime)?;
    for tensor in &graph.inputs {
        writeln!(out, "graph input:  {}", tensor.describe())?;
    }
    for tensor in &graph.outputs {
        writeln!(out, "graph output: {}", tensor.describe())?;
    }
    Ok(())
}

/// Never over a manifest that is there.
fn write_manifest(out: &mut impl Write, model: &Model, (library, device): (Option<PathBuf>, Device)) -> Result<u8> {
    let Some(place) = &model.manifest_place else {
        return Err(UsageError("The built-in model has its manifest: name your own with --model.".into()).into());
    };
    let shown = place.display();
    if place.exists() {
        return Err(UsageError(format!("{shown} is there already. Change it, or take it away first.")).into());
    }
    let draft = LoadedModel::draft(model, &Runtime::load(library.as_deref(), device)?)?;
    let text = serde_json::to_string_pretty(&draft)? + "\n";
    write(&Vault::default(), place, text.as_bytes())
        .map_err(|e| UsageError(format!("{shown} cannot be written: {}.", describe(&e))))?;
    writeln!(out, "written: {shown}")?;
    writeln!(out, "scale, mean, std and classes are guesses: check them against the model's training code")?;
    Ok(exit::OK)
}

/// Runs the model once, and tells what will be done with it.
fn check(
    out: &mut impl Write,
    args: &ModelArgs,
    (library, device): (Option<PathBuf>, Device),
    json: bool,
) -> Result<u8> {
    let model = find_model(args)?;
    let runtime = Runtime::load(library.as_deref(), device)?;
    if model.manifest.kind == Some(ModelKind::Classifier) {
        return check_classifier(out, &LoadedClassifier::new(model, runtime)?, json);
    }
    let loaded = LoadedModel::new(model, runtime)?;
    let (spec, runtime) = (&loaded.spec, &loaded.runtime.info);
    if json {
        return Checked::new(&loaded.model.id, spec, &loaded.seen, runtime).print_json(out);
    }
    say_where(out, &loaded.model.id, runtime, &loaded.graph)?;
    writeln!(out, "photo goes in as: {}", serde_json::to_string(&spec.input)?)?;
    if let Some(values) = spec.input.values {
        writeln!(out, "note: it takes {}", values_in_words(values, spec.input.range))?;
    }
    say_answer(out, &spec.output, &loaded.seen, &spec.assumed)?;
    let kinds = spec.output.kinds().names;
    if kinds.is_empty() {
        writeln!(out, "note: no class for lesions; masks will hold 0 and 1, and figures of lesions will be null")?;
    }
    if kinds.len() > 1 {
        let values: Vec<String> = kinds.iter().zip(2..).map(|(name, value)| format!("{value} {name}")).collect();
        writeln!(out, "kinds of lesion, by their values in masks: {}", values.join(", "))?;
    }
    if !spec.output.has_skin_class() {
        writeln!(out, "note: no class for normal skin; masks will hold 0 and 2, and figures about skin will be null")?;
    }
    Ok(exit::OK)
}
