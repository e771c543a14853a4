//! `derm-seg completions` and `derm-seg man`.

pub(in crate::commands) mod args;

use std::io::Write;

use anyhow::Result;

use crate::commands::cli::whole;
use crate::error::UsageError;
use crate::exit;
use args::{CompletionsArgs, ManArgs};

pub fn completions(args: &CompletionsArgs) -> Result<u8> {
    let mut command = whole();
    // Made in memory first: the generator panics on a closed pipe.
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command, "derm-seg", &mut script);
    crate::commands::shared::print::stdout().write_all(&script)?;
    Ok(exit::OK)
}

pub fn man(args: &ManArgs) -> Result<u8> {
    let mut command = whole();
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
