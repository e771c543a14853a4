//! Marks from the report: the options that name the file and say which marks to take.

use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, ValueEnum};

use crate::disk::vault::Vault;
use crate::error::UsageError;
use crate::store::review::{Mark, Review, Selection};

#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Review")]
pub struct ReviewArgs {
    /// Marks that were saved in the report: photos marked poor or redo are left out
    #[arg(long, value_name = "review.csv")]
    pub review: Option<PathBuf>,
    /// Take photos with these marks instead [default: good,unmarked]
    #[arg(long, value_enum, value_name = "MARK", value_delimiter = ',', requires = "review")]
    pub marks: Vec<Marks>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Marks {
    Good,
    Poor,
    Redo,
    Unmarked,
}

pub fn selection(args: &ReviewArgs, vault: &Vault) -> Result<Option<Selection>, UsageError> {
    let Some(file) = &args.review else { return Ok(None) };
    let marks = if args.marks.is_empty() { &[Marks::Good, Marks::Unmarked][..] } else { &args.marks };
    let marks = marks.iter().map(|mark| match mark {
        Marks::Good => Some(Mark::Good),
        Marks::Poor => Some(Mark::Poor),
        Marks::Redo => Some(Mark::Redo),
        Marks::Unmarked => None,
    });
    Ok(Some(Selection { review: Arc::new(Review::read(file, vault)?), marks: marks.collect() }))
}
