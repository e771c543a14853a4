//! `derm-seg run`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::commands::shared::at_rest::AtRestArgs;
use crate::commands::shared::config::ConfigArgs;
use crate::commands::shared::crops::CropArgs;
use crate::commands::shared::faces::RunFaces;
use crate::commands::shared::folders::FolderArgs;
use crate::commands::shared::model::{DeviceArgs, ModelArgs};
use crate::commands::shared::people::{NamesArgs, OptOutArgs, TableArgs};
use crate::commands::shared::scale::ScaleArgs;
use crate::domain::shard::Shard;

/// Segment photos: masks, figures and a summary.
///
/// Every photo gets a mask (0 background, 1 normal skin, 2 lesion) of its own size and a JSON record of figures; the run gets
/// run.json, records.jsonl and summary.csv. Run the same command again to do only what is missing, changed or damaged.
///
/// Research use only: not a medical device.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  derm-seg run photos                        results in derm-seg-out
  derm-seg run photos -o results --overlay   with pictures to look at
  find photos -name '*.jpg' -print0 | derm-seg run - -o results
  ssh host tar c photos | derm-seg run --stdin tar -o results
  derm-seg run photos -o - | ssh host tar x -C results
  derm-seg run photos --model my-model --json > summary.json
  derm-seg run --config study.toml           options from a file, also from the run.json of an earlier run

Exit codes: 0 all done, 1 the run failed, 2 usage or settings, 3 some photos failed, 128+n stopped by signal n.")]
pub struct RunArgs {
    /// Photos, folders and archives of photos (zip, tar, tar.gz, tar.zst); `-` reads a list of paths from standard input
    #[arg(value_name = "INPUT", required_unless_present_any = ["from", "stdin"])]
    pub inputs: Vec<PathBuf>,
    /// Read paths from a list, one a line or separated by NUL
    #[arg(long, value_name = "FILE")]
    pub from: Option<PathBuf>,
    /// Read the photos themselves from standard input, as a tar, packed or not; see docs/archives.md
    #[arg(long, value_enum, value_name = "FORMAT", conflicts_with_all = ["inputs", "from"])]
    pub stdin: Option<StdinFormat>,
    /// Folder for the results; it is made, and must hold nothing else. `-` writes them as a tar to standard output
    #[arg(short, long, value_name = "OUT", default_value = "derm-seg-out")]
    pub output: PathBuf,
    #[command(flatten)]
    pub folders: FolderArgs,
    /// Print the closing summary as JSON on standard output
    #[arg(long)]
    pub json: bool,

    #[command(flatten)]
    pub model: ModelArgs,
    /// A second model that says what the photo or its lesions show; can be repeated, see docs/classify.md
    #[arg(long, value_name = "MODEL", help_heading = "Model")]
    pub classify: Vec<PathBuf>,
    #[command(flatten)]
    pub device: DeviceArgs,

    /// Also write overlays/: the photo with the outlines of lesions and skin, as JPEG; those that are there stay
    #[arg(long, help_heading = "Pictures")]
    pub overlay: bool,
    /// Lesions as outlines, or also tinted
    #[arg(long, value_enum, value_name = "STYLE", default_value_t, requires = "overlay", help_heading = "Pictures")]
    pub overlay_style: OverlayStyle,
    /// Longest side of an overlay, in pixels
    #[arg(long, value_name = "PX", default_value_t = 1600, value_parser = clap::value_parser!(u32).range(64..=20000), help_heading = "Pictures")]
    pub overlay_size: u32,
    /// Also write probs/: probability maps as grey PNG with 8 or 16 bits
    #[arg(long, value_enum, value_name = "BITS", num_args = 0..=1, default_missing_value = "8", help_heading = "Pictures")]
    pub probs: Option<Bits>,

    #[command(flatten)]
    pub crops: CropArgs,

    /// What to do about identifying content in files (metadata, names)
    #[arg(long, value_enum, default_value_t, help_heading = "Privacy")]
    pub privacy: PrivacyPolicy,
    /// What to do about whole faces in the picture; best effort, see docs/privacy.md
    #[arg(long, value_enum, default_value_t, help_heading = "Privacy")]
    pub faces: RunFaces,
    #[command(flatten)]
    pub names: NamesArgs,
    #[command(flatten)]
    pub table: TableArgs,
    #[command(flatten)]
    pub opt_out: OptOutArgs,
    #[command(flatten)]
    pub scale: ScaleArgs,
    #[command(flatten)]
    pub at_rest: AtRestArgs,

    /// Decode every pixel of large JPEG photos, of which otherwise a half or fewer along each side are read; see docs/speed.md
    #[arg(long, help_heading = "Resources")]
    pub full_decode: bool,
    /// Photos processed at the same time [default: one for each processor]
    #[arg(short, long, value_name = "N", env = "DERM_SEG_JOBS", hide_env_values = true, value_parser = clap::value_parser!(u16).range(1..=1024), help_heading = "Resources")]
    pub jobs: Option<u16>,
    /// Memory for photos in flight, in MiB [default: 512 for each job]
    #[arg(long, value_name = "MIB", value_parser = clap::value_parser!(u64).range(64..), help_heading = "Resources")]
    pub memory: Option<u64>,
    /// Largest photo, in pixels
    #[arg(long, value_name = "N", default_value_t = crate::input::decode::Limits::default().max_pixels, help_heading = "Resources")]
    pub max_pixels: u64,
    /// Largest file, in bytes
    #[arg(long, value_name = "N", default_value_t = crate::input::decode::Limits::default().max_file_bytes, help_heading = "Resources")]
    pub max_bytes: u64,

    #[command(flatten)]
    pub config: ConfigArgs,
    /// Write the options of this command line into a file for --config, and go on
    #[arg(long, value_name = "FILE", help_heading = "Options from a file")]
    pub write_config: Option<PathBuf>,

    /// Make the results of these photos again, also where settings differ or a mask was edited
    #[arg(long, help_heading = "Running again")]
    pub overwrite: bool,
    /// Remove results of photos that are not among these inputs; without it they stay
    #[arg(long, help_heading = "Running again")]
    pub prune: bool,
    /// Compare every photo with its record by content, not by date and size
    #[arg(long, help_heading = "Running again")]
    pub verify: bool,
    /// Do only the K-th of N parts of about equal size, into an OUT of its own; `derm-seg merge` joins them
    #[arg(long, value_name = "K/N", value_parser = shard, help_heading = "Several machines")]
    pub shard: Option<Shard>,
    /// Say what would be done, and do nothing
    #[arg(long, help_heading = "Running again")]
    pub dry_run: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum OverlayStyle {
    /// A border is judged by its line, and the skin below it can be seen
    #[default]
    Contour,
    /// Easier to find on a small picture
    Fill,
}

/// How the tar is packed is seen from its content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum StdinFormat {
    #[value(name = "tar", aliases = ["tar.gz", "tar.zst"])]
    Tar,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Bits {
    #[value(name = "8")]
    Eight,
    #[value(name = "16")]
    Sixteen,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum PrivacyPolicy {
    /// Neither look for it nor record it
    Off,
    /// Record its kind, never its value
    #[default]
    Warn,
    /// Leave out photos with identifying content
    Strict,
}

/// `slurm` stands for what Slurm says in the environment of an array's task.
fn shard(text: &str) -> Result<Shard, String> {
    if text != "slurm" {
        return text.parse();
    }
    let number = |name: &str| std::env::var(name).ok()?.parse::<u32>().ok();
    let task = || {
        let (first, step) = (number("SLURM_ARRAY_TASK_MIN")?, number("SLURM_ARRAY_TASK_STEP").unwrap_or(1).max(1));
        let place = number("SLURM_ARRAY_TASK_ID")?.checked_sub(first)? / step;
        Some((place + 1, number("SLURM_ARRAY_TASK_COUNT")?))
    };
    let (part, of) = task()
        .ok_or("this is not a task of a Slurm array (SLURM_ARRAY_TASK_ID and SLURM_ARRAY_TASK_COUNT are not set)")?;
    Shard::new(part, of)
}
