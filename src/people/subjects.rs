//! The table of the photos: one line a photo, whose it is, and any clinical columns. Every command reads it by the same rules.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use unicode_normalization::UnicodeNormalization;

use crate::disk::describe;
use crate::disk::vault::Vault;
use crate::domain::frame;
use crate::domain::pairing::aliases;
use crate::error::UsageError;
use crate::people::Pseudonyms;

/// Names that a column of images or of subjects usually has.
const IMAGE_COLUMNS: [&str; 8] = ["path", "image", "image_id", "photo", "file", "filename", "img_id", "id"];
/// The column that says how long a pixel of the photo is.
pub const SCALE_COLUMN: &str = "mm_per_px";
const SUBJECT_COLUMNS: [&str; 6] = ["subject", "subject_id", "patient", "patient_id", "person", "participant"];

/// What the user said about the table.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SubjectsPlan {
    pub file: PathBuf,
    pub image_column: Option<String>,
    pub subject_column: Option<String>,
    /// Columns to make groups of; empty for all that make groups.
    pub strata: Vec<String>,
}

#[derive(Debug)]
pub struct Subjects {
    pub file: PathBuf,
    /// Columns that may make groups: all but the image's, the subject's and the scale's.
    pub columns: Vec<String>,
    pub has_subjects: bool,
    lines: Vec<Line>,
    /// Lines by what the table calls the photo, and by the code of that where there is a key.
    by_image: HashMap<String, usize>,
}

#[derive(Debug)]
struct Line {
    image: String,
    subject: Option<String>,
    mm_per_px: Option<f64>,
    /// One for each of `columns`.
    values: Vec<Option<String>>,
}

/// Why a table of photos cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    #[error("{0}")]
    Damaged(#[from] csv::Error),
    #[error("there is no column `{name}`; the columns are {columns}")]
    NoColumn { name: String, columns: String },
    #[error("the table is empty: write a line with the names of the columns, and a line for each photo")]
    Empty,
    #[error("no column has the usual name of an image column; name it with --image-column: {0}")]
    NoImageColumn(String),
    #[error("the line of `{0}` has the {SCALE_COLUMN} `{1}`: write a number over 0, such as 0.05")]
    NoLength(String, String),
    #[error(
        "the column `{0}` says which photo or which person a line is about, or how long a pixel is: leave it out of --strata"
    )]
    NoGroups(String),
    #[error("two lines are about `{0}`; keep one")]
    TwoLines(String),
}

impl Subjects {
    /// With `pseudonyms`, a table of original names also meets coded results.
    pub fn read(plan: &SubjectsPlan, pseudonyms: Option<&Pseudonyms>, vault: &Vault) -> Result<Self, UsageError> {
        let mut table = Self::parse(&read_text(&plan.file, vault)?, plan)
            .map_err(|e| UsageError(format!("{}: {e}", plan.file.display())))?;
        if let Some(names) = pseudonyms {
            let coded = table.lines.iter().enumerate().map(|(i, line)| (names.path(&line.image), i));
            table.by_image.extend(coded);
        }
        Ok(table)
    }

    pub fn parse(text: &str, plan: &SubjectsPlan) -> Result<Self, TableError> {
        if text.trim().is_empty() {
            return Err(TableError::Empty);
        }
        let header = text.lines().next().unwrap_or_default();
        let delimiter = [b',', b';', b'\t']
            .into_iter()
            .max_by_key(|d| (header.bytes().filter(|b| b == d).count(), *d == b','))
            .unwrap_or(b',');
        let mut reader =
            csv::ReaderBuilder::new().delimiter(delimiter).trim(csv::Trim::All).from_reader(text.as_bytes());
        let header: Vec<String> = reader.headers()?.iter().map(str::to_owned).collect();
        let find = |name: &str| header.iter().position(|h| h.eq_ignore_ascii_case(name));
        let asked = |name: &Option<String>| match name {
            None => Ok(None),
            Some(name) => match find(name) {
                Some(i) => Ok(Some(i)),
                None => Err(TableError::NoColumn { name: name.clone(), columns: header.join(", ") }),
            },
        };
        let image = asked(&plan.image_column)?
            .or_else(|| IMAGE_COLUMNS.iter().find_map(|n| find(n)))
            .ok_or_else(|| TableError::NoImageColumn(header.join(", ")))?;
        let subject = asked(&plan.subject_column)?.or_else(|| SUBJECT_COLUMNS.iter().find_map(|n| find(n)));
        let scale = find(SCALE_COLUMN);
        for name in &plan.strata {
            let column = asked(&Some(name.clone()))?;
            if column == Some(image) || column.is_some() && (column == subject || column == scale) {
                return Err(TableError::NoGroups(name.clone()));
            }
        }
        let wanted = |name: &str| plan.strata.is_empty() || plan.strata.iter().any(|s| s.eq_ignore_ascii_case(name));
        let makes_groups = |&i: &usize| i != image && ![subject, scale].contains(&Some(i)) && wanted(&header[i]);
        let kept: Vec<usize> = (0..header.len()).filter(makes_groups).collect();

        let mut by_image = HashMap::new();
        let mut lines = Vec::new();
        for record in reader.records() {
            let record = record?;
            let cell = |i: usize| record.get(i).filter(|v| !v.is_empty()).map(str::to_owned);
            let Some(name) = cell(image) else { continue };
            let image = normalise(&name);
            if by_image.insert(image.clone(), lines.len()).is_some() {
                return Err(TableError::TwoLines(name));
            }
            let subject = subject.and_then(cell).map(|id| normalise(&id));
            let length = |text: String| positive_length(&text).ok_or_else(|| TableError::NoLength(name.clone(), text));
            let mm_per_px = scale.and_then(cell).map(length).transpose()?;
            lines.push(Line { image, subject, mm_per_px, values: kept.iter().map(|&i| cell(i)).collect() });
        }
        let columns = kept.into_iter().map(|i| header[i].clone()).collect();
        Ok(Subjects { file: plan.file.clone(), columns, has_subjects: subject.is_some(), lines, by_image })
    }

    /// For what cannot be done without people.
    pub fn require_people(&self) -> Result<(), UsageError> {
        match self.has_subjects {
            true => Ok(()),
            false => Err(UsageError(format!(
                "{} has no column of people, such as subject or patient_id: it does not say whose photos are whose",
                self.file.display()
            ))),
        }
    }

    /// By the photo's names, the surest first, then by a folder that the table names.
    fn line(&self, image: &str) -> Option<&Line> {
        self.line_index(image).map(|i| &self.lines[i])
    }

    fn line_index(&self, image: &str) -> Option<usize> {
        let image = normalise(image);
        let mut folders = image.rmatch_indices('/').map(|(end, _)| &image[..end]);
        let of_file = || self.line_by_name(frame::file_of(&image)?);
        self.line_by_name(&image).or_else(of_file).or_else(|| folders.find_map(|name| self.by_image.get(name)).copied())
    }

    fn line_by_name(&self, image: &str) -> Option<usize> {
        aliases(image).iter().find_map(|name| self.by_image.get(name)).copied()
    }

    pub fn subject(&self, image: &str) -> Option<&str> {
        self.line(image)?.subject.as_deref()
    }

    pub fn mm_per_px(&self, image: &str) -> Option<f64> {
        self.line(image)?.mm_per_px
    }

    /// Every subject, as often as there are lines about it, with the photo or folder that the line is about.
    pub fn photos(&self) -> impl Iterator<Item = (&str, &str)> {
        self.lines.iter().filter_map(|line| Some((line.subject.as_deref()?, line.image.as_str())))
    }

    /// What the table calls these photos.
    pub fn images_of(&self, photos: &[String]) -> HashSet<&str> {
        photos.iter().filter_map(|photo| Some(self.line(photo)?.image.as_str())).collect()
    }

    /// Photos that no line is about, and lines that are about no photo; lines of people who opted out have no photo by intent.
    pub fn unmatched<'a>(
        &self,
        images: impl Iterator<Item = &'a str>,
        opted_out: impl Fn(&str) -> bool,
    ) -> (usize, usize) {
        let mut met = vec![false; self.lines.len()];
        let mut without_line = 0;
        for image in images {
            match self.line_index(image) {
                Some(line) => met[line] = true,
                None => without_line += 1,
            }
        }
        let missed = met.iter().zip(&self.lines).filter(|(met, line)| !**met && !opted_out(&line.image));
        (without_line, missed.count())
    }

    /// What the table calls the photos, line by line.
    pub fn images(&self) -> impl Iterator<Item = &str> {
        self.lines.iter().map(|line| line.image.as_str())
    }

    /// A line that fits several photos would give the figures of one person to another: which it is about must be said.
    pub fn refuse_doubt<'a>(&self, images: impl Iterator<Item = &'a str>) -> Result<(), UsageError> {
        let mut met: Vec<Option<&str>> = vec![None; self.lines.len()];
        for image in images {
            let Some(i) = self.line_by_name(&normalise(image)) else { continue };
            if let Some(other) = met[i].replace(image) {
                return Err(UsageError(format!(
                    "The line `{}` of the table fits several photos, such as {other} and {image}: give each photo a line with its path.",
                    self.lines[i].image
                )));
            }
        }
        Ok(())
    }

    pub fn value(&self, image: &str, column: usize) -> Option<String> {
        self.line(image)?.values[column].clone()
    }

    /// A number for every image's subject. An image whose subject is not known is a subject of its own.
    pub fn numbered(&self, images: &[&str]) -> Option<Vec<usize>> {
        if !self.has_subjects {
            return None;
        }
        let mut numbers: HashMap<String, usize> = HashMap::new();
        let mut next = 0;
        let mut fresh = || {
            next += 1;
            next - 1
        };
        let number = |image: &&str| match self.line(image).and_then(|l| l.subject.clone()) {
            Some(subject) => *numbers.entry(subject).or_insert_with(&mut fresh),
            None => fresh(),
        };
        Some(images.iter().map(number).collect())
    }
}

/// A length in millimetres that is not too small to be written.
pub fn positive_length(text: &str) -> Option<f64> {
    text.parse().ok().filter(|mm: &f64| mm.is_finite() && *mm >= 1e-6)
}

/// Text that may carry a byte order mark and must be UTF-8: a list read with wrong letters would let people through.
pub fn read_text(file: &Path, vault: &Vault) -> Result<String, UsageError> {
    let shown = file.display();
    let bytes = vault.read(file).map_err(|e| UsageError(format!("{shown} cannot be read: {}", describe(&e))))?;
    let text = String::from_utf8(bytes)
        .map_err(|_| UsageError(format!("{shown} is not UTF-8; save it as \"CSV UTF-8\" or plain UTF-8 text")))?;
    Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text))
}

/// One spelling for a path or an id: composed letters, forward slashes, no `./` before and no slash behind it.
pub fn normalise(path: &str) -> String {
    let composed: String = path.nfc().map(|c| if c == '\\' { '/' } else { c }).collect();
    composed.trim_start_matches("./").trim_end_matches('/').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Subjects, TableError> {
        Subjects::parse(text, &SubjectsPlan::default())
    }

    #[test]
    fn images_are_found_by_path_file_or_stem() {
        let s = parse("image_id,sex\nsub/a.jpg,f\nb.jpg,m\nc,f\n").unwrap();
        assert_eq!(s.value("sub/a.jpg", 0).as_deref(), Some("f"));
        assert_eq!(s.value("x/b.jpg", 0).as_deref(), Some("m"));
        assert_eq!(s.value("x/c_mask.png", 0).as_deref(), Some("f"));
        assert_eq!(s.value("d.jpg", 0), None);
    }

    #[test]
    fn a_line_is_about_one_photo_or_one_folder() {
        let s = parse("path,sex\na.jpg,f\nP01,m\n").unwrap();
        let doubt = |images: &[&str]| s.refuse_doubt(images.iter().copied()).map_err(|e| e.to_string());
        assert_eq!(doubt(&["x/a.jpg", "P01/1.jpg", "P01/2.jpg"]), Ok(()));
        let why = doubt(&["x/a.jpg", "y/a.jpg"]).unwrap_err();
        assert!(["`a.jpg`", "x/a.jpg", "y/a.jpg"].iter().all(|name| why.contains(name)), "{why}");
    }

    #[test]
    fn other_delimiters_and_blanks() {
        let s = parse("sex;Path;patient_id\n f ;a.jpg;p1\n;b.jpg;\n").unwrap();
        assert_eq!(s.columns, ["sex"]);
        assert_eq!((s.value("a.jpg", 0).as_deref(), s.value("b.jpg", 0)), (Some("f"), None));
        assert_eq!(parse("path\tsex\na.jpg\tf\n").unwrap().value("a.jpg", 0).as_deref(), Some("f"));
    }

    #[test]
    fn a_folder_stands_for_what_is_in_it_unless_a_line_says_otherwise() {
        let s = parse("path,subject\nか\u{3099},p1\nが/x.jpg,p2\na\\b,p3\n").unwrap();
        assert_eq!((s.subject("が/y/1.jpg"), s.subject("か\u{3099}/x.jpg")), (Some("p1"), Some("p2")));
        assert_eq!((s.subject("a/b/1.jpg"), s.subject("a/c.jpg")), (Some("p3"), None));
    }

    #[test]
    fn lengths_of_pixels_are_no_groups() {
        let s = parse("path,mm_per_px,sex\na,0.05,f\nb,,m\n").unwrap();
        assert_eq!((s.mm_per_px("x/a.jpg"), s.mm_per_px("b.jpg"), s.mm_per_px("c.jpg")), (Some(0.05), None, None));
        assert_eq!(s.columns, ["sex"]);
        for wrong in ["0", "-1", "0,05 mm", "inf"] {
            let table = format!("path;mm_per_px\na;{wrong}\n");
            assert!(matches!(parse(&table), Err(TableError::NoLength(image, _)) if image == "a"), "{wrong}");
        }
    }

    #[test]
    fn images_of_one_subject_share_a_number_and_strangers_do_not() {
        let s = parse("path,subject\na,p1\nb,p2\nc,p1\nd,\n").unwrap();
        assert_eq!(s.numbered(&["a.jpg", "b.jpg", "c.jpg", "d.jpg", "e.jpg"]), Some(vec![0, 1, 0, 2, 3]));
        assert_eq!(parse("path,sex\na,f\n").unwrap().numbered(&["a"]), None);
    }

    #[test]
    fn mistakes_are_explained() {
        assert!(matches!(parse("name,sex\na,f\n"), Err(TableError::NoImageColumn(columns)) if columns == "name, sex"));
        assert!(matches!(parse("path,sex\na,f\na,m\n"), Err(TableError::TwoLines(image)) if image == "a"));
        let plan = SubjectsPlan { strata: vec!["age".into()], ..SubjectsPlan::default() };
        assert!(
            matches!(Subjects::parse("path,sex\na,f\n", &plan), Err(TableError::NoColumn { name, .. }) if name == "age")
        );
        let plan = SubjectsPlan { strata: vec!["patient_id".into()], ..SubjectsPlan::default() };
        assert!(matches!(Subjects::parse("path,patient_id,sex\na,p1,f\n", &plan), Err(TableError::NoGroups(_))));
    }
}
