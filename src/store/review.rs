//! What somebody who looked at results said of them: good, poor or to be redone, and why. The report writes it as review.csv;
//! other commands leave out what was marked.
//!
//! A mark is of the mask that was seen: where the photo or its mask has changed since, it does not count.

use std::collections::HashMap;
use std::fmt;
use std::path::Path;
use std::sync::Arc;

use serde::Serialize;

use crate::disk::vault::Vault;
use crate::domain::record::Record;
use crate::domain::words::counted;
use crate::error::UsageError;
use crate::people::subjects::positive_length;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mark {
    Good,
    Poor,
    Redo,
}

impl Mark {
    const ALL: [(Mark, &str); 3] = [(Mark::Good, "good"), (Mark::Poor, "poor"), (Mark::Redo, "redo")];

    pub fn as_str(self) -> &'static str {
        Self::ALL.iter().find(|(mark, _)| *mark == self).map_or("", |(_, name)| name)
    }

    fn of(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, own)| own.eq_ignore_ascii_case(name)).map(|(mark, _)| *mark)
    }
}

/// What was said of one photo.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Remark {
    pub mark: Option<Mark>,
    pub note: String,
    pub mm_per_px: Option<f64>,
    /// `result_id` of what was seen; empty where somebody wrote the line by hand.
    result: String,
}

/// review.csv, by the photo's path.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Review {
    remarks: HashMap<String, Remark>,
}

/// Tells a photo's result from any other. The first half is of the photo, and holds for its scale; the second half is of the mask.
pub fn result_id(record: &Record) -> String {
    let input = record.input();
    let photo = format!("{}\0{}", input.path, input.blake3.as_deref().unwrap_or_default());
    let mask = record.done().map_or("", |done| done.mask.blake3.as_str());
    let half = |of: &str| blake3::hash(of.as_bytes()).to_hex()[..HALF].to_owned();
    half(&photo) + &half(mask)
}

const HALF: usize = 10;

impl Review {
    pub fn read(file: &Path, vault: &Vault) -> Result<Self, UsageError> {
        let wrong = |why: String| UsageError(format!("{}: {why}", file.display()));
        let bytes = vault.read(file).map_err(|e| wrong(e.to_string()))?;
        let text =
            String::from_utf8(bytes).map_err(|_| wrong("this is not UTF-8 text: save it as CSV UTF-8".into()))?;
        Self::parse(text.trim_start_matches('\u{feff}')).map_err(wrong)
    }

    pub fn parse(text: &str) -> Result<Self, String> {
        // A spreadsheet may have saved it with other separators.
        let header = text.lines().next().unwrap_or_default();
        let separator = [b',', b';', b'\t'].into_iter().find(|s| header.as_bytes().contains(s)).unwrap_or(b',');
        let mut reader =
            csv::ReaderBuilder::new().delimiter(separator).trim(csv::Trim::All).from_reader(text.as_bytes());
        let header = reader.headers().map_err(|e| e.to_string())?.clone();
        let column = |name: &str| header.iter().position(|h| h.eq_ignore_ascii_case(name));
        let (Some(path), Some(mark)) = (column("path"), column("mark")) else {
            return Err("a review has the columns path and mark; save it in the report".into());
        };
        let mut remarks = HashMap::new();
        for (line, record) in (2..).zip(reader.records()) {
            let record = record.map_err(|e| e.to_string())?;
            let cell = |i: Option<usize>| plain(i.and_then(|i| record.get(i)).unwrap_or_default());
            let name = cell(Some(path));
            if name.is_empty() {
                continue;
            }
            let word = cell(Some(mark));
            let mark = Mark::of(word);
            if mark.is_none() && !word.is_empty() {
                return Err(format!("line {line}: the mark `{word}` is not known: good, poor, redo, or nothing"));
            }
            let scale = cell(column("mm_per_px"));
            let mm_per_px = match positive_length(scale) {
                None if scale.is_empty() => None,
                None => return Err(format!("line {line}: `{scale}` is not a length: mm_per_px is a number over 0")),
                length => length,
            };
            let remark =
                Remark { mark, note: cell(column("note")).into(), mm_per_px, result: cell(column("result")).into() };
            if remarks.insert(name.to_owned(), remark).is_some() {
                return Err(format!("line {line}: two lines are about {name}: keep one"));
            }
        }
        Ok(Self { remarks })
    }

    /// What was said of this result, unless it was said of an earlier one.
    pub fn remark(&self, record: &Record) -> Option<&Remark> {
        self.remarks.get(&record.input().path).filter(|remark| !remark.is_outdated(record))
    }

    /// What the ruler found in this photo, whatever became of its mask since.
    pub fn mm_per_px(&self, record: &Record) -> Option<f64> {
        let remark = self.remarks.get(&record.input().path)?;
        let is_of_photo = |id: &str| result_id(record).starts_with(id);
        remark.mm_per_px.filter(|_| remark.result.get(..HALF).is_none_or(is_of_photo))
    }

    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.remarks.keys().map(String::as_str)
    }
}

impl Remark {
    fn is_outdated(&self, record: &Record) -> bool {
        !self.result.is_empty() && self.result != result_id(record)
    }
}

/// Without the apostrophe that keeps a spreadsheet from running a cell (see `harmless`).
fn plain(cell: &str) -> &str {
    match cell.strip_prefix('\'') {
        Some(rest) if super::harmless(rest.to_owned()) == cell => rest,
        _ => cell,
    }
}

/// Which photos of results are taken, by their marks.
#[derive(Clone, Debug)]
pub struct Selection {
    pub review: Arc<Review>,
    /// `None` stands for photos without a mark.
    pub marks: Vec<Option<Mark>>,
}

impl Selection {
    /// Leaves nothing out.
    pub fn of_everything(review: Arc<Review>) -> Self {
        Self { review, marks: vec![None, Some(Mark::Good), Some(Mark::Poor), Some(Mark::Redo)] }
    }

    /// Marks count whatever became of the masks since.
    pub fn of_any_result(self) -> Self {
        let mut review = Review::clone(&self.review);
        review.remarks.values_mut().for_each(|remark| remark.result.clear());
        Self { review: Arc::new(review), ..self }
    }

    pub fn takes(&self, record: &Record) -> bool {
        self.marks.contains(&self.review.remark(record).and_then(|remark| remark.mark))
    }
}

/// What a review did: numbers, for outputs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Reviewed {
    /// Photos that were left out for their mark.
    pub left_out: usize,
    /// Marks of photos whose mask is another one now; they did not count.
    pub outdated: usize,
    /// Lines of the review that fit no photo.
    pub lines_without_photos: usize,
}

impl Reviewed {
    /// Counts over all photos of results.
    pub fn of(
        selection: &Selection,
        records: impl Iterator<Item = Result<Record, UsageError>>,
    ) -> Result<Self, UsageError> {
        let mut reviewed = Self { lines_without_photos: selection.review.remarks.len(), ..Self::default() };
        for record in records {
            let record = record?;
            reviewed.left_out += usize::from(!selection.takes(&record));
            if let Some(remark) = selection.review.remarks.get(&record.input().path) {
                reviewed.outdated += usize::from(remark.is_outdated(&record));
                reviewed.lines_without_photos -= 1;
            }
        }
        Ok(reviewed)
    }
}

impl Reviewed {
    /// Lines of the review that do not count, and why.
    pub fn doubts(&self) -> Vec<String> {
        let outdated =
            format!("not counted, because photo or mask has changed since: {}", counted(self.outdated, "mark"));
        let lost = format!("without a photo in these results: {}", counted(self.lines_without_photos, "line"));
        let both = [(self.outdated, outdated), (self.lines_without_photos, lost)];
        both.into_iter().filter(|(count, _)| *count > 0).map(|(_, told)| told).collect()
    }
}

impl fmt::Display for Reviewed {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "review: {} left out", counted(self.left_out, "photo"))?;
        self.doubts().iter().try_for_each(|doubt| write!(f, "; {doubt}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_review_is_read_as_a_page_or_a_spreadsheet_writes_it() {
        for text in [
            "path,mark,note,mm_per_px,result\na/1.jpg,poor,\"hair, dark\",0.05,\n'=x.jpg,,'-see left,,\n",
            "path;mark;note;mm_per_px\r\na/1.jpg;POOR;hair, dark;0.05\r\n'=x.jpg;;'-see left;\r\n",
        ] {
            let review = Review::parse(text).unwrap();
            let first = &review.remarks["a/1.jpg"];
            assert_eq!(
                (first.mark, first.note.as_str(), first.mm_per_px),
                (Some(Mark::Poor), "hair, dark", Some(0.05))
            );
            assert_eq!((review.remarks["=x.jpg"].mark, review.remarks["=x.jpg"].note.as_str()), (None, "-see left"));
        }
        for (text, word) in [
            ("a,b\n", "the columns path and mark"),
            ("path,mark\na,fine\n", "line 2: the mark `fine`"),
            ("path,mark\na,good\na,poor\n", "line 3: two lines are about a"),
            ("path,mark,mm_per_px\na,good,-1\n", "`-1` is not a length"),
        ] {
            assert!(Review::parse(text).unwrap_err().contains(word), "{text}");
        }
    }
}
