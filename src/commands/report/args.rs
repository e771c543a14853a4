//! `derm-seg report`.

use std::path::PathBuf;

use clap::Args;

use crate::commands::shared::config::ConfigArgs;
use crate::commands::shared::lang::LangArgs;
use crate::commands::shared::results::ResultsArgs;
use crate::commands::shared::scale::ScaleArgs;

const EXAMPLES: &str = "\
Examples:
  derm-seg report results
      masks, figures, failures and settings; no photo is in the file
  derm-seg report results --with-photos images
      with copies of the photos to judge the masks by
  derm-seg report results --with-photos images --truth masks
      after `derm-seg eval results --truth masks`: with the outlines of the references
  derm-seg report results --with-photos images --review review.csv
      with the marks that were saved in an earlier report
  derm-seg report results --figures plots --lang ja
      every plot as an SVG file too, all in Japanese

The file opens from disk in any current browser, without a network. With photos it shows people's
skin: keep it where the photos are kept. Marks (good, poor, redo) and notes stay in the browser
until they are saved as review.csv; `eval`, `table`, `compare` and `export` take it with --review.

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
    /// Scores to show, from `derm-seg eval` [default: OUT/scores.json, if it is there]
    #[arg(long, value_name = "FILE")]
    pub scores: Option<PathBuf>,
    /// Changes to show, from `derm-seg compare` [default: OUT/compare.json, if it is there]
    #[arg(long, value_name = "FILE")]
    pub compare: Option<PathBuf>,
    /// Change over time to show, from `derm-seg track` [default: OUT/track.json, if it is there]
    #[arg(long, value_name = "FILE")]
    pub track: Option<PathBuf>,
    /// Draw the outlines of the references that were scored: the --truth of `derm-seg eval`
    #[arg(long, value_name = "DIR", num_args = 1..)]
    pub truth: Vec<PathBuf>,
    /// Marks and notes to begin with: a review.csv that was saved in a report
    #[arg(long, value_name = "FILE")]
    pub review: Option<PathBuf>,
    /// Put copies of the photos into the report; DIR is the folder that was segmented
    #[arg(long, value_name = "DIR")]
    pub with_photos: Option<PathBuf>,
    /// Longer side of the photos in the report, in pixels [default: 1200; 800 for more than 300 photos, 320 for more than 2000]
    #[arg(long, value_name = "PX", value_parser = clap::value_parser!(u32).range(64..=8000), requires = "with_photos")]
    pub photo_size: Option<u32>,
    #[command(flatten)]
    pub lang: LangArgs,
    /// Write every plot as an SVG file into this folder
    #[arg(long, value_name = "DIR")]
    pub figures: Option<PathBuf>,
    #[command(flatten)]
    pub results: ResultsArgs,
    #[command(flatten)]
    pub scale: ScaleArgs,
    #[command(flatten)]
    pub config: ConfigArgs,
}
