//! `derm-seg compare`.

use std::path::PathBuf;

use clap::Args;

use crate::commands::shared::results::ResultsArgs;
use crate::commands::shared::review::ReviewArgs;

const EXAMPLES: &str = "\
Limits (NAME=LIMIT, or NAME=off):
  damaged=0      photos with a missing or damaged mask
  photos=0       photos that only one run has
  inputs=0       photos whose file is another one
  status=0       photos whose status or cause changed
  dice=0.01      largest loss of Dice (1 - Dice of the two masks) of a photo
  pixels=0.001   largest share of a photo's pixels that changed class
  figures=0.001  largest relative change of a figure of a photo whose mask is the same
  run=off        differences of program, model, settings and runtime
  area.lesion_px=N, colour.difference.da=N, ...  largest absolute change of a figure of the record

Examples:
  derm-seg compare baseline results
      what changed, the worst first; exit code 4 when more changed than the limits above allow
  derm-seg compare baseline results --max-change dice=0.05 --max-change pixels=0.01
      another model is expected to change something
  derm-seg compare baseline results --max-change dice=0 --max-change pixels=0 --max-change figures=0
      nothing at all may change

Exit codes: 0 every limit held, 1 compare itself failed, 2 usage or settings,
4 a limit did not hold.";

/// What changed between two runs over the same photos; a gate for continuous integration.
///
/// Photos are paired by their path. Masks, figures, statuses, settings and models are compared.
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub struct CompareArgs {
    /// Results of the earlier run
    #[arg(value_name = "BASE")]
    pub base: PathBuf,
    /// Results of the later run
    #[arg(value_name = "NEW")]
    pub new: PathBuf,
    /// How much may change; can be repeated (the names are at the end of --help)
    #[arg(long, value_name = "NAME=LIMIT")]
    pub max_change: Vec<String>,
    /// Where compare.json goes [default: NEW]
    #[arg(short, long, value_name = "DIR")]
    pub output: Option<PathBuf>,
    /// Print the comparison as JSON on standard output instead of the table
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub results: ResultsArgs,
    #[command(flatten)]
    pub review: ReviewArgs,
}
