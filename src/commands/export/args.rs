//! `derm-seg export`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::commands::shared::results::ResultsArgs;

const FORMATS: &str = "\
Formats:
  coco     one JSON file for all photos: polygons, and runs (RLE) for what has holes
  labelme  a JSON file beside each photo's name, as LabelMe opens it
  geojson  a JSON file for each photo, in pixels, with the figures of each lesion
  csv      one table with a row for every lesion: position, size and shape

Normal skin and lesions are both exported; photos that failed or were left out are not. Masks that
are read back from coco, labelme and geojson are the same to the pixel.

Examples:
  derm-seg export results --format coco -o lesions.json
  derm-seg export results --format labelme -o annotations
      put the files beside the photos to open and correct them in LabelMe

Exit codes: 0 all done, 1 export itself failed, 2 usage or settings, 3 some masks cannot be read.";

/// Write masks as annotations that other tools read.
#[derive(Debug, Args)]
#[command(after_long_help = FORMATS)]
pub struct ExportArgs {
    /// The results folder of `derm-seg run`
    #[arg(value_name = "OUT")]
    pub out: PathBuf,
    /// What to write
    #[arg(short, long, value_enum)]
    pub format: FormatArg,
    /// Where it goes: a file for coco and csv, a folder for labelme and geojson
    #[arg(short, long, value_name = "DEST")]
    pub output: PathBuf,
    /// Replace what is there
    #[arg(long)]
    pub overwrite: bool,
    /// Print the summary as JSON
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub results: ResultsArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FormatArg {
    Coco,
    Labelme,
    Geojson,
    Csv,
}
