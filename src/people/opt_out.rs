//! People who do not take part: their photos are left out by path, before a file is opened.
//!
//! A line of the list is a subject id, a path, a folder, or the code that stands for one of them. Where `--subjects` says
//! which photos are whose, an id stands for those; where it does not, an id is also the name of any folder.
//! Commands that read results use the same list: a mask or a reference is left out before it is opened, too.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::path::Path;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::disk::vault::Vault;
use crate::domain::frame;
use crate::domain::record::Exclusion;
use crate::domain::words::counted;
use crate::error::UsageError;
use crate::people::pseudonyms::Pseudonyms;
use crate::people::remembered::{Kind, Remembered};
use crate::people::subjects::{Subjects, normalise, read_text};

/// How much was left out: numbers, never who.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOut {
    pub photos: usize,
    /// Lines of the list that match none of the photos.
    pub lines_without_photos: usize,
}

impl fmt::Display for LeftOut {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "left out: {} of people who opted out", counted(self.photos, "photo"))?;
        match self.lines_without_photos {
            0 => Ok(()),
            lines => write!(f, "; {}", lines_without_photos(lines)),
        }
    }
}

/// What is said of lines of a list that match none of the photos.
pub fn lines_without_photos(lines: usize) -> String {
    format!("lines of the list without a photo: {lines}; check the spelling, and give --key-file if names are codes")
}

#[derive(Debug, Default)]
pub struct OptOut {
    /// Normalised paths of files and folders, each with the line that asked for it.
    paths: HashMap<String, usize>,
    /// Names of folders, wherever they are.
    folders: HashMap<String, usize>,
    /// Subjects of the table.
    ids: HashMap<String, usize>,
    subjects: Option<Arc<Subjects>>,
    pseudonyms: Option<Pseudonyms>,
    /// The list, each line once.
    lines: Vec<String>,
    /// People who were withdrawn from these results earlier.
    withdrawn: Option<Remembered>,
    /// People of a list that these results were made with, where none is given now.
    listed: Option<Remembered>,
}

impl OptOut {
    /// With `pseudonyms`, a list of original names also meets coded results, and a list of codes original names.
    pub fn load(
        file: &Path,
        subjects: Option<Arc<Subjects>>,
        pseudonyms: Option<&Pseudonyms>,
        vault: &Vault,
    ) -> Result<Self, UsageError> {
        let mut ids: HashMap<String, String> = HashMap::new();
        for (id, _) in subjects.iter().flat_map(|table| table.photos()) {
            ids.entry(id.to_owned()).or_insert_with(|| id.to_owned());
            if let Some(names) = pseudonyms {
                ids.entry(names.code(id)).or_insert_with(|| id.to_owned());
            }
        }
        let text = read_text(file, vault)?;
        let mut opt_out = Self { subjects, pseudonyms: pseudonyms.cloned(), ..Self::default() };
        let mut seen = HashSet::new();
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
            if seen.insert(line) {
                let entry = normalise(line);
                match ids.get(&entry) {
                    Some(id) => _ = opt_out.ids.insert(id.clone(), opt_out.lines.len()),
                    None => opt_out.add(&entry),
                }
                opt_out.lines.push(entry);
            }
        }
        Ok(opt_out)
    }

    fn add(&mut self, entry: &str) {
        let line = self.lines.len();
        let coded = self.pseudonyms.as_ref().map(|names| names.path(entry));
        let forms = [Some(entry.to_owned()), coded].into_iter().flatten();
        if self.subjects.is_none() {
            self.folders.extend(forms.clone().filter(|form| !form.contains('/')).map(|folder| (folder, line)));
        }
        self.paths.extend(forms.map(|path| (path, line)));
    }

    /// Those who were withdrawn earlier count as if they were on the list. `pseudonyms` are those of the results.
    pub fn with_withdrawn(self, withdrawn: Option<Remembered>, pseudonyms: Option<&Pseudonyms>) -> Self {
        Self { withdrawn, pseudonyms: self.pseudonyms.or_else(|| pseudonyms.cloned()), ..self }
    }

    /// The same for the people of a list that was given earlier.
    pub fn with_listed(self, listed: Option<Remembered>) -> Self {
        Self { listed, ..self }
    }

    pub fn withdrawn(&self) -> Option<&Remembered> {
        self.withdrawn.as_ref()
    }

    /// Keeps what the list and the table call them, and `photos`, which were found to be theirs.
    pub fn remember<'a>(&self, people: &mut Remembered, photos: impl Iterator<Item = &'a str> + Clone) {
        self.paths.keys().for_each(|path| people.add(Kind::Path, path));
        self.folders.keys().for_each(|folder| people.add(Kind::Folder, folder));
        let of_table = self.subjects.iter().flat_map(|table| table.photos());
        for (_, image) in of_table.filter(|(id, _)| self.ids.contains_key(*id)) {
            people.add(Kind::Image, image);
            if let Some(names) = &self.pseudonyms {
                people.add(Kind::Image, &names.path(image));
            }
        }
        photos.clone().for_each(|photo| people.add(Kind::Path, &normalise(photo)));
        for line in self.lines_met(photos) {
            people.add(Kind::Line, &self.lines[line]);
        }
    }

    /// Whether the photo at this relative path (as shown in records) is somebody's who opted out.
    pub fn excludes(&self, path: &str) -> bool {
        let is_known = |people: &Remembered| people.knows_photo(path, self.pseudonyms.as_ref());
        let is_out =
            self.line_for(path).is_some() || [&self.withdrawn, &self.listed].into_iter().flatten().any(is_known);
        is_out || frame::file_of(path).is_some_and(|file| self.excludes(file))
    }

    /// Photos that the list or the table names, whether there are any or not; codes where there is a key.
    pub fn photos(&self) -> Vec<String> {
        let is_file = |path: &&String| path.rsplit('/').next().is_some_and(|file| file.contains('.'));
        let mut photos: Vec<String> = self.paths.keys().filter(is_file).cloned().collect();
        let of_table = self.subjects.iter().flat_map(|table| table.photos());
        for (_, photo) in of_table.filter(|(id, _)| self.ids.contains_key(*id)) {
            photos.extend(self.pseudonyms.as_ref().map(|names| names.path(photo)));
            photos.push(photo.to_owned());
        }
        photos.sort();
        photos.dedup();
        photos
    }

    /// What the record of an excluded photo says.
    pub fn exclusion() -> Exclusion {
        Exclusion { reason: "opt_out".into(), detail: "listed in the opt-out file".into() }
    }

    /// How many lines of the list match none of these photos: a mistyped id must not pass in silence.
    pub fn lines_without_photos<'a>(&self, paths: impl IntoIterator<Item = &'a str>) -> usize {
        self.lines.len() - self.lines_met(paths).len()
    }

    /// The same, less the lines that stood for photos here before these were withdrawn.
    pub fn lines_never_met<'a>(&self, paths: impl IntoIterator<Item = &'a str>, people: &Remembered) -> usize {
        let met = self.lines_met(paths);
        let is_new = |(i, line): &(usize, &String)| !met.contains(i) && !people.knows(Kind::Line, line);
        self.lines.iter().enumerate().filter(is_new).count()
    }

    fn lines_met<'a>(&self, paths: impl IntoIterator<Item = &'a str>) -> HashSet<usize> {
        let file_line = |path| self.line_for(frame::file_of(path)?);
        paths.into_iter().filter_map(|path| self.line_for(path).or_else(|| file_line(path))).collect()
    }

    /// What outputs say of it, given the paths of the photos that were left out; nothing where nobody is listed.
    pub fn left_out(&self, photos: &[String]) -> Option<LeftOut> {
        let lines_without_photos = self.lines_without_photos(photos.iter().map(String::as_str));
        (!self.is_empty()).then_some(LeftOut { photos: photos.len(), lines_without_photos })
    }

    pub fn is_empty(&self) -> bool {
        self.lines.is_empty() && self.withdrawn.is_none() && self.listed.is_none()
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
        let by_subject = || self.ids.get(self.subjects.as_ref()?.subject(path)?);
        by_path().or_else(by_folder).or_else(by_subject).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::people::subjects::SubjectsPlan;

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
            let plan = SubjectsPlan { file: self.0.path().join("subjects.csv"), ..SubjectsPlan::default() };
            let table = subjects.then(|| Arc::new(Subjects::read(&plan, names, &Vault::default()).unwrap()));
            OptOut::load(&self.0.path().join("list"), table, names, &Vault::default()).unwrap()
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
        let names = Pseudonyms::from_key_file(&key, &Vault::default()).unwrap();
        let code = names.code("PAT_7");
        for (line, subjects) in [("PAT_7", false), (code.as_str(), false), ("7", true), (&names.code("7"), true)] {
            let list = Files::new(line, "path,subject\nPAT_7/1.jpg,7\n").load(subjects, Some(&names));
            assert!(list.excludes("PAT_7/1.jpg"), "{line}");
            assert!(list.excludes(&names.path("PAT_7/1.jpg")), "{line} against coded results");
            assert!(!list.excludes("PAT_8/1.jpg") && !list.excludes(&names.path("PAT_8/1.jpg")));
        }
    }

    #[test]
    fn a_table_of_stems_means_the_photos_wherever_they_are() {
        let files = Files::new("p1\n", "image_id;patient_id\nISIC_1;p1\nISIC_2;p2\n");
        let list = files.load(true, None);
        assert!(list.excludes("images/ISIC_1.jpg") && list.excludes("ISIC_1_mask.png"));
        assert!(!list.excludes("images/ISIC_2.jpg") && !list.excludes("images/ISIC_11.jpg"));
        assert_eq!(list.photos(), ["ISIC_1"]);
    }

    #[test]
    fn a_list_with_wrong_letters_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let list = folder.path().join("list");
        std::fs::write(&list, b"M\xfcller\n").unwrap();
        assert!(OptOut::load(&list, None, None, &Vault::default()).unwrap_err().to_string().contains("UTF-8"));
        assert!(OptOut::load(&folder.path().join("none"), None, None, &Vault::default()).is_err());
    }
}
