//! The way of one photo through `check`: what can be known of it before a model sees it.

use std::time::{Duration, Instant};

use super::near_duplicates::Fingerprint;
use crate::batch::{Content, Tools, contained, footprint, look_for_faces};
use crate::domain::record::{Finding, Input, Quality};
use crate::domain::source::Source;
use crate::error::{PhotoError, PhotoWarning, Stage};
use crate::input::decode;
use crate::measure::quality_of_photo;
use crate::privacy::{findings, scan};

/// What was learnt of one photo; of a bad one, as much as could be.
#[derive(Debug, Default)]
pub struct Inspection {
    pub input: Input,
    pub findings: Vec<Finding>,
    pub fingerprint: Option<Fingerprint>,
    pub quality: Option<Quality>,
    pub warnings: Vec<PhotoWarning>,
    pub failure: Option<PhotoError>,
    /// Reading and decoding, which a run has to do as well.
    pub took: Duration,
}

/// Reads and decodes one photo; writes nothing.
pub fn inspect(source: &Source, content: Option<Content>, tools: Tools) -> Inspection {
    let input = Input { path: source.name.clone(), ..Input::default() };
    let mut seen = Inspection { input, findings: findings::scan_path(source.name.as_ref()), ..Inspection::default() };
    let looked = contained(&mut Stage::Read, |stage| read_and_measure(source, content, tools, &mut seen, stage));
    seen.failure = looked.err();
    seen
}

fn read_and_measure(
    source: &Source,
    content: Option<Content>,
    tools: Tools,
    seen: &mut Inspection,
    stage: &mut Stage,
) -> Result<(), PhotoError> {
    let started = Instant::now();
    let mut file = tools.read(source, content, &mut seen.input)?;
    file.unlock()?;
    *stage = Stage::Decode;
    seen.findings = scan(&file.bytes, source.name.as_ref());
    let header = file.header(&mut seen.input)?;
    let need = footprint(file.bytes.len(), header);
    let (bytes, _share) = file.enter(need);
    let decoded = decode::decode(&bytes, header, u32::MAX)?;
    seen.took = started.elapsed();
    seen.warnings = decoded.warnings;
    let faces = tools.faces.filter(|_| header.is_photograph);
    look_for_faces(&decoded.photo, faces, &mut seen.findings, &mut seen.warnings);
    *stage = Stage::Measure;
    seen.quality = header.is_photograph.then(|| quality_of_photo(&decoded.photo));
    seen.fingerprint = Some(Fingerprint::of(&decoded.photo)?);
    Ok(())
}
