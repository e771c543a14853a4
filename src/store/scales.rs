//! How long a pixel is in each photo, by what the user said of it (one length for all, a column of the clinical table, what
//! the ruler of the report found) and by what a DICOM file says of itself.

use std::sync::Arc;

use super::review::Review;
use crate::domain::record::{Outcome, Record, Scale, ScaleSource};
use crate::measure::in_millimetres;
use crate::people::subjects::Subjects;

#[derive(Clone, Debug, Default)]
pub struct Scales {
    pub stated: Option<f64>,
    pub table: Option<Arc<Subjects>>,
    pub review: Option<Arc<Review>>,
}

impl Scales {
    pub fn is_empty(&self) -> bool {
        self.stated.is_none() && self.table.is_none() && self.review.is_none()
    }

    /// Gives a record its figures in millimetres, unless it has them already from a nearer source. Tells whether they changed.
    pub fn apply(&self, record: &mut Record) -> bool {
        let scale = self.of(record);
        let (Outcome::Done(done), Some(scale)) = (&mut record.outcome, scale) else { return false };
        let before = done.area.scale();
        if before == Some(scale) || before.is_some_and(|before| before.source > scale.source) {
            return false;
        }
        in_millimetres(done, scale);
        true
    }

    fn of(&self, record: &Record) -> Option<Scale> {
        let measured = self.review.as_ref().and_then(|review| review.mm_per_px(record));
        let measured = measured.map(|mm| Scale::of(mm, ScaleSource::Review));
        let of_file = || {
            let mm = record.input().dicom.as_ref()?.mm_per_px()?;
            Some(Scale::of(mm, ScaleSource::File))
        };
        let path = &record.input().path;
        measured.or_else(|| self.of_table(path)).or_else(of_file).or_else(|| self.of_name(path))
    }

    /// Of a photo of which nothing but its name is known.
    pub fn of_name(&self, path: &str) -> Option<Scale> {
        self.of_table(path).or(self.stated.map(|mm| Scale::of(mm, ScaleSource::Stated)))
    }

    fn of_table(&self, path: &str) -> Option<Scale> {
        let mm = self.table.as_ref()?.mm_per_px(path)?;
        Some(Scale::of(mm, ScaleSource::Table))
    }
}
