//! `derm-seg table`.

use std::path::PathBuf;

use clap::Args;

use crate::commands::shared::config::ConfigArgs;
use crate::commands::shared::results::ResultsArgs;
use crate::commands::shared::review::ReviewArgs;
use crate::commands::shared::scale::ScaleArgs;

/// Join results with a clinical table: by photo, by person, by group, and as a paper prints it.
///
/// Needs --subjects: a table with a line for each photo (or folder), its columns as they are. Where OUT has scores.json, the scores
/// are figures, too.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Files in OUT/tables:
  photos.csv      summary.csv with the person and the clinical columns
  by_subject.csv  a line for each person: the mean of every figure over their photos
  groups.csv      a line for each figure of each group: n, mean, SD, median, 95 % interval by person
  paper.csv       a row for each figure, a column for each group: \"0.83 (0.79 to 0.87)\"
  paper.md        the same as Markdown, a table for each clinical column

Examples:
  derm-seg table results --subjects patients.csv
  derm-seg table results --subjects patients.csv --groups sex,age --bins age=40,65

Exit codes: 0 all done, 1 it failed, 2 usage or settings.")]
pub struct TableArgs {
    /// Folder with the results of a run
    #[arg(value_name = "OUT")]
    pub out: PathBuf,
    /// Columns to make groups of [default: all that make groups]
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub groups: Vec<String>,
    /// Bins of a column of numbers, such as age=40,65 [default: quarters of the photos]
    #[arg(long, value_name = "COLUMN=EDGES")]
    pub bins: Vec<String>,
    /// Column with the names of the photos [default: path, image, image_id, ...]
    #[arg(long, value_name = "NAME")]
    pub image_column: Option<String>,
    /// Column with the people [default: subject, subject_id, patient, patient_id, ...]
    #[arg(long, value_name = "NAME")]
    pub subject_column: Option<String>,
    /// Scores to take in [default: OUT/scores.json, where it is]
    #[arg(long, value_name = "FILE")]
    pub scores: Option<PathBuf>,
    /// Seed of the bootstrap
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// Where the tables go [default: OUT/tables]
    #[arg(short, long, value_name = "DIR")]
    pub output: Option<PathBuf>,
    #[command(flatten)]
    pub results: ResultsArgs,
    #[command(flatten)]
    pub review: ReviewArgs,
    #[command(flatten)]
    pub scale: ScaleArgs,
    #[command(flatten)]
    pub config: ConfigArgs,
}
