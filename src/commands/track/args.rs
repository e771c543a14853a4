//! `derm-seg track`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::commands::shared::lang::LangArgs;
use crate::commands::shared::results::ResultsArgs;
use crate::commands::shared::review::ReviewArgs;

/// Tell what became of each lesion over time: photos of the same place of the same person on several dates.
///
/// Needs --subjects: a table with a line for each photo and the columns path, subject, date or day, and site where a person has
/// more than one. Each photo is laid over the first of its series by points of the skin outside the lesions. What cannot be
/// compared is said with its reason and never guessed.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Files in OUT:
  track.json  every series, photo and lesion, with the errors beside the changes
  track.csv   a line for each lesion of each photo
  track.html  for each series its photos, laid over the first, and its curves; it holds copies of the photos

A lesion is growing or shrinking where its area changed by more than 30 %. Columns of the table that are
read where they are there: site, date (year-month-day) or day (a number), mm_per_px, marker_px (with
--marker-mm). Scales of the report's ruler are taken from --review review.csv.

Examples:
  derm-seg track results --photos photos --subjects visits.csv
  derm-seg track results --photos photos --subjects visits.csv --dates keep --lang ja

Exit codes: 0 all done, 1 it failed, 2 usage or settings, 3 some photos could not be read.")]
pub struct TrackArgs {
    /// Folder with the results of a run
    #[arg(value_name = "OUT")]
    pub out: PathBuf,
    /// The folder that was segmented
    #[arg(long, value_name = "DIR")]
    pub photos: PathBuf,
    /// What is written of dates: only the days since the first photo, or the dates of the table
    #[arg(long, value_enum, default_value_t)]
    pub dates: Dates,
    /// Move the dates that are written by so many days
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = clap::value_parser!(i32).range(-36500..=36500), conflicts_with = "dates")]
    pub shift_days: Option<i32>,
    /// Length of a marker that lies in the photos; the table's column marker_px says how long it is in each
    #[arg(long, value_name = "MM")]
    pub marker_mm: Option<f64>,
    /// Column with the names of the photos [default: path, image, image_id, ...]
    #[arg(long, value_name = "NAME")]
    pub image_column: Option<String>,
    /// Column with the people [default: subject, subject_id, patient, patient_id, ...]
    #[arg(long, value_name = "NAME")]
    pub subject_column: Option<String>,
    /// Column with the place on the body [default: site, body_site, region, location]
    #[arg(long, value_name = "NAME")]
    pub site_column: Option<String>,
    /// Column with the date or the day [default: date, day, visit_date, visit_day]
    #[arg(long, value_name = "NAME")]
    pub date_column: Option<String>,
    /// Longer side of the pictures in the page, in pixels
    #[arg(long, value_name = "PX", value_parser = clap::value_parser!(u32).range(64..=1200), default_value_t = 360)]
    pub photo_size: u32,
    #[command(flatten)]
    pub lang: LangArgs,
    /// Where the files go [default: OUT]
    #[arg(short, long, value_name = "DIR")]
    pub output: Option<PathBuf>,
    /// Print track.json on standard output
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub results: ResultsArgs,
    #[command(flatten)]
    pub review: ReviewArgs,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Dates {
    /// Days since the first photo of the series
    #[default]
    Days,
    /// As the table has them
    Keep,
}
