//! Names and opt-out: which photos are left out, and what the others are called.

use crate::cli::names::{Names, NamesArgs};
use crate::cli::opt_out::OptOutArgs;
use crate::error::UsageError;
use crate::privacy::{OptOut, Pseudonyms};

/// `None` keeps names as they are.
pub fn pseudonyms(args: &NamesArgs) -> Result<Option<Pseudonyms>, UsageError> {
    match (args.names, &args.key_file) {
        (Names::Keep, _) => Ok(None),
        (Names::Pseudonym, Some(file)) => Pseudonyms::from_key_file(file).map(Some),
        (Names::Pseudonym, None) => Err(UsageError("--names pseudonym needs --key-file FILE".into())),
    }
}

/// An empty list where none was given.
pub fn opt_out(args: &OptOutArgs, pseudonyms: Option<&Pseudonyms>) -> Result<OptOut, UsageError> {
    match &args.opt_out {
        Some(file) => OptOut::load(file, args.subjects.as_deref(), pseudonyms),
        None => Ok(OptOut::default()),
    }
}
