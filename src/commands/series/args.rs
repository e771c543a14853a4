//! `derm-seg series`.

use std::path::PathBuf;

use clap::Args;

use crate::commands::shared::results::ResultsArgs;
use crate::commands::shared::review::ReviewArgs;

/// Join the lesions of neighbouring slices: where each finding lies, how far it reaches, and its volume.
///
/// For DICOM that says where it lies (CT, MR): the slices of a folder, or the frames of a file, are put in order along the patient.
/// Only records and masks are read. What cannot be known, as the volume of a single slice, is left open and said with a code.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Files in OUT:
  series.json  every series with its spacing, gaps and findings
  series.csv   a line for each finding

Lesions of two slices that follow each other are one finding where they overlap in millimetres and are of the
same kind. Slices of another orientation, size or spacing in the same folder are a series of their own.

Examples:
  derm-seg series results
  derm-seg series results --json

Exit codes: 0 all done, 1 it failed, 2 usage or settings, 3 some masks could not be read.")]
pub struct SeriesArgs {
    /// Folder with the results of a run
    #[arg(value_name = "OUT")]
    pub out: PathBuf,
    /// Where the files go [default: OUT]
    #[arg(short, long, value_name = "DIR")]
    pub output: Option<PathBuf>,
    /// Print series.json on standard output
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub results: ResultsArgs,
    #[command(flatten)]
    pub review: ReviewArgs,
}
