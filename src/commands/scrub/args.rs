//! `derm-seg scrub`.

use std::path::PathBuf;

use clap::Args;

use crate::commands::shared::at_rest::AtRestArgs;
use crate::commands::shared::dicom::uid_root;
use crate::commands::shared::faces::ScrubFaces;
use crate::commands::shared::jobs::JobsArgs;
use crate::commands::shared::people::OptOutArgs;
use crate::commands::shared::people::{NamesArgs, TableArgs};

/// Copy photos without any metadata; the pixels stay as they are.
///
/// Best effort: location, dates, names, serial numbers, comments, thumbnails, maker notes and data behind the picture are
/// left out; orientation and colours are kept. Each copy is scanned again and decoded to the same pixels before it counts.
/// Of what the picture itself shows, whole faces are looked for if `--faces` says so; tattoos and name tags never are.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  derm-seg scrub photos -o clean
  (umask 077; head -c 32 /dev/urandom | base64 > study.key)
  derm-seg scrub photos -o clean --names pseudonym --key-file study.key --table secret/table.csv

Exit codes: 0 all copied, 1 the run failed, 2 usage or settings, 3 some photos could not be copied, 128+n stopped by signal n.")]
pub struct ScrubArgs {
    /// Photos and folders of photos
    #[arg(value_name = "INPUT", required = true)]
    pub inputs: Vec<PathBuf>,
    /// Folder for the copies, outside the inputs
    #[arg(short, long, value_name = "OUT")]
    pub output: PathBuf,
    /// Folder that names of the copies are relative to
    #[arg(long, value_name = "DIR")]
    pub base: Option<PathBuf>,
    #[command(flatten)]
    pub jobs: JobsArgs,
    /// Print the closing summary as JSON on standard output
    #[arg(long)]
    pub json: bool,
    /// What to do about whole faces in the picture; best effort, see docs/privacy.md
    #[arg(long, value_enum, default_value_t)]
    pub faces: ScrubFaces,
    #[command(flatten)]
    pub names: NamesArgs,
    #[command(flatten)]
    pub table: TableArgs,
    /// Copy DICOM files also where they say that text is burned into the picture: you have looked
    #[arg(long, help_heading = "DICOM")]
    pub keep_burned_in: bool,
    /// New identifiers of DICOM copies begin with this instead of 2.25; up to 24 characters
    #[arg(long, value_name = "ROOT", help_heading = "DICOM", value_parser = uid_root)]
    pub uid_root: Option<String>,
    #[command(flatten)]
    pub opt_out: OptOutArgs,
    #[command(flatten)]
    pub at_rest: AtRestArgs,
}
