//! `derm-seg model list|show|check`.

pub(in crate::commands) mod args;

use std::io::Write;

use anyhow::Result;
use serde_json::{Value, json};

use crate::commands::shared::model::ModelArgs;
use crate::commands::shared::model::{device, find_model};
use crate::error::UsageError;
use crate::exit;
use crate::inference::LoadedModel;
use crate::inference::manifest;
use crate::inference::manifest::{BUILT_IN_CARD, Model};
use crate::inference::runtime::{Runtime, notices};
use args::{ModelAction, ModelCommand};

/// Returns the exit code.
pub fn run(command: ModelCommand) -> Result<u8> {
    let mut out = crate::commands::shared::print::stdout();
    match command.action {
        ModelAction::List { folder, json } => {
            let mut models = vec![("built-in".to_owned(), manifest::built_in())];
            if let Some(folder) = folder {
                let entries = std::fs::read_dir(&folder)
                    .map_err(|e| UsageError(format!("{} cannot be listed: {e}.", folder.display())))?;
                let mut paths: Vec<_> = entries.flatten().map(|e| e.path()).collect();
                paths.retain(|path| {
                    path.join("model.onnx").is_file()
                        || path.join("manifest.json").is_file()
                        || path.extension().is_some_and(|e| e == "onnx")
                });
                paths.sort();
                models.extend(paths.iter().map(|path| (path.display().to_string(), manifest::locate(path, None))));
            }
            if json {
                let list: Vec<Value> = models
                    .iter()
                    .map(|(place, model)| match model {
                        Ok(model) => json!({"where": place, "name": model.id.name, "version": model.id.version, "sha256": model.id.sha256}),
                        Err(error) => json!({"where": place, "error": error.to_string()}),
                    })
                    .collect();
                writeln!(out, "{}", serde_json::to_string_pretty(&list)?)?;
            } else {
                for (place, model) in &models {
                    match model {
                        Ok(model) => writeln!(
                            out,
                            "{} {}  sha256 {}  {place}",
                            model.id.name,
                            model.id.version,
                            &model.id.sha256[..12]
                        )?,
                        Err(error) => writeln!(out, "{place}: {error}")?,
                    }
                }
            }
            Ok(if models.iter().all(|(_, model)| model.is_ok()) { exit::OK } else { exit::USAGE })
        }
        ModelAction::Show { model, card, notices: wanted, json } => {
            if wanted {
                write!(out, "{}", notices())?;
            } else if card {
                if model.model.is_some() {
                    return Err(UsageError(
                        "--card is for the built-in model; your own model's card lies in its folder.".into(),
                    )
                    .into());
                }
                write!(out, "{BUILT_IN_CARD}")?;
            } else {
                show(&mut out, &find_model(&model)?, json)?;
            }
            Ok(exit::OK)
        }
        ModelAction::Check { model, device: device_args, json } => check(&mut out, &model, device(&device_args), json),
    }
}

fn show(out: &mut impl Write, model: &Model, json: bool) -> Result<()> {
    if json {
        let mut value = serde_json::to_value(&model.manifest)?;
        value["sha256"] = Value::from(model.id.sha256.as_str());
        writeln!(out, "{}", serde_json::to_string_pretty(&value)?)?;
        return Ok(());
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
    if !model.manifest.provenance.is_null() {
        writeln!(out, "provenance:\n{}", serde_json::to_string_pretty(&model.manifest.provenance)?)?;
    }
    writeln!(out, "research use only")?;
    Ok(())
}

/// Runs the model once, and tells what will be done with it.
fn check(
    out: &mut impl Write,
    args: &ModelArgs,
    (library, device): (Option<std::path::PathBuf>, crate::inference::runtime::Device),
    json: bool,
) -> Result<u8> {
    let model = find_model(args)?;
    let ready = LoadedModel::new(model, Runtime::load(library.as_deref(), device)?)?;
    let (spec, seen) = (&ready.spec, &ready.seen);
    if json {
        let value = json!({
            "schema": "derm-seg/model-check/1",
            "model": ready.model.id, "understood": spec,
            "seen": {"shape": seen.shape, "min": seen.min, "max": seen.max, "sums_to_one": seen.sums_to_one},
            "runtime": ready.runtime.info,
        });
        writeln!(out, "{}", serde_json::to_string_pretty(&value)?)?;
        return Ok(exit::OK);
    }
    writeln!(
        out,
        "{} {} runs on {} (ONNX Runtime {})",
        ready.model.id.name,
        ready.model.id.version,
        device.name(),
        ready.runtime.info.onnxruntime
    )?;
    for tensor in &ready.graph.inputs {
        writeln!(out, "graph input:  {}", tensor.describe())?;
    }
    for tensor in &ready.graph.outputs {
        writeln!(out, "graph output: {}", tensor.describe())?;
    }
    writeln!(out, "photo goes in as: {}", serde_json::to_string(&spec.input)?)?;
    writeln!(out, "answer is read as: {}", serde_json::to_string(&spec.output)?)?;
    writeln!(out, "tried on a test picture: shape {:?}, values {:.4} to {:.4}", seen.shape, seen.min, seen.max)?;
    for assumption in &spec.assumed {
        writeln!(out, "assumed: {assumption}")?;
    }
    if !spec.output.has_skin_class() {
        writeln!(out, "note: no class for normal skin; masks will hold 0 and 2, and figures about skin will be null")?;
    }
    Ok(exit::OK)
}
