//! The edge of a mask: its pixels that its erosion by a 3×3 cross takes away. Outside the picture counts as empty.

use super::region::Bitmap;

/// Edge pixels in reading order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Point {
    pub x: u32,
    pub y: u32,
}

pub fn edges(mask: &Bitmap) -> Vec<Point> {
    let empty = vec![0; mask.width];
    let mut edge = vec![0u8; mask.width];
    let mut points = Vec::new();
    for y in 0..mask.height {
        let row = mask.row(y);
        let above = if y > 0 { mask.row(y - 1) } else { &empty };
        let below = if y + 1 < mask.height { mask.row(y + 1) } else { &empty };
        for x in 0..row.len() {
            edge[x] = row[x] & !(above[x] & below[x]);
        }
        for x in 0..row.len() - 1 {
            edge[x] |= row[x] & !row[x + 1];
            edge[x + 1] |= row[x + 1] & !row[x];
        }
        edge[0] |= row[0];
        edge[row.len() - 1] |= row[row.len() - 1];
        // Most of a row is not edge: eight pixels are passed over at a time.
        for (chunk, pixels) in edge.chunks(8).enumerate() {
            if pixels.iter().any(|&e| e & 1 != 0) {
                let hits = pixels.iter().enumerate().filter(|(_, e)| **e & 1 != 0);
                points.extend(hits.map(|(i, _)| Point { x: (chunk * 8 + i) as u32, y: y as u32 }));
            }
        }
    }
    points
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edge_map(width: usize, data: &[u8]) -> Vec<u8> {
        let mask = Bitmap { width, height: data.len() / width, data: data.to_vec() };
        let mut out = vec![0; data.len()];
        for p in edges(&mask) {
            out[p.y as usize * width + p.x as usize] = 1;
        }
        out
    }

    #[test]
    fn a_full_mask_keeps_only_its_rim() {
        #[rustfmt::skip]
        assert_eq!(edge_map(4, &[1; 16]), [
            1, 1, 1, 1,
            1, 0, 0, 1,
            1, 0, 0, 1,
            1, 1, 1, 1,
        ]);
    }

    #[test]
    fn a_hole_makes_an_edge_but_a_diagonal_gap_does_not() {
        #[rustfmt::skip]
        let mask = [
            1, 1, 1, 1, 1,
            1, 1, 1, 1, 1,
            1, 1, 0, 1, 1,
            1, 1, 1, 1, 1,
            1, 1, 1, 1, 1,
        ];
        #[rustfmt::skip]
        assert_eq!(edge_map(5, &mask), [
            1, 1, 1, 1, 1,
            1, 0, 1, 0, 1,
            1, 1, 0, 1, 1,
            1, 0, 1, 0, 1,
            1, 1, 1, 1, 1,
        ]);
    }

    #[test]
    fn one_pixel_is_its_own_edge() {
        assert_eq!(edge_map(1, &[1]), [1]);
        assert_eq!(edge_map(3, &[0, 1, 0]), [0, 1, 0]);
    }
}
