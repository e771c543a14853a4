//! `derm-seg merge`.

use std::path::PathBuf;

use clap::Args;

use crate::commands::shared::at_rest::AtRestArgs;
use crate::commands::shared::jobs::JobsArgs;

/// Join the parts of a run that was shared by several machines.
///
/// The result is the one that a single run over all photos would have given, byte for byte but for the times in run.json.
/// Parts of `run --shard` must all be there and be cut from the same photos; results of separate folders can be joined, too, when
/// their runs had the same --base. Parts stay as they are. Interrupted, it is finished by the same command.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  derm-seg run photos --shard 1/2 -o part1      on one machine
  derm-seg run photos --shard 2/2 -o part2      on another
  derm-seg merge part1 part2 -o results

Scores, tables and reports that were made of a part are not taken along: make them of the whole.

Exit codes: 0 joined, 1 it failed, 2 usage, or the parts do not fit together.")]
pub struct MergeArgs {
    /// Folders with the results of the parts
    #[arg(value_name = "PART", required = true)]
    pub parts: Vec<PathBuf>,
    /// Folder for the joined results; it is made, and must hold nothing else
    #[arg(short, long, value_name = "OUT")]
    pub output: PathBuf,
    #[command(flatten)]
    pub jobs: JobsArgs,
    /// Print the summary as JSON on standard output
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub at_rest: AtRestArgs,
}
