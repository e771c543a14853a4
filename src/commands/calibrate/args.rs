//! `derm-seg calibrate`.

use std::path::PathBuf;

use clap::Args;

use crate::commands::shared::references::ReferenceArgs;
use crate::commands::shared::results::ResultsArgs;

/// Find the threshold and the temperature that suit these photos, with the gain that may be expected on others.
///
/// Needs results of `run --probs` and reference masks. A gain is promised only where it shows on people who had no part in the
/// choice, and where its 95 % interval is above 0; with fewer than ten people, nothing is. What is promised is written as a
/// manifest for `run --manifest`.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Files:
  calibrate.json    what was found
  calibrated.json   the manifest of the run with what is promised; only where something is

Examples:
  derm-seg run photos -o results --probs
  derm-seg calibrate results --truth masks --subjects patients.csv
  derm-seg run more -o other --manifest results/calibrated.json

Exit codes: 0 all done (also where nothing is promised), 1 it failed, 2 usage or settings, 3 some images failed.")]
pub struct CalibrateArgs {
    /// Results of `derm-seg run --probs`
    #[arg(value_name = "OUT")]
    pub out: PathBuf,
    /// Reference masks: a folder of pictures or of LabelMe files, or a COCO file; one for each annotator
    #[arg(long, value_name = "DIR", required = true, num_args = 1..)]
    pub truth: Vec<PathBuf>,
    /// What their values mean, as for `eval` [default: guessed]
    #[arg(long, value_name = "FORMAT")]
    pub truth_format: Option<String>,
    #[command(flatten)]
    pub references: ReferenceArgs,
    /// Seed of the groups of people and of the bootstrap
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// Where the files go [default: OUT]
    #[arg(short, long, value_name = "DIR")]
    pub output: Option<PathBuf>,
    /// Print calibrate.json on standard output
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub results: ResultsArgs,
}
