//! Whole files or none.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Ending of files that are being written; what a killed run leaves of them is swept away by the next.
pub const TEMPORARY: &str = ".derm-seg-tmp";

/// Writes beside the target, then renames. Folders are made as needed.
pub fn write(target: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = target.parent().unwrap_or(Path::new("."));
    let mut name = target.file_name().unwrap_or_default().to_owned();
    name.push(TEMPORARY);
    let temporary = folder.join(name);
    let mut file = match File::create(&temporary) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => {
            fs::create_dir_all(folder)?;
            File::create(&temporary)?
        }
        other => other?,
    };
    let result = file.write_all(bytes).and_then(|()| {
        // A full disk may show only when the file is closed; closing by `drop` would swallow that.
        file.flush()?;
        drop(file);
        fs::rename(&temporary, target)
    });
    if result.is_err() {
        let _ = fs::remove_file(&temporary);
    }
    result
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
        write(&target, b"one").unwrap();
        write(&target, b"two").unwrap();
        assert_eq!(fs::read(&target).unwrap(), b"two");
        assert_eq!(fs::read_dir(target.parent().unwrap()).unwrap().count(), 1);
    }

    #[test]
    fn a_failed_write_leaves_the_old_file() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("taken");
        fs::create_dir(&target).unwrap();
        fs::write(target.join("x"), b"").unwrap();
        assert!(write(&target, b"bytes").is_err());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
