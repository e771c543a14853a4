//! `derm-seg report`.

use std::path::PathBuf;

use clap::Args;

use crate::commands::shared::results::ResultsArgs;

const EXAMPLES: &str = "\
Examples:
  derm-seg report results
      masks, figures, failures and settings; no photo is in the file
  derm-seg report results --with-photos images --scores results/scores.json
      with small copies of the photos and the scores of `derm-seg eval`
  derm-seg report results --compare results/compare.json --figures plots
      with what `derm-seg compare` found, and every plot as an SVG file

The file opens from disk in any current browser, without a network. With photos it shows people's
skin: keep it where the photos are kept.

Exit codes: 0 written, 1 it could not be written, 2 usage or settings.";

/// Write one HTML file that shows a whole run.
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub struct ReportArgs {
    /// The results folder of `derm-seg run`
    #[arg(value_name = "OUT")]
    pub out: PathBuf,
    /// Where the report goes [default: OUT/report.html]
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Scores to show: the scores.json that `derm-seg eval` wrote
    #[arg(long, value_name = "FILE")]
    pub scores: Option<PathBuf>,
    /// Changes to show: the compare.json that `derm-seg compare` wrote
    #[arg(long, value_name = "FILE")]
    pub compare: Option<PathBuf>,
    /// Put small copies of the photos into the report; DIR is the folder that was segmented
    #[arg(long, value_name = "DIR")]
    pub with_photos: Option<PathBuf>,
    /// Write every plot as an SVG file into this folder
    #[arg(long, value_name = "DIR")]
    pub figures: Option<PathBuf>,
    #[command(flatten)]
    pub results: ResultsArgs,
}
