//! How long a pixel is in each photo, by what the user said of it: one length for all, a column of the clinical table, or
//! what the ruler of the report found.

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
        measured.or_else(|| self.of_name(&record.input().path))
    }

    /// Of a photo of which nothing but its name is known.
    pub fn of_name(&self, path: &str) -> Option<Scale> {
        let of_table = self.table.as_ref().and_then(|table| table.mm_per_px(path));
        let of_table = of_table.map(|mm| Scale::of(mm, ScaleSource::Table));
        of_table.or(self.stated.map(|mm| Scale::of(mm, ScaleSource::Stated)))
    }
}
