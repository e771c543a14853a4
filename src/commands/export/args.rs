//! `derm-seg export`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::commands::shared::dicom::uid_root;
use crate::commands::shared::results::ResultsArgs;
use crate::commands::shared::review::ReviewArgs;

const FORMATS: &str = "\
Formats:
  coco     one JSON file for all photos: polygons, and runs (RLE) for what has holes
  labelme  a JSON file beside each photo's name, as LabelMe opens it
  geojson  a JSON file for each photo, in pixels, with the figures of each lesion
  imagej   a zip for each photo, for the ROI manager of ImageJ and Fiji: an outline for each piece
  masks    a PNG for each photo under its plain name (a.png): 255 lesion, 0 the rest, for ImageJ and training
  index    a PNG for each photo under its plain name: 0 background, 1 normal skin, 2 lesion
  csv      one table with a row for every lesion: position, size and shape
  dicom-seg  a DICOM segmentation for each photo that is DICOM, with a segment for each class (needs --photos)

Normal skin and lesions are both exported, unless --only says otherwise; photos that failed or were left out are
not. Masks that are read back are the same to the pixel, unless --simplify moved their outlines.

Examples:
  derm-seg export results --format coco -o lesions.json
  derm-seg export results --format labelme -o annotations
      put the files beside the photos to open and correct them in LabelMe
  derm-seg export results --format labelme -o drawn --only lesion --simplify 1.5
      fewer corners to move; `derm-seg correct` takes the corrected files in again
  derm-seg export results --format dicom-seg -o segments --photos images
      for a hospital's archive; photos that are no DICOM files are counted as failed
  derm-seg export results --format labelme -o annotations --review review.csv --marks redo
      only the photos that were marked redo in the report

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
    /// Where it goes: a file for coco and csv, a folder for the others
    #[arg(short, long, value_name = "DEST")]
    pub output: PathBuf,
    /// Only this class, instead of normal skin and lesions
    #[arg(long, value_name = "CLASS", value_enum)]
    pub only: Option<OnlyArg>,
    /// With labelme and imagej: outlines with fewer corners, at most so many pixels away from the mask's, for correcting by hand
    #[arg(long, value_name = "PX", value_parser = tolerance)]
    pub simplify: Option<f64>,
    /// With dicom-seg: the folder that was segmented, to which the files refer
    #[arg(long, value_name = "DIR")]
    pub photos: Option<PathBuf>,
    /// With dicom-seg: new identifiers begin with this instead of 2.25; up to 24 characters
    #[arg(long, value_name = "ROOT", value_parser = uid_root)]
    pub uid_root: Option<String>,
    /// Replace what is there
    #[arg(long)]
    pub overwrite: bool,
    /// Print the summary as JSON
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub results: ResultsArgs,
    #[command(flatten)]
    pub review: ReviewArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FormatArg {
    Coco,
    Labelme,
    Geojson,
    Imagej,
    Masks,
    Index,
    Csv,
    DicomSeg,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum OnlyArg {
    Lesion,
    Skin,
}

fn tolerance(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(pixels) if (0.0..=100.0).contains(&pixels) => Ok(pixels),
        _ => Err("give a number of pixels from 0 to 100".to_owned()),
    }
}
