//! From what the user named to the list of photos: in a stable order, under names that are relative, unique and safe to
//! write. `names` makes the names, `list` reads lists of paths, `archives` lists the members of archives, `arrivals` names
//! those that come over standard input, `sealed` looks whether encrypted photos can be opened.
//!
//! A path that the user named is always attempted. Filters, and the look at a file's first bytes, apply only to what was
//! found inside folders and archives. An archive that the user named stands for the folder that it would unpack to; those
//! inside folders and other archives stay closed.

mod archives;
mod arrivals;
mod list;
mod names;
mod sealed;

pub use arrivals::{Arrivals, Rules};
pub use list::read_list;
pub use names::{apart, code_names, relative};
pub use sealed::check_locks;

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use globset::{Glob, GlobSet, GlobSetBuilder};
use walkdir::WalkDir;

use crate::disk::describe;
use crate::disk::vault::{Vault, clear_name, exists};
use crate::domain::source::Source;
use crate::domain::words::counted;
use crate::error::{PhotoError, RunError, UsageError};
use crate::input::archive::{Broken, folder_of};
use crate::input::decode::{SNIFF_BYTES, dicom, sniff};
use crate::people::OptOut;
use crate::store::is_results;
use names::Found;

#[derive(Debug, Default)]
pub struct Discovered {
    pub sources: Vec<Source>,
    /// What names are relative to.
    pub base: PathBuf,
    /// Files inside folders that are no photos.
    pub skipped: Vec<PathBuf>,
    /// Links that lead back to a folder that contains them.
    pub loops: Vec<PathBuf>,
    /// Archives inside folders or other archives; they are among the skipped files, too.
    pub closed_archives: usize,
    /// Archives of which not all can be read, and why.
    pub broken: Vec<(PathBuf, Broken)>,
}

/// Which of the files found in folders are wanted.
#[derive(Debug, Default)]
pub struct Filter {
    pub include: Option<GlobSet>,
    pub exclude: Option<GlobSet>,
    /// For copies: a file with several frames is one photo.
    pub whole_files: bool,
}

impl Filter {
    pub fn new(include: &[String], exclude: &[String]) -> Result<Self, UsageError> {
        let set = |patterns: &[String]| -> Result<Option<GlobSet>, UsageError> {
            if patterns.is_empty() {
                return Ok(None);
            }
            let mut builder = GlobSetBuilder::new();
            for pattern in patterns {
                builder.add(
                    Glob::new(pattern)
                        .map_err(|e| UsageError(format!("The pattern {pattern:?} is not valid: {e}.")))?,
                );
            }
            builder.build().map(Some).map_err(|e| UsageError(format!("The patterns cannot be used: {e}.")))
        };
        Ok(Self { include: set(include)?, exclude: set(exclude)?, whole_files: false })
    }

    /// An encrypted file may be meant by its own name or by the photo's.
    fn wants(&self, relative: &Path) -> bool {
        let photo = relative.to_str().map_or(relative, |path| Path::new(clear_name(path)));
        let matches = |set: &GlobSet| set.is_match(relative) || set.is_match(photo);
        self.include.as_ref().is_none_or(matches) && !self.exclude.as_ref().is_some_and(matches)
    }
}

/// `base` is what names are relative to; without it, the folder that was given or the nearest folder common to all inputs.
/// `skip` is the output folder, which may lie inside an input. Files of people who `opt_out` names are not even opened to
/// see whether they are photos. `vault` opens archives that are encrypted.
pub fn discover(
    inputs: &[PathBuf],
    base: Option<&Path>,
    filter: &Filter,
    skip: Option<&Path>,
    opt_out: &OptOut,
    vault: &Vault,
) -> Result<Discovered, UsageError> {
    let mut found = Discovered::default();
    let mut photos: Vec<Found> = Vec::new();
    let skip = skip.and_then(|path| path.canonicalize().ok());
    let base = match (base, inputs) {
        (Some(base), _) => names::lexical(base),
        (None, [one]) if one.is_dir() => names::lexical(one),
        (None, [one]) => folder_of(one).map_or_else(|| names::common_folder(inputs), |folder| names::lexical(&folder)),
        _ => names::common_folder(inputs),
    };
    let closed = |path: &Path| {
        let name = || Some(names::parts_below(&base, &names::lexical(path))?.join("/"));
        !opt_out.is_empty() && name().is_some_and(|name| opt_out.excludes(&name))
    };
    for input in inputs {
        if input.is_dir() {
            walk(input, filter, skip.as_deref(), &closed, &mut found, &mut photos);
        } else if let Some(folder) = folder_of(input).filter(|_| exists(input)) {
            archives::list(input, &folder, filter, vault, &closed, &mut found, &mut photos);
        } else {
            photos.push(Found::file(input.clone(), None));
        }
    }
    if !filter.whole_files {
        photos = photos.into_iter().flat_map(|photo| frames(photo, &closed)).collect();
    }
    photos.iter_mut().for_each(|photo| photo.opted_out = closed(&photo.place));
    found.sources = names::name_all(photos, &base)?;
    found.sources.iter_mut().for_each(|source| source.opted_out |= opt_out.excludes(&source.name));
    found.base = base.clone();
    Ok(found)
}

impl Discovered {
    /// What a user should know of what was not opened; names go to the log alone.
    pub fn say_what_was_passed_over(&self) {
        for path in &self.skipped {
            tracing::info!("skipped, no photo: {}", path.file_name().unwrap_or_default().to_string_lossy());
        }
        for _ in &self.loops {
            tracing::warn!("a link that leads back to a folder above it was not followed");
        }
        say_what_stays_closed(self.closed_archives);
    }

    /// After all that can be read was done: the command did not do what it was asked for.
    pub fn refuse_broken(&self) -> Result<(), RunError> {
        if self.broken.is_empty() {
            return Ok(());
        }
        let why: Vec<String> = self.broken.iter().map(|(path, why)| format!("{}: {why}", path.display())).collect();
        let why = why.join("; ");
        Err(RunError(format!("Not all can be read of {why}. Get the archive again, and run the same command.")))
    }
}

fn say_what_stays_closed(archives: usize) {
    if archives > 0 {
        let counted = counted(archives, "archive");
        tracing::warn!(
            "{counted} inside folders or archives stayed closed: unpack them, or name them on the command line"
        );
    }
}

fn walk(
    folder: &Path,
    filter: &Filter,
    skip: Option<&Path>,
    closed: &dyn Fn(&Path) -> bool,
    found: &mut Discovered,
    photos: &mut Vec<Found>,
) {
    // Masks and overlays of earlier runs are no photos.
    let is_output =
        |path: &Path| is_results(path) || skip.is_some_and(|skip| path.canonicalize().is_ok_and(|real| real == skip));
    let entries = WalkDir::new(folder).follow_links(true).sort_by_file_name().into_iter().filter_entry(|entry| {
        if entry.depth() == 0 {
            return true;
        }
        let left_out = hidden(entry.file_name()) || entry.file_type().is_dir() && is_output(entry.path());
        !left_out
    });
    for entry in entries {
        match entry {
            Ok(entry) if entry.file_type().is_dir() => {}
            Ok(entry) if entry.file_type().is_file() => {
                let path = entry.into_path();
                if !filter.wants(path.strip_prefix(folder).unwrap_or(&path)) {
                    continue;
                }
                match has_photo_name(&path) || closed(&path) || has_photo_content(&path) {
                    true => photos.push(Found::file(path, None)),
                    false => {
                        found.closed_archives += usize::from(folder_of(&path).is_some());
                        found.skipped.push(path);
                    }
                }
            }
            Ok(entry) => found.skipped.push(entry.into_path()),
            Err(error) if error.loop_ancestor().is_some() => found.loops.extend(error.path().map(Path::to_path_buf)),
            Err(error) => {
                let path = error.path().unwrap_or(folder).to_path_buf();
                let why = error.io_error().map_or_else(|| "it cannot be listed".to_owned(), describe);
                photos.push(Found::file(path, Some(PhotoError::UnreadableFolder(why))));
            }
        }
    }
}

/// Each frame of a file with several; in an archive it is not looked into. Only files that may be DICOM are looked into, and none of people who opted out.
fn frames(photo: Found, closed: &dyn Fn(&Path) -> bool) -> Vec<Found> {
    let may_be_dicom = photo.member.is_none()
        && photo.problem.is_none()
        && !has_ending(&photo.place, &PICTURES)
        && !closed(&photo.place);
    let count = may_be_dicom.then(|| dicom::count_frames(&photo.place)).flatten();
    match count {
        Some(count) => {
            (1..=count).map(|n| Found { frame: Some(n), ..Found::file(photo.place.clone(), None) }).collect()
        }
        None => vec![photo],
    }
}

/// Endings of formats that hold no frames.
const PICTURES: [&str; 13] =
    ["jpg", "jpeg", "jpe", "jfif", "png", "tif", "tiff", "bmp", "webp", "gif", "heic", "heif", "avif"];

fn hidden(name: &std::ffi::OsStr) -> bool {
    name.as_encoded_bytes().starts_with(b".")
}

const EXTENSIONS: [&str; 15] =
    ["jpg", "jpeg", "jpe", "jfif", "png", "tif", "tiff", "bmp", "webp", "gif", "heic", "heif", "avif", "dcm", "jxl"];

/// A damaged photo is still reported, if its ending is known.
fn has_photo_name(path: &Path) -> bool {
    has_ending(path, &EXTENSIONS)
}

fn has_ending(path: &Path, endings: &[&str]) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).map(|name| Path::new(clear_name(name)));
    name.and_then(|name| name.extension()?.to_str()).is_some_and(|e| endings.contains(&e.to_ascii_lowercase().as_str()))
}

/// A photo under the wrong name is still found.
fn has_photo_content(path: &Path) -> bool {
    let mut first = Vec::with_capacity(SNIFF_BYTES);
    let read = File::open(path).and_then(|f| f.take(SNIFF_BYTES as u64).read_to_end(&mut first));
    read.is_ok() && begins_like_a_photo(&first)
}

fn begins_like_a_photo(first: &[u8]) -> bool {
    matches!(sniff(first), Ok(_) | Err(PhotoError::UnsupportedFormat(_)))
}
