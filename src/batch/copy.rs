//! The way of one photo through `scrub`: file → clean copy → file.

use std::io;
use std::path::Path;

use super::MemoryGate;
use super::photo::{contained, read, unlock};
use crate::disk;
use crate::disk::vault::{Locked, Vault};
use crate::domain::record::Finding;
use crate::domain::source::Source;
use crate::error::{PhotoError, Stage};
use crate::input::decode;
use crate::input::decode::Limits;
use crate::privacy::faces;
use crate::privacy::faces::Policy;
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
    /// The picture was encoded anew.
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

/// Copies one photo without its metadata. An error means that nothing more can be written.
pub fn copy_clean(
    source: &Source,
    target: &Path,
    limits: &Limits,
    vault: &Vault,
    policy: Policy,
    memory: &MemoryGate,
) -> io::Result<Copied> {
    let made = contained(&mut Stage::Read, |stage| make(source, limits, vault, policy, memory, stage));
    let Made { clean, covered, left_out, shows_face } = match made {
        Ok(made) => made,
        Err(error) => return Ok(Copied::Failed(error)),
    };
    let there = vault.read(target);
    // Before anything else: what is locked may be an earlier copy with the face in it.
    if let Err(e) = &there
        && Locked::of(e).is_some()
    {
        let message = format!("what is in the place of its copy cannot be compared with it: {e}");
        return Ok(Copied::Failed(PhotoError::new(Stage::Write, "target_locked", message)));
    }
    if shows_face && policy == Policy::Exclude {
        let ours = there.is_ok_and(|there| there == clean);
        return Ok(Copied::FaceLeftOut { removed: ours && disk::remove(target)? });
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
        Ok(_) => {
            let message = "another file is in the place of its copy; remove it, or choose another folder with -o";
            return Ok(Copied::Failed(PhotoError::new(Stage::Write, "target_taken", message)));
        }
        Err(_) => {}
    }
    disk::write_and_verify(vault, target, copy)?;
    Ok(Copied::Done { left_out, was_there: false, faces })
}

fn make(
    source: &Source,
    limits: &Limits,
    vault: &Vault,
    policy: Policy,
    memory: &MemoryGate,
    stage: &mut Stage,
) -> Result<Made, PhotoError> {
    if let Some(problem) = &source.problem {
        return Err(problem.clone());
    }
    let turn = memory.turn_to_read(std::fs::metadata(&source.path).map_or(0, |metadata| metadata.len()));
    let bytes = unlock(read(source, limits)?, vault)?;
    *stage = Stage::Decode;
    let header = decode::header(&bytes, limits)?;
    // The file and its copy, and both as pixels of up to eight bytes.
    let _share =
        memory.enter(2 * bytes.len() as u64 + 16 * u64::from(header.size.width) * u64::from(header.size.height));
    drop(turn);
    let mut made = Made {
        clean: scrub::scrub(&bytes, limits)?,
        covered: None,
        left_out: findings::scan_bytes(&bytes),
        shows_face: false,
    };
    if policy == Policy::Off {
        return Ok(made);
    }
    let mut photo = decode::decode(&bytes, header, u32::MAX)?.photo;
    if policy == Policy::Blur {
        made.shows_face = faces::cover(&mut photo)? > 0;
        made.covered = made.shows_face.then(|| scrub::encode_anew(photo, &bytes)).transpose()?;
    } else {
        made.shows_face = !faces::find(&photo, faces::THRESHOLD)?.is_empty();
    }
    Ok(made)
}
