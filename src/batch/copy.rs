//! The way of one photo through `scrub`: file → clean copy → file.

use std::io;
use std::path::Path;

use super::Tools;
use super::open::Content;
use super::photo::contained;
use crate::disk;
use crate::disk::describe;
use crate::disk::vault::Locked;
use crate::domain::record::{Finding, Input};
use crate::domain::source::Source;
use crate::error::{PhotoError, Stage};
use crate::input::decode;
use crate::input::decode::{Header, PhotoFormat};
use crate::privacy::faces::FacePolicy;
use crate::privacy::scrub::DicomRule;
use crate::privacy::{findings, scrub};

/// What came of one photo.
#[derive(Debug)]
pub enum Copied {
    /// `was_there`: an earlier run had made the same copy.
    Done {
        left_out: Vec<Finding>,
        was_there: bool,
        faces: Faces,
    },
    /// It shows a face, and such photos are left out; `removed`: a copy of an earlier run was there.
    FaceLeftOut {
        removed: bool,
    },
    Failed(PhotoError),
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Faces {
    /// None was found, or none was looked for.
    #[default]
    None,
    Shown,
    /// The picture was encoded again.
    Covered,
}

/// What is to become of one photo.
struct Made {
    /// Without metadata, the pixels untouched.
    clean: Vec<u8>,
    /// With faces covered.
    covered: Option<Vec<u8>>,
    left_out: Vec<Finding>,
    shows_face: bool,
}

/// Copies one photo without its metadata. Without `faces` the picture is not looked at. An error means that nothing more can be written.
pub fn copy_clean(
    source: &Source,
    content: Option<Content>,
    target: &Path,
    policy: FacePolicy,
    rule: Option<&DicomRule>,
    tools: Tools,
) -> io::Result<Copied> {
    let made = contained(&mut Stage::Read, |stage| make(source, content, policy, rule, tools, stage));
    let Made { clean, covered, left_out, shows_face } = match made {
        Ok(made) => made,
        Err(error) => return Ok(Copied::Failed(error)),
    };
    let vault = tools.vault;
    let there = vault.read(target);
    // Before anything else: what is locked may be an earlier copy with the face in it.
    if let Err(e) = &there
        && Locked::of(e).is_some()
    {
        return Ok(Copied::Failed(PhotoError::TargetLocked(describe(e))));
    }
    if shows_face && policy == FacePolicy::Exclude {
        return match there {
            Ok(there) if there != clean && Some(&there) != covered.as_ref() => {
                Ok(Copied::Failed(PhotoError::TargetTaken))
            }
            there => Ok(Copied::FaceLeftOut { removed: there.is_ok() && disk::remove(target)? }),
        };
    }
    let faces = match (&covered, shows_face) {
        (Some(_), _) => Faces::Covered,
        (None, true) => Faces::Shown,
        (None, false) => Faces::None,
    };
    let copy = covered.as_ref().unwrap_or(&clean);
    match there {
        Ok(there) if there == *copy && vault.place(target).exists() => {
            return Ok(Copied::Done { left_out, was_there: true, faces });
        }
        // What an earlier run copied with the face in it.
        Ok(there) if there == clean && vault.place(target).exists() => {}
        Ok(_) => return Ok(Copied::Failed(PhotoError::TargetTaken)),
        Err(_) => {}
    }
    disk::write_and_verify(vault, target, copy)?;
    Ok(Copied::Done { left_out, was_there: false, faces })
}

fn make(
    source: &Source,
    content: Option<Content>,
    policy: FacePolicy,
    rule: Option<&DicomRule>,
    tools: Tools,
    stage: &mut Stage,
) -> Result<Made, PhotoError> {
    let mut input = Input { path: source.file_name.clone(), ..Input::default() };
    let mut file = tools.read(source, content, &mut input)?;
    file.unlock()?;
    *stage = Stage::Decode;
    let header = file.header(&mut input)?;
    // The file and its copy, and both as pixels of up to eight bytes, or of a DICOM file as they are and as they are shown.
    let a_pixel = if header.format == PhotoFormat::Dicom { 48 } else { 16 };
    let need = 2 * file.bytes.len() as u64
        + header.unpacked
        + a_pixel * u64::from(header.size.width) * u64::from(header.size.height);
    let (bytes, _share) = file.enter(need);
    let mut made = Made {
        clean: scrub::scrub(&bytes, tools.limits, rule)?,
        covered: None,
        left_out: findings::scan_bytes(&bytes),
        shows_face: false,
    };
    let Some(faces) = tools.faces else {
        return Ok(made);
    };
    if header.format == PhotoFormat::Dicom {
        let frames = input.dicom.map_or(1, |dicom| dicom.frames);
        for frame in 1..=frames {
            let photo = decode::decode(&bytes, Header { frame: Some(frame), ..header }, u32::MAX)?.photo;
            made.shows_face |= !faces.find(&photo)?.is_empty();
        }
        // A new picture of the format is not written.
        return if made.shows_face && policy == FacePolicy::Blur { Err(PhotoError::FacesNotCovered) } else { Ok(made) };
    }
    let mut photo = decode::decode(&bytes, header, u32::MAX)?.photo;
    // Where it is left out, too: an earlier copy that is covered is known by that.
    if matches!(policy, FacePolicy::Blur | FacePolicy::Exclude) {
        made.shows_face = faces.cover(&mut photo)? > 0;
        made.covered = made.shows_face.then(|| scrub::encode_anew(photo, &bytes)).transpose()?;
    } else {
        made.shows_face = !faces.find(&photo)?.is_empty();
    }
    Ok(made)
}
