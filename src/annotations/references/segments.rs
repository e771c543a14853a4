//! DICOM segmentations as references. One file may be of one photo, of the frames of a film, or of the slices of a series: each
//! slice that it marks is a reference of its own, `a.seg.dcm#3` after the first frame that is of it.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use super::format::{ReferenceFormat, class_of};
use crate::annotations::AnnotationError;
use crate::disk::vault::Vault;
use crate::domain::frame;
use crate::domain::mask::{BACKGROUND, LabelMap, SKIN};
use crate::domain::plane::{Plane, SAME_PLACE};
use crate::domain::record::{Record, Size};
use crate::error::UsageError;
use crate::input::decode::dicom::{Segmentation, Stored, segmentation, stored};
use crate::store::results::Results;

/// A file of more than this is none.
const MOST_BYTES: u64 = 1 << 30;
const MOST_PIXELS: u64 = 1 << 30;

/// Where a photo of the results lies, as far as its file says it.
#[derive(Clone, Debug)]
pub struct PhotoPlace {
    pub path: String,
    pub size: Size,
    pub plane: Option<Plane>,
}

/// Of all photos of the results, also of those that take part in nothing but the pairing.
pub fn places(results: &Results) -> Result<Vec<PhotoPlace>, UsageError> {
    let everything = results.clone().selected(None);
    let theirs = everything.opted_out()?.into_iter().map(Ok);
    let place = |record: Record| {
        let done = record.into_done()?;
        let plane = done.input.dicom.as_ref().and_then(Plane::of);
        Some(PhotoPlace { path: done.input.path, size: done.photo, plane })
    };
    everything.records()?.chain(theirs).filter_map(|record| record.map(place).transpose()).collect()
}

struct SegFile {
    /// Its path in the folder.
    name: String,
    about: Segmentation,
}

/// What a file marks on one slice.
struct Entry {
    file: usize,
    /// Numbers of its frames, from 1 on; none on a slice where nothing is marked.
    frames: Vec<u32>,
    of_frame: Option<u32>,
    plane: Option<Plane>,
    key: String,
}

pub struct Segments {
    root: PathBuf,
    vault: Vault,
    files: Vec<SegFile>,
    entries: Vec<Entry>,
    /// The file that was read last: one may be asked for a hundred slices.
    last: Mutex<Option<(usize, Arc<Vec<u8>>)>>,
}

impl Segments {
    /// Those among the files of a folder; nothing where there is none.
    pub fn open(root: &Path, names: &[String], vault: &Vault) -> Result<Option<Self>, AnnotationError> {
        let mut files = Vec::new();
        for name in names {
            match segmentation(&vault.read_within(&root.join(name), MOST_BYTES)?) {
                Ok(Some(about)) => files.push(SegFile { name: name.clone(), about }),
                Ok(None) => {}
                Err(why) => tracing::warn!("{name} is passed over: {why}"),
            }
        }
        let entries = files.iter().enumerate().flat_map(|(file, seg)| entries(file, seg)).collect();
        let segments = Self { root: root.to_owned(), vault: vault.clone(), files, entries, last: Mutex::default() };
        Ok((!segments.files.is_empty()).then_some(segments))
    }

    pub fn names(&self) -> Vec<String> {
        let mut counts = vec![0; self.files.len()];
        self.entries.iter().for_each(|entry| counts[entry.file] += 1);
        let name = |entry: &Entry| {
            let first = entry.frames.first().copied().filter(|_| counts[entry.file] > 1);
            frame::named(&self.files[entry.file].name, first)
        };
        self.entries.iter().map(name).collect()
    }

    /// Names to pair by.
    pub fn keys(&self) -> Vec<String> {
        self.entries.iter().map(|entry| entry.key.clone()).collect()
    }

    /// Finds the photo of each entry by its frame or place, among those under the folder of its file. An entry that is called after a
    /// photo, or that fits none, keeps its name.
    pub fn place(&mut self, photos: &[PhotoPlace]) {
        for (file, seg) in self.files.iter().enumerate() {
            let (photos, stem) = (scope(&seg.name, photos), stem(&seg.name));
            let mut own: Vec<&mut Entry> = self.entries.iter_mut().filter(|entry| entry.file == file).collect();
            if own.len() == 1 && photos.iter().any(|photo| is_called(&photo.path, stem)) {
                continue;
            }
            let of_film = |photo: &&&PhotoPlace| frame::file_of(&photo.path).is_some_and(|film| is_called(film, stem));
            let film: Vec<&PhotoPlace> = photos.iter().filter(of_film).copied().collect();
            // The slices that the file is about.
            let slices: Vec<&PhotoPlace> = match own.iter().find_map(|entry| entry.plane.as_ref()) {
                Some(plane) if film.is_empty() => {
                    photos.into_iter().filter(|p| is_beside(p, plane, seg.about.size)).collect()
                }
                _ => film,
            };
            let mut is_doubtful = false;
            for entry in &mut own {
                let is_its = |photo: &&&PhotoPlace| match (entry.of_frame, frame::split(&photo.path).1) {
                    (Some(of), mark) if !mark.is_empty() => mark[1..] == of.to_string(),
                    _ => photo.plane.iter().zip(&entry.plane).any(|(a, b)| a.is_same(b)),
                };
                match slices.iter().filter(is_its).collect::<Vec<_>>().as_slice() {
                    [photo] => entry.key = key(&photo.path),
                    fitting => is_doubtful |= !fitting.is_empty(),
                }
            }
            if is_doubtful {
                tracing::warn!(
                    "{}: its slices lie where several photos do; put it into the folder of its photos",
                    seg.name
                );
                continue;
            }
            // All slices were looked at, if the file refers to all of them: where it marks nothing, nothing is.
            let sources =
                if slices.first().is_some_and(|p| frame::file_of(&p.path).is_some()) { 1 } else { slices.len() };
            if seg.about.sources == sources {
                let keys: BTreeSet<&str> = own.iter().map(|entry| entry.key.as_str()).collect();
                let without = slices.iter().map(|photo| key(&photo.path)).filter(|key| !keys.contains(key.as_str()));
                let empty = |key| Entry { file, frames: Vec::new(), of_frame: None, plane: None, key };
                let empty: Vec<Entry> = without.map(empty).collect();
                self.entries.extend(empty);
            }
        }
    }

    /// Whether a segment of any file is of normal skin.
    pub fn marks_skin(&self, format: &ReferenceFormat) -> bool {
        let mut labels = self.files.iter().flat_map(|file| &file.about.labels);
        labels.any(|(_, label)| class_of(format, label) == Some(SKIN))
    }

    pub fn read(&self, index: usize, format: &ReferenceFormat) -> Result<LabelMap, AnnotationError> {
        let entry = &self.entries[index];
        let about = &self.files[entry.file].about;
        let Size { width, height } = about.size;
        if u64::from(width) * u64::from(height) > MOST_PIXELS {
            return Err(AnnotationError::TooLarge(format!("{width} x {height} pixels")));
        }
        let is_map = about.kind == "LABELMAP";
        if !is_map && about.kind != "BINARY" {
            return Err(AnnotationError::KindOfSegments(about.kind.clone()));
        }
        let class = |segment: u16| -> Result<u8, AnnotationError> {
            let label = about.labels.iter().find(|(number, _)| *number == segment).map_or("", |(_, label)| label);
            let unknown = || AnnotationError::NameWithoutClass { what: "segment", name: label.to_owned() };
            class_of(format, label).ok_or_else(unknown)
        };
        // Lesions over skin, and what is to be ignored over all.
        let mut frames = Vec::new();
        for number in &entry.frames {
            let segment = about.frames[*number as usize - 1].segment;
            frames.push((if is_map { BACKGROUND } else { class(segment.unwrap_or(1))? }, *number));
        }
        frames.sort_unstable();
        let mut labels = LabelMap::filled(width, height, BACKGROUND);
        let bytes = if frames.is_empty() { Arc::default() } else { self.bytes(entry.file)? };
        for (own, number) in frames {
            let values = match stored(&bytes, number).map_err(|e| AnnotationError::Damaged(e.to_string()))? {
                Stored::Grey(values) => values,
                Stored::Rgb(_) => return Err(AnnotationError::ColourPicture),
            };
            for (label, value) in labels.data.iter_mut().zip(values).filter(|(_, value)| *value != 0) {
                *label = if is_map { class(u16::try_from(value).unwrap_or_default())? } else { own };
            }
        }
        Ok(labels)
    }

    fn bytes(&self, file: usize) -> Result<Arc<Vec<u8>>, AnnotationError> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, bytes)) = last.as_ref().filter(|(number, _)| *number == file) {
            return Ok(bytes.clone());
        }
        let bytes = Arc::new(self.vault.read_within(&self.root.join(&self.files[file].name), MOST_BYTES)?);
        *last = Some((file, bytes.clone()));
        Ok(bytes)
    }
}

/// An entry for each slice or frame that a file marks.
fn entries(file: usize, seg: &SegFile) -> Vec<Entry> {
    let mut found: Vec<Entry> = Vec::new();
    let mut places: HashMap<(Option<u32>, Option<[i64; 3]>), usize> = HashMap::new();
    for (frame, number) in seg.about.frames.iter().zip(1..) {
        // To a hundredth of a millimetre.
        let corner = frame.plane.as_ref().map(|plane| plane.corner.map(|mm| (mm / SAME_PLACE).round() as i64));
        let place = *places.entry((frame.of_frame, corner)).or_insert(found.len());
        match found.get_mut(place) {
            Some(entry) => entry.frames.push(number),
            None => {
                let key = format!("{}#{number}", seg.name);
                let (of_frame, plane) = (frame.of_frame, frame.plane.clone());
                found.push(Entry { file, frames: vec![number], of_frame, plane, key });
            }
        }
    }
    if let [only] = found.as_mut_slice() {
        only.key = key(stem_with_folder(&seg.name));
    }
    found
}

/// As polygons of a photo are called.
fn key(photo: &str) -> String {
    format!("{photo}.json")
}

/// `P1/a` of `P1/a.seg.dcm`.
fn stem_with_folder(name: &str) -> &str {
    let name = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    name.strip_suffix(".seg").unwrap_or(name)
}

fn stem(name: &str) -> &str {
    let stem = stem_with_folder(name);
    stem.rsplit_once('/').map_or(stem, |(_, stem)| stem)
}

/// Whether a photo has this name, with or without its ending.
fn is_called(path: &str, stem: &str) -> bool {
    let name = path.rsplit_once('/').map_or(path, |(_, name)| name);
    name == stem || name.rsplit_once('.').is_some_and(|(without, _)| without == stem)
}

/// The photos in the folder of a file and below it; all, where there are none.
fn scope<'a>(file: &str, photos: &'a [PhotoPlace]) -> Vec<&'a PhotoPlace> {
    let folder = file.rsplit_once('/').map_or("", |(folder, _)| folder);
    let is_under = |photo: &&PhotoPlace| {
        folder.is_empty() || photo.path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
    };
    let under: Vec<&PhotoPlace> = photos.iter().filter(is_under).collect();
    if under.is_empty() { photos.iter().collect() } else { under }
}

fn is_beside(photo: &PhotoPlace, plane: &Plane, size: Size) -> bool {
    photo.size == size && photo.plane.as_ref().is_some_and(|own| own.is_beside(plane))
}
