//! Files and folders for the user alone, and files that go.

use std::fs;
use std::io::{
    self, ErrorKind::AlreadyExists, ErrorKind::DirectoryNotEmpty, ErrorKind::NotADirectory, ErrorKind::NotFound,
};
use std::path::Path;

use walkdir::WalkDir;

use super::fault::{self, Call};
use crate::disk::vault::forms;

/// A folder and those above it that are not there.
pub fn make_folders(folder: &Path, private: bool) -> io::Result<()> {
    fault::before(Call::Write)?;
    if !private {
        return fs::create_dir_all(folder);
    }
    if folder.as_os_str().is_empty() || folder.is_dir() {
        return Ok(());
    }
    if let Some(parent) = folder.parent() {
        make_folders(parent, private)?;
    }
    match make_folder(folder) {
        // Another worker was faster.
        Err(e) if e.kind() == AlreadyExists && folder.is_dir() => Ok(()),
        Err(e) => Err(e),
        Ok(()) => close(folder, 0o700),
    }
}

fn make_folder(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// Sets exactly this mode, whatever the umask is.
#[cfg(unix)]
pub fn close(path: &Path, mode: u32) -> io::Result<()> {
    fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(mode))
}

#[cfg(not(unix))]
pub fn close(_path: &Path, _mode: u32) -> io::Result<()> {
    Ok(())
}

/// Everything in a folder, and the folder itself, for the user alone: it may have been made with other settings.
pub fn close_all(folder: &Path) -> io::Result<()> {
    for entry in WalkDir::new(folder) {
        let entry = entry?;
        match entry.file_type() {
            kind if kind.is_dir() => close(entry.path(), 0o700)?,
            kind if kind.is_file() => close(entry.path(), 0o600)?,
            _ => {}
        }
    }
    Ok(())
}

/// Removes a file, encrypted or not. Tells whether there was any.
pub fn remove(path: &Path) -> io::Result<bool> {
    let [clear, encrypted] = forms(path);
    Ok(remove_one(&clear)? | remove_one(&encrypted)?)
}

pub fn remove_one(path: &Path) -> io::Result<bool> {
    fault::before(Call::Remove)?;
    match fs::remove_file(path) {
        Ok(()) => Ok(true),
        Err(e) if e.kind() == NotFound => Ok(false),
        Err(e) => Err(e),
    }
}

/// Does nothing where anything is left in it.
pub fn remove_empty_folder(folder: &Path) -> io::Result<()> {
    fault::before(Call::Remove)?;
    match fs::remove_dir(folder) {
        Err(e) if !matches!(e.kind(), NotFound | NotADirectory | DirectoryNotEmpty) => Err(e),
        _ => Ok(()),
    }
}

/// The folders above a file that went, as far as they are empty and inside `root`: a folder's name may be a person's.
pub fn remove_empty_parents(file: &Path, root: &Path) -> io::Result<()> {
    let inside = |folder: &&Path| *folder != root && folder.starts_with(root);
    file.ancestors().skip(1).take_while(inside).try_for_each(remove_empty_folder)
}

#[cfg(all(test, unix))]
mod tests {
    use super::super::write;
    use super::*;
    use crate::disk::vault::Vault;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn only_the_user_may_read_it() {
        let folder = tempfile::tempdir().unwrap();
        let table = folder.path().join("a/b/table.csv");
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        for text in [b"one", b"two"] {
            write(&Vault::default().for_the_user_alone(), &table, text).unwrap();
            assert_eq!(mode(&table), 0o600);
            assert_eq!((mode(&folder.path().join("a")), mode(table.parent().unwrap())), (0o700, 0o700));
            assert_eq!(fs::read(&table).unwrap(), text);
        }
        assert!(remove(&table).unwrap() && !remove(&table).unwrap());
    }
}
