//! How far two masks of one photo are from each other.

use serde::Serialize;

use super::overlap::{Counts, EmptyPolicy};
use crate::domain::mask::{LESION, LabelMap};

#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct MaskDifference {
    /// Dice of the lesion; 1 where neither mask has one.
    pub dice: f64,
    /// Pixels of another class.
    pub changed_px: u64,
    pub changed_fraction: f64,
    /// Pixels that became lesion, and that stopped being lesion.
    pub lesion_gained_px: u64,
    pub lesion_lost_px: u64,
}

impl MaskDifference {
    pub const NONE: Self =
        Self { dice: 1.0, changed_px: 0, changed_fraction: 0.0, lesion_gained_px: 0, lesion_lost_px: 0 };

    /// `None` where the sizes differ.
    pub fn of(base: &LabelMap, new: &LabelMap) -> Option<Self> {
        if (base.width, base.height) != (new.width, new.height) {
            return None;
        }
        let changed: u64 = base.data.iter().zip(&new.data).map(|(a, b)| u64::from(a != b)).sum();
        // Of all kinds of lesion together.
        let one_kind = |map: &LabelMap| map.data.iter().any(|&c| c > LESION).then(|| map.clone().with_one_kind());
        let (one_new, one_base) = (one_kind(new), one_kind(base));
        let counts = Counts::of(one_new.as_ref().unwrap_or(new), one_base.as_ref().unwrap_or(base), LESION);
        Some(Self {
            dice: counts.dice(EmptyPolicy::One).unwrap_or(1.0),
            changed_px: changed,
            changed_fraction: changed as f64 / base.data.len().max(1) as f64,
            lesion_gained_px: counts.fp,
            lesion_lost_px: counts.fn_,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluation::score::testing::rectangle;

    #[test]
    fn every_changed_pixel_counts_and_sizes_must_agree() {
        let base = rectangle(10, 10, [0, 0, 5, 2]);
        let mut new = rectangle(10, 10, [0, 0, 4, 2]);
        new.data[99] = 0;
        let d = MaskDifference::of(&base, &new).unwrap();
        assert_eq!((d.changed_px, d.lesion_lost_px, d.lesion_gained_px), (3, 2, 0));
        assert_eq!((d.dice, d.changed_fraction), (16.0 / 18.0, 0.03));
        assert_eq!(MaskDifference::of(&base, &base), Some(MaskDifference::NONE));
        assert_eq!(MaskDifference::of(&base, &rectangle(9, 10, [0, 0, 1, 1])), None);
    }

    #[test]
    fn two_masks_without_a_lesion_agree_about_it() {
        let none = rectangle(4, 4, [0, 0, 0, 0]);
        assert_eq!(MaskDifference::of(&none, &none).unwrap().dice, 1.0);
        assert_eq!(MaskDifference::of(&none, &rectangle(4, 4, [0, 0, 1, 1])).unwrap().dice, 0.0);
    }
}
