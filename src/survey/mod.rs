//! What `check` says about many photos together: counts, duplicates, an estimate of what a run would take. Pure.

mod inspect;
mod near_duplicates;

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use crate::domain::record::{Finding, Severity};
pub use inspect::{Inspection, inspect};
use near_duplicates::{alike, identical};

#[derive(Debug, Serialize)]
pub struct Survey {
    pub photos: usize,
    pub bytes: u64,
    pub formats: BTreeMap<String, usize>,
    /// Width and height of the smallest and the largest photo.
    pub smallest: Option<(u32, u32)>,
    pub largest: Option<(u32, u32)>,
    /// Photos that cannot be read, by code.
    pub unreadable: BTreeMap<&'static str, usize>,
    /// Photos with a finding, by `kind (place)`.
    pub identifying: BTreeMap<String, usize>,
    pub possibly_identifying: BTreeMap<String, usize>,
    pub photos_identifying: usize,
    pub photos_possibly_identifying: usize,
    pub quality: BTreeMap<&'static str, usize>,
    pub warnings: BTreeMap<String, usize>,
    /// Groups of paths.
    pub identical_files: Vec<Vec<String>>,
    pub pictures_alike: Vec<Vec<String>>,
    pub estimate: Estimate,
}

/// What a run of `derm-seg run` would take; rough.
#[derive(Debug, Serialize)]
pub struct Estimate {
    /// Null where the model could not be tried.
    pub seconds: Option<f64>,
    pub jobs: usize,
    pub output_bytes: u64,
}

/// A record, as a file and in the tables, and a mask's outline, which grows with the side of the photo. Measured on 60
/// clinical photos.
const RECORD_BYTES: u64 = 10_200;
const MASK_BYTES_PER_SIDE_PX: f64 = 8.0;

impl Survey {
    pub fn of(inspections: &[Inspection], model_time: Option<Duration>, jobs: usize) -> Self {
        let paths = |groups: Vec<Vec<usize>>| -> Vec<Vec<String>> {
            let path = |position: usize| inspections[position].input.path.clone();
            groups.into_iter().map(|group| group.into_iter().map(path).collect()).collect()
        };
        // Frames of a file are no copies of each other.
        // Frames of a file are no copies of each other.
        let is_first = |seen: &Inspection| seen.input.dicom.as_ref().is_none_or(|dicom| dicom.frame == 1);
        let hash = |seen: &Inspection| seen.input.blake3.clone().filter(|_| is_first(seen));
        let hashes: Vec<Option<String>> = inspections.iter().map(hash).collect();
        let same_file = identical(hashes.iter().map(Option::as_deref));
        // Of identical files one stands for all: they look alike anyway.
        let mut prints: Vec<_> = inspections.iter().map(|seen| seen.fingerprint).collect();
        same_file.iter().flat_map(|group| &group[1..]).for_each(|&position| prints[position] = None);
        let sizes = || inspections.iter().filter_map(|seen| Some((seen.input.width?, seen.input.height?)));
        let area = |&(width, height): &(u32, u32)| u64::from(width) * u64::from(height);
        let with = |severity: Severity| {
            move |seen: &&Inspection| seen.findings.iter().map(|f| f.severity).max() == Some(severity)
        };
        Self {
            photos: inspections.len(),
            bytes: inspections.iter().filter(|seen| is_first(seen)).filter_map(|seen| seen.input.bytes).sum(),
            formats: count(inspections.iter().filter_map(|seen| seen.input.format.clone())),
            smallest: sizes().min_by_key(area),
            largest: sizes().max_by_key(area),
            unreadable: count(inspections.iter().filter_map(|seen| Some(seen.failure.as_ref()?.code()))),
            identifying: findings(inspections, Severity::Identifying),
            possibly_identifying: findings(inspections, Severity::Possible),
            photos_identifying: inspections.iter().filter(with(Severity::Identifying)).count(),
            photos_possibly_identifying: inspections.iter().filter(with(Severity::Possible)).count(),
            quality: count(
                inspections.iter().filter_map(|s| s.quality.as_ref()).flat_map(|q| &q.flags).map(|f| f.as_str()),
            ),
            warnings: count(inspections.iter().flat_map(|seen| seen.warnings.iter().map(|w| w.code().to_owned()))),
            identical_files: paths(same_file),
            pictures_alike: paths(alike(&prints)),
            estimate: Estimate::of(inspections, model_time, jobs),
        }
    }

    pub fn has_duplicates(&self) -> bool {
        !self.identical_files.is_empty() || !self.pictures_alike.is_empty()
    }
}

impl Estimate {
    fn of(inspections: &[Inspection], model_time: Option<Duration>, jobs: usize) -> Self {
        let readable = || inspections.iter().filter(|seen| seen.failure.is_none());
        let decoding: Duration = readable().map(|seen| seen.took).sum();
        let total = |model: Duration| decoding.as_secs_f64() + model.as_secs_f64() * readable().count() as f64;
        let mask = |seen: &Inspection| {
            let (width, height) = (f64::from(seen.input.width.unwrap_or(0)), f64::from(seen.input.height.unwrap_or(0)));
            ((width * height).sqrt() * MASK_BYTES_PER_SIDE_PX) as u64
        };
        Self {
            seconds: model_time.map(|model| total(model) / jobs.max(1) as f64),
            jobs,
            output_bytes: readable().map(|seen| RECORD_BYTES + mask(seen)).sum(),
        }
    }
}

fn findings(inspections: &[Inspection], severity: Severity) -> BTreeMap<String, usize> {
    let wanted = inspections.iter().flat_map(|seen| &seen.findings).filter(|finding| finding.severity == severity);
    count(wanted.map(|Finding { kind, place, .. }| format!("{kind} ({place})")))
}

fn count<T: Ord>(items: impl Iterator<Item = T>) -> BTreeMap<T, usize> {
    let mut counts = BTreeMap::new();
    items.for_each(|item| *counts.entry(item).or_insert(0) += 1);
    counts
}
