//! COCO's run-length code of a mask: lengths of alternating runs, column by column, beginning with what is outside; as
//! numbers or as COCO's text of six bits a character.

use crate::annotations::AnnotationError;
use crate::measure::components::Component;

/// A mask of one thing in a frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rle {
    pub width: u32,
    pub height: u32,
    pub counts: Vec<u64>,
}

impl Rle {
    pub fn of(component: &Component, width: u32, height: u32) -> Self {
        let [left, top, box_width, box_height] = component.bbox;
        let mut inside = vec![false; box_width as usize * box_height as usize];
        for run in &component.runs {
            (run.start..run.end)
                .for_each(|x| inside[((x - left) * box_height) as usize + (run.y - top) as usize] = true);
        }
        let mut counts = Vec::new();
        // Where the last run ended, in pixels from the frame's corner down its columns.
        let mut end = 0;
        for (x, column) in (left..).zip(inside.chunks_exact(box_height as usize)) {
            let mut y = 0;
            for piece in column.chunk_by(|a, b| a == b) {
                let start = u64::from(x) * u64::from(height) + u64::from(top) + y;
                let length = piece.len() as u64;
                y += length;
                if !piece[0] {
                    continue;
                }
                match counts.last_mut() {
                    Some(run) if start == end => *run += length,
                    _ => counts.extend([start - end, length]),
                }
                end = start + length;
            }
        }
        let rest = u64::from(width) * u64::from(height) - end;
        counts.extend((rest > 0).then_some(rest));
        Self { width, height, counts }
    }

    /// COCO's text: from the fourth number on, the difference to the one before the last; five bits and a flag a character.
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        for (i, &count) in self.counts.iter().enumerate() {
            let mut value = count as i64 - if i > 2 { self.counts[i - 2] as i64 } else { 0 };
            loop {
                let bits = (value & 0x1f) as u8;
                value >>= 5;
                // The highest bit written is the sign.
                let last = if bits & 0x10 == 0 { value == 0 } else { value == -1 };
                text.push(char::from(bits + 48 + if last { 0 } else { 0x20 }));
                if last {
                    break;
                }
            }
        }
        text
    }

    pub fn from_text(text: &str, width: u32, height: u32) -> Result<Self, AnnotationError> {
        let mut counts: Vec<u64> = Vec::new();
        let (mut value, mut shift) = (0_i64, 0);
        for byte in text.bytes() {
            let bits = byte.checked_sub(48).filter(|&bits| bits < 64 && shift < 60);
            let bits = bits.ok_or(AnnotationError::RunText("has a character that does not belong there"))?;
            value |= i64::from(bits & 0x1f) << shift;
            shift += 5;
            if bits & 0x20 != 0 {
                continue;
            }
            if bits & 0x10 != 0 {
                value |= -1 << shift;
            }
            let base = if counts.len() > 2 { counts[counts.len() - 2] as i64 } else { 0 };
            let count = base.checked_add(value).and_then(|count| u64::try_from(count).ok());
            counts.push(count.ok_or(AnnotationError::RunText("has a run that cannot be"))?);
            (value, shift) = (0, 0);
        }
        if shift != 0 {
            return Err(AnnotationError::RunText("ends in the middle of a number"));
        }
        Self::from_counts(counts, width, height)
    }

    pub fn from_counts(counts: Vec<u64>, width: u32, height: u32) -> Result<Self, AnnotationError> {
        let total = counts.iter().try_fold(0_u64, |sum, &count| sum.checked_add(count));
        if total.is_none_or(|total| total > u64::from(width) * u64::from(height)) {
            return Err(AnnotationError::RunsTooLong { width, height });
        }
        Ok(Self { width, height, counts })
    }

    /// Calls `paint` with x, y of every pixel.
    pub fn pixels(&self, mut paint: impl FnMut(u32, u32)) {
        let height = u64::from(self.height);
        let mut at = 0;
        for (i, &count) in self.counts.iter().enumerate() {
            if i % 2 == 1 {
                (at..at + count).for_each(|p| paint((p / height) as u32, (p % height) as u32));
            }
            at += count;
        }
    }
}
