//! Covers heads: hair, ears and chin with the face, however the head is turned.

use super::Face;
use crate::domain::photo::Photo;

/// What is filled, in the photo's own pixels.
const GREY: u8 = 128;

/// An ellipse around a head.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Head {
    middle: (f64, f64),
    /// Towards the hair; of length 1.
    up: (f64, f64),
    /// Half of the ellipse's length along `up`, and across.
    along: f64,
    across: f64,
}

/// Sized by the larger of what the box and the landmarks say: a box is too small where a part of the face is covered, landmarks
/// lie close together where a face is seen from below or from the side.
pub fn head(face: &Face) -> Head {
    let [right_eye, left_eye, _, right_corner, left_corner] = face.landmarks;
    let (eyes, mouth) = (between(right_eye, left_eye), between(right_corner, left_corner));
    let (x, y) = (eyes.0 - mouth.0, eyes.1 - mouth.1);
    let distance = x.hypot(y);
    let up = if distance > 0.0 { (x / distance, y / distance) } else { (0.0, -1.0) };
    // A face is about two and a half times as long as its eyes are from its mouth.
    let length = face.place.width.max(face.place.height).max(2.5 * distance);
    let middle =
        between((face.place.x, face.place.y), (face.place.x + face.place.width, face.place.y + face.place.height));
    // There is more hair above a face than neck below it that must go.
    let raised = 0.12 * length;
    Head {
        middle: (middle.0 + raised * up.0, middle.1 + raised * up.1),
        up,
        along: 0.95 * length,
        across: 0.8 * length,
    }
}

fn between(a: (f64, f64), b: (f64, f64)) -> (f64, f64) {
    ((a.0 + b.0) / 2.0, (a.1 + b.1) / 2.0)
}

impl Head {
    fn contains(&self, x: f64, y: f64) -> bool {
        let (x, y) = (x - self.middle.0, y - self.middle.1);
        let (along, across) = (x * self.up.0 + y * self.up.1, x * self.up.1 - y * self.up.0);
        (along / self.along).powi(2) + (across / self.across).powi(2) <= 1.0
    }

    pub fn fill(&self, photo: &mut Photo) {
        let (width, height) = photo.stored_size();
        let reduction = f64::from(photo.reduction());
        let reach = self.along.max(self.across);
        let within = |middle: f64, limit: u32| {
            let edge = |v: f64| (v / reduction).clamp(0.0, f64::from(limit));
            edge(middle - reach).floor() as u32..edge(middle + reach).ceil() as u32
        };
        for y in within(self.middle.1, height) {
            for x in within(self.middle.0, width) {
                if self.contains((f64::from(x) + 0.5) * reduction, (f64::from(y) + 0.5) * reduction) {
                    let i = (y * width + x) as usize * 3;
                    photo.rgb[i..i + 3].fill(GREY);
                }
            }
        }
    }
}
