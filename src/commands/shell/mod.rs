//! `derm-seg completions` and `derm-seg man`.

pub(in crate::commands) mod args;

use std::io::Write;

use anyhow::Result;
use clap::Command;

use crate::error::UsageError;
use crate::exit;
use args::{CompletionsArgs, ManArgs};

/// `command` is the whole command line as data.
pub fn completions(args: &CompletionsArgs, mut command: Command) -> Result<u8> {
    // Made in memory first: the generator panics on a closed pipe.
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command, "derm-seg", &mut script);
    crate::commands::shared::print::stdout().write_all(&script)?;
    Ok(exit::OK)
}

pub fn man(args: &ManArgs, mut command: Command) -> Result<u8> {
    command.build();
    let command = match &args.command {
        None => command,
        Some(name) => command
            .find_subcommand(name)
            .cloned()
            .ok_or_else(|| UsageError(format!("There is no command {name:?}; derm-seg --help lists them.")))?,
    };
    let mut page = Vec::new();
    clap_mangen::Man::new(command).render(&mut page)?;
    crate::commands::shared::print::stdout().write_all(&page)?;
    Ok(exit::OK)
}
