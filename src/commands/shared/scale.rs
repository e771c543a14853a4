//! Millimetres: the option that says how long a pixel is.

use std::sync::Arc;

use clap::Args;

use crate::people::subjects::{Subjects, positive_length};
use crate::store::Scales;
use crate::store::review::Review;

#[derive(Clone, Copy, Debug, Default, Args)]
#[command(next_help_heading = "Millimetres")]
pub struct ScaleArgs {
    /// Length of a pixel in millimetres, one for all photos. The column mm_per_px of --subjects has one for each photo
    #[arg(long, value_name = "MM", value_parser = length)]
    pub mm_per_px: Option<f64>,
}

fn length(text: &str) -> Result<f64, String> {
    positive_length(text).ok_or_else(|| "write a number over 0, such as 0.05".to_owned())
}

/// What the options say: of all photos, of each photo in a table, and what was measured in the report.
pub fn scales(args: ScaleArgs, table: Option<Arc<Subjects>>, review: Option<Arc<Review>>) -> Scales {
    Scales { stated: args.mm_per_px, table, review }
}
