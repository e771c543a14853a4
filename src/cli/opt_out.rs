//! Options about people who opted out, for every command that reads photos or results.

use std::path::PathBuf;

use clap::Args;

#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "People")]
pub struct OptOutArgs {
    /// Leave these people out: one subject id, path, folder or code a line; nothing of theirs is opened
    #[arg(long, value_name = "FILE")]
    pub opt_out: Option<PathBuf>,
    /// Table of the photos, one line each: whose they are, by the columns path and subject (or image_id, patient, ...)
    #[arg(long, value_name = "CSV")]
    pub subjects: Option<PathBuf>,
}

/// For finished results, which may carry codes.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "People")]
pub struct PeopleArgs {
    #[command(flatten)]
    pub opt_out: OptOutArgs,
    /// The key of the codes, where results carry codes and the list or the table has names
    #[arg(long, value_name = "FILE")]
    pub key_file: Option<PathBuf>,
}
