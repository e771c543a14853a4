//! Arguments of `derm-seg model`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::commands::shared::model::{DeviceArgs, ModelArgs};

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
        /// The same as --model
        #[arg(value_name = "MODEL", conflicts_with = "model")]
        path: Option<PathBuf>,
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
        /// The same as --model
        #[arg(value_name = "MODEL", conflicts_with = "model")]
        path: Option<PathBuf>,
        #[command(flatten)]
        model: ModelArgs,
        #[command(flatten)]
        device: DeviceArgs,
        /// Write the model's manifest beside it, filled in by what the graph shows, for you to check and to complete
        #[arg(long, conflicts_with = "json")]
        write_manifest: bool,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
}
