//! Whole faces in a photo, found on a small grey copy of it. Best effort: profiles, masks, turned and partial faces pass.
//!
//! The detector is SeetaFace's cascade for upright frontal faces (crate `rustface`, weights in `models/faces`). The copy has
//! always the same size, so the work is bounded whatever the photo is; a fault inside the detector is an answer, not a crash.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};

use rustface::{Detector, ImageData};

use crate::domain::geometry::Rect;
use crate::domain::photo::resize;
use crate::domain::photo::{Photo, luma};
use crate::error::{PhotoError, Stage};

const WEIGHTS: &[u8] = include_bytes!("../../models/faces/seeta_fd_frontal_v1.0.bin");

/// Scores from here on count as a face; `docs/privacy.md` says what that finds and what it takes for one.
pub const THRESHOLD: f64 = 2.0;
/// The longer side of the copy. The detector's window has 40 pixels: a face must take a thirteenth of the longer side.
const COPY_SIDE: u32 = 512;

/// What is done about faces.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Policy {
    /// Not looked for.
    #[default]
    Off,
    /// Recorded and counted.
    Warn,
    /// The photo is left out.
    Exclude,
    /// Covered in the copy; `scrub` only.
    Blur,
}

impl Policy {
    pub fn as_str(self) -> &'static str {
        match self {
            Policy::Off => "off",
            Policy::Warn => "warn",
            Policy::Exclude => "exclude",
            Policy::Blur => "blur",
        }
    }
}

/// In the photo's own pixels: from the brows to the chin; a part may lie outside the photo.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Face {
    pub place: Rect,
    pub score: f64,
}

thread_local! {
    /// Preparing a detector takes longer than using it on a photo.
    static DETECTOR: RefCell<Option<Box<dyn Detector>>> = const { RefCell::new(None) };
}

/// Faces with a score of at least `threshold`, which must be above 0.
pub fn find(photo: &Photo, threshold: f64) -> Result<Vec<Face>, PhotoError> {
    let scale = f64::from(COPY_SIDE) / f64::from(photo.width.max(photo.height));
    let side = |own: u32| ((f64::from(own) * scale).round() as u32).max(1);
    let (width, height) = (side(photo.width), side(photo.height));
    let rgb = resize(photo, Rect::whole(photo.width, photo.height), width, height)?;
    let grey: Vec<u8> = rgb.chunks_exact(3).map(luma).collect();
    let failed = || PhotoError::new(Stage::Decode, "faces_not_checked", "the search for faces failed on this photo");
    let found = catch_unwind(AssertUnwindSafe(|| {
        // Taken out, so that a detector that failed half-way is not used again.
        let mut detector = DETECTOR.take().or_else(open)?;
        detector.set_score_thresh(threshold);
        let found = detector.detect(&ImageData::new(&grey, width, height));
        DETECTOR.set(Some(detector));
        Some(found)
    }));
    let found = found.ok().flatten().ok_or_else(failed)?;
    let own = |face: &rustface::FaceInfo| {
        let place = face.bbox();
        let [x, y] = [place.x(), place.y()].map(|v| f64::from(v) / scale);
        let [width, height] = [place.width(), place.height()].map(|v| f64::from(v) / scale);
        Face { place: Rect { x, y, width, height }, score: face.score() }
    };
    Ok(found.iter().map(own).collect())
}

fn open() -> Option<Box<dyn Detector>> {
    Some(rustface::create_detector_with_model(rustface::read_model(WEIGHTS).ok()?))
}

/// Covers every face with grey, with hair, ears and chin, until none is found; tells how many. Nothing of what was
/// covered stays.
pub fn cover(photo: &mut Photo) -> Result<usize, PhotoError> {
    /// Something that looks like a face wherever it is covered is no face.
    const ROUNDS: usize = 4;
    let mut covered = 0;
    for _ in 0..ROUNDS {
        let faces = find(photo, THRESHOLD)?;
        if faces.is_empty() {
            return Ok(covered);
        }
        covered += faces.len();
        faces.iter().for_each(|face| fill(photo, head(face.place)));
    }
    let message = "a face was still found after covering; leave the photo out with --faces exclude";
    Err(PhotoError::new(Stage::Decode, "faces_not_covered", message))
}

/// The whole head, with a margin for a tilted one.
fn head(face: Rect) -> Rect {
    let (beside, above, below) = (0.6 * face.width, 0.8 * face.height, 0.5 * face.height);
    Rect {
        x: face.x - beside,
        y: face.y - above,
        width: face.width + 2.0 * beside,
        height: face.height + above + below,
    }
}

fn fill(photo: &mut Photo, part: Rect) {
    let (width, height) = photo.stored_size();
    let reduction = f64::from(photo.reduction());
    let within = |start: f64, size: f64, limit: u32| {
        let (first, last) = (start / reduction, (start + size) / reduction);
        first.floor().clamp(0.0, f64::from(limit)) as usize..last.ceil().clamp(0.0, f64::from(limit)) as usize
    };
    let (columns, rows) = (within(part.x, part.width, width), within(part.y, part.height, height));
    for y in rows {
        let row = y * width as usize;
        photo.rgb[(row + columns.start) * 3..(row + columns.end) * 3].fill(128);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_shapes_and_plain_pictures_have_no_face() {
        for (width, height) in [(1, 1), (3, 900), (900, 3), (41, 40), (300, 200)] {
            let photo = Photo { width, height, rgb: vec![90; (width * height * 3) as usize] };
            assert_eq!(find(&photo, THRESHOLD).unwrap(), []);
        }
    }

    #[test]
    fn covering_leaves_nothing_inside_and_everything_outside() {
        let mut photo = Photo { width: 50, height: 40, rgb: (0..6000).map(|i| (i % 100) as u8).collect() };
        let before = photo.clone();
        let head = head(Rect { x: 20.0, y: -5.0, width: 10.0, height: 10.0 });
        fill(&mut photo, head);
        for (x, y) in (0..50).flat_map(|x| (0..40).map(move |y| (x, y))) {
            let inside = (14..36).contains(&x) && y < 10;
            assert_eq!(photo.pixel(x, y), if inside { [128; 3] } else { before.pixel(x, y) }, "{x} {y}");
        }
    }
}
