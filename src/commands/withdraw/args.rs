//! `derm-seg withdraw`.

use std::path::PathBuf;

use clap::Args;

use crate::commands::shared::at_rest::AtRestArgs;

/// Take people who opted out from finished results.
///
/// Their masks, records, overlays, probability maps and table rows go; scores and comparisons that counted them are
/// deleted, to be made again. Interrupted, it is finished by the same command. The people are remembered in OUT (by hashes, not by
/// name), so that later runs keep them out. Copies elsewhere are not known to it.
#[derive(Debug, Args)]
#[command(
    override_usage = "derm-seg withdraw [OPTIONS] --ids <FILE> <OUT>",
    after_long_help = "\
Examples:
  derm-seg withdraw results --ids list --dry-run
  derm-seg withdraw results --ids list --subjects photos.csv

Exit codes: 0 nothing of them is left, 1 it failed, something may be left, or a line matches no photo, 2 usage or settings."
)]
pub struct WithdrawArgs {
    /// Folder with the results of a run
    #[arg(value_name = "OUT")]
    pub output: PathBuf,
    /// Who: one subject id, path, folder or code a line
    #[arg(long, value_name = "FILE", required_unless_present = "names")]
    pub ids: Option<PathBuf>,
    /// Refused, with the reason
    #[arg(value_name = "NAME", hide = true)]
    pub names: Vec<String>,
    /// Which photos are whose: a table with the columns path and subject
    #[arg(long, value_name = "CSV")]
    pub subjects: Option<PathBuf>,
    /// The key of the codes, where results carry codes and the list names
    #[arg(long, value_name = "FILE")]
    pub key_file: Option<PathBuf>,
    /// Say how much would go, and change nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Print the summary as JSON on standard output
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub at_rest: AtRestArgs,
}
