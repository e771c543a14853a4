//! Which model, and on what device it runs: the options, and what they name.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::error::UsageError;
use crate::inference::manifest::{self, Model, Thresholds};
use crate::inference::runtime::Device;

#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Model")]
pub struct ModelArgs {
    /// Your own model: a folder with model.onnx and manifest.json, or an .onnx file [default: the built-in one]
    #[arg(short, long, value_name = "PATH", env = "DERM_SEG_MODEL", hide_env_values = true)]
    pub model: Option<PathBuf>,
    /// The model's description, where it does not lie beside it
    #[arg(long, value_name = "FILE")]
    pub manifest: Option<PathBuf>,
    /// Go on only if the model has this SHA-256 (`derm-seg model show` tells it)
    #[arg(long, value_name = "HASH")]
    pub model_sha256: Option<String>,
    /// Lesion probability from which a pixel is lesion, instead of the model's own; NAME=P for one kind of lesion, can be repeated
    #[arg(long, value_name = "[NAME=]P", value_parser = threshold)]
    pub threshold: Vec<Threshold>,
}

/// Of every kind of lesion, or of the one that is named.
#[derive(Clone, Debug, PartialEq)]
pub struct Threshold {
    kind: Option<String>,
    probability: f64,
}

fn threshold(text: &str) -> Result<Threshold, String> {
    let (kind, number) = match text.rsplit_once('=') {
        Some((kind, number)) => (Some(kind.to_owned()).filter(|kind| kind != "lesion"), number),
        None => (None, text),
    };
    let probability = number.parse().map_err(|_| format!("{number} is not a number from 0 to 1"))?;
    Ok(Threshold { kind, probability })
}

#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Model")]
pub struct DeviceArgs {
    /// Where the model runs; what is asked for runs, or nothing does. All but the CPU need --ort-lib
    #[arg(long, value_enum, default_value_t)]
    pub device: DeviceName,
    /// Your own build of ONNX Runtime (also by ORT_DYLIB_PATH)
    #[arg(long, value_name = "PATH")]
    pub ort_lib: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum DeviceName {
    /// The processor; the only one that was tried
    #[default]
    Cpu,
    /// NVIDIA; not tried
    Cuda,
    /// NVIDIA; not tried
    Tensorrt,
    /// Intel; not tried
    Openvino,
    /// AMD; not tried
    Migraphx,
    /// Apple; not tried
    Coreml,
}

pub fn find_model(args: &ModelArgs) -> Result<Model, UsageError> {
    let mut model = match &args.model {
        Some(path) => manifest::locate(path, args.manifest.as_deref())?,
        None => manifest::built_in_as(args.manifest.as_deref())?,
    };
    if let Some(wanted) = args.model_sha256.as_ref().filter(|wanted| !wanted.eq_ignore_ascii_case(&model.id.sha256)) {
        return Err(UsageError(format!(
            "The model {} {} has the SHA-256 {}, and {wanted} is wanted: name the right model with --model.",
            model.id.name, model.id.version, model.id.sha256
        )));
    }
    if !args.threshold.is_empty() {
        let own = model.manifest.output.thresholds.get_or_insert(Thresholds::of_lesion(0.5));
        for Threshold { kind, probability } in &args.threshold {
            match kind {
                None => *own = Thresholds::of_lesion(*probability),
                Some(kind) => _ = own.of_kinds.insert(kind.clone(), *probability),
            }
        }
        model.manifest.output.thresholds_source = Some("--threshold".to_owned());
    }
    Ok(model)
}

pub fn device(args: &DeviceArgs) -> (Option<PathBuf>, Device) {
    let device = match args.device {
        DeviceName::Cpu => Device::Cpu,
        DeviceName::Cuda => Device::Cuda,
        DeviceName::Tensorrt => Device::TensorRt,
        DeviceName::Openvino => Device::OpenVino,
        DeviceName::Migraphx => Device::MiGraphX,
        DeviceName::Coreml => Device::CoreMl,
    };
    (args.ort_lib.clone(), device)
}
