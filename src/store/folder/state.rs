//! What in the folder is already done, and what has changed since.

use std::fs;
use std::time::SystemTime;

use super::OutputFolder;
use crate::domain::record::{Done, Outcome};
use crate::domain::source::Source;
use crate::store::layout::{mask_path, record_path};
use crate::store::mask_file;

/// What is there of a photo.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Nothing that is believed.
    New,
    InputChanged,
    OutputDamaged,
    /// The mask is whole, and a picture that is asked for is not there.
    PictureMissing,
    /// Somebody changed the mask after it was written.
    MaskEdited,
    Done,
    /// It is in an archive, and its content has to be seen to tell.
    Unread,
}

impl OutputFolder {
    /// A record that exists is believed only if its input and its outputs are still what it says.
    ///
    /// An input is taken as unchanged without reading it when it has its old size and neither its content nor its inode
    /// was touched since the record was written; otherwise, and always with `verify`, its hash decides. For a member of an
    /// archive that is the archive's inode, and the hash is `blake3`, once it was read.
    /// `is_complete` tells whether a record has all that is asked for.
    pub fn state(
        &self,
        source: &Source,
        extra: &[String],
        is_complete: impl Fn(&Done) -> bool,
        verify: bool,
        blake3: Option<&str>,
    ) -> State {
        let Ok(record) = self.read_record(&source.file_name) else { return State::New };
        let Outcome::Done(done) = record.outcome else { return State::New };
        if done.input.path != source.name || done.mask.path != mask_path(&source.file_name) {
            return State::New;
        }
        let mask = self.mask_state(&done);
        if mask == State::MaskEdited {
            return mask;
        }
        match self.is_same_input(source, &done, verify, blake3) {
            // A mask that somebody drew is not lost to a change of its photo.
            Some(false) if done.edited.is_some() => return State::MaskEdited,
            Some(false) => return State::InputChanged,
            None => return State::Unread,
            Some(true) => {}
        }
        let whole = |path: &String| {
            fs::metadata(self.vault.place(&self.root.join(path))).is_ok_and(|metadata| metadata.len() > 0)
        };
        let crops = done.crops.iter().flatten().map(|crop| &crop.file);
        if mask == State::Done && !(is_complete(&done) && extra.iter().chain(crops).all(whole)) {
            State::PictureMissing
        } else {
            mask
        }
    }

    /// None where that cannot be told without reading an archive.
    fn is_same_input(&self, source: &Source, done: &Done, verify: bool, blake3: Option<&str>) -> Option<bool> {
        if blake3.is_some() {
            return Some(blake3 == done.input.blake3.as_deref());
        }
        let record = self.vault.place(&self.root.join(record_path(&source.file_name)));
        let untouched = || -> Option<bool> {
            let input = fs::metadata(&source.path).ok()?;
            let written = fs::metadata(record).ok()?.modified().ok()?;
            let bytes = source.member.map_or(input.len(), |member| member.bytes);
            Some(done.input.bytes == Some(bytes) && last_touched(&input)? < written)
        };
        if !verify && untouched() == Some(true) {
            return Some(true);
        }
        if source.member.is_some() {
            return None;
        }
        let hash = crate::disk::read(&source.path).ok().map(|bytes| blake3::hash(&bytes).to_hex().to_string());
        Some(hash == done.input.blake3)
    }

    /// A mask that was changed and is still a picture was changed by somebody; anything else is damage.
    fn mask_state(&self, done: &Done) -> State {
        match self.read(&done.mask.path) {
            Ok(bytes) if blake3::hash(&bytes).to_hex().as_str() == done.mask.blake3 => State::Done,
            Ok(bytes) if mask_file::is_picture(&bytes, done.photo) => State::MaskEdited,
            _ => State::OutputDamaged,
        }
    }
}

/// The later of content change and, where the system tells, change of the file's own data (a copy that keeps its old date).
pub fn last_touched(metadata: &fs::Metadata) -> Option<SystemTime> {
    let modified = metadata.modified().ok()?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        let changed = SystemTime::UNIX_EPOCH
            + std::time::Duration::new(metadata.ctime().try_into().ok()?, metadata.ctime_nsec().try_into().ok()?);
        Some(modified.max(changed))
    }
    #[cfg(not(unix))]
    Some(modified)
}
