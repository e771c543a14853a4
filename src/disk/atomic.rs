//! Whole files or none.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use tempfile::{NamedTempFile, TempPath};

use super::fault::{self, Call};
use super::private;
use crate::disk::vault::{Sealing, Vault};

/// Ending of files that are being written; what a killed run leaves of them is swept away by the next.
const TEMPORARY: &str = ".derm-seg-tmp";

/// Writes a file in the form that the vault gives it. Folders are made as needed.
pub fn write(vault: &Vault, target: &Path, bytes: &[u8]) -> io::Result<()> {
    write_sealed(vault, target, &vault.seal(bytes)?)
}

/// As [`write()`], with the date of the file that it takes the place of.
pub fn rewrite(vault: &Vault, target: &Path, bytes: &[u8]) -> io::Result<()> {
    let date = std::fs::metadata(vault.place(target))?.modified()?;
    let mut file = NewFile::create(vault, target)?;
    file.write_all(&vault.seal(bytes)?)?;
    file.file.as_file().set_modified(date)?;
    file.finish()
}

/// As [`write()`], and reads it back: the disk may give something else than it took.
pub fn write_and_verify(vault: &Vault, target: &Path, bytes: &[u8]) -> io::Result<()> {
    let sealed = vault.seal(bytes)?;
    write_sealed(vault, target, &sealed)?;
    let same = super::read(&vault.place(target)).map(|read| read == *sealed);
    if matches!(same, Ok(true)) {
        return Ok(());
    }
    // What cannot be trusted must not be there.
    private::remove(target)?;
    same?;
    Err(io::Error::new(io::ErrorKind::InvalidData, "what was written reads back differently"))
}

/// Copies a file as it lies, encrypted or clear, with its date. The copy is not waited for: see [`settle`].
pub fn copy_as_is(from: &Path, to: &Path, private: bool) -> io::Result<()> {
    fault::before(Call::Read)?;
    let mut original = File::open(from)?;
    let mut copy = NewFile::create(&Vault::new(Vec::new(), Vec::new(), private), to)?;
    io::copy(&mut original, &mut copy)?;
    copy.file.as_file().set_modified(original.metadata()?.modified()?)?;
    copy.put_in_place()
}

fn write_sealed(vault: &Vault, target: &Path, sealed: &[u8]) -> io::Result<()> {
    let mut file = NewFile::create(vault, target)?;
    file.write_all(sealed)?;
    file.finish()
}

/// A file on its way: it lies beside its place until it is whole, and goes where it does not become so. What is written to
/// it is encrypted already.
pub struct NewFile {
    file: NamedTempFile,
    target: PathBuf,
    other: PathBuf,
}

impl NewFile {
    pub fn create(vault: &Vault, target: &Path) -> io::Result<Self> {
        let (target, other) = (vault.place(target), vault.other_place(target));
        let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let file = match temporary(folder, vault.is_private()) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                private::make_folders(folder, vault.is_private())?;
                temporary(folder, vault.is_private())?
            }
            other => other?,
        };
        Ok(Self { file, target, other })
    }

    /// The bytes are on the disk before the name is: after a power cut a file is whole, or it is not there.
    pub fn finish(self) -> io::Result<()> {
        fault::before(Call::Sync)?;
        self.file.as_file().sync_all()?;
        self.put_in_place()
    }

    fn put_in_place(self) -> io::Result<()> {
        // Of a file that was clear before, or encrypted, nothing old may be found instead.
        if self.other.is_file() {
            private::remove_one(&self.other)?;
        }
        fault::before(Call::Rename)?;
        self.file.persist(&self.target).map_err(|e| e.error)?;
        Ok(())
    }
}

/// Its name is short, however long the file's own will be. A private one can be read by nobody else from its first byte on.
fn temporary(folder: &Path, private: bool) -> io::Result<NamedTempFile> {
    fault::before(Call::Write)?;
    let mut builder = tempfile::Builder::new();
    builder.suffix(TEMPORARY);
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(if private { 0o600 } else { 0o666 }));
    let file = builder.tempfile_in(folder)?;
    if private {
        private::close(file.path(), 0o600)?;
    }
    Ok(file)
}

impl Write for NewFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        fault::before(Call::Write)?;
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// A file that is written piece by piece, encrypted on its way where the vault does so.
pub struct LongFile(Sealing<BufWriter<NewFile>>);

impl LongFile {
    pub fn create(vault: &Vault, target: &Path) -> io::Result<Self> {
        vault.sealing(BufWriter::new(NewFile::create(vault, target)?)).map(Self)
    }

    /// All is written, and nothing is in its place yet.
    pub fn close(self) -> io::Result<NewFile> {
        Ok(self.0.finish()?.into_inner()?)
    }

    pub fn finish(self) -> io::Result<()> {
        self.close()?.finish()
    }
}

impl Write for LongFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// Removes what killed runs left of files that they were writing in a folder and below.
pub fn sweep(folder: &Path) -> io::Result<()> {
    for entry in walkdir::WalkDir::new(folder).into_iter().flatten() {
        if entry.file_type().is_file() && is_temporary(entry.file_name()) {
            private::remove_one(entry.path())?;
        }
    }
    Ok(())
}

pub fn is_temporary(name: &std::ffi::OsStr) -> bool {
    name.as_encoded_bytes().ends_with(TEMPORARY.as_bytes())
}

/// Waits until the names of a folder's files, too, and what was removed below it, will outlast a power cut.
pub fn settle(folder: &Path) -> io::Result<()> {
    fault::before(Call::Sync)?;
    #[cfg(target_os = "linux")]
    rustix::fs::syncfs(File::open(folder)?)?;
    #[cfg(all(unix, not(target_os = "linux")))]
    File::open(folder)?.sync_all()?;
    Ok(())
}

/// A library's bytes as something the system can load, with no trace left behind.
pub struct Scratch {
    path: PathBuf,
    _held: Held,
}

/// What keeps the bytes there.
enum Held {
    #[cfg(target_os = "linux")]
    Memory {
        _file: File,
    },
    Disk {
        _path: TempPath,
    },
}

impl Scratch {
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// In memory where the system allows, otherwise a file in the temporary folder that goes with the returned value.
pub fn scratch_library(bytes: &[u8]) -> io::Result<Scratch> {
    #[cfg(target_os = "linux")]
    if let Ok(scratch) = in_memory(bytes) {
        return Ok(scratch);
    }
    on_disk(bytes)
}

#[cfg(target_os = "linux")]
fn in_memory(bytes: &[u8]) -> io::Result<Scratch> {
    use std::os::fd::AsRawFd;
    let memory = rustix::fs::memfd_create("onnxruntime", rustix::fs::MemfdFlags::CLOEXEC)?;
    let path = PathBuf::from(format!("/proc/self/fd/{}", memory.as_raw_fd()));
    let mut file = File::from(memory);
    file.write_all(bytes)?;
    Ok(Scratch { path, _held: Held::Memory { _file: file } })
}

fn on_disk(bytes: &[u8]) -> io::Result<Scratch> {
    let mut builder = tempfile::Builder::new();
    builder.prefix("derm-seg-onnxruntime-");
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
    let mut file = builder.tempfile()?;
    file.write_all(bytes)?;
    let path = file.into_temp_path();
    Ok(Scratch { path: path.to_path_buf(), _held: Held::Disk { _path: path } })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_file_appears_whole_and_nothing_else_with_it() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("a/b/c.json");
        write(&Vault::default(), &target, b"one").unwrap();
        write(&Vault::default(), &target, b"two").unwrap();
        assert_eq!(fs::read(&target).unwrap(), b"two");
        assert_eq!(fs::read_dir(target.parent().unwrap()).unwrap().count(), 1);
    }

    #[test]
    fn a_failed_write_leaves_the_old_file() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("taken");
        fs::create_dir(&target).unwrap();
        fs::write(target.join("x"), b"").unwrap();
        assert!(write(&Vault::default(), &target, b"bytes").is_err());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
