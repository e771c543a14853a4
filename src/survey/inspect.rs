//! The way of one photo through `check`: what can be known of it before a model sees it.

use std::time::{Duration, Instant};

use super::near_duplicates::Fingerprint;
use crate::batch::{MemoryGate, contained, footprint, look_for_faces, read, unlock};
use crate::disk::vault::Vault;
use crate::domain::record::{Finding, Input, Quality, Warning};
use crate::domain::source::Source;
use crate::error::{PhotoError, Stage};
use crate::input::decode;
use crate::input::decode::Limits;
use crate::measure::quality_of_photo;
use crate::privacy::faces::FaceFinder;
use crate::privacy::{findings, scan};

/// What was learnt of one photo; of a bad one, as much as could be.
#[derive(Debug, Default)]
pub struct Inspection {
    pub input: Input,
    pub findings: Vec<Finding>,
    pub fingerprint: Option<Fingerprint>,
    pub quality: Option<Quality>,
    pub warnings: Vec<Warning>,
    pub failure: Option<PhotoError>,
    /// Reading and decoding, which a run has to do as well.
    pub took: Duration,
}

/// Reads and decodes one photo; writes nothing.
pub fn inspect(
    source: &Source,
    limits: &Limits,
    vault: &Vault,
    faces: Option<&FaceFinder>,
    memory: &MemoryGate,
) -> Inspection {
    let input = Input { path: source.name.clone(), ..Input::default() };
    let mut seen = Inspection { input, findings: findings::scan_path(source.name.as_ref()), ..Inspection::default() };
    let looked = contained(&mut Stage::Decode, |_| look(source, limits, vault, faces, memory, &mut seen));
    seen.failure = looked.err();
    seen
}

fn look(
    source: &Source,
    limits: &Limits,
    vault: &Vault,
    faces: Option<&FaceFinder>,
    memory: &MemoryGate,
    seen: &mut Inspection,
) -> Result<(), PhotoError> {
    if let Some(problem) = &source.problem {
        return Err(problem.clone());
    }
    let started = Instant::now();
    let bytes = read(source, limits)?;
    seen.input.bytes = Some(bytes.len() as u64);
    seen.input.blake3 = Some(blake3::hash(&bytes).to_hex().to_string());
    let bytes = unlock(bytes, vault)?;
    seen.findings = scan(&bytes, source.name.as_ref());
    seen.input.format = Some(decode::sniff(&bytes)?.name().to_owned());
    let header = decode::header(&bytes, limits)?;
    seen.input.width = Some(header.size.width);
    seen.input.height = Some(header.size.height);
    seen.input.orientation = Some(header.orientation);
    let _share = memory.enter(footprint(bytes.len(), header));
    let decoded = decode::decode(&bytes, header, u32::MAX)?;
    seen.took = started.elapsed();
    seen.warnings = decoded.warnings;
    look_for_faces(&decoded.photo, faces, &mut seen.findings, &mut seen.warnings);
    seen.quality = Some(quality_of_photo(&decoded.photo));
    seen.fingerprint = Some(Fingerprint::of(&decoded.photo)?);
    Ok(())
}
