//! `derm-seg completions` and `derm-seg man`.

use clap::Args;
use clap_complete::Shell;

/// Completions for a shell, on standard output.
#[derive(Debug, Args)]
pub struct CompletionsArgs {
    /// Which shell
    #[arg(value_enum)]
    pub shell: Shell,
}

/// The manual page, on standard output.
#[derive(Debug, Args)]
pub struct ManArgs {
    /// The page of one command instead of the whole program's
    #[arg(value_name = "COMMAND")]
    pub command: Option<String>,
}
