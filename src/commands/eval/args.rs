//! `derm-seg eval`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::commands::shared::config::ConfigArgs;
use crate::commands::shared::references::ReferenceArgs;
use crate::commands::shared::results::ResultsArgs;
use crate::commands::shared::review::ReviewArgs;
use crate::commands::shared::scale::ScaleArgs;
use crate::evaluation::score::detection::Rule;

const EXAMPLES: &str = "\
Examples:
  derm-seg eval results --truth masks
      scores every photo of `results` that has a mask in `masks`
  derm-seg eval results --truth masks --min dice.mean=0.85 --max hd95.median=20
      the same as a gate: exit code 4 when a limit does not hold, and by how much
  derm-seg eval results --truth masks --subjects patients.csv --min 'sex=*:dice.mean=0.8'
      groups by every column of the table; a limit for each group
  derm-seg eval results --truth anna ben carla
      several annotators: their agreement, and the model against their majority
  derm-seg eval other-tool/masks --truth masks -o scores
      two folders of masks: no photo and no model is needed
  derm-seg eval results --labels labels.csv
      what a second model says of the photos, against the true labels; see docs/labels.md
  derm-seg eval --labels labels.csv --predictions other-tool.csv
      the same for any classifier: no photo and no model is needed
  derm-seg eval results --labels labels.csv --crop-truth boxes.csv --against expert-results
      the crops against an expert's, and the classifier on both
  derm-seg eval results --findings anna.csv ben.csv --hit centre
      lesion by lesion: hits, misses, false findings, the curve over confidence; see docs/eval.md

Limits ([COLUMN=VALUE:]FIGURE.STATISTIC=LIMIT):
  figures     dice, jaccard, sensitivity, specificity, precision, accuracy, threshold_jaccard,
              hd95, hd100, masd, assd, nsd@2, boundary_iou, hd95_mm, ..., skin.dice, ...
  statistics  mean, median, sd, min, max, q1, q3, n, missing, ci95_low, ci95_high
  sex=f:dice.mean, sex=*:dice.mean   in one group, in every group of a column
  sex:dice.gap                       between the best and the worst group
  scored, failed, unpaired           how many images

Exit codes: 0 all done, 1 eval itself failed, 2 usage or settings, 3 some images failed,
4 a limit did not hold.";

/// Score masks against reference masks, with intervals and strata.
///
/// Pairs are found by path, then by file name; the stem of a reference may end in `_segmentation` or `_mask`. Every file
/// without a partner is told of. Masks of different sizes are an error: nothing is resized. The columns of --subjects make
/// groups of images, and its column of people intervals by subject.
#[derive(Debug, Args)]
#[command(
    after_long_help = EXAMPLES,
    override_usage = "derm-seg eval [OPTIONS] <OUT> --truth <DIR>...\n       derm-seg eval [OPTIONS] <OUT> --labels <CSV>\n       derm-seg eval [OPTIONS] <OUT> --findings <CSV|DIR>...\n       derm-seg eval [OPTIONS] --labels <CSV> --predictions <CSV>"
)]
pub struct EvalArgs {
    /// Results of `derm-seg run`, or a folder of masks
    #[arg(value_name = "OUT", required_unless_present = "table")]
    pub predictions: Option<PathBuf>,
    /// Reference masks: a folder of pictures or of LabelMe files, or a COCO file; one for each annotator
    #[arg(long, value_name = "DIR", required_unless_present_any = ["labels", "crop_truth", "findings"], num_args = 1..)]
    pub truth: Vec<PathBuf>,
    /// What their values mean: binary (over 128 is lesion), zero-one, index (0, 1, 2, 255), polygons, colours such as
    /// lesion=ff0000,skin=00ff00, or labels of polygons such as lesion=nevus [default: guessed]
    #[arg(long, value_name = "FORMAT")]
    pub truth_format: Option<String>,
    /// The same for a folder of predicted masks
    #[arg(long, value_name = "FORMAT")]
    pub prediction_format: Option<String>,
    /// Score the model's own masks, also where `derm-seg correct` put others in their place
    #[arg(long)]
    pub model_masks: bool,
    /// Score one kind of lesion, of a model that tells several apart; the references mark that kind as lesion
    #[arg(long, value_name = "NAME")]
    pub class: Option<String>,
    #[command(flatten)]
    pub references: ReferenceArgs,
    /// Dice and Jaccard where neither mask has a lesion
    #[arg(long, value_enum, value_name = "AS", default_value_t = Empty::Null)]
    pub empty: Empty,
    /// Tolerances of the normalised surface Dice, in pixels
    #[arg(long, value_name = "PX", value_delimiter = ',', default_value = "2")]
    pub nsd_tolerance: Vec<f64>,
    /// Smallest allowed value, such as dice.mean=0.85; can be repeated (the names are at the end of --help)
    #[arg(long, value_name = "LIMIT")]
    pub min: Vec<String>,
    /// Largest allowed value, such as hd95.median=20, sex:dice.gap=0.05 or unpaired=0; can be repeated
    #[arg(long, value_name = "LIMIT")]
    pub max: Vec<String>,
    /// Seed of the bootstrap
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// Where scores.json and scores.csv go [default: OUT for results, else the current folder]
    #[arg(short, long, value_name = "DIR")]
    pub output: Option<PathBuf>,
    /// Print the scores as JSON on standard output instead of the table
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub results: ResultsArgs,
    /// Column of --subjects with the image names [default: path, image, image_id, ...]
    #[arg(long, value_name = "NAME", help_heading = "People")]
    pub image_column: Option<String>,
    /// Column of --subjects with the people [default: subject, subject_id, patient, patient_id, ...]
    #[arg(long, value_name = "NAME", help_heading = "People")]
    pub subject_column: Option<String>,
    /// Columns of --subjects to make groups of [default: all that make groups]
    #[arg(long, value_name = "NAME", value_delimiter = ',', help_heading = "People")]
    pub strata: Vec<String>,
    /// Bins of a column of numbers, such as age=40,65 [default: quarters of the images]
    #[arg(long, value_name = "COLUMN=EDGES", help_heading = "People")]
    pub bins: Vec<String>,
    #[command(flatten)]
    pub review: ReviewArgs,
    #[command(flatten)]
    pub scale: ScaleArgs,
    #[command(flatten)]
    pub config: ConfigArgs,
    #[command(flatten)]
    pub labels: LabelsArgs,
    #[command(flatten)]
    pub detection: DetectionArgs,
}

/// Lesion by lesion, instead of pixel by pixel.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Findings")]
pub struct DetectionArgs {
    /// Hold the lesions of OUT against those that were marked: a table with path, x, y, width, height (and label), or with path and
    /// points (.csv); or masks as for --truth. One for each reader
    #[arg(long, value_name = "CSV|DIR", num_args = 1.., conflicts_with_all = ["truth", "labels", "crop_truth", "strata", "bins"], requires = "predictions")]
    pub findings: Vec<PathBuf>,
    /// When a lesion hits a mark: their boxes overlap by an IoU, or the middle of the lesion's box lies in the mark's (centre)
    #[arg(long, value_name = "iou=X|centre", default_value = "iou=0.3", value_parser = rule)]
    pub hit: Rule,
}

/// What a classifier says of photos, and its crops, instead of masks.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Labels and crops")]
pub struct LabelsArgs {
    /// Score what a second model (`run --classify`) says of the photos against the true labels of this table: a line a photo, with the
    /// columns path and label (and patient, sex, ...)
    #[arg(long, value_name = "CSV", conflicts_with = "truth")]
    pub labels: Option<PathBuf>,
    /// Column of --labels with the true labels [default: label, class, truth, ...]
    #[arg(long, value_name = "NAME", requires = "labels")]
    pub label_column: Option<String>,
    /// Answers of any classifier instead of those in OUT: path, a column of probabilities for each label, or its choice as `predicted`
    #[arg(long = "predictions", value_name = "CSV", requires = "labels")]
    pub table: Option<PathBuf>,
    /// Which second model, where OUT has answers of several
    #[arg(long, value_name = "NAME", requires = "labels")]
    pub classifier: Option<String>,
    /// What it looked at, where it looked at several things; of lesions the largest speaks for the photo
    #[arg(long, value_enum, value_name = "PART", requires = "labels")]
    pub of: Option<Part>,
    /// Other answers to the same photos, results or a table: the difference, with McNemar's test and paired intervals
    #[arg(long, value_name = "OUT|CSV", requires = "labels")]
    pub against: Option<PathBuf>,
    /// Hold the crops of OUT against an expert's: a table with path, x, y, width, height (.csv), or masks as for --truth
    #[arg(long, value_name = "CSV|DIR", conflicts_with = "truth", requires = "predictions")]
    pub crop_truth: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Part {
    /// The whole photo
    Photo,
    /// Each lesion
    Lesion,
    /// The part that holds all lesions
    Union,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Empty {
    /// Not known: left out of means
    Null,
    /// Counted as 1, as the ISIC challenges do
    One,
}

/// `iou=0.3` or `centre`.
fn rule(text: &str) -> Result<Rule, String> {
    let usage = || format!("{text} is no rule: write iou=0.3 (from above 0 to 1), or centre");
    match text {
        "centre" => Ok(Rule::Centre),
        _ => {
            let least = text.strip_prefix("iou=").and_then(|number| number.parse().ok()).ok_or_else(usage)?;
            if least > 0.0 && least <= 1.0 { Ok(Rule::Iou(least)) } else { Err(usage()) }
        }
    }
}
