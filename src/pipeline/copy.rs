//! The way of one photo through `scrub`: file → clean copy → file.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use super::MemoryGate;
use super::photo::{read, unlock};
use crate::decode::{self, Limits};
use crate::discover::Source;
use crate::error::{PhotoError, Stage};
use crate::output;
use crate::privacy::{findings, scrub};
use crate::record::Finding;
use crate::vault::{Locked, Vault};

/// What came of one photo.
#[derive(Debug)]
pub enum Copied {
    /// `was_there`: an earlier run had made the same copy.
    Done {
        left_out: Vec<Finding>,
        was_there: bool,
    },
    Failed(PhotoError),
}

/// Copies one photo without its metadata. An error means that nothing more can be written.
pub fn copy_clean(
    source: &Source,
    target: &Path,
    limits: &Limits,
    vault: &Vault,
    memory: &MemoryGate,
) -> io::Result<Copied> {
    let made = catch_unwind(AssertUnwindSafe(|| make(source, limits, vault, memory))).unwrap_or_else(|_| {
        Err(PhotoError::new(
            Stage::Decode,
            "internal_error",
            "the photo made a part of the program fail; please report it",
        ))
    });
    let (clean, left_out) = match made {
        Ok(made) => made,
        Err(error) => return Ok(Copied::Failed(error)),
    };
    match vault.read(target) {
        Ok(there) if there == clean && vault.place(target).exists() => {
            return Ok(Copied::Done { left_out, was_there: true });
        }
        Ok(_) => {
            let message = "another file is in the place of its copy; remove it, or choose another folder with -o";
            return Ok(Copied::Failed(PhotoError::new(Stage::Write, "target_taken", message)));
        }
        Err(e) if Locked::of(&e).is_some() => {
            let message = format!("what is in the place of its copy cannot be compared with it: {e}");
            return Ok(Copied::Failed(PhotoError::new(Stage::Write, "target_locked", message)));
        }
        Err(_) => {}
    }
    output::write_and_verify(vault, target, &clean)?;
    Ok(Copied::Done { left_out, was_there: false })
}

fn make(
    source: &Source,
    limits: &Limits,
    vault: &Vault,
    memory: &MemoryGate,
) -> Result<(Vec<u8>, Vec<Finding>), PhotoError> {
    if let Some(problem) = &source.problem {
        return Err(problem.clone());
    }
    let bytes = unlock(read(source, limits)?, vault)?;
    let header = decode::header(&bytes, limits)?;
    // The file and its copy, and both as pixels of up to eight bytes.
    let _share =
        memory.enter(2 * bytes.len() as u64 + 16 * u64::from(header.size.width) * u64::from(header.size.height));
    Ok((scrub::scrub(&bytes)?, findings::scan_bytes(&bytes)))
}
