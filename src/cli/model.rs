//! Options that name a model, and `derm-seg model`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Model")]
pub struct ModelArgs {
    /// Your own model: a folder with model.onnx and manifest.json, or an .onnx file [default: the built-in one]
    #[arg(long, value_name = "PATH")]
    pub model: Option<PathBuf>,
    /// The model's description, where it does not lie beside it
    #[arg(long, value_name = "FILE", requires = "model")]
    pub manifest: Option<PathBuf>,
    /// Lesion probability from which a pixel is lesion, instead of the model's own
    #[arg(long, value_name = "P")]
    pub threshold: Option<f64>,
}

#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Model")]
pub struct DeviceArgs {
    /// Where the model runs; what is asked for runs, or nothing does
    #[arg(long, value_enum, default_value_t)]
    pub device: DeviceName,
    /// Your own build of ONNX Runtime (also by ORT_DYLIB_PATH)
    #[arg(long, value_name = "PATH")]
    pub ort_lib: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum DeviceName {
    #[default]
    Cpu,
    Cuda,
    Tensorrt,
    Openvino,
    Rocm,
    Migraphx,
    Coreml,
    Directml,
}

/// The built-in model and your own.
#[derive(Debug, Args)]
pub struct ModelCommand {
    #[command(subcommand)]
    pub action: ModelAction,
}

#[derive(Debug, Subcommand)]
pub enum ModelAction {
    /// Models that can be used: the built-in one, and those in a folder of models
    List {
        /// A folder whose sub-folders are models
        #[arg(value_name = "DIR")]
        folder: Option<PathBuf>,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// What a model is: description, licence, data, figures
    Show {
        #[command(flatten)]
        model: ModelArgs,
        /// The model card of the built-in model
        #[arg(long)]
        card: bool,
        /// Licences of what this program carries: ONNX Runtime and the libraries inside
        #[arg(long)]
        notices: bool,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Run a model once on a test picture and tell what was understood of it
    Check {
        #[command(flatten)]
        model: ModelArgs,
        #[command(flatten)]
        device: DeviceArgs,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
}
