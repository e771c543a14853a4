//! `derm-seg check`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::commands::shared::at_rest::IdentityArgs;
use crate::commands::shared::faces::CheckFaces;
use crate::commands::shared::folders::FolderArgs;
use crate::commands::shared::jobs::JobsArgs;
use crate::commands::shared::model::ModelArgs;
use crate::commands::shared::people::OptOutArgs;

/// Look at photos before a run: unreadable, identifying, duplicate, poor; nothing is written.
///
/// Best effort: metadata, names and whole faces are looked at, nothing else that pictures show, and what is not found is not
/// proven absent.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  derm-seg check photos
  derm-seg check photos --json > check.json
  derm-seg check site-a site-b --gate identifying --gate duplicates && derm-seg run site-a site-b

Exit codes: 0 looked at all, 1 the check failed, 2 usage or settings, 3 some photos cannot be read, 4 a gate did not hold,
128+n stopped by signal n.")]
pub struct CheckArgs {
    /// Photos and folders of photos
    #[arg(value_name = "INPUT", required = true)]
    pub inputs: Vec<PathBuf>,
    #[command(flatten)]
    pub folders: FolderArgs,
    /// End with exit code 4 if there is any of these (may be repeated)
    #[arg(long, value_enum, value_name = "WHAT")]
    pub gate: Vec<Gate>,
    #[command(flatten)]
    pub jobs: JobsArgs,
    /// Everything about every photo as JSON on standard output
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub model: ModelArgs,
    /// What to do about whole faces in the picture; best effort, see docs/privacy.md
    #[arg(long, value_enum, default_value_t)]
    pub faces: CheckFaces,
    #[command(flatten)]
    pub opt_out: OptOutArgs,
    #[command(flatten)]
    pub identity: IdentityArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Gate {
    /// Photos with identifying content in metadata or names, or with a whole face
    Identifying,
    /// Identical files, and pictures that look alike
    Duplicates,
    /// Blurred, too dark, too bright or tiny photos
    Quality,
}
