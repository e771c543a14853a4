//! The command line: clap's derive types and their help text, and nothing else. One file a verb.

pub mod at_rest;
pub mod check;
pub mod compare;
pub mod eval;
pub mod export;
pub mod faces;
pub mod folders;
pub mod jobs;
pub mod model;
pub mod names;
pub mod opt_out;
pub mod report;
pub mod run;
pub mod scrub;
pub mod shell;
pub mod withdraw;

use clap::{ArgAction, CommandFactory, Parser, Subcommand};

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
    Run(Box<run::RunArgs>),
    Check(Box<check::CheckArgs>),
    Scrub(Box<scrub::ScrubArgs>),
    Withdraw(withdraw::WithdrawArgs),
    Eval(Box<eval::EvalArgs>),
    Compare(compare::CompareArgs),
    Report(report::ReportArgs),
    Export(export::ExportArgs),
    Model(model::ModelCommand),
    Completions(shell::CompletionsArgs),
    Man(shell::ManArgs),
}

/// The whole command line as data, for completions and the manual.
pub fn whole() -> clap::Command {
    Cli::command()
}
