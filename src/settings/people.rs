//! Names and opt-out: which photos are left out, and what the others are called.

use std::path::Path;
use std::sync::Arc;

use crate::cli::names::{Names, NamesArgs};
use crate::cli::opt_out::{OptOutArgs, PeopleArgs};
use crate::error::UsageError;
use crate::privacy::{OptOut, Pseudonyms};
use crate::subjects::{Subjects, SubjectsPlan};
use crate::vault::Vault;

/// `None` keeps names as they are.
pub fn pseudonyms(args: &NamesArgs, vault: &Vault) -> Result<Option<Pseudonyms>, UsageError> {
    match (args.names, &args.key_file) {
        (Names::Keep, _) => Ok(None),
        (Names::Pseudonym, Some(file)) => Pseudonyms::from_key_file(file, vault).map(Some),
        (Names::Pseudonym, None) => Err(UsageError("--names pseudonym needs --key-file FILE".into())),
    }
}

/// The key of the codes that results carry.
pub fn key(file: Option<&Path>, vault: &Vault) -> Result<Option<Pseudonyms>, UsageError> {
    file.map(|file| Pseudonyms::from_key_file(file, vault)).transpose()
}

/// An empty list where none was given.
pub fn opt_out(args: &OptOutArgs, pseudonyms: Option<&Pseudonyms>, vault: &Vault) -> Result<OptOut, UsageError> {
    let list = args.opt_out.as_deref();
    list.map_or_else(|| Ok(OptOut::default()), |file| load(file, args.subjects.as_deref(), pseudonyms, vault))
}

/// The same for commands that read results.
pub fn opt_out_of_results(args: &PeopleArgs, vault: &Vault) -> Result<Arc<OptOut>, UsageError> {
    let key = key(args.key_file.as_deref(), vault)?;
    opt_out(&args.opt_out, key.as_ref(), vault).map(Arc::new)
}

/// A list of people, and the table that says which photos are whose.
pub fn load(
    list: &Path,
    table: Option<&Path>,
    pseudonyms: Option<&Pseudonyms>,
    vault: &Vault,
) -> Result<OptOut, UsageError> {
    let read = |file: &Path| {
        let table =
            Subjects::read(&SubjectsPlan { file: file.to_owned(), ..SubjectsPlan::default() }, pseudonyms, vault)?;
        if table.has_subjects {
            return Ok(Arc::new(table));
        }
        Err(UsageError(format!("{} has no column of people, such as subject or patient_id", file.display())))
    };
    OptOut::load(list, table.map(read).transpose()?, pseudonyms, vault)
}
