//! Whole faces in a photo: where they are, and how they are covered. Best effort: see `docs/privacy.md` for what is missed.
//!
//! A small copy of the photo is looked at in all four quarter turns, because patients lie and cameras are held upright. What
//! might be a face there is looked at again on a larger copy, which decides. Both copies have always the same size, so the work
//! is bounded whatever the photo is. `yunet` is one look at one picture, `turn` turns pictures and brings faces back, `cover`
//! fills heads.

mod cover;
mod policy;
mod turn;
mod yunet;

use std::sync::{Mutex, PoisonError};

use crate::domain::geometry::Rect;
use crate::domain::photo::{Photo, resize};
use crate::error::{PhotoError, UsageError};
use crate::inference::runtime::Runtime;

pub use policy::FacePolicy;

use turn::Turn;
use yunet::YuNet;

/// Scores from here on count as a face; `docs/privacy.md` says what that finds and what it takes for one.
const THRESHOLD: f64 = 0.85;
/// A turn is looked at more closely from this score on, seen on the small copy.
const HINT: f64 = 0.4;
/// The longer sides of the two copies.
const SMALL: u32 = 256;
const LARGE: u32 = 512;

/// In the pixels of the picture that was looked at; a part may lie outside of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Face {
    /// From the forehead to the chin.
    pub place: Rect,
    /// Eyes, tip of the nose, corners of the mouth; right before left, as the person calls them.
    pub landmarks: [(f64, f64); 5],
    pub score: f64,
}

impl Face {
    /// The same face where every point has moved.
    fn moved(&self, to: impl Fn((f64, f64)) -> (f64, f64)) -> Self {
        let place = self.place;
        let (a, b) = (to((place.x, place.y)), to((place.x + place.width, place.y + place.height)));
        let place = Rect { x: a.0.min(b.0), y: a.1.min(b.1), width: (b.0 - a.0).abs(), height: (b.1 - a.1).abs() };
        Self { place, landmarks: self.landmarks.map(to), score: self.score }
    }
}

/// Looks for faces, for any number of workers at the same time: each has a detector to itself while it looks.
pub struct FaceFinder {
    runtime: Runtime,
    /// Preparing a detector takes longer than using it on a photo.
    idle: Mutex<Vec<YuNet>>,
}

impl FaceFinder {
    pub fn open(runtime: &Runtime) -> Result<Self, UsageError> {
        let first = YuNet::open(runtime)?;
        Ok(Self { runtime: runtime.clone(), idle: Mutex::new(vec![first]) })
    }

    /// The best first.
    pub fn find(&self, photo: &Photo) -> Result<Vec<Face>, PhotoError> {
        let small = copy(photo, SMALL)?;
        let mut detector = self.take()?;
        let mut hints = Vec::new();
        for turn in Turn::ALL {
            if !detector.look(&turn.picture(&small), HINT)?.is_empty() {
                hints.push(turn);
            }
        }
        let found = if hints.is_empty() { Vec::new() } else { closer(photo, &hints, &mut detector)? };
        // A detector that failed is not given back.
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(detector);
        Ok(found)
    }

    /// Covers the head of every face with grey until none is found; tells how many. Nothing of what was covered stays.
    pub fn cover(&self, photo: &mut Photo) -> Result<usize, PhotoError> {
        /// Something that looks like a face wherever it is covered is no face.
        const ROUNDS: usize = 4;
        let mut covered = 0;
        for _ in 0..ROUNDS {
            let faces = self.find(photo)?;
            if faces.is_empty() {
                return Ok(covered);
            }
            covered += faces.len();
            faces.iter().for_each(|face| cover::head(face).fill(photo));
        }
        Err(PhotoError::FacesNotCovered)
    }

    fn take(&self) -> Result<YuNet, PhotoError> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        idle.map_or_else(|| YuNet::open(&self.runtime), Ok).map_err(|e| not_checked(&e))
    }
}

/// The larger copy decides, in the turns in which the small one had something.
fn closer(photo: &Photo, turns: &[Turn], detector: &mut YuNet) -> Result<Vec<Face>, PhotoError> {
    let large = copy(photo, LARGE)?;
    let mut found = Vec::new();
    for turn in turns {
        let faces = detector.look(&turn.picture(&large), THRESHOLD)?;
        found.extend(faces.iter().map(|face| face.moved(|point| turn.back(point, &large))));
    }
    let (across, down) =
        (f64::from(photo.width) / f64::from(large.width), f64::from(photo.height) / f64::from(large.height));
    Ok(yunet::without_doubles(found).iter().map(|face| face.moved(|(x, y)| (x * across, y * down))).collect())
}

fn not_checked(why: &dyn std::fmt::Display) -> PhotoError {
    PhotoError::FacesNotChecked(why.to_string())
}

/// The whole photo at another size.
fn copy(photo: &Photo, longer_side: u32) -> Result<Photo, PhotoError> {
    let scale = f64::from(longer_side) / f64::from(photo.width.max(photo.height));
    let side = |own: u32| ((f64::from(own) * scale).round() as u32).max(1);
    let (width, height) = (side(photo.width), side(photo.height));
    let rgb = resize(photo, Rect::whole(photo.width, photo.height), width, height)?;
    Ok(Photo { width, height, rgb })
}
