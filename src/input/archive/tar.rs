//! The walk through a tar: headers of 512 bytes, each followed by its member's content.
//!
//! The headers are read by the `tar` crate. The walk is our own, because it must know a cut-off archive from a whole one, hold no
//! more than a few kilobytes of what is not a photo, and go from thread to thread.

use std::io::{self, Read, SeekFrom};

use tar::{EntryType, Header};

use super::{Broken, Entry, Kind, Stream};

const BLOCK: u64 = 512;
/// The longest name that an archive may give, and the longest list of attributes.
const LONGEST_EXTENSION: u64 = 1 << 20;
/// Where reading on is as quick as finding another place.
const NEAR: u64 = 64 << 10;
/// How much is read behind the end, so that who sends it is not cut short.
const BEHIND: u64 = 16 << 20;

pub enum Input {
    File(Box<dyn Stream>),
    Flow(Box<dyn Read + Send>),
    Unpacked(Box<dyn Read + Send>),
}

impl Read for Input {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::File(file) => file.read(buffer),
            Self::Flow(flow) | Self::Unpacked(flow) => flow.read(buffer),
        }
    }
}

pub struct Tar {
    input: Input,
    /// Of the current member: bytes that were read already to see what it is, bytes of content to come, and what fills its last block.
    head: Vec<u8>,
    left: u64,
    padding: u64,
    is_begun: bool,
    /// Content that could not be read: nobody knows where the next header is.
    broken: Option<Broken>,
    pub has_more_behind: bool,
}

/// What extensions say of the member that follows them.
#[derive(Default)]
struct Extended {
    name: Option<Vec<u8>>,
    bytes: Option<u64>,
}

impl Tar {
    pub fn new(input: Input) -> Self {
        Self { input, head: Vec::new(), left: 0, padding: 0, is_begun: false, broken: None, has_more_behind: false }
    }

    pub fn next_entry(&mut self) -> Result<Option<Entry>, Broken> {
        if let Some(broken) = &self.broken {
            return Err(broken.clone());
        }
        let mut extended = Extended::default();
        loop {
            self.pass_over(self.left.checked_add(self.padding).ok_or(Broken::Damaged)?)?;
            (self.left, self.padding) = (0, 0);
            self.head.clear();
            let Some(header) = self.header()? else { return Ok(None) };
            let kind = header.entry_type();
            self.set_size(header.entry_size()?);
            match kind {
                EntryType::GNULongName => {
                    let mut name = self.extension()?;
                    name.truncate(name.iter().position(|&b| b == 0).unwrap_or(name.len()));
                    extended.name = Some(name);
                }
                EntryType::XHeader => self.extension().and_then(|bytes| attributes(&bytes, &mut extended))?,
                // The target of a link, attributes of all members, the name of the volume.
                EntryType::GNULongLink | EntryType::XGlobalHeader => {}
                other if other.as_byte() == b'V' => {}
                _ => return self.entry(&header, kind, extended).map(Some),
            }
        }
    }

    fn entry(&mut self, header: &Header, kind: EntryType, extended: Extended) -> Result<Entry, Broken> {
        if let Some(bytes) = extended.bytes {
            self.set_size(bytes);
        }
        let name = extended.name.unwrap_or_else(|| header.path_bytes().into_owned());
        let kind = match kind {
            // Old archives have no kind for folders.
            EntryType::Regular | EntryType::Continuous if name.ends_with(b"/") => Kind::Folder,
            EntryType::Regular | EntryType::Continuous => Kind::File,
            EntryType::Directory => Kind::Folder,
            EntryType::GNUSparse => {
                self.pass_over_map(header)?;
                Kind::Other
            }
            EntryType::Link => {
                // It may tell the size of the file that it stands for, and has no content.
                self.set_size(0);
                Kind::Other
            }
            _ => Kind::Other,
        };
        Ok(Entry { name, kind, bytes: self.left })
    }

    fn set_size(&mut self, bytes: u64) {
        self.left = bytes;
        self.padding = (BLOCK - bytes % BLOCK) % BLOCK;
    }

    /// None at the end of the archive, which two empty blocks mark.
    fn header(&mut self) -> Result<Option<Header>, Broken> {
        let mut header = Header::new_old();
        if let Err(error) = self.input.read_exact(header.as_mut_bytes()) {
            // Without a single header it is something else.
            let is_nothing = !self.is_begun && !matches!(self.input, Input::Unpacked(_));
            return Err(if is_nothing { Broken::Unknown } else { error.into() });
        }
        let bytes = header.as_bytes();
        if bytes.iter().all(|&b| b == 0) {
            self.look_behind();
            return Ok(None);
        }
        let sum = bytes.iter().map(|&b| u32::from(b)).sum::<u32>()
            - bytes[148..156].iter().map(|&b| u32::from(b)).sum::<u32>();
        let is_right = header.cksum().is_ok_and(|told| told == sum + 8 * u32::from(b' '));
        match is_right {
            true => self.is_begun = true,
            false if self.is_begun => return Err(Broken::Damaged),
            false => return Err(Broken::Unknown),
        }
        Ok(Some(header))
    }

    fn look_behind(&mut self) {
        let mut rest = (&mut self.input).take(BEHIND);
        let mut buffer = vec![0; NEAR as usize];
        // All members came: what goes wrong now is nobody's loss.
        while let Ok(read) = rest.read(&mut buffer)
            && read > 0
        {
            self.has_more_behind |= buffer[..read].iter().any(|&b| b != 0);
        }
    }

    /// The blocks behind the header of a file with holes that say where they are.
    fn pass_over_map(&mut self, header: &Header) -> Result<(), Broken> {
        let mut goes_on = header.as_gnu().is_some_and(tar::GnuHeader::is_extended);
        let mut block = [0; BLOCK as usize];
        while goes_on {
            self.input.read_exact(&mut block)?;
            goes_on = block[504] == 1;
        }
        Ok(())
    }

    fn extension(&mut self) -> Result<Vec<u8>, Broken> {
        match self.left {
            0..=LONGEST_EXTENSION => self.content(),
            _ => Err(Broken::Damaged),
        }
    }

    pub fn start(&mut self, bytes: usize) -> Result<Vec<u8>, Broken> {
        let more = self.left.min(bytes.saturating_sub(self.head.len()) as u64);
        let mut head = std::mem::take(&mut self.head);
        self.read_some(more, &mut head)?;
        self.head = head;
        Ok(self.head[..self.head.len().min(bytes)].to_vec())
    }

    pub fn content(&mut self) -> Result<Vec<u8>, Broken> {
        let mut content = std::mem::take(&mut self.head);
        self.read_some(self.left, &mut content)?;
        Ok(content)
    }

    /// Room is made as bytes come: a size that is only told costs nothing.
    fn read_some(&mut self, bytes: u64, into: &mut Vec<u8>) -> Result<(), Broken> {
        into.reserve(bytes.min(8 << 20) as usize);
        let read = (&mut self.input).take(bytes).read_to_end(into);
        let broken = match read {
            Ok(read) if read as u64 == bytes => {
                self.left -= bytes;
                return Ok(());
            }
            Ok(_) => Broken::CutOff,
            Err(error) => error.into(),
        };
        self.broken = Some(broken.clone());
        Err(broken)
    }

    fn pass_over(&mut self, bytes: u64) -> Result<(), Broken> {
        match &mut self.input {
            Input::File(file) if bytes > NEAR => {
                let way = i64::try_from(bytes).map_err(|_| Broken::Damaged)?;
                // Where it ends beyond the end, no header follows.
                file.seek(SeekFrom::Current(way))?;
            }
            input => {
                let passed = io::copy(&mut input.take(bytes), &mut io::sink())?;
                if passed < bytes {
                    return Err(Broken::CutOff);
                }
            }
        }
        Ok(())
    }
}

/// Records of the form `LENGTH KEY=VALUE` and a line's end; the length counts all of it. Only the name and the size count here.
fn attributes(mut rest: &[u8], extended: &mut Extended) -> Result<(), Broken> {
    while !rest.is_empty() {
        let record = record(rest).ok_or(Broken::Damaged)?;
        rest = &rest[record.len()..];
        let told = record.split(|&b| b == b' ').next().map_or(0, |length| length.len() + 1);
        let Some(equals) = record.iter().position(|&b| b == b'=').filter(|&at| at > told) else {
            return Err(Broken::Damaged);
        };
        let value = &record[equals + 1..record.len() - 1];
        match &record[told..equals] {
            b"path" => extended.name = Some(value.to_vec()),
            b"size" => extended.bytes = Some(number(value).ok_or(Broken::Damaged)?),
            _ => {}
        }
    }
    Ok(())
}

fn record(rest: &[u8]) -> Option<&[u8]> {
    let space = rest.iter().take(20).position(|&b| b == b' ')?;
    let length = usize::try_from(number(&rest[..space])?).ok()?;
    let record = rest.get(..length)?;
    (length > space + 1 && record.ends_with(b"\n")).then_some(record)
}

fn number(digits: &[u8]) -> Option<u64> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}
