//! The beginning of every photo's way, the same for `run`, `check` and `scrub`: file → bytes → unlocked → header → a share
//! of the memory.

use std::cell::OnceCell;
use std::fs;
use std::io;
use std::sync::MutexGuard;

use super::MemoryGate;
use super::footprint;
use super::memory::Share;
use crate::disk;
use crate::disk::describe;
use crate::disk::vault::{Locked, Vault};
use crate::domain::photo::Photo;
use crate::domain::record::{DicomInput, Input};
use crate::domain::source::Source;
use crate::error::PhotoError;
use crate::input::decode;
use crate::input::decode::{Header, Limits, PhotoFormat};
use crate::people::Patients;
use crate::privacy::faces::FaceFinder;

/// What every worker has at hand.
#[derive(Clone, Copy)]
pub struct Tools<'a> {
    pub limits: &'a Limits,
    pub vault: &'a Vault,
    pub memory: &'a MemoryGate,
    /// None where pictures are not searched for faces.
    pub faces: Option<&'a FaceFinder>,
    /// None where results carry no codes.
    pub patients: Option<&'a Patients>,
}

/// What is in a photo's file, or why it could not be read.
pub struct Content<'a> {
    bytes: Result<Vec<u8>, PhotoError>,
    blake3: OnceCell<String>,
    turn: Option<MutexGuard<'a, ()>>,
}

impl<'a> Content<'a> {
    /// `turn` is held by a large file until it has its share of the memory.
    pub fn new(bytes: Result<Vec<u8>, PhotoError>, turn: Option<MutexGuard<'a, ()>>) -> Self {
        Self { bytes, blake3: OnceCell::new(), turn }
    }

    pub fn blake3(&self) -> Option<&str> {
        let bytes = self.bytes.as_ref().ok()?;
        Some(self.blake3.get_or_init(|| blake3::hash(bytes).to_hex().to_string()))
    }
}

/// A photo's file in memory.
pub struct PhotoFile<'a> {
    tools: Tools<'a>,
    pub bytes: Vec<u8>,
    frame: Option<u32>,
    /// Held until the file has its share of the memory.
    _turn: Option<MutexGuard<'a, ()>>,
}

impl<'a> Tools<'a> {
    /// The file as it lies on disk, or as it came out of an archive: then `content` is given. Its size and hash go into `input`:
    /// so it is known again without opening it.
    pub fn read(
        self,
        source: &Source,
        content: Option<Content<'a>>,
        input: &mut Input,
    ) -> Result<PhotoFile<'a>, PhotoError> {
        if let Some(problem) = &source.problem {
            return Err(problem.clone());
        }
        let content = match content {
            Some(content) => content,
            None => self.read_file(source)?,
        };
        input.blake3 = content.blake3().map(str::to_owned);
        let bytes = content.bytes?;
        input.bytes = Some(bytes.len() as u64);
        Ok(PhotoFile { tools: self, bytes, frame: source.frame, _turn: content.turn })
    }

    fn read_file(self, source: &Source) -> Result<Content<'a>, PhotoError> {
        let metadata = fs::metadata(&source.path).map_err(unreadable)?;
        if !metadata.is_file() {
            return Err(PhotoError::NotAFile);
        }
        let limit = self.limits.max_file_bytes;
        if metadata.len() > limit {
            return Err(PhotoError::FileTooLarge { bytes: metadata.len(), limit });
        }
        let turn = self.memory.turn_to_read(metadata.len());
        Ok(Content::new(disk::read(&source.path).map_err(unreadable), turn))
    }
}

impl<'a> Tools<'a> {
    /// The upright pixels of a photo that has a record, with its share of the memory; nothing where the file is another one
    /// now. `enough` pixels on the longer side will do.
    pub fn reopen(
        self,
        source: &Source,
        recorded: &Input,
        enough: u32,
    ) -> Result<Option<(Photo, Share<'a>)>, PhotoError> {
        let mut input = Input::default();
        let mut file = self.read(source, None, &mut input)?;
        if input.blake3 != recorded.blake3 {
            return Ok(None);
        }
        file.unlock()?;
        let mut header = file.header(&mut input)?;
        header.window = recorded.dicom.as_ref().and_then(DicomInput::window_of_manifest);
        let need = footprint(file.bytes.len(), header);
        let (bytes, share) = file.enter(need);
        Ok(Some((decode::decode(&bytes, header, enough)?.photo, share)))
    }
}

impl<'a> PhotoFile<'a> {
    /// What is inside, where the file is encrypted. It is never larger than the file, so the limit on that holds for both.
    pub fn unlock(&mut self) -> Result<(), PhotoError> {
        let bytes = self.tools.vault.unseal(std::mem::take(&mut self.bytes));
        self.bytes = bytes.map_err(|locked| match locked {
            Locked::Damaged => PhotoError::DecryptionFailed(locked.to_string()),
            _ => PhotoError::NoMatchingKey(locked.to_string()),
        })?;
        Ok(())
    }

    /// What the header says, also into `input`.
    pub fn header(&self, input: &mut Input) -> Result<Header, PhotoError> {
        input.format = Some(decode::sniff(&self.bytes)?.name().to_owned());
        let mut header = decode::header(&self.bytes, self.tools.limits)?;
        header.frame = self.frame;
        if header.format == PhotoFormat::Dicom {
            let mut dicom = decode::dicom::describe(&self.bytes, self.frame.unwrap_or(1))?;
            let identity = decode::dicom::identity(&self.bytes)?;
            match self.tools.patients {
                _ if identity.is_coded => {
                    dicom.patient = String::from_utf8(identity.patient).ok().filter(|code| !code.is_empty());
                    dicom.study = identity.study;
                }
                Some(patients) => {
                    dicom.patient = patients.code(&input.path, &identity.patient);
                    dicom.study = identity.study.map(|uid| patients.study(&uid));
                }
                None => {}
            }
            input.dicom = Some(dicom);
        }
        input.width = Some(header.size.width);
        input.height = Some(header.size.height);
        input.orientation = Some(header.orientation);
        Ok(header)
    }

    /// Waits until `need` bytes are free, and lets the next large file be read.
    pub fn enter(self, need: u64) -> (Vec<u8>, Share<'a>) {
        let share = self.tools.memory.enter(need);
        (self.bytes, share)
    }
}

fn unreadable(error: io::Error) -> PhotoError {
    match error.kind() {
        io::ErrorKind::NotFound => PhotoError::NotFound(describe(&error)),
        _ => PhotoError::Unreadable(describe(&error)),
    }
}
