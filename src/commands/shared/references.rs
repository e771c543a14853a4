//! Reference masks: what their values mean, and which pixels they are drawn on.

use clap::{Args, ValueEnum};

use crate::annotations::references::ReferenceFormat;
use crate::error::UsageError;

#[derive(Clone, Debug, Args)]
pub struct ReferenceArgs {
    /// The pixels that references are drawn on: the upright photo, or the photo as stored before its EXIF orientation
    #[arg(long, value_enum, value_name = "GRID", default_value_t = Grid::Upright)]
    pub truth_grid: Grid,
    /// A further end of a reference's stem, such as _lesion
    #[arg(long, value_name = "SUFFIX")]
    pub truth_suffix: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Grid {
    Upright,
    Stored,
}

impl ReferenceArgs {
    pub fn on_stored_grid(&self) -> bool {
        self.truth_grid == Grid::Stored
    }
}

/// `option` is where the text comes from.
pub fn reference_format(text: Option<String>, option: &str) -> Result<Option<ReferenceFormat>, UsageError> {
    text.map(|text| text.parse().map_err(|e| UsageError(format!("{option} {text}: {e}")))).transpose()
}
