//! The command line: clap's derive types and their help text, and nothing else. One file a verb.

pub mod compare;
pub mod eval;
pub mod run;

use clap::{ArgAction, Parser, Subcommand};

/// Segments de-identified skin photos into masks (background, normal skin, lesion) and figures.
///
/// Research use only: not a medical device. Photos never leave this machine and are never changed.
#[derive(Debug, Parser)]
#[command(name = "derm-seg", version, propagate_version = false, max_term_width = 100, arg_required_else_help = true)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
    #[command(flatten)]
    pub global: Global,
}

/// Options of every command.
#[derive(Clone, Debug, clap::Args)]
pub struct Global {
    /// More log on stderr: -v information, -vv debugging, -vvv everything
    #[arg(short, long, action = ArgAction::Count, global = true, conflicts_with = "quiet")]
    pub verbose: u8,
    /// Nothing on stderr but errors
    #[arg(short, long, global = true)]
    pub quiet: bool,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Segment photos: masks, figures and a summary
    Run(Box<run::RunArgs>),
    /// Score masks against reference masks, with intervals and strata
    Eval(Box<eval::EvalArgs>),
    /// What changed between two runs; a gate for continuous integration
    Compare(compare::CompareArgs),
}
