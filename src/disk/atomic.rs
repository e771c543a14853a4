//! Whole files or none.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::private;
use crate::disk::vault::Vault;

/// Ending of files that are being written; what a killed run leaves of them is swept away by the next.
pub const TEMPORARY: &str = ".derm-seg-tmp";

/// Writes a file in the form that the vault gives it. Folders are made as needed.
pub fn write(vault: &Vault, target: &Path, bytes: &[u8]) -> io::Result<()> {
    write_sealed(vault, target, &vault.seal(bytes)?)
}

/// As [`write()`], and reads it back: the disk may give something else than it took.
pub fn write_and_verify(vault: &Vault, target: &Path, bytes: &[u8]) -> io::Result<()> {
    let sealed = vault.seal(bytes)?;
    write_sealed(vault, target, &sealed)?;
    if fs::read(vault.place(target))? == *sealed {
        return Ok(());
    }
    private::remove(target)?;
    Err(io::Error::new(io::ErrorKind::InvalidData, "what was written reads back differently"))
}

fn write_sealed(vault: &Vault, target: &Path, sealed: &[u8]) -> io::Result<()> {
    let mut file = NewFile::create(vault, target)?;
    file.write_all(sealed)?;
    file.finish()
}

/// A file on its way: it lies beside its place until it is whole. What is written to it is encrypted already.
pub struct NewFile {
    /// None once it is closed.
    file: Option<File>,
    temporary: PathBuf,
    target: PathBuf,
    other: PathBuf,
}

impl NewFile {
    pub fn create(vault: &Vault, target: &Path) -> io::Result<Self> {
        let (target, other) = (vault.place(target), vault.other_place(target));
        let mut name = target.file_name().unwrap_or_default().to_owned();
        name.push(TEMPORARY);
        let temporary = target.with_file_name(name);
        let file = match private::create(&temporary, vault.is_private()) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                private::make_folders(target.parent().unwrap_or(Path::new(".")), vault.is_private())?;
                private::create(&temporary, vault.is_private())?
            }
            other => other?,
        };
        Ok(Self { file: Some(file), temporary, target, other })
    }

    #[expect(clippy::disallowed_methods, reason = "the one place that renames")]
    pub fn finish(mut self) -> io::Result<()> {
        // A full disk may show only when the file is closed; closing by `drop` would swallow that.
        if let Some(mut file) = self.file.take() {
            file.flush()?;
        }
        // Of a file that was clear before, or encrypted, nothing old may be found instead.
        if self.other.is_file() {
            fs::remove_file(&self.other)?;
        }
        fs::rename(&self.temporary, &self.target)
    }
}

impl Write for NewFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.as_mut().ok_or(io::ErrorKind::BrokenPipe)?.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.as_mut().map_or(Ok(()), File::flush)
    }
}

impl Drop for NewFile {
    /// Nothing is there any more where it was finished.
    fn drop(&mut self) {
        self.file = None;
        let _ = fs::remove_file(&self.temporary);
    }
}

/// A library's bytes as something the system can load, with no trace left behind.
pub struct Scratch {
    path: PathBuf,
    #[cfg(target_os = "linux")]
    _memory: Option<std::os::fd::OwnedFd>,
    on_disk: bool,
}

impl Scratch {
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if self.on_disk {
            let _ = fs::remove_file(&self.path);
        }
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
    Ok(Scratch { path, _memory: Some(file.into()), on_disk: false })
}

fn on_disk(bytes: &[u8]) -> io::Result<Scratch> {
    let path = std::env::temp_dir().join(format!("derm-seg-{}-onnxruntime", std::process::id()));
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o700);
    let mut file = options.open(&path)?;
    let scratch = Scratch {
        path,
        #[cfg(target_os = "linux")]
        _memory: None,
        on_disk: true,
    };
    file.write_all(bytes)?;
    Ok(scratch)
}

#[cfg(test)]
mod tests {
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
