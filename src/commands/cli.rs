//! The command line: clap's derive types and their help text, and nothing else. One file a verb.

use clap::{Parser, Subcommand};

use super::shared::Global;
use super::{
    calibrate, check, compare, correct, eval, export, merge, model, report, run, scrub, series, shell, stress, table,
    track, withdraw,
};

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

#[derive(Debug, Subcommand)]
pub enum Command {
    Run(Box<run::args::RunArgs>),
    Check(Box<check::args::CheckArgs>),
    Scrub(Box<scrub::args::ScrubArgs>),
    Merge(merge::args::MergeArgs),
    Withdraw(withdraw::args::WithdrawArgs),
    Correct(correct::args::CorrectArgs),
    Measure(correct::args::MeasureArgs),
    Eval(Box<eval::args::EvalArgs>),
    Compare(compare::args::CompareArgs),
    Stress(Box<stress::args::StressArgs>),
    Table(table::args::TableArgs),
    Calibrate(calibrate::args::CalibrateArgs),
    Track(track::args::TrackArgs),
    Series(series::args::SeriesArgs),
    Report(report::args::ReportArgs),
    Export(export::args::ExportArgs),
    Model(model::args::ModelCommand),
    Completions(shell::args::CompletionsArgs),
    Man(shell::args::ManArgs),
}
