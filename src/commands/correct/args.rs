//! `derm-seg correct` and `derm-seg measure`.

use std::path::PathBuf;

use clap::Args;

use crate::commands::shared::crops::CropArgs;
use crate::commands::shared::results::ResultsArgs;
use crate::commands::shared::scale::ScaleArgs;

/// Take masks that somebody corrected into finished results.
///
/// Each takes the place of the model's mask, which is kept in OUT/model_masks. Figures, tables and overlays are made again
/// without a model; the record has `edited`. Later runs keep these masks. Masks belong to photos by path, name or stem:
/// sub/a.json, sub/a.png and a_mask.tif all fit sub/a.jpg.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Masks can be LabelMe files, one COCO file, or pictures (PNG, TIFF, BMP and others): black and
white, with the values 0, 1 and 2, or in the colours of OUT/masks. Where a mask shows lesions
alone, skin and background stay as they were.

Examples:
  derm-seg export results -f labelme -o drawn --only lesion --simplify 1.5
  labelme drawn                                      correct what is wrong, save
  derm-seg correct results --masks drawn --photos photos

Exit codes: 0 all were taken in, 1 it failed, 2 usage or settings, 3 some masks were not taken in.")]
pub struct CorrectArgs {
    /// Folder with the results of a run
    #[arg(value_name = "OUT")]
    pub out: PathBuf,
    /// Folder of corrected masks, or one COCO file
    #[arg(long, value_name = "MASKS")]
    pub masks: PathBuf,
    /// What the masks' values mean, as eval's --truth-format [default: seen from the files]
    #[arg(long, value_name = "FORMAT")]
    pub mask_format: Option<String>,
    /// Ending of a mask's name besides _mask and _segmentation; can be repeated
    #[arg(long, value_name = "SUFFIX")]
    pub mask_suffix: Vec<String>,
    #[command(flatten)]
    pub common: CommonArgs,
}

/// Make figures, tables and overlays again where masks were changed in their place, and figures in millimetres; cut crops
/// from the masks that are there.
///
/// For masks that somebody painted over in OUT/masks. No model is needed. The record has `edited`; the model's own mask is
/// gone, since it was painted over: `correct` keeps it. With --crops, crops are cut from all masks, those of an earlier --crops
/// make room.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  derm-seg measure results --photos photos
  derm-seg measure results --photos photos --crops lesion --crop-size 256
  derm-seg measure results --photos photos --review review.csv    lengths by the report's ruler

Exit codes: 0 all were measured, 1 it failed, 2 usage or settings, 3 some masks could not be used.")]
pub struct MeasureArgs {
    /// Folder with the results of a run
    #[arg(value_name = "OUT")]
    pub out: PathBuf,
    #[command(flatten)]
    pub common: CommonArgs,
    #[command(flatten)]
    pub crops: CropArgs,
    /// What was saved in the report: lengths that its ruler found
    #[arg(long, value_name = "review.csv", help_heading = "Millimetres")]
    pub review: Option<PathBuf>,
    #[command(flatten)]
    pub scale: ScaleArgs,
}

#[derive(Debug, Args)]
pub struct CommonArgs {
    /// The folder that was segmented: colours are measured in the photos
    #[arg(long, value_name = "DIR")]
    pub photos: PathBuf,
    /// Print the summary as JSON on standard output
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub results: ResultsArgs,
}
