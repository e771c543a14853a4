//! What grows on the drawn skin: how each kind of lesion changes pigment, blood and surface at a point.

use super::noise::{Noise, Rng, length, mix, smooth, turn};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Nothing,
    Naevus,
    Plaques,
    Erythema,
    Vesicles,
    Ulcer,
}

impl Kind {
    pub const LESIONS: [Kind; 5] = [Kind::Naevus, Kind::Plaques, Kind::Erythema, Kind::Vesicles, Kind::Ulcer];
}

/// The change of the skin at one point.
#[derive(Clone, Copy, Debug, Default)]
pub struct Mark {
    /// Above a half, the truth is "lesion".
    pub cover: f32,
    pub melanin: f32,
    pub blood: f32,
    /// A colour laid over the skin, and how much of it.
    pub over: [f32; 3],
    pub over_amount: f32,
    /// Wet or scaly shine.
    pub shine: f32,
}

impl Mark {
    fn lay(&mut self, colour: [f32; 3], amount: f32) {
        for (old, new) in self.over.iter_mut().zip(colour) {
            *old = mix(*old, new, if self.over_amount > 0.0 { amount } else { 1.0 });
        }
        self.over_amount = self.over_amount.max(amount);
    }
}

struct Blob {
    x: f32,
    y: f32,
    rx: f32,
    ry: f32,
    angle: f32,
    ragged: f32,
}

impl Blob {
    /// Negative inside, 0 on the rim, in units of the radius.
    fn distance(&self, noise: &Noise, x: f32, y: f32) -> f32 {
        let (u, v) = turn(self.angle, x - self.x, y - self.y);
        let wobble = noise.at(x * 0.7 + self.angle, y * 0.7) + 0.5 * noise.at(x * 2.3, y * 2.3 + self.angle);
        length(u / self.rx, v / self.ry) - 1.0 + self.ragged * wobble
    }
}

pub struct Lesions {
    kind: Kind,
    blobs: Vec<Blob>,
    /// Blisters: x, y, radius, and whether crusted.
    dots: Vec<(f32, f32, f32, bool)>,
}

impl Lesions {
    /// `spots` are places on the body; the size of a lesion is a share of `scale`.
    pub fn new(kind: Kind, spots: &[(f32, f32)], scale: f32, rng: &mut Rng) -> Self {
        let (count, small, large, ragged) = match kind {
            Kind::Nothing => (0, 0.0, 0.0, 0.0),
            Kind::Naevus => (1, 0.16, 0.34, 0.16),
            Kind::Plaques => (3 + rng.below(4), 0.09, 0.24, 0.22),
            Kind::Erythema => (1, 0.3, 0.5, 0.3),
            Kind::Vesicles => (1, 0.22, 0.34, 0.3),
            Kind::Ulcer => (1, 0.15, 0.3, 0.18),
        };
        let mut blobs = Vec::new();
        for &(x, y) in spots.iter().take(count) {
            let rx = rng.range(small, large) * scale;
            let ry = rx * rng.range(0.6, 0.95);
            blobs.push(Blob { x, y, rx, ry, angle: rng.range(0.0, 3.0), ragged });
        }
        let mut dots = Vec::new();
        if let (Kind::Vesicles, Some(b)) = (kind, blobs.first()) {
            for _ in 0..16 {
                let (far, around) = (rng.unit().sqrt() * 0.8, rng.range(0.0, 6.3));
                let (x, y) = (b.x + far * around.cos() * b.rx, b.y + far * around.sin() * b.ry);
                dots.push((x, y, b.ry * rng.range(0.07, 0.16), rng.chance(0.4)));
            }
        }
        Self { kind, blobs, dots }
    }

    pub fn at(&self, noise: &Noise, x: f32, y: f32) -> Mark {
        let mut mark = Mark::default();
        for blob in &self.blobs {
            let reach = 1.9 * blob.rx;
            if (x - blob.x).abs() > reach || (y - blob.y).abs() > reach {
                continue;
            }
            let d = blob.distance(noise, x, y);
            match self.kind {
                Kind::Nothing => {}
                Kind::Naevus => naevus(&mut mark, noise, d, x, y),
                Kind::Plaques => plaque(&mut mark, noise, d, x, y),
                Kind::Erythema => {
                    let cover = smooth(0.35, -0.35, d);
                    mark.cover = cover;
                    mark.blood = cover * (0.75 + 0.25 * noise.at(x * 1.7, y * 1.7));
                }
                Kind::Vesicles => self.vesicles(&mut mark, noise, d, x, y),
                Kind::Ulcer => ulcer(&mut mark, noise, d, x, y),
            }
        }
        mark
    }

    fn vesicles(&self, mark: &mut Mark, noise: &Noise, d: f32, x: f32, y: f32) {
        mark.cover = smooth(0.2, -0.2, d);
        mark.blood = mark.cover * (0.65 + 0.2 * noise.at(x * 2.0, y * 2.0));
        for &(cx, cy, r, crusted) in &self.dots {
            let q = length(x - cx, y - cy) / r + 0.25 * noise.at(x * 6.0, y * 6.0);
            let inside = smooth(1.05, 0.75, q);
            if inside <= 0.0 {
                continue;
            }
            if crusted {
                mark.lay([0.62, 0.40, 0.16], inside * (0.75 + 0.25 * noise.at(x * 9.0, y * 9.0)));
            } else {
                mark.lay([0.90, 0.78, 0.62], 0.35 * inside);
                let glint = length(x - cx + 0.35 * r, y - cy + 0.4 * r) / r;
                mark.shine += 0.9 * smooth(0.4, 0.1, glint);
            }
        }
    }
}

fn naevus(mark: &mut Mark, noise: &Noise, d: f32, x: f32, y: f32) {
    let cover = smooth(0.12, -0.12, d);
    let mottle = 0.8 + 0.5 * noise.at(x * 1.9, y * 1.9) + 0.25 * smooth(0.0, -0.8, d);
    mark.cover = cover;
    mark.melanin = 1.15 * cover * mottle.max(0.35);
    mark.blood = 0.2 * cover;
}

fn plaque(mark: &mut Mark, noise: &Noise, d: f32, x: f32, y: f32) {
    let cover = smooth(0.1, -0.1, d);
    if cover <= mark.cover * 0.5 {
        return;
    }
    mark.cover = mark.cover.max(cover);
    mark.blood = mark.blood.max(cover * (0.95 + 0.2 * noise.at(x * 1.5, y * 1.5)));
    mark.melanin = mark.melanin.max(0.08 * cover);
    let flakes = smooth(0.1, 0.55, noise.at(x * 3.1, y * 3.1) + 0.35 * noise.at(x * 11.0, y * 11.0));
    mark.lay([0.90, 0.86, 0.83], 0.62 * flakes * smooth(0.0, -0.25, d));
    mark.shine += 0.15 * flakes * cover;
}

fn ulcer(mark: &mut Mark, noise: &Noise, d: f32, x: f32, y: f32) {
    let cover = smooth(0.06, -0.06, d);
    let bed = smooth(-0.08, -0.22, d);
    let halo = smooth(0.8, 0.05, d);
    mark.cover = cover;
    mark.melanin = cover * (1.0 - bed) * 0.55 + 0.1 * halo;
    mark.blood = 0.3 * halo + 1.25 * bed * (1.0 + 0.3 * noise.at(x * 2.5, y * 2.5));
    let slough = smooth(0.15, 0.5, noise.at(x * 1.3 + 0.3, y * 1.3) + 0.3 * noise.at(x * 7.0, y * 7.0));
    mark.lay([0.74, 0.62, 0.36], 0.75 * slough * bed);
    mark.shine += 0.5 * bed * smooth(0.35, 0.7, noise.at(x * 4.0, y * 4.0));
}
