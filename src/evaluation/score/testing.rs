//! Small masks for the tests of this room.

use super::region::{Bitmap, lesions};
use crate::domain::mask::{LESION, LabelMap, SKIN};

/// A lesion of `[x, y, width, height]` on skin.
pub fn rectangle(width: u32, height: u32, [x, y, w, h]: [u32; 4]) -> LabelMap {
    let mut map = LabelMap::filled(width, height, SKIN);
    for row in y..y + h {
        for column in x..x + w {
            map.data[(row * width + column) as usize] = LESION;
        }
    }
    map
}

pub fn region_of(a: &LabelMap, b: &LabelMap) -> Option<(Bitmap, Bitmap)> {
    lesions(a, b)
}
