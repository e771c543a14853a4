//! Options about what is taken from folders and how it is called, for commands that look at whole folders of photos.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use clap::Args;

use crate::error::UsageError;

#[derive(Clone, Debug, Default, Args)]
pub struct FolderArgs {
    /// Folder that names are relative to
    #[arg(long, value_name = "DIR")]
    pub base: Option<PathBuf>,
    /// In folders, take only files that match (may be repeated)
    #[arg(long, value_name = "GLOB")]
    pub include: Vec<String>,
    /// In folders, leave out files that match (may be repeated)
    #[arg(long, value_name = "GLOB")]
    pub exclude: Vec<String>,
}

/// One path that is not there is a slip of the pen, and so are all of them, or what looks like the folder for the results. Of
/// several, the others go on, and it gets a record that says so.
pub fn check_inputs(inputs: &[PathBuf]) -> Result<(), UsageError> {
    let is_missing = |path: &&PathBuf| {
        path.as_os_str() != "-" && path.symlink_metadata().is_err_and(|e| e.kind() == ErrorKind::NotFound)
    };
    let missing: Vec<&PathBuf> = inputs.iter().filter(is_missing).collect();
    let Some(last) = missing.last() else { return Ok(()) };
    let shown = last.display();
    let pattern = last.to_string_lossy().contains(['*', '?']);
    Err(UsageError(match inputs {
        _ if pattern => format!(
            "{shown} does not exist: the shell did not replace its pattern. Leave out the quotes, or name the folder and give the \
             pattern with --include."
        ),
        [_] => format!("{shown} does not exist: name a photo, or a folder that holds photos."),
        _ if missing.len() == inputs.len() => {
            format!("None of these {} paths exists: name photos, or folders that hold photos.", inputs.len())
        }
        [_, folder] if folder == *last && folder.extension().is_none() => {
            format!(
                "{shown} does not exist: did you mean -o {shown}? All other paths are photos, or folders that hold photos."
            )
        }
        _ => return Ok(()),
    }))
}

/// The path without links, as far as it exists.
pub fn real(path: &Path) -> PathBuf {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    let mut missing = Vec::new();
    let mut existing = absolute.as_path();
    loop {
        if let Ok(found) = existing.canonicalize() {
            return missing.iter().rev().fold(found, |path, part| path.join(part));
        }
        match (existing.parent(), existing.file_name()) {
            (Some(parent), Some(name)) => {
                missing.push(name);
                existing = parent;
            }
            _ => return absolute,
        }
    }
}
