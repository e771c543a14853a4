//! Draws the same patch of skin again and again, as on visits to a clinic: with the lesions of that day, from where the camera
//! is that day, in that day's light. The seed is the person.

use derm_seg::domain::mask::{LESION, LabelMap, SKIN};
use derm_seg::domain::photo::Photo;

use super::noise::{Noise, Rng, length, smooth};
use super::photos::{Sample, TONES};

/// A red lesion; one unit is half of the short side of a photo that is not zoomed.
#[derive(Clone, Copy, Debug)]
pub struct Spot {
    pub at: (f32, f32),
    pub radius: f32,
}

impl Spot {
    pub fn new(x: f32, y: f32, radius: f32) -> Self {
        Self { at: (x, y), radius }
    }
}

#[derive(Clone, Debug)]
pub struct Visit {
    pub person: u64,
    pub spots: Vec<Spot>,
    /// Above 1, the camera is nearer.
    pub zoom: f32,
    pub turn_deg: f32,
    pub shift: (f32, f32),
    pub light: f32,
}

impl Visit {
    pub fn new(person: u64, spots: &[Spot]) -> Self {
        Self { person, spots: spots.to_vec(), zoom: 1.0, turn_deg: 0.0, shift: (0.0, 0.0), light: 1.0 }
    }

    /// The same day, from elsewhere.
    pub fn from(self, zoom: f32, turn_deg: f32, shift: (f32, f32), light: f32) -> Self {
        Self { zoom, turn_deg, shift, light, ..self }
    }

    pub fn draw(&self, width: u32, height: u32) -> Sample {
        let mut rng = Rng::new(self.person ^ 0x5417);
        let (noise, fine) = (Noise::new(&mut rng), Noise::new(&mut rng));
        let moles: Vec<(f32, f32, f32)> =
            (0..220).map(|_| (rng.range(-2.5, 2.5), rng.range(-2.5, 2.5), rng.range(0.008, 0.022))).collect();
        let tone = TONES[rng.below(4)];
        let half = width.min(height) as f32 / 2.0;
        let (sin, cos) = self.turn_deg.to_radians().sin_cos();
        let mut truth = LabelMap::filled(width, height, SKIN);
        let mut rgb = Vec::with_capacity(truth.data.len() * 3);
        for i in 0..truth.data.len() {
            let (px, py) = (i as u32 % width, i as u32 / width);
            let (u, v) =
                ((px as f32 + 0.5 - width as f32 / 2.0) / half, (py as f32 + 0.5 - height as f32 / 2.0) / half);
            let (u, v) = (u / self.zoom, v / self.zoom);
            let (x, y) = (u * cos - v * sin + self.shift.0, u * sin + v * cos + self.shift.1);
            let edge = 1.0 + 0.12 * noise.at(x * 0.9 + 0.3, y * 0.9);
            let inside = |spot: &Spot| smooth(1.06, 0.94, length(x - spot.at.0, y - spot.at.1) / (spot.radius * edge));
            let cover = self.spots.iter().map(inside).fold(0.0, f32::max);
            if cover > 0.5 {
                truth.data[i] = LESION;
            }
            let mole = moles.iter().map(|m| smooth(1.4, 0.6, length(x - m.0, y - m.1) / m.2)).fold(0.0, f32::max);
            let freckles = smooth(0.7, 1.2, fine.at(x * 1.37, y * 1.37));
            let melanin =
                0.06 * noise.at(x * 0.3, y * 0.3) + 0.25 * freckles + 0.5 * mole + 0.05 * fine.at(x * 3.1, y * 2.9);
            let blood = 0.06 * noise.at(x * 0.4 + 0.7, y * 0.4) + 1.1 * cover;
            let shade = self.light * (1.0 + 0.06 * u);
            for c in 0..3 {
                let absorbed = melanin * [0.55, 0.85, 1.0][c] + blood * [0.13, 0.62, 0.52][c];
                rgb.push((tone[c] * (-absorbed).exp() * shade * 255.0 + rng.range(-2.0, 2.0)).clamp(0.0, 255.0) as u8);
            }
        }
        Sample { photo: Photo { width, height, rgb }, truth }
    }
}
