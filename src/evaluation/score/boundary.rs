//! Boundary IoU: overlap of the two bands that lie within a distance of each mask's own border, inside it.

use super::region::Bitmap;

/// Band width in pixels for a photo: 2 % of its diagonal, at least one.
pub fn band_width(width: u32, height: u32) -> usize {
    ((0.02 * f64::from(width).hypot(f64::from(height))).round() as usize).max(1)
}

/// `None` stands for two empty masks, in and out.
pub fn boundary_iou(lesions: Option<&(Bitmap, Bitmap)>, band: usize) -> Option<f64> {
    let (a, b) = lesions?;
    let mut cores = (Core::new(a, band), Core::new(b, band));
    let (mut both, mut any) = (0u64, 0u64);
    for y in 0..a.height {
        let (core_a, core_b) = (cores.0.row(y), cores.1.row(y));
        let pixels = a.row(y).iter().zip(b.row(y)).zip(core_a.iter().zip(core_b));
        let (mut row_both, mut row_any) = (0u32, 0u32);
        for ((&a, &b), (&core_a, &core_b)) in pixels {
            let (a, b) = (a & !core_a, b & !core_b);
            row_both += u32::from(a & b);
            row_any += u32::from(a | b);
        }
        both += u64::from(row_both);
        any += u64::from(row_any);
    }
    (any > 0).then(|| both as f64 / any as f64)
}

/// The mask eroded by a full 3×3 element `band` times, row by row: a pixel stays where the square of `2·band + 1` pixels
/// around it is all mask. Outside the picture is no mask.
struct Core<'a> {
    mask: &'a Bitmap,
    band: usize,
    /// Rows taken in so far.
    taken: usize,
    /// How many rows in a row, up to the last one taken, have the column's horizontal neighbourhood all mask.
    run: Vec<u32>,
    core: Vec<u8>,
}

impl<'a> Core<'a> {
    fn new(mask: &'a Bitmap, band: usize) -> Self {
        Core { mask, band, taken: 0, run: vec![0; mask.width], core: vec![0; mask.width] }
    }

    fn row(&mut self, y: usize) -> &[u8] {
        let last = y + self.band;
        if last >= self.mask.height {
            self.core.fill(0);
            return &self.core;
        }
        while self.taken <= last {
            self.take_row(self.taken);
            self.taken += 1;
        }
        let needed = 2 * self.band as u32 + 1;
        for (core, &run) in self.core.iter_mut().zip(&self.run) {
            *core = u8::from(run >= needed);
        }
        &self.core
    }

    fn take_row(&mut self, y: usize) {
        let row = self.mask.row(y);
        let mut x = 0;
        while x < row.len() {
            let end = x + row[x..].iter().take_while(|&&m| m == row[x]).count();
            // A stretch of mask survives without `band` pixels at both ends.
            let (keep_from, keep_to) =
                if row[x] == 1 { (x + self.band, end.saturating_sub(self.band)) } else { (end, end) };
            let (keep_from, keep_to) = (keep_from.min(end), keep_to.max(keep_from.min(end)));
            self.run[x..keep_from].fill(0);
            self.run[keep_from..keep_to].iter_mut().for_each(|run| *run += 1);
            self.run[keep_to..end].fill(0);
            x = end;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluation::score::rng::SplitMix64;
    use crate::evaluation::score::testing::{rectangle, region_of};

    fn eroded_by_definition(mask: &Bitmap, band: usize) -> Vec<u8> {
        let (w, h) = (mask.width as i64, mask.height as i64);
        let mut now = mask.data.clone();
        for _ in 0..band {
            let at = |x: i64, y: i64| x >= 0 && y >= 0 && x < w && y < h && now[(y * w + x) as usize] == 1;
            now = (0..w * h)
                .map(|i| u8::from((-1..=1).all(|dy| (-1..=1).all(|dx| at(i % w + dx, i / w + dy)))))
                .collect();
        }
        now
    }

    #[test]
    fn the_core_is_the_mask_eroded_step_by_step() {
        let mut rng = SplitMix64::new(3);
        for round in 0..60 {
            let (width, height) = (1 + rng.below(30) as usize, 1 + rng.below(30) as usize);
            let holes = rng.below(20);
            let data = (0..width * height).map(|_| u8::from(rng.below(100) >= holes)).collect();
            let mask = Bitmap { width, height, data };
            for band in 1..4 {
                let mut core = Core::new(&mask, band);
                let found: Vec<u8> = (0..height).flat_map(|y| core.row(y).to_vec()).collect();
                assert_eq!(found, eroded_by_definition(&mask, band), "round {round}, band {band}");
            }
        }
    }

    #[test]
    fn the_band_is_two_percent_of_the_diagonal_and_at_least_one_pixel() {
        assert_eq!((band_width(3, 4), band_width(300, 400), band_width(4000, 3000)), (1, 10, 100));
    }

    #[test]
    fn shifted_squares_share_part_of_their_bands() {
        // Bands one pixel wide: the rims of two 4×4 squares, one column apart.
        let (a, b) = (rectangle(10, 10, [2, 2, 4, 4]), rectangle(10, 10, [3, 2, 4, 4]));
        assert_eq!(boundary_iou(region_of(&a, &b).as_ref(), 1), Some(6.0 / 18.0));
        assert_eq!(boundary_iou(region_of(&a, &a).as_ref(), 1), Some(1.0));
    }

    #[test]
    fn empty_masks() {
        let (a, none) = (rectangle(10, 10, [2, 2, 4, 4]), rectangle(10, 10, [0, 0, 0, 0]));
        assert_eq!(boundary_iou(region_of(&a, &none).as_ref(), 1), Some(0.0));
        assert_eq!(boundary_iou(region_of(&none, &none).as_ref(), 1), None);
    }

    #[test]
    fn the_border_of_the_photo_is_a_border_of_the_mask() {
        let full = rectangle(5, 5, [0, 0, 5, 5]);
        let inner = rectangle(5, 5, [1, 1, 3, 3]);
        // Bands: 16 rim pixels of the whole, and 8 of the inner square: nothing shared.
        assert_eq!(boundary_iou(region_of(&full, &inner).as_ref(), 1), Some(0.0));
    }
}
