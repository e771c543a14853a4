//! Parse, log, dispatch, exit code.

use std::process::ExitCode;

use clap::Parser;
use derm_seg::commands::{Cli, carry_out};
use derm_seg::error::UsageError;
use derm_seg::exit;
use tracing_subscriber::filter::LevelFilter;

fn main() -> ExitCode {
    let Cli { command, global } = Cli::parse();
    let level = match (global.quiet, global.verbose) {
        (true, _) => LevelFilter::ERROR,
        (false, 0) => LevelFilter::WARN,
        (false, 1) => LevelFilter::INFO,
        (false, 2) => LevelFilter::DEBUG,
        (false, _) => LevelFilter::TRACE,
    };
    tracing_subscriber::fmt()
        .with_max_level(level)
        .with_writer(std::io::stderr)
        .with_target(false)
        .without_time()
        .with_ansi(anstyle_colours())
        .init();
    match carry_out(command, &global) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(if error.is::<UsageError>() { exit::USAGE } else { exit::RUN_FAILED })
        }
    }
}

/// Colour on stderr only for a person: a terminal, and NO_COLOR not set.
fn anstyle_colours() -> bool {
    use std::io::IsTerminal;
    std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty())
}
