//! What is cut out of photos: the options, and the rule that they make.

use clap::{Args, ValueEnum};

use crate::domain::crop::{Border, CropRule, CropsOf, Encoding, Frame, Shape, WithoutLesion};
use crate::error::UsageError;

#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Crops")]
pub struct CropArgs {
    /// Also write crops/: pictures cut from the photo's own pixels. They show a person's skin: keep them as the photos
    #[arg(long, value_enum, value_name = "OF")]
    pub crops: Option<CropsArg>,
    /// Square, or as wide and high as the lesion
    #[arg(long, value_enum, value_name = "SHAPE", default_value_t, requires = "crops")]
    pub crop_shape: ShapeArg,
    /// Added on every side, as a share of the lesion's longer side
    #[arg(long, value_name = "SHARE", default_value_t = Frame::default().margin, requires = "crops")]
    pub crop_margin: f64,
    /// Smallest side of a crop, in pixels of the photo
    #[arg(long, value_name = "PX", default_value_t = Frame::default().min_side, value_parser = clap::value_parser!(u32).range(1..=20000), requires = "crops")]
    pub crop_min: u32,
    /// Longer side of the picture, in pixels [default: as many as in the photo]
    #[arg(long, value_name = "PX", value_parser = clap::value_parser!(u32).range(8..=20000), requires = "crops")]
    pub crop_size: Option<u32>,
    /// Lesions nearer than this share of the larger one's longer side share a crop; 0 for never
    #[arg(long, value_name = "SHARE", default_value_t = Frame::default().merge, requires = "crops")]
    pub crop_merge: f64,
    /// A crop that reaches beyond the photo is moved inside, or filled with black
    #[arg(long, value_enum, value_name = "HOW", default_value_t, requires = "crops")]
    pub crop_border: BorderArg,
    /// What is cut where no lesion was found
    #[arg(long, value_enum, value_name = "WHAT", default_value_t, requires = "crops")]
    pub crop_empty: EmptyArg,
    /// File format of crops; PNG keeps every pixel
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t, requires = "crops")]
    pub crop_format: FormatArg,
    /// Quality of JPEG crops, 1 to 100
    #[arg(long, value_name = "Q", default_value_t = 95, value_parser = clap::value_parser!(u8).range(1..=100), requires = "crops")]
    pub crop_quality: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum CropsArg {
    /// Each lesion
    Lesion,
    /// One for all lesions of the photo
    Photo,
    Both,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ShapeArg {
    #[default]
    Square,
    Tight,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum BorderArg {
    #[default]
    Shift,
    Pad,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum EmptyArg {
    #[default]
    Nothing,
    /// The whole photo
    Photo,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum FormatArg {
    #[default]
    Jpeg,
    Png,
}

/// None where no crops are asked for.
pub fn crop_rule(args: &CropArgs) -> Result<Option<CropRule>, UsageError> {
    let Some(of) = args.crops else { return Ok(None) };
    let bounded = |name: &str, value: f64, most: f64| match (0.0..=most).contains(&value) {
        true => Ok(value),
        false => Err(UsageError(format!("{name} is {value}: it must lie between 0 and {most}."))),
    };
    Ok(Some(CropRule {
        of: match of {
            CropsArg::Lesion => CropsOf::Lesion,
            CropsArg::Photo => CropsOf::Photo,
            CropsArg::Both => CropsOf::Both,
        },
        frame: Frame {
            shape: if args.crop_shape == ShapeArg::Tight { Shape::Tight } else { Shape::Square },
            margin: bounded("--crop-margin", args.crop_margin, 1.0)?,
            min_side: args.crop_min,
            merge: bounded("--crop-merge", args.crop_merge, 100.0)?,
            border: if args.crop_border == BorderArg::Pad { Border::Pad } else { Border::Shift },
        },
        size: args.crop_size,
        without_lesion: match args.crop_empty {
            EmptyArg::Photo => WithoutLesion::Photo,
            EmptyArg::Nothing => WithoutLesion::Nothing,
        },
        encoding: if args.crop_format == FormatArg::Png { Encoding::Png } else { Encoding::Jpeg(args.crop_quality) },
    }))
}
