//! YuNet: one look at one picture, for faces that stand more or less upright in it. Weights and licence: `models/faces`.
//!
//! The graph answers for every cell of three grids (a cell is 8, 16 or 32 pixels wide) whether a face has its middle there, where
//! its box lies, and its five landmarks. Before and after the graph all is as in OpenCV's `FaceDetectorYN`;
//! `tests/oracle/faces.py` compares.

use ndarray::Array4;

use super::{Face, not_checked};
use crate::domain::geometry::Rect;
use crate::domain::photo::Photo;
use crate::error::{PhotoError, UsageError};
use crate::inference::preprocess::TensorData;
use crate::inference::runtime::{OrtSession, RawMap, Runtime};

const GRAPH: &[u8] = include_bytes!("../../../models/faces/yunet_n_dynamic.onnx");
const CELLS: [usize; 3] = [8, 16, 32];
/// Of every grid: class, objectness, box, landmarks.
const OUTPUTS: [&str; 12] = [
    "cls_8", "obj_8", "bbox_8", "kps_8", "cls_16", "obj_16", "bbox_16", "kps_16", "cls_32", "obj_32", "bbox_32",
    "kps_32",
];
/// The sides of what the graph takes are multiples of this.
const FRAME: usize = 32;
/// Of two boxes that share more than this part of their union, the better one stays.
const SAME_FACE: f64 = 0.3;

pub struct YuNet {
    session: OrtSession,
}

impl YuNet {
    pub fn open(runtime: &Runtime) -> Result<Self, UsageError> {
        let failed =
            |e| UsageError(format!("The face detector could not be loaded: {e} Or do without it: --faces off."));
        Ok(Self { session: OrtSession::open_own(runtime, GRAPH).map_err(failed)? })
    }

    /// Faces with a score of at least `threshold`, the best first.
    pub fn look(&mut self, picture: &Photo, threshold: f64) -> Result<Vec<Face>, PhotoError> {
        let tensor = tensor(picture);
        let columns = tensor.shape()[3];
        let maps = self.session.infer_all(&TensorData::F32(tensor), &OUTPUTS).map_err(|e| not_checked(&e))?;
        let mut found = Vec::new();
        for (cell, maps) in CELLS.into_iter().zip(maps.chunks_exact(4)) {
            found.extend(faces(maps, cell, columns / cell, threshold));
        }
        Ok(without_doubles(found))
    }
}

/// Blue, green, red from 0 to 255; black below and to the right, up to the frame's size.
fn tensor(picture: &Photo) -> Array4<f32> {
    let (width, height) = (picture.width as usize, picture.height as usize);
    let (columns, rows) = (width.next_multiple_of(FRAME), height.next_multiple_of(FRAME));
    let plane = columns * rows;
    let mut values = vec![0.0; 3 * plane];
    for (y, row) in picture.rgb.chunks_exact(3 * width).enumerate() {
        for (x, pixel) in row.chunks_exact(3).enumerate() {
            for channel in 0..3 {
                values[channel * plane + y * columns + x] = f32::from(pixel[2 - channel]);
            }
        }
    }
    Array4::from_shape_vec((1, 3, rows, columns), values).expect("as many values as the shape holds")
}

/// What the four maps of one grid say.
fn faces(maps: &[RawMap], cell: usize, columns: usize, threshold: f64) -> Vec<Face> {
    let [class, object, boxes, landmarks] = [0, 1, 2, 3].map(|i| maps[i].values.as_slice());
    let size = cell as f64;
    let score = |i: usize| f64::from(class[i].clamp(0.0, 1.0) * object[i].clamp(0.0, 1.0)).sqrt();
    (0..class.len())
        .filter(|&i| score(i) >= threshold)
        .map(|i| {
            let (column, row) = ((i % columns) as f64, (i / columns) as f64);
            let point = |x: f32, y: f32| ((column + f64::from(x)) * size, (row + f64::from(y)) * size);
            let side = |log: f32| f64::from(log).exp() * size;
            let place = &boxes[4 * i..4 * i + 4];
            let ((x, y), (width, height)) = (point(place[0], place[1]), (side(place[2]), side(place[3])));
            let landmarks = &landmarks[10 * i..10 * i + 10];
            Face {
                place: Rect { x: x - width / 2.0, y: y - height / 2.0, width, height },
                landmarks: std::array::from_fn(|k| point(landmarks[2 * k], landmarks[2 * k + 1])),
                score: score(i),
            }
        })
        .collect()
}

/// The best first; of several boxes on one face, only the best.
pub fn without_doubles(mut found: Vec<Face>) -> Vec<Face> {
    found.sort_by(|a, b| b.score.total_cmp(&a.score));
    let mut kept: Vec<Face> = Vec::new();
    for face in found {
        if kept.iter().all(|other| shared(face.place, other.place) <= SAME_FACE) {
            kept.push(face);
        }
    }
    kept
}

/// The part of their union that two boxes share.
fn shared(a: Rect, b: Rect) -> f64 {
    let along = |a: f64, a_size: f64, b: f64, b_size: f64| ((a + a_size).min(b + b_size) - a.max(b)).max(0.0);
    let both = along(a.x, a.width, b.x, b.width) * along(a.y, a.height, b.y, b.height);
    both / (a.width * a.height + b.width * b.height - both)
}
