//! Outlines as ImageJ and Fiji keep them in their ROI manager: a zip with one .roi for each piece.
//!
//! ImageJ's corners are those of pixels, as here. A piece without a hole is a polygon, whose corners a hand can move; one with
//! holes, or too large for whole numbers of 16 bits, is a composite of paths. The format is that of ij/io/RoiEncoder.java.

use std::io::{Cursor, Write};

use anyhow::Result;
use zip::write::SimpleFileOptions;
use zip::{DateTime, ZipWriter};

use crate::annotations::polygons::{Polygon, Ring, class_name, outlines, simplify};
use crate::domain::mask::LabelMap;
use crate::measure::components::components;

const VERSION: u16 = 227;
const POLYGON: u8 = 0;
const RECTANGLE: u8 = 1;
const MOVE_TO: f32 = 0.0;
const LINE_TO: f32 = 1.0;
const CLOSE: f32 = 4.0;

/// The pieces of these classes, each under a name such as lesion-1.
pub fn file(labels: &LabelMap, classes: &[u8], tolerance: Option<f64>) -> Result<Vec<u8>> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    // Without a date, the same mask gives the same bytes.
    let options = SimpleFileOptions::default().last_modified_time(DateTime::default());
    for &class in classes {
        let pieces = components(labels, class);
        let polygons = pieces.iter().flat_map(outlines).filter_map(|polygon| simpler(polygon, tolerance));
        for (number, polygon) in (1..).zip(polygons) {
            zip.start_file(format!("{}-{number}.roi", class_name(class)), options)?;
            zip.write_all(&roi(&polygon))?;
        }
    }
    Ok(zip.finish()?.into_inner())
}

fn simpler(polygon: Polygon, tolerance: Option<f64>) -> Option<Polygon> {
    let Some(tolerance) = tolerance else { return Some(polygon) };
    let outer = simplify(&polygon.outer, tolerance);
    let holes = polygon.holes.iter().map(|hole| simplify(hole, tolerance)).filter(|hole| !hole.is_empty()).collect();
    (!outer.is_empty()).then_some(Polygon { outer, holes })
}

fn roi(polygon: &Polygon) -> Vec<u8> {
    let [left, right] = bounds(&polygon.outer, 0);
    let [top, bottom] = bounds(&polygon.outer, 1);
    let fits = i16::try_from(right.max(bottom)).is_ok() && u16::try_from(polygon.outer.len()).is_ok();
    let is_plain = polygon.holes.is_empty() && fits;
    let path = path(polygon);
    let mut roi = Vec::new();
    roi.extend(b"Iout");
    roi.extend(VERSION.to_be_bytes());
    roi.extend([if is_plain { POLYGON } else { RECTANGLE }, 0]);
    for side in [top, left, bottom, right] {
        roi.extend((side as u16).to_be_bytes());
    }
    roi.extend((if is_plain { polygon.outer.len() as u16 } else { 0 }).to_be_bytes());
    roi.resize(36, 0);
    roi.extend((if is_plain { 0 } else { path.len() as u32 }).to_be_bytes());
    roi.resize(64, 0);
    if is_plain {
        roi.extend(polygon.outer.iter().flat_map(|[x, _]| ((x - left) as u16).to_be_bytes()));
        roi.extend(polygon.outer.iter().flat_map(|[_, y]| ((y - top) as u16).to_be_bytes()));
    } else {
        roi.extend(path.iter().flat_map(|number| number.to_be_bytes()));
    }
    roi
}

fn bounds(ring: &Ring, axis: usize) -> [i32; 2] {
    let along = || ring.iter().map(|corner| corner[axis]);
    [along().min().unwrap_or_default(), along().max().unwrap_or_default()]
}

/// All rings, as moves and lines.
fn path(polygon: &Polygon) -> Vec<f32> {
    let mut path = Vec::new();
    for ring in std::iter::once(&polygon.outer).chain(&polygon.holes) {
        for (i, [x, y]) in ring.iter().enumerate() {
            path.extend([if i == 0 { MOVE_TO } else { LINE_TO }, *x as f32, *y as f32]);
        }
        path.push(CLOSE);
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::mask::LESION;

    /// A square of 4 pixels with its corner at (3, 2); with a hole, a pixel in it is no lesion.
    fn square(hole: bool) -> LabelMap {
        let mut map = LabelMap::filled(12, 10, 0);
        (2..6).for_each(|y| map.paint(y, 3, 7, LESION));
        if hole {
            map.paint(3, 4, 5, 0);
        }
        map
    }

    fn only_roi(map: &LabelMap) -> (String, Vec<u8>) {
        let mut zip = zip::ZipArchive::new(Cursor::new(file(map, &[LESION], None).unwrap())).unwrap();
        assert_eq!(zip.len(), 1);
        let mut entry = zip.by_index(0).unwrap();
        let mut bytes = Vec::new();
        std::io::Read::read_to_end(&mut entry, &mut bytes).unwrap();
        (entry.name().unwrap().into_owned(), bytes)
    }

    #[test]
    fn a_piece_is_a_polygon_of_pixel_corners() {
        let (name, roi) = only_roi(&square(false));
        assert_eq!(name, "lesion-1.roi");
        assert_eq!(roi[..18], *b"Iout\0\xe3\0\0\0\x02\0\x03\0\x06\0\x07\0\x04");
        let numbers: Vec<u16> = roi[64..].chunks(2).map(|two| u16::from_be_bytes([two[0], two[1]])).collect();
        assert_eq!(numbers, [4, 4, 0, 0, 0, 4, 4, 0], "first every x, then every y");
    }

    #[test]
    fn a_piece_with_a_hole_is_a_composite() {
        let (_, roi) = only_roi(&square(true));
        assert_eq!((roi[6], u32::from_be_bytes(roi[36..40].try_into().unwrap())), (RECTANGLE, 26));
        let numbers: Vec<f32> = roi[64..].chunks(4).map(|four| f32::from_be_bytes(four.try_into().unwrap())).collect();
        assert_eq!(numbers[..3], [MOVE_TO, 7.0, 2.0]);
        assert_eq!((numbers[12], numbers[13], numbers[25]), (CLOSE, MOVE_TO, CLOSE));
    }
}
