//! `derm-seg stress`.

use std::path::PathBuf;

use clap::Args;

use crate::commands::shared::at_rest::AtRestArgs;
use crate::commands::shared::folders::FolderArgs;
use crate::commands::shared::jobs::JobsArgs;
use crate::commands::shared::lang::LangArgs;
use crate::commands::shared::model::{DeviceArgs, ModelArgs};
use crate::commands::shared::people::{NamesArgs, OptOutArgs};

const KINDS: &str = "\
Kinds and strengths (--kind NAME or --kind NAME=STRENGTH,STRENGTH; all kinds unless told otherwise):
  distance_out  times as far: 1.4, 2, 2.8, 4, 5.6, 8       distance_in  times as near: 1.4, 2, 2.8, 4
  rotation      degrees: 10, 20, 45, 90, 180               blur         thousandths of the long side: 1, 2, 4, 8, 16
  darker        stops: 0.5, 1, 1.5, 2, 3                   brighter     stops: 0.5, 1, 1.5, 2
  warmer        stops: 0.1, 0.2, 0.4, 0.6                  cooler       stops: 0.1, 0.2, 0.4, 0.6
  jpeg          quality: 50, 30, 15, 8, 4                  noise        of 255: 5, 10, 20, 40, 80
  resolution    pixels on the long side: 512 ... 32        occlusion    % of the frame: 5, 10, 20, 40

Examples:
  derm-seg stress photos
  derm-seg stress photos --model my-model -o stress-of-my-model
  derm-seg stress photos --kind distance_out --kind blur=1,2,3 --bound 0.9

Exit codes: 0 all done, 1 it failed, 2 usage or settings, 3 some photos failed, 128+n stopped by signal n (nothing is written).";

/// How much worse photos may be before the model fails: distance, blur, light, noise, ...
///
/// Every photo is disturbed in memory, in kinds and strengths, and the same model looks at it again. Told are the Dice of the lesion to that in the
/// undisturbed photo, how the figures change, and the strength at which the median Dice falls under --bound. No
/// reference masks are needed: it says how steady the model is, not whether it is right.
#[derive(Debug, Args)]
#[command(after_long_help = KINDS)]
pub struct StressArgs {
    /// Photos and folders of photos
    #[arg(value_name = "INPUT", required = true)]
    pub inputs: Vec<PathBuf>,
    /// Where stress.json, stress.csv and stress.html go
    #[arg(short, long, value_name = "DIR", default_value = "derm-seg-stress")]
    pub output: PathBuf,
    #[command(flatten)]
    pub folders: FolderArgs,
    /// Only this kind of disturbance, at its usual or at these strengths, from weak to strong (may be repeated; --help names them)
    #[arg(long, value_name = "KIND[=STRENGTHS]")]
    pub kind: Vec<String>,
    /// Median Dice under which the model no longer works
    #[arg(long, value_name = "DICE", default_value_t = 0.8)]
    pub bound: f64,
    /// Larger photos are reduced to this many pixels on the long side first
    #[arg(long, value_name = "PX", default_value_t = 1024, value_parser = clap::value_parser!(u32).range(64..=8192))]
    pub long_side: u32,
    /// Seed of the intervals; noise and patches depend on the photo's content alone
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// Print everything as JSON on standard output instead of the table
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub lang: LangArgs,
    #[command(flatten)]
    pub jobs: JobsArgs,
    #[command(flatten)]
    pub model: ModelArgs,
    #[command(flatten)]
    pub device: DeviceArgs,
    #[command(flatten)]
    pub names: NamesArgs,
    #[command(flatten)]
    pub opt_out: OptOutArgs,
    #[command(flatten)]
    pub at_rest: AtRestArgs,
}
