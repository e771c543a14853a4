//! Environment, command line, log, dispatch, exit code.

use std::process::ExitCode;

use derm_seg::batch::progress::beside_the_bar;
use derm_seg::commands::{Cli, Global, carry_out, parse};
use derm_seg::disk::describe;
use derm_seg::error::UsageError;
use derm_seg::exit;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::layer;
use tracing_subscriber::prelude::*;

fn main() -> ExitCode {
    forbid_telemetry();
    let Cli { command, global } = match parse(std::env::args_os().collect()) {
        Ok(cli) => cli,
        Err(UsageError(why)) => {
            eprintln!("error: {why}");
            return ExitCode::from(exit::USAGE);
        }
    };
    let lines = layer().with_writer(beside_the_bar).with_target(false).without_time().with_ansi(colours_are_wanted());
    tracing_subscriber::registry().with(lines.with_filter(what_is_logged(&global))).init();
    match carry_out(command, &global) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            eprintln!("error: {}", in_plain_words(&error));
            ExitCode::from(if error.is::<UsageError>() { exit::USAGE } else { exit::RUN_FAILED })
        }
    }
}

/// What happened, and why, from the outside in.
fn in_plain_words(error: &anyhow::Error) -> String {
    let words = |cause: &(dyn std::error::Error + 'static)| match cause.downcast_ref() {
        Some(io) => describe(io),
        None => cause.to_string(),
    };
    error.chain().map(words).collect::<Vec<_>>().join(": ")
}

/// Later builds of ONNX Runtime than the embedded one would write an id and a database into the user's cache when they are
/// loaded. It reads this variable then.
#[expect(unsafe_code, reason = "nothing reads the environment meanwhile: no other thread has been started yet")]
#[expect(clippy::disallowed_methods, reason = "the one place where no other thread lives")]
fn forbid_telemetry() {
    unsafe { std::env::set_var("ORT_DISABLE_TELEMETRY", "1") };
}

/// ONNX Runtime speaks of its optimiser, and warns once for every session: that is for those who look for faults in a model.
/// What it cannot do comes back as an error and needs no log.
fn what_is_logged(global: &Global) -> Targets {
    let (ours, runtime) = match (global.quiet, global.verbose) {
        (true, _) => (LevelFilter::ERROR, LevelFilter::OFF),
        (false, 0) => (LevelFilter::WARN, LevelFilter::OFF),
        (false, 1) => (LevelFilter::INFO, LevelFilter::OFF),
        (false, 2) => (LevelFilter::DEBUG, LevelFilter::WARN),
        (false, _) => (LevelFilter::TRACE, LevelFilter::TRACE),
    };
    Targets::new().with_default(ours).with_target("ort", runtime)
}

/// Colour on stderr only for a person: a terminal, and NO_COLOR not set.
fn colours_are_wanted() -> bool {
    use std::io::IsTerminal;
    std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty())
}
