//! How files lie on disk: as they are, or encrypted with age, whose tools open them as well. `keys` reads whose keys.
//!
//! A [`Vault`] is handed to whoever reads or writes. It writes `a.png` as `a.png.age` where there are recipients, and finds
//! either when asked for `a.png`; what a file is, its first bytes decide. Encryption and decryption happen in memory.

mod keys;

use std::borrow::Cow;
use std::fmt;
use std::fs::{self, File};
use std::io::{self, BufReader, Cursor, ErrorKind::NotFound, Read, Seek, Write};
use std::path::{Path, PathBuf};

use age::armor::ArmoredReader;
use age::stream::StreamWriter;
pub use age::x25519::Identity;
use age::x25519::Recipient;
use age::{DecryptError, Decryptor, Encryptor};

use super::fault::{self, Call};

pub use keys::{identities, recipient, recipients_in, refuse_readable_by_others};

const ENDING: &str = ".age";
const SIGNATURES: [&[u8]; 2] = [b"age-encryption.org/", b"-----BEGIN AGE ENCRYPTED FILE-----"];
/// Room for hundreds of recipients. The header of a stranger's file is not read any further: its parser takes time that
/// grows with the square of the length.
const LONGEST_HEADER: usize = 64 << 10;
const END_OF_HEADER: &[u8] = b"\n--- ";

/// Why an encrypted file stays closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Locked {
    #[error("it is encrypted; give the file with its key: --identity FILE")]
    NoIdentity,
    #[error("it is encrypted, and none of the keys given by --identity opens it")]
    OtherKey,
    #[error("it is encrypted and damaged; copy it again")]
    Damaged,
}

impl From<Locked> for io::Error {
    fn from(locked: Locked) -> Self {
        io::Error::other(locked)
    }
}

impl Locked {
    /// Whether an error of reading is about a lock.
    pub fn of(error: &io::Error) -> Option<Self> {
        error.get_ref()?.downcast_ref().copied()
    }
}

/// Keys to write with and to read with, and whom the files are for. Without any, files are as usual.
#[derive(Clone, Default)]
pub struct Vault {
    recipients: Vec<Recipient>,
    identities: Vec<Identity>,
    private: bool,
}

impl fmt::Debug for Vault {
    /// Keys are in no log.
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.debug_struct("Vault").field("encrypts", &self.encrypts()).field("private", &self.private).finish()
    }
}

impl Vault {
    /// `private`: what is written is for the user alone.
    pub fn new(recipients: Vec<Recipient>, identities: Vec<Identity>, private: bool) -> Self {
        Self { recipients, identities, private }
    }

    pub fn encrypts(&self) -> bool {
        !self.recipients.is_empty()
    }

    pub fn is_private(&self) -> bool {
        self.private
    }

    pub fn for_the_user_alone(&self) -> Self {
        Self { private: true, ..self.clone() }
    }

    /// Whether it can read what it writes.
    pub fn reads_its_own(&self) -> bool {
        let own: Vec<String> = self.identities.iter().map(|identity| identity.to_public().to_string()).collect();
        !self.encrypts() || self.recipients.iter().any(|recipient| own.contains(&recipient.to_string()))
    }

    /// Tells other recipients from these, and nothing about either.
    pub fn fingerprint(&self) -> Option<String> {
        let mut keys: Vec<String> = self.recipients.iter().map(Recipient::to_string).collect();
        keys.sort();
        keys.dedup();
        self.encrypts().then(|| blake3::hash(keys.join("\n").as_bytes()).to_hex()[..32].to_owned())
    }

    /// Where a file of this name is written.
    pub fn place(&self, path: &Path) -> PathBuf {
        forms(path)[usize::from(self.encrypts())].clone()
    }

    /// Where a file of this name would be that was written the other way.
    pub fn other_place(&self, path: &Path) -> PathBuf {
        forms(path)[usize::from(!self.encrypts())].clone()
    }

    /// What `bytes` become on disk.
    pub fn seal<'a>(&self, bytes: &'a [u8]) -> io::Result<Cow<'a, [u8]>> {
        if !self.encrypts() {
            return Ok(Cow::Borrowed(bytes));
        }
        let mut sealing = self.sealing(Vec::with_capacity(bytes.len() + bytes.len() / 1024 + 512))?;
        sealing.write_all(bytes)?;
        sealing.finish().map(Cow::Owned)
    }

    /// The same for what comes piece by piece.
    pub fn sealing<W: Write>(&self, writer: W) -> io::Result<Sealing<W>> {
        if !self.encrypts() {
            return Ok(Sealing::Plain(writer));
        }
        let encryptor = Encryptor::with_recipients(self.recipients.iter().map(|r| r as _)).map_err(io::Error::other)?;
        encryptor.wrap_output(writer).map(Sealing::Encrypted)
    }

    /// Bytes as they were before they were encrypted, if they were.
    pub fn unseal(&self, bytes: Vec<u8>) -> Result<Vec<u8>, Locked> {
        if !is_encrypted(&bytes) {
            return Ok(bytes);
        }
        if self.identities.is_empty() {
            return Err(Locked::NoIdentity);
        }
        let mut sealed = Vec::with_capacity(bytes.len());
        ArmoredReader::new(Cursor::new(bytes)).read_to_end(&mut sealed).map_err(|_| Locked::Damaged)?;
        let start = &sealed[..sealed.len().min(LONGEST_HEADER)];
        memchr::memmem::find(start, END_OF_HEADER).ok_or(Locked::Damaged)?;
        let mut clear = Vec::with_capacity(sealed.len());
        self.reader(sealed.as_slice())?.read_to_end(&mut clear).map_err(|_| Locked::Damaged)?;
        Ok(clear)
    }

    /// A file or its encrypted twin, whole.
    pub fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        Ok(self.unseal(read_as_is(path)?)?)
    }

    /// The same for a file that must not be longer than `most` bytes.
    pub fn read_within(&self, path: &Path, most: u64) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.open(path)?.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > most {
            let message = format!("it has more than {most} bytes, which no file of its kind has");
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, message));
        }
        Ok(bytes)
    }

    /// The same where only a part is wanted, or one piece after the other.
    pub fn open(&self, path: &Path) -> io::Result<Box<dyn Stream>> {
        fault::before(Call::Read)?;
        let mut file = File::open(found(path)?)?;
        let mut start = Vec::new();
        (&mut file).take(SIGNATURES[1].len() as u64).read_to_end(&mut start)?;
        file.rewind()?;
        let file = BufReader::new(file);
        match is_encrypted(&start) {
            true => Ok(Box::new(self.reader(ArmoredReader::new(file))?)),
            false => Ok(Box::new(file)),
        }
    }

    /// Whether one of the keys opens the file; of the file only the beginning is read.
    pub fn opens(&self, path: &Path) -> bool {
        let mut start = Vec::new();
        let read = File::open(path).and_then(|file| file.take(2 * LONGEST_HEADER as u64).read_to_end(&mut start));
        read.is_ok() && (!is_encrypted(&start) || self.reader(ArmoredReader::new(start.as_slice())).is_ok())
    }

    fn reader<R: io::BufRead>(&self, sealed: R) -> Result<age::stream::StreamReader<R>, Locked> {
        if self.identities.is_empty() {
            return Err(Locked::NoIdentity);
        }
        let decryptor = Decryptor::new_buffered(sealed).map_err(|_| Locked::Damaged)?;
        decryptor.decrypt(self.identities.iter().map(|identity| identity as _)).map_err(|error| match error {
            DecryptError::NoMatchingKeys => Locked::OtherKey,
            _ => Locked::Damaged,
        })
    }
}

/// Something that is read, and can be read from any place on.
pub trait Stream: Read + Seek + Send {}
impl<T: Read + Seek + Send> Stream for T {}

/// A writer that encrypts what passes through it, or does not.
pub enum Sealing<W: Write> {
    Plain(W),
    Encrypted(StreamWriter<W>),
}

impl<W: Write> Sealing<W> {
    /// Writes the end, without which the whole could not be opened.
    pub fn finish(self) -> io::Result<W> {
        match self {
            Self::Plain(writer) => Ok(writer),
            Self::Encrypted(writer) => writer.finish(),
        }
    }
}

impl<W: Write> Write for Sealing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(writer) => writer.write(bytes),
            Self::Encrypted(writer) => writer.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(writer) => writer.flush(),
            Self::Encrypted(writer) => writer.flush(),
        }
    }
}

/// The two names that a file may have.
pub fn forms(path: &Path) -> [PathBuf; 2] {
    let mut encrypted = path.as_os_str().to_owned();
    encrypted.push(ENDING);
    [path.to_owned(), encrypted.into()]
}

pub fn exists(path: &Path) -> bool {
    forms(path).iter().any(|form| form.exists())
}

/// What a file is called that may be encrypted: `a.jpg` for `a.jpg.age`.
pub fn clear_name(name: &str) -> &str {
    name.strip_suffix(ENDING).filter(|name| !name.is_empty() && !name.ends_with('/')).unwrap_or(name)
}

pub fn has_sealed_name(path: &Path) -> bool {
    path.file_name().and_then(|name| name.to_str()).is_some_and(|name| clear_name(name) != name)
}

/// A file or its encrypted twin, as it lies there.
pub fn read_as_is(path: &Path) -> io::Result<Vec<u8>> {
    crate::disk::read(&found(path)?)
}

fn found(path: &Path) -> io::Result<PathBuf> {
    let [clear, encrypted] = forms(path);
    match fs::metadata(&clear) {
        Err(e) if e.kind() == NotFound && encrypted.exists() => Ok(encrypted),
        Err(e) => Err(e),
        Ok(_) => Ok(clear),
    }
}

pub fn is_encrypted(bytes: &[u8]) -> bool {
    SIGNATURES.iter().any(|signature| bytes.starts_with(signature))
}

#[cfg(test)]
mod tests;
