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

/// What the options about people say.
pub struct People {
    pub key: Option<Pseudonyms>,
    pub table: Option<Arc<Subjects>>,
    pub opt_out: Arc<OptOut>,
}

/// For commands that read results. `columns` are those of the table that have other names than usual.
pub fn of_results(args: &PeopleArgs, columns: SubjectsPlan, vault: &Vault) -> Result<People, UsageError> {
    let key = key(args.key_file.as_deref(), vault)?;
    let (table, opt_out) = table_and_list(&args.opt_out, columns, key.as_ref(), vault)?;
    Ok(People { key, table, opt_out: Arc::new(opt_out) })
}

/// The table, read once for all that it is for, and whom to leave out.
pub fn table_and_list(
    args: &OptOutArgs,
    columns: SubjectsPlan,
    key: Option<&Pseudonyms>,
    vault: &Vault,
) -> Result<(Option<Arc<Subjects>>, OptOut), UsageError> {
    let table = table(args.subjects.as_deref(), columns, key, vault)?;
    let opt_out = opt_out(args.opt_out.as_deref(), table.as_ref(), key, vault)?;
    Ok((table, opt_out))
}

pub fn table(
    file: Option<&Path>,
    columns: SubjectsPlan,
    key: Option<&Pseudonyms>,
    vault: &Vault,
) -> Result<Option<Arc<Subjects>>, UsageError> {
    let Some(file) = file else {
        return match columns == SubjectsPlan::default() {
            true => Ok(None),
            false => Err(UsageError(
                "--image-column, --subject-column and --strata name columns of a table: give it with --subjects FILE"
                    .into(),
            )),
        };
    };
    Subjects::read(&SubjectsPlan { file: file.to_owned(), ..columns }, key, vault).map(|table| Some(Arc::new(table)))
}

/// Nobody where there is no list. With a table that does not say whose photos are whose, a list of people would let them
/// through.
pub fn opt_out(
    list: Option<&Path>,
    table: Option<&Arc<Subjects>>,
    key: Option<&Pseudonyms>,
    vault: &Vault,
) -> Result<OptOut, UsageError> {
    let Some(list) = list else { return Ok(OptOut::default()) };
    table.map_or(Ok(()), |table| table.require_people())?;
    OptOut::load(list, table.cloned(), key, vault)
}
