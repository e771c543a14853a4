//! Files for the user alone, and files that go.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use super::atomic::TEMPORARY;

/// As [`super::write`], but only the user may read it, from its first byte on.
pub fn write_private(target: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut name = target.file_name().unwrap_or_default().to_owned();
    name.push(TEMPORARY);
    let temporary = target.with_file_name(name);
    let result = create_private(&temporary).and_then(|mut file| {
        file.write_all(bytes)?;
        drop(file);
        fs::rename(&temporary, target)
    });
    if result.is_err() {
        let _ = fs::remove_file(&temporary);
    }
    result
}

fn create_private(path: &Path) -> io::Result<File> {
    // What a killed run left there may be readable by others.
    remove(path)?;
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Whether there was a file to remove.
pub fn remove(path: &Path) -> io::Result<bool> {
    match fs::remove_file(path) {
        Ok(()) => Ok(true),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(e) => Err(e),
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn only_the_user_may_read_it() {
        let folder = tempfile::tempdir().unwrap();
        let table = folder.path().join("table.csv");
        for text in [b"one", b"two"] {
            write_private(&table, text).unwrap();
            assert_eq!(fs::metadata(&table).unwrap().permissions().mode() & 0o777, 0o600);
            assert_eq!(fs::read(&table).unwrap(), text);
        }
        assert!(remove(&table).unwrap() && !remove(&table).unwrap());
    }
}
