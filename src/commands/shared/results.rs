//! What every command takes that reads finished results.

use clap::Args;

use super::at_rest::AtRestArgs;
use super::jobs::JobsArgs;
use super::people::PeopleArgs;

#[derive(Clone, Debug, Default, Args)]
pub struct ResultsArgs {
    #[command(flatten)]
    pub jobs: JobsArgs,
    #[command(flatten)]
    pub people: PeopleArgs,
    #[command(flatten)]
    pub at_rest: AtRestArgs,
}
