//! Archives: zip, tar, and tar packed with gzip or Zstandard. One is read from its beginning to its end, member after member,
//! and nothing of it is ever unpacked onto the disk.
//!
//! `tar` and `zip` walk through the two formats, `packed` undoes the compression and stops what swells beyond measure. Of a
//! member only its name, kind, size and content are looked at: owners, comments and the targets of links are passed over.

mod packed;
mod tar;
mod zip;

use std::io::{self, Cursor, Read, SeekFrom};
use std::path::{Component, Path, PathBuf};

use crate::disk::describe;
use crate::disk::vault::{Stream, Vault, clear_name};
use crate::domain::name;

/// What the name of an archive ends in. The content decides which of the formats it is.
const ENDINGS: [&str; 6] = [".zip", ".tar", ".tar.gz", ".tgz", ".tar.zst", ".tzst"];

/// The folder that an archive stands for: `photos` beside `photos.zip`. None where the name is not that of an archive.
pub fn folder_of(path: &Path) -> Option<PathBuf> {
    let name = clear_name(path.file_name()?.to_str()?);
    let lower = name.to_ascii_lowercase();
    let ending = ENDINGS.iter().filter(|ending| lower.ends_with(*ending)).max_by_key(|ending| ending.len())?;
    let stem = &name[..name.len() - ending.len()];
    (!stem.is_empty()).then(|| path.with_file_name(stem))
}

/// Why no more can be read of an archive, or of one of its members.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    #[error("nothing is in it")]
    Empty,
    #[error("it is no archive that can be read (zip, tar, tar.gz or tar.zst)")]
    Unknown,
    #[error("it ends early: a part is missing")]
    CutOff,
    #[error("it is damaged")]
    Damaged,
    #[error("it swells to more than {} times its size, as no photos do", packed::RATIO)]
    Swells,
    #[error("it is encrypted with a password; unpack the archive")]
    Password,
    #[error("its compression is not known here; unpack the archive, or pack it anew")]
    Method,
    #[error("{0}")]
    Unreadable(String),
}

impl From<io::Error> for Broken {
    fn from(error: io::Error) -> Self {
        if let Some(broken) = error.get_ref().and_then(|inner| inner.downcast_ref::<Self>()) {
            return broken.clone();
        }
        match error.kind() {
            io::ErrorKind::UnexpectedEof => Self::CutOff,
            // What decoders say of damaged bytes is not for users.
            io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput | io::ErrorKind::Other => Self::Damaged,
            _ => Self::Unreadable(describe(&error)),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    File,
    Folder,
    /// A link, a device, a file with holes, or the like.
    Other,
    /// A member whose name another one has: the archive's own list tells only that there are such.
    Repeated,
}

/// One entry of an archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// From 1 on, as the archive's own tool lists them.
    pub number: u64,
    /// None where the name leads out of the archive, or cannot be a file's.
    pub path: Option<PathBuf>,
    pub kind: Kind,
    pub bytes: u64,
}

pub struct Archive {
    format: Format,
    /// Read when the archive was opened, so that what is none is refused at once.
    first: Option<Member>,
    count: u64,
    broken: Option<Broken>,
}

enum Format {
    Tar(tar::Tar),
    Zip(zip::Zip),
}

/// What a format says of an entry.
struct Entry {
    name: Vec<u8>,
    kind: Kind,
    bytes: u64,
}

impl Archive {
    /// A file, which may be encrypted as a whole.
    pub fn open(path: &Path, vault: &Vault) -> Result<Self, Broken> {
        Self::of(vault.open(path)?)
    }

    pub fn of(mut file: Box<dyn Stream>) -> Result<Self, Broken> {
        let mut start = Vec::new();
        (&mut file).take(4).read_to_end(&mut start)?;
        let bytes = file.seek(SeekFrom::End(0))?;
        file.rewind()?;
        match *start {
            [b'P', b'K', 3 | 5, 4 | 6] => Self::new(Format::Zip(zip::Zip::open(file, bytes)?)),
            [] => Err(Broken::Empty),
            _ => match packed::unpacked(&start, file) {
                Ok(unpacked) => Self::new(Format::Tar(tar::Tar::new(tar::Input::Unpacked(unpacked?)))),
                Err(file) => Self::new(Format::Tar(tar::Tar::new(tar::Input::File(file)))),
            },
        }
    }

    /// A tar that comes piece by piece, packed or not.
    pub fn flow(mut input: Box<dyn Read + Send>) -> Result<Self, Broken> {
        let mut start = Vec::new();
        (&mut input).take(4).read_to_end(&mut start)?;
        if start.is_empty() {
            return Err(Broken::Empty);
        }
        let whole: Box<dyn Read + Send> = Box::new(Cursor::new(start.clone()).chain(input));
        let input = match packed::unpacked(&start, whole) {
            Ok(unpacked) => tar::Input::Unpacked(unpacked?),
            Err(plain) => tar::Input::Flow(plain),
        };
        Self::new(Format::Tar(tar::Tar::new(input)))
    }

    fn new(format: Format) -> Result<Self, Broken> {
        let mut archive = Self { format, first: None, count: 0, broken: None };
        archive.first = archive.step()?;
        Ok(archive)
    }

    /// The next member; what was not read of the one before is passed over.
    pub fn next_member(&mut self) -> Result<Option<Member>, Broken> {
        if let Some(first) = self.first.take() {
            return Ok(Some(first));
        }
        if let Some(broken) = &self.broken {
            return Err(broken.clone());
        }
        self.step().inspect_err(|broken| self.broken = Some(broken.clone()))
    }

    fn step(&mut self) -> Result<Option<Member>, Broken> {
        let entry = match &mut self.format {
            Format::Tar(tar) => tar.next_entry()?,
            Format::Zip(zip) => zip.next_entry()?,
        };
        self.count += u64::from(entry.is_some());
        let member = |Entry { name, kind, bytes }| Member { number: self.count, path: path_of(&name), kind, bytes };
        Ok(entry.map(member))
    }

    /// The first bytes of the member that came last.
    pub fn start(&mut self, bytes: usize) -> Result<Vec<u8>, Broken> {
        match &mut self.format {
            Format::Tar(tar) => tar.start(bytes),
            Format::Zip(zip) => zip.start(bytes),
        }
    }

    /// All of it.
    pub fn content(&mut self) -> Result<Vec<u8>, Broken> {
        match &mut self.format {
            Format::Tar(tar) => tar.content(),
            Format::Zip(zip) => zip.content(),
        }
    }

    /// Whether something came after the end of the archive; known when the end was reached.
    pub fn has_more_behind(&self) -> bool {
        matches!(&self.format, Format::Tar(tar) if tar.has_more_behind)
    }
}

/// A name as a path that stays inside, without the `./` that tar puts in front.
fn path_of(name: &[u8]) -> Option<PathBuf> {
    let text = String::from_utf8_lossy(name);
    let leads_out = text.split(['/', '\\']).any(|part| part == "..") || text.starts_with('\\');
    if leads_out || name::check(&text).is_err() {
        return None;
    }
    let whole = as_path(name, &text);
    let parts = whole.components().filter(|part| matches!(part, Component::Normal(_)));
    let path: PathBuf = parts.collect();
    (!path.as_os_str().is_empty()).then_some(path)
}

#[cfg(unix)]
fn as_path(name: &[u8], _text: &str) -> PathBuf {
    use std::os::unix::ffi::OsStrExt;
    PathBuf::from(std::ffi::OsStr::from_bytes(name))
}

#[cfg(not(unix))]
fn as_path(_name: &[u8], text: &str) -> PathBuf {
    PathBuf::from(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_archive_stands_for_the_folder_of_its_name() {
        let folder = |path: &str| folder_of(Path::new(path));
        assert_eq!(folder("a/photos.zip"), Some("a/photos".into()));
        assert_eq!(folder("photos.v2.tar.gz"), Some("photos.v2".into()));
        assert_eq!(folder("PHOTOS.TGZ"), Some("PHOTOS".into()));
        assert_eq!(folder("photos.tar.zst.age"), Some("photos".into()));
        for none in ["a.jpg", ".zip", "zip", "a.gz", "a.zip/b"] {
            assert_eq!(folder(none), None, "{none}");
        }
    }

    #[test]
    fn names_that_lead_out_are_none() {
        for (name, path) in [("./a/b.jpg", "a/b.jpg"), ("a//b.jpg", "a/b.jpg"), ("..a/b..c", "..a/b..c")] {
            assert_eq!(path_of(name.as_bytes()), Some(PathBuf::from(path)), "{name}");
        }
        for name in
            ["", "./", "../a.jpg", "a/../b.jpg", "/a.jpg", "a\\..\\b.jpg", "\\\\host\\a", "a\0b", &"a".repeat(256)]
        {
            assert_eq!(path_of(name.as_bytes()), None, "{name}");
        }
    }
}
