//! People: the options about codes instead of names and about who opted out, and the lists that come of them.

use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, ValueEnum};

use crate::commands::shared::folders::real;
use crate::disk::vault::Vault;
use crate::error::UsageError;
use crate::people::subjects::{Subjects, SubjectsPlan};
use crate::people::{OptOut, Pseudonyms};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Names {
    /// As the input has them
    #[default]
    Keep,
    /// A code for every folder and file; the same key gives the same codes everywhere
    Pseudonym,
}

#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Names")]
pub struct NamesArgs {
    /// Names of folders and files in what is written
    #[arg(long, value_enum, default_value_t)]
    pub names: Names,
    /// File with the secret key of the codes, 32 random characters or more, closed to other users
    #[arg(long, value_name = "FILE", required_if_eq("names", "pseudonym"))]
    pub key_file: Option<PathBuf>,
}

#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Names")]
pub struct TableArgs {
    /// Write which code stands for which name, and for which patient of DICOM files, to this file, for you alone; it must lie
    /// outside OUT and the inputs
    #[arg(long, value_name = "FILE", requires = "key_file")]
    pub table: Option<PathBuf>,
}

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

impl TableArgs {
    /// What is handed on must not hold it.
    pub fn check(&self, has_codes: bool, inputs: &[PathBuf], output: &Path) -> Result<(), UsageError> {
        let Some(table) = &self.table else { return Ok(()) };
        if !has_codes {
            return Err(UsageError("--table needs --names pseudonym: without codes there is nothing to list".into()));
        }
        let refuse_inside = |folder: &Path, what: &str| match real(table).starts_with(real(folder)) {
            true => Err(UsageError(format!(
                "the table {} would lie in {what}; keep it where only you can read it",
                table.display()
            ))),
            false => Ok(()),
        };
        inputs.iter().try_for_each(|input| refuse_inside(input, "the inputs, which may be handed on"))?;
        refuse_inside(output, "the output folder, which is handed on")
    }
}

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
