//! People who do not take part: their photos are left out by path, before a file is opened.
//!
//! A line of the list is a subject id, a path, a folder, or the code that stands for one of them. Where `--subjects` says
//! which photos are whose, an id stands for those; where it does not, an id is also the name of any folder.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use unicode_normalization::UnicodeNormalization;

use super::pseudonym::Pseudonyms;
use crate::error::UsageError;
use crate::record::Exclusion;

#[derive(Debug, Default)]
pub struct OptOut {
    /// Normalised paths of files and folders, each with the line that asked for it.
    paths: HashMap<String, usize>,
    /// Names of folders, wherever they are.
    folders: HashMap<String, usize>,
    pseudonyms: Option<Pseudonyms>,
    lines: usize,
}

impl OptOut {
    /// With `pseudonyms`, a list of original names also meets coded results, and a list of codes original names.
    pub fn load(file: &Path, subjects: Option<&Path>, pseudonyms: Option<&Pseudonyms>) -> Result<Self, UsageError> {
        let subjects = subjects.map(|csv| Subjects::load(csv, pseudonyms)).transpose()?;
        let mut opt_out = Self { pseudonyms: pseudonyms.cloned(), ..Self::default() };
        let text = read_text(file)?;
        let mut seen = HashSet::new();
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
            if seen.insert(line) {
                opt_out.add(line, subjects.as_ref());
            }
        }
        Ok(opt_out)
    }

    fn add(&mut self, line: &str, subjects: Option<&Subjects>) {
        let entry = normalise(line);
        let number = self.lines;
        self.lines += 1;
        let coded = |path: &str| self.pseudonyms.as_ref().map(|names| names.path(path));
        match subjects.and_then(|known| known.photos.get(&entry)) {
            Some(photos) => {
                let both = photos.iter().flat_map(|photo| [Some(photo.clone()), coded(photo)]);
                self.paths.extend(both.flatten().map(|path| (path, number)));
            }
            None => {
                let forms: Vec<_> = [Some(entry.clone()), coded(&entry)].into_iter().flatten().collect();
                if subjects.is_none() && !entry.contains('/') {
                    self.folders.extend(forms.iter().cloned().map(|folder| (folder, number)));
                }
                self.paths.extend(forms.into_iter().map(|path| (path, number)));
            }
        }
    }

    /// Whether the photo at this relative path (as shown in records) is somebody's who opted out.
    pub fn excludes(&self, path: &str) -> bool {
        self.line_for(path).is_some()
    }

    /// What the record of an excluded photo says.
    pub fn exclusion() -> Exclusion {
        Exclusion { reason: "opt_out".into(), detail: "listed in the opt-out file".into() }
    }

    /// How many lines of the list stand for none of these photos: a mistyped id must not pass in silence.
    pub fn lines_without_photos<'a>(&self, paths: impl IntoIterator<Item = &'a str>) -> usize {
        let met: HashSet<_> = paths.into_iter().filter_map(|path| self.line_for(path)).collect();
        self.lines - met.len()
    }

    pub fn lines(&self) -> usize {
        self.lines
    }

    fn line_for(&self, path: &str) -> Option<usize> {
        let path = normalise(path);
        self.line_for_form(&path)
            .or_else(|| self.line_for_form(&self.pseudonyms.as_ref().map(|names| names.path(&path))?))
    }

    fn line_for_form(&self, path: &str) -> Option<usize> {
        let ends = path.match_indices('/').map(|(at, _)| at);
        let by_path = || ends.clone().chain([path.len()]).find_map(|end| self.paths.get(&path[..end]));
        let by_folder = || {
            let (folders, _file) = path.rsplit_once('/')?;
            folders.split('/').find_map(|folder| self.folders.get(folder))
        };
        by_path().or_else(by_folder).copied()
    }
}

/// Which photos are whose: a CSV file with the columns `path` and `subject`.
struct Subjects {
    /// By id, and by its code where there is a key.
    photos: HashMap<String, Vec<String>>,
}

impl Subjects {
    fn load(file: &Path, pseudonyms: Option<&Pseudonyms>) -> Result<Self, UsageError> {
        let shown = file.display();
        let text = read_text(file)?;
        let bad = |e: csv::Error| UsageError(format!("{shown} is not a table: {e}"));
        let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.as_bytes());
        let column = |header: &csv::StringRecord, name: &str| {
            header.iter().position(|column| column.eq_ignore_ascii_case(name)).ok_or_else(|| {
                UsageError(format!(
                    "{shown} has no column '{name}'; its first line must name the columns path and subject"
                ))
            })
        };
        let header = reader.headers().map_err(bad)?;
        let (path, subject) = (column(header, "path")?, column(header, "subject")?);
        let mut photos: HashMap<String, Vec<String>> = HashMap::new();
        for row in reader.records() {
            let row = row.map_err(bad)?;
            photos.entry(normalise(&row[subject])).or_default().push(normalise(&row[path]));
        }
        if let Some(names) = pseudonyms {
            let by_code: Vec<_> = photos.iter().map(|(id, photos)| (names.code(id), photos.clone())).collect();
            photos.extend(by_code);
        }
        Ok(Self { photos })
    }
}

/// Text that may carry a byte order mark and must be UTF-8: a list read with wrong letters would let people through.
fn read_text(file: &Path) -> Result<String, UsageError> {
    let shown = file.display();
    let bytes = std::fs::read(file).map_err(|e| UsageError(format!("cannot read {shown}: {e}")))?;
    let text = String::from_utf8(bytes)
        .map_err(|_| UsageError(format!("{shown} is not UTF-8; save it as \"CSV UTF-8\" or plain UTF-8 text")))?;
    Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text))
}

/// One spelling for a path or an id: composed letters, forward slashes, no `./` before and no slash behind it.
fn normalise(path: &str) -> String {
    let composed: String = path.nfc().map(|c| if c == '\\' { '/' } else { c }).collect();
    composed.trim_start_matches("./").trim_end_matches('/').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "0123456789abcdefghijklmnopqrstuv";

    struct Files(tempfile::TempDir);

    impl Files {
        fn new(list: &str, subjects: &str) -> Self {
            let files = Self(tempfile::tempdir().unwrap());
            for (name, text) in [("list", list), ("subjects.csv", subjects), ("key", KEY)] {
                std::fs::write(files.0.path().join(name), text).unwrap();
            }
            files
        }

        fn load(&self, subjects: bool, names: Option<&Pseudonyms>) -> OptOut {
            let csv = self.0.path().join("subjects.csv");
            OptOut::load(&self.0.path().join("list"), subjects.then_some(csv.as_path()), names).unwrap()
        }
    }

    #[test]
    fn paths_folders_and_folder_names() {
        let files = Files::new("\u{feff}# people\n./a/1.jpg\r\nb/c/\nPAT_7\n\nか\u{3099}\nx\\y.jpg\n", "");
        let list = files.load(false, None);
        for path in ["a/1.jpg", "b/c/2.jpg", "b/c/d/3.jpg", "PAT_7/1.jpg", "site/PAT_7/v/1.jpg", "が/1.jpg", "x/y.jpg"]
        {
            assert!(list.excludes(path), "{path}");
        }
        for path in ["a/1.jpeg", "a/11.jpg", "b/cc/2.jpg", "PAT_77/1.jpg", "PAT_7.jpg", "s/a/1.jpg", "y.jpg"] {
            assert!(!list.excludes(path), "{path}");
        }
        assert_eq!(list.lines_without_photos(["a/1.jpg", "PAT_7/2.jpg", "PAT_7/3.jpg"]), 3);
    }

    #[test]
    fn with_a_table_an_id_means_its_photos_only() {
        let files = Files::new("1\n2\nunknown\n", "subject,path\n1,a/x.jpg\n1,b/y.jpg\n2,folder\n3,1/z.jpg\n");
        let list = files.load(true, None);
        for path in ["a/x.jpg", "b/y.jpg", "folder/deep/q.jpg"] {
            assert!(list.excludes(path), "{path}");
        }
        assert!(!list.excludes("1/z.jpg") && !list.excludes("s/folder/q.jpg"));
        assert_eq!(list.lines_without_photos(["a/x.jpg", "folder/q.jpg", "c.jpg"]), 1);
    }

    #[cfg(unix)]
    #[test]
    fn codes_meet_names_and_names_meet_codes() {
        use std::os::unix::fs::PermissionsExt;
        let key = Files::new("", "");
        let key = key.0.path().join("key");
        std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o600)).unwrap();
        let names = Pseudonyms::from_key_file(&key).unwrap();
        let code = names.code("PAT_7");
        for (line, subjects) in [("PAT_7", false), (code.as_str(), false), ("7", true), (&names.code("7"), true)] {
            let list = Files::new(line, "path,subject\nPAT_7/1.jpg,7\n").load(subjects, Some(&names));
            assert!(list.excludes("PAT_7/1.jpg"), "{line}");
            assert!(list.excludes(&names.path("PAT_7/1.jpg")), "{line} against coded results");
            assert!(!list.excludes("PAT_8/1.jpg") && !list.excludes(&names.path("PAT_8/1.jpg")));
        }
    }

    #[test]
    fn tables_that_cannot_be_trusted_are_refused() {
        let files = Files::new("x", "photo,who\n");
        let (list, csv) = (files.0.path().join("list"), files.0.path().join("subjects.csv"));
        assert!(OptOut::load(&list, Some(&csv), None).unwrap_err().to_string().contains("no column 'path'"));
        std::fs::write(&csv, b"path,subject\n\x93c.jpg,1\n").unwrap();
        assert!(OptOut::load(&list, Some(&csv), None).unwrap_err().to_string().contains("UTF-8"));
        assert!(OptOut::load(&files.0.path().join("none"), None, None).is_err());
    }
}
