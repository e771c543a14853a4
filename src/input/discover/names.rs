//! What photos are called in results: relative to a base, with `/`, never absolute, never the same twice.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Component, Path, PathBuf};

use unicode_normalization::UnicodeNormalization;

use super::Source;
use crate::disk::vault::{clear_name, has_sealed_name};
use crate::domain::frame;
use crate::domain::source::InArchive;
use crate::error::{PhotoError, UsageError};
use crate::people::Pseudonyms;

/// Absolute and without `.` and `..`, by the letters alone: links are names like any other.
pub fn lexical(path: &Path) -> PathBuf {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    let mut clean = PathBuf::new();
    for part in absolute.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                clean.pop();
            }
            other => clean.push(other),
        }
    }
    clean
}

/// The nearest folder that contains all inputs (a single file's own folder).
pub fn common_folder(inputs: &[PathBuf]) -> PathBuf {
    let mut parents = inputs.iter().map(|path| lexical(path).parent().map(Path::to_path_buf).unwrap_or_default());
    let Some(mut common) = parents.next() else { return PathBuf::new() };
    for parent in parents {
        while !parent.starts_with(&common) && common.pop() {}
    }
    common
}

/// The parts of a path below the base, as text. A photo keeps its name when it is encrypted.
pub fn parts_below(base: &Path, clean: &Path) -> Option<Vec<String>> {
    let mut parts: Vec<String> = clean.strip_prefix(base).ok()?.iter().map(readable).collect();
    if let Some(file) = parts.last_mut() {
        *file = clear_name(file).to_owned();
    }
    Some(parts)
}

/// What was found under one path, before it has a name.
#[derive(Debug)]
pub struct Found {
    /// What the name is made of. For a member of an archive, where it would lie if that were unpacked.
    pub place: PathBuf,
    /// The archive, and which of its members.
    pub member: Option<(PathBuf, InArchive)>,
    /// Which frame of a file with several.
    pub frame: Option<u32>,
    pub problem: Option<PhotoError>,
    pub opted_out: bool,
}

impl Found {
    pub fn file(place: PathBuf, problem: Option<PhotoError>) -> Self {
        Self { place, member: None, frame: None, problem, opted_out: false }
    }
}

/// Names in a stable order; a file that was named twice is taken once.
pub fn name_all(photos: Vec<Found>, base: &Path) -> Result<Vec<Source>, UsageError> {
    // Sorted by the parts of the path, so that the order does not depend on how `/` compares to other characters.
    // The path itself is part of the key: a name with odd bytes may read like another file's. So is the archive.
    let mut by_name: BTreeMap<_, Found> = BTreeMap::new();
    for found in photos {
        let clean = lexical(&found.place);
        let parts = parts_below(base, &clean).ok_or_else(|| outside(&found.place))?;
        let member = found.member.as_ref().map(|(archive, member)| (archive.clone(), member.number));
        by_name.entry((parts, clean, member, found.frame)).or_insert(found);
    }
    let mut names = Names::default();
    Ok(by_name.into_iter().map(|((parts, ..), found)| names.source(&parts, found)).collect())
}

pub fn outside(path: &Path) -> UsageError {
    let shown = path.display();
    UsageError(format!("{shown} does not lie inside the base folder; give a --base that contains all inputs."))
}

/// Names that were given already.
#[derive(Debug, Default)]
pub struct Names {
    names: HashSet<String>,
    taken: HashSet<String>,
    next: HashMap<String, u32>,
}

impl Names {
    /// The photo under its own name, or under another one where that is taken.
    pub fn source(&mut self, parts: &[String], found: Found) -> Source {
        let mut parts = parts.to_vec();
        if let Some(file) = parts.last_mut() {
            *file = frame::named(file, found.frame);
        }
        let (name, file_name, is_first) = self.give(&parts);
        let is_twin = !is_first && has_sealed_name(&found.place);
        let problem = found.problem.or_else(|| is_twin.then_some(PhotoError::TwinNotEncrypted));
        let (path, member) = match found.member {
            Some((archive, member)) => (archive, Some(member)),
            None => (found.place, None),
        };
        Source {
            path,
            member,
            frame: found.frame,
            name,
            plain_name: None,
            file_name,
            problem,
            opted_out: found.opted_out,
        }
    }

    /// A code instead of the name. Two spellings of one name have one code: of such photos the first counts.
    pub fn code(&mut self, source: &mut Source, pseudonyms: &Pseudonyms) {
        let parts: Vec<String> = pseudonyms.path(&source.name).split('/').map(str::to_owned).collect();
        let (name, file_name, is_first) = self.give(&parts);
        source.plain_name = Some(std::mem::replace(&mut source.name, name));
        source.file_name = file_name;
        if !is_first && source.problem.is_none() {
            source.problem = Some(PhotoError::TwinSpelling);
        }
    }

    /// The name, the one to write under, and whether it was free.
    fn give(&mut self, parts: &[String]) -> (String, String, bool) {
        let file_name = distinct(parts, &mut self.taken, &mut self.next);
        let name = if parts.is_empty() { ".".to_owned() } else { parts.join("/") };
        match self.names.insert(name.clone()) {
            true => (name, file_name, true),
            false => (file_name.clone(), file_name, false),
        }
    }
}

/// Codes instead of names.
pub fn code_names(sources: &mut [Source], pseudonyms: &Pseudonyms) {
    let mut names = Names::default();
    sources.iter_mut().for_each(|source| names.code(source, pseudonyms));
}

/// The same paths, short enough to write, and each only once, also where case is ignored: a later one gets `~2`.
pub fn apart(paths: &[String]) -> Vec<String> {
    let (mut taken, mut next) = (HashSet::new(), HashMap::new());
    let parts = |path: &String| -> Vec<String> { path.split('/').map(str::to_owned).collect() };
    paths.iter().map(|path| distinct(&parts(path), &mut taken, &mut next)).collect()
}

/// A fingerprint of the way from one folder to another: it says where neither of them is.
pub fn relative(from: &Path, to: &Path) -> String {
    let (from, to) = (lexical(from), lexical(to));
    let shared = from.components().zip(to.components()).take_while(|(a, b)| a == b).count();
    let mut way: PathBuf = std::iter::repeat_n("..", from.components().count() - shared).collect();
    way.extend(to.components().skip(shared));
    blake3::hash(way.as_os_str().as_encoded_bytes()).to_hex()[..32].to_owned()
}

/// Text for any file name: what is not UTF-8 is written as %XX, and a % of a name that has such bytes as %25.
fn readable(part: &std::ffi::OsStr) -> String {
    if let Some(text) = part.to_str() {
        return text.to_owned();
    }
    let mut text = String::new();
    for chunk in part.as_encoded_bytes().utf8_chunks() {
        text.push_str(&chunk.valid().replace('%', "%25"));
        chunk.invalid().iter().for_each(|byte| text.push_str(&format!("%{byte:02X}")));
    }
    text
}

/// Room for the endings that results add (`.lesion.png`, a temporary file's) within the usual 255 bytes of a name.
const LONGEST_PART: usize = 200;

/// The path under which results are written. Names that differ only in case would overwrite each other on many systems
/// and memory cards: the later one gets `~2`.
fn distinct(parts: &[String], taken: &mut HashSet<String>, next: &mut HashMap<String, u32>) -> String {
    let shortened: Vec<String> = parts.iter().map(|part| shorten(part)).collect();
    let path = if shortened.is_empty() { "photo".to_owned() } else { shortened.join("/") };
    // Some systems do not tell letters apart that are composed or not.
    let folded = path.nfc().collect::<String>().to_lowercase();
    if taken.insert(folded.clone()) {
        return path;
    }
    loop {
        let number = next.entry(folded.clone()).or_insert(1);
        *number += 1;
        let (stem, extension) = match path.rsplit_once('.') {
            Some((stem, extension)) if !extension.contains('/') && !stem.is_empty() => (stem, format!(".{extension}")),
            _ => (path.as_str(), String::new()),
        };
        let candidate = format!("{stem}~{number}{extension}");
        if taken.insert(candidate.nfc().collect::<String>().to_lowercase()) {
            return candidate;
        }
    }
}

fn shorten(part: &str) -> String {
    if part.len() <= LONGEST_PART {
        return part.to_owned();
    }
    let mark = blake3::hash(part.as_bytes()).to_hex();
    let cut = (0..=LONGEST_PART - 9).rev().find(|&i| part.is_char_boundary(i)).unwrap_or(0);
    format!("{}~{}", &part[..cut], &mark[..8])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(paths: &[&str], base: &str) -> Vec<(String, String)> {
        let photos = paths.iter().map(|p| Found::file(PathBuf::from(p), None)).collect();
        name_all(photos, &lexical(Path::new(base))).unwrap().into_iter().map(|s| (s.name, s.file_name)).collect()
    }

    #[test]
    fn names_are_relative_sorted_and_unique() {
        let found = names(&["/d/b/x.jpg", "/d/a/../a/x.jpg", "/d/a/x.jpg", "/d/a-b/x.jpg"], "/d");
        let shown: Vec<&str> = found.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(shown, ["a/x.jpg", "a-b/x.jpg", "b/x.jpg"]);
    }

    #[test]
    fn names_that_differ_in_case_are_written_apart() {
        let found = names(&["/d/A.jpg", "/d/a.jpg", "/d/a.JPG", "/d/a~2.jpg"], "/d");
        let files: Vec<String> = found.iter().map(|(_, file)| file.to_lowercase()).collect();
        let distinct: HashSet<&String> = files.iter().collect();
        assert_eq!(distinct.len(), 4, "{found:?}");
        assert_eq!(found[0], ("A.jpg".into(), "A.jpg".into()));
    }

    #[cfg(unix)]
    #[test]
    fn names_that_are_not_text_become_text() {
        use std::os::unix::ffi::OsStrExt;
        let raw = std::ffi::OsStr::from_bytes(b"a\xff%.jpg");
        assert_eq!(readable(raw), "a%FF%25.jpg");
        assert_eq!(readable("100%.jpg".as_ref()), "100%.jpg");
    }

    #[test]
    fn long_names_are_shortened_and_stay_apart() {
        let long = "あ".repeat(84);
        let found = names(&[&format!("/d/{long}a.jpg"), &format!("/d/{long}b.jpg")], "/d");
        assert!(found.iter().all(|(_, file)| file.len() <= LONGEST_PART) && found[0].1 != found[1].1);
    }

    #[test]
    fn the_base_of_several_inputs_is_what_they_share() {
        let inputs = ["/d/a/x.jpg", "/d/b"].map(PathBuf::from);
        assert_eq!(common_folder(&inputs), PathBuf::from("/d"));
        assert_eq!(common_folder(&[PathBuf::from("/d/a/x.jpg")]), PathBuf::from("/d/a"));
    }
}
