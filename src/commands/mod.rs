//! The commands. A folder a verb: `args` is its command line, `plan` what its arguments ask for once they are checked,
//! `print` what the user sees; `mod.rs` does the work in order. Nothing outside knows clap. `shared` holds what verbs share.

mod calibrate;
mod check;
mod cli;
mod compare;
mod config;
mod correct;
mod eval;
mod export;
mod merge;
mod model;
mod report;
mod run;
mod scrub;
mod series;
mod shared;
mod shell;
mod stress;
mod table;
mod track;
mod withdraw;

use anyhow::Result;
use clap::CommandFactory;

pub use cli::{Cli, Command};
pub use config::parse;
pub use shared::Global;

/// Does what a command line asks for. Returns the exit code.
pub fn carry_out(command: Command, global: &Global) -> Result<u8> {
    match command {
        Command::Run(args) => run::run(*args, global),
        Command::Check(args) => check::run(*args, global),
        Command::Merge(args) => merge::run(args, global),
        Command::Withdraw(args) => withdraw::run(&args, global),
        Command::Scrub(args) => scrub::run(*args, global),
        Command::Correct(args) => correct::correct(args, global),
        Command::Measure(args) => correct::measure(args, global),
        Command::Eval(args) => eval::run(*args, global),
        Command::Compare(args) => compare::run(args, global),
        Command::Stress(args) => stress::run(*args, global),
        Command::Table(args) => table::run(args, global),
        Command::Calibrate(args) => calibrate::run(args, global),
        Command::Series(args) => series::run(args, global),
        Command::Track(args) => track::run(args, global),
        Command::Report(args) => report::run(args, global),
        Command::Export(args) => export::run(args, global),
        Command::Model(args) => model::run(args),
        Command::Completions(args) => shell::completions(&args, Cli::command()),
        Command::Man(args) => shell::man(&args, Cli::command()),
    }
}
