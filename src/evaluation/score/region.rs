//! The lesion of a prediction and of its reference, cut to the box that holds both: all that boundary figures look at.
//!
//! Cutting changes no figure: outside the box both masks are empty, which is also how the photo's border is treated.

use crate::domain::mask::{IGNORE, LESION, LabelMap};

/// One byte a pixel, 0 or 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bitmap {
    pub width: usize,
    pub height: usize,
    pub data: Vec<u8>,
}

impl Bitmap {
    pub fn row(&self, y: usize) -> &[u8] {
        &self.data[y * self.width..(y + 1) * self.width]
    }
}

/// The two lesions in their common box, or `None` where both are empty. A pixel that either map ignores is in neither.
pub fn lesions(prediction: &LabelMap, truth: &LabelMap) -> Option<(Bitmap, Bitmap)> {
    let (w, h) = (prediction.width as usize, prediction.height as usize);
    let rows = |y: usize| (&prediction.data[y * w..(y + 1) * w], &truth.data[y * w..(y + 1) * w]);
    let (mut left, mut right) = (w, 0);
    let (mut top, mut bottom) = (h, 0);
    for y in 0..h {
        let (p, t) = rows(y);
        let lesion = |x: &usize| is_lesion(p[*x], t[*x]) | is_lesion(t[*x], p[*x]) != 0;
        // Most rows of most photos hold no lesion: one quick look before the exact one.
        if !p.contains(&LESION) && !t.contains(&LESION) {
            continue;
        }
        let Some(first) = (0..w).find(lesion) else { continue };
        let last = (first..w).rfind(lesion).unwrap_or(first);
        (left, right) = (left.min(first), right.max(last + 1));
        (top, bottom) = (top.min(y), y + 1);
    }
    if left >= right {
        return None;
    }
    let (width, height) = (right - left, bottom - top);
    let mut a = Vec::with_capacity(width * height);
    let mut b = Vec::with_capacity(width * height);
    for y in top..bottom {
        let (p, t) = rows(y);
        let (p, t) = (&p[left..right], &t[left..right]);
        a.extend(p.iter().zip(t).map(|(&p, &t)| is_lesion(p, t)));
        b.extend(p.iter().zip(t).map(|(&p, &t)| is_lesion(t, p)));
    }
    Some((Bitmap { width, height, data: a }, Bitmap { width, height, data: b }))
}

fn is_lesion(own: u8, other: u8) -> u8 {
    u8::from((own == LESION) & (other != IGNORE))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::mask::SKIN;

    #[test]
    fn the_box_is_the_smallest_that_holds_both() {
        let mut p = LabelMap::filled(6, 5, SKIN);
        let mut t = LabelMap::filled(6, 5, 0);
        p.data[6 + 2] = LESION;
        t.data[3 * 6 + 4] = LESION;
        let (a, b) = lesions(&p, &t).unwrap();
        assert_eq!((a.width, a.height), (3, 3));
        assert_eq!(a.data, [1, 0, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(b.data, [0, 0, 0, 0, 0, 0, 0, 0, 1]);
    }

    #[test]
    fn an_ignored_pixel_is_in_neither() {
        let p = LabelMap { width: 3, height: 1, data: vec![LESION, LESION, IGNORE] };
        let t = LabelMap { width: 3, height: 1, data: vec![IGNORE, LESION, LESION] };
        let (a, b) = lesions(&p, &t).unwrap();
        assert_eq!((a.data, b.data), (vec![1], vec![1]));
        let all_ignored = LabelMap { width: 3, height: 1, data: vec![IGNORE; 3] };
        assert_eq!(lesions(&p, &all_ignored), None);
    }
}
