//! Masks for the tests of this room.

use crate::domain::mask::{BACKGROUND, LESION, LabelMap, SKIN};

/// One string a row: `#` lesion, `s` normal skin, anything else background.
pub fn mask(rows: &[&str]) -> LabelMap {
    let class = |c| match c {
        b'#' => LESION,
        b's' => SKIN,
        _ => BACKGROUND,
    };
    let data = rows.iter().flat_map(|row| row.bytes().map(class)).collect();
    LabelMap { width: rows[0].len() as u32, height: rows.len() as u32, data }
}

pub fn disc(width: u32, height: u32, x: f64, y: f64, radius: f64) -> LabelMap {
    let inside = |i: u32, j: u32| (f64::from(i) - x).hypot(f64::from(j) - y) <= radius;
    let data =
        (0..height).flat_map(|j| (0..width).map(move |i| if inside(i, j) { LESION } else { BACKGROUND })).collect();
    LabelMap { width, height, data }
}

/// Blotches of all three classes, the same for the same seed.
pub fn noise(width: u32, height: u32, seed: u64) -> LabelMap {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    let data = (0..width * height).map(|_| (next() % 3) as u8).collect();
    LabelMap { width, height, data }
}
