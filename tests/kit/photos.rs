//! Draws believable photos of skin with the true class of every pixel: no patient needed, any tone, any size.
//!
//! Skin is a base colour dimmed by pigment and blood, as light is in real skin, so a lesion looks right on every tone.

use derm_seg::domain::mask::{BACKGROUND, LESION, LabelMap, SKIN};
use derm_seg::domain::photo::Photo;
use fast_image_resize as fir;

use super::lesions::{Kind, Lesions, Mark};
use super::noise::{Noise, Rng, length, mix, smooth, turn};

/// Very light to dark.
pub const TONES: [[f32; 3]; 6] = [
    [0.91, 0.78, 0.71],
    [0.86, 0.69, 0.59],
    [0.77, 0.58, 0.46],
    [0.66, 0.47, 0.35],
    [0.50, 0.34, 0.25],
    [0.34, 0.22, 0.165],
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Body {
    /// Skin from edge to edge.
    Closeup,
    Limb,
    Hand,
    Torso,
    /// No skin at all.
    Nobody,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backdrop {
    GreenDrape,
    BlueDrape,
    Sheet,
    Dark,
    Wall,
    Stripes,
}

#[derive(Clone, Copy, Debug)]
pub struct Scene {
    pub seed: u64,
    /// 0 to 5, into `TONES`.
    pub tone: usize,
    pub body: Body,
    pub backdrop: Backdrop,
    pub lesion: Kind,
    pub ruler: bool,
    pub vignette: bool,
    pub hairs: usize,
}

pub struct Sample {
    pub photo: Photo,
    pub truth: LabelMap,
}

impl Scene {
    /// Any scene with skin and a lesion on it; the seed chooses.
    pub fn any(seed: u64) -> Self {
        use Backdrop::*;
        let mut rng = Rng::new(seed ^ 0x5ce7e);
        let body = rng.pick(&[Body::Closeup, Body::Limb, Body::Limb, Body::Hand, Body::Torso]);
        Self {
            seed,
            tone: rng.below(TONES.len()),
            body,
            backdrop: rng.pick(&[GreenDrape, BlueDrape, Sheet, Dark, Wall, Stripes]),
            lesion: rng.pick(&Kind::LESIONS),
            ruler: rng.chance(0.2),
            vignette: body == Body::Closeup && rng.chance(0.3),
            hairs: rng.pick(&[0, 0, 12, 60]),
        }
    }

    pub fn without_lesion(self) -> Self {
        Self { lesion: Kind::Nothing, ..self }
    }

    pub fn without_skin(self) -> Self {
        Self { body: Body::Nobody, lesion: Kind::Nothing, hairs: 0, vignette: false, ..self }
    }

    /// Detail is drawn up to this many pixels on the long side; larger photos are enlarged and given grain.
    const DETAIL: u32 = 1000;

    pub fn draw(&self, width: u32, height: u32) -> Sample {
        let long = width.max(height);
        let small = |side: u32| (side as u64 * Self::DETAIL.min(long) as u64 / long as u64).max(1) as u32;
        let (w, h) = (small(width), small(height));
        let drawn = Painter::new(*self, w, h).paint();
        let mut sample = if (w, h) == (width, height) { drawn } else { enlarge(&drawn, width, height) };
        add_grain(&mut sample.photo, self.seed);
        sample
    }
}

struct Painter {
    scene: Scene,
    width: u32,
    height: u32,
    noise: Noise,
    fine: Noise,
    lesions: Lesions,
    angle: f32,
    bend: f32,
    light: [f32; 3],
    cast: [f32; 3],
    rng: Rng,
}

impl Painter {
    fn new(scene: Scene, width: u32, height: u32) -> Self {
        let mut rng = Rng::new(scene.seed);
        let (noise, fine) = (Noise::new(&mut rng), Noise::new(&mut rng));
        let exposure = rng.range(0.92, 1.06);
        let warm = rng.range(-0.04, 0.04);
        let (lx, ly) = (rng.range(-0.5, 0.5), rng.range(-0.6, -0.2));
        let mut painter = Self {
            scene,
            width,
            height,
            noise,
            fine,
            lesions: Lesions::new(Kind::Nothing, &[], 1.0, &mut rng.clone()),
            angle: rng.range(-0.9, 0.9),
            bend: rng.range(-0.12, 0.12),
            light: [lx, ly, (1.0 - lx * lx - ly * ly).sqrt()],
            cast: [exposure * (1.0 + warm), exposure, exposure * (1.0 - warm)],
            rng,
        };
        let spots = painter.spots();
        let scale = if scene.body == Body::Closeup { 1.5 } else { 1.0 };
        painter.lesions = Lesions::new(scene.lesion, &spots, scale, &mut painter.rng);
        painter
    }

    /// Places well on the body and in the frame for lesions, the first one near the middle.
    fn spots(&mut self) -> Vec<(f32, f32)> {
        let mut spots: Vec<(f32, f32)> = Vec::new();
        for attempt in 0..4000 {
            let reach = if spots.is_empty() { 0.35 + attempt as f32 * 2e-4 } else { 0.8 };
            let (x, y) = (self.rng.range(-reach, reach), self.rng.range(-reach, reach));
            let apart = spots.iter().all(|s| length(s.0 - x, s.1 - y) > 0.3);
            if apart && self.body(x, y) < -0.17 {
                spots.push((x, y));
            }
        }
        spots
    }

    /// Distance to the body's outline, negative inside; one unit is half of the short side.
    fn body(&self, x: f32, y: f32) -> f32 {
        match self.scene.body {
            Body::Nobody => 9.0,
            Body::Closeup => -9.0,
            Body::Limb => {
                let (u, v) = turn(self.angle, x, y);
                (v - self.bend * u * u).abs() - self.limb_radius(u)
            }
            Body::Torso => {
                let (u, v) = turn(self.angle, x, y);
                length(u - 1.6, v) - (2.25 + 0.05 * (3.0 * v).sin())
            }
            Body::Hand => {
                let (u, v) = turn(self.angle * 0.5, x, y + 0.1);
                let mut d = capsule(u, v, (0.0, 0.35), (0.05, 2.5), 0.3);
                d = blend(d, capsule(u, v, (-0.14, 0.1), (0.14, 0.14), 0.33), 0.12);
                for (root, tip, r) in [
                    ((-0.34, -0.1), (-0.46, -0.6), 0.088),
                    ((-0.12, -0.2), (-0.16, -0.8), 0.095),
                    ((0.12, -0.2), (0.14, -0.76), 0.093),
                    ((0.34, -0.1), (0.44, -0.56), 0.08),
                    ((-0.3, 0.25), (-0.78, -0.08), 0.105),
                ] {
                    d = blend(d, capsule(u, v, root, tip, r), 0.05);
                }
                d
            }
        }
    }

    fn limb_radius(&self, along: f32) -> f32 {
        0.52 + 0.09 * (1.4 * along + self.bend * 20.0).sin() - 0.08 * along
    }

    /// How the surface faces us: x, y, z of the unit normal.
    fn normal(&self, x: f32, y: f32, d: f32) -> [f32; 3] {
        let round = match self.scene.body {
            Body::Closeup => return [0.12 * x, 0.12 * y, 0.98],
            Body::Hand => 0.16,
            Body::Limb => self.limb_radius(turn(self.angle, x, y).0),
            _ => 0.9,
        };
        let e = 0.01;
        let (gx, gy) = ((self.body(x + e, y) - d) / e, (self.body(x, y + e) - d) / e);
        let lean = (1.0 - (-d / round).clamp(0.0, 1.0)).powf(1.3) * 0.94;
        [gx * lean, gy * lean, (1.0 - lean * lean).sqrt()]
    }

    fn paint(mut self) -> Sample {
        let (w, h) = (self.width as usize, self.height as usize);
        let mut rgb = vec![0u8; w * h * 3];
        let mut truth = LabelMap::filled(self.width, self.height, BACKGROUND);
        for py in 0..h {
            for px in 0..w {
                let (x, y) = self.place(px as f32, py as f32);
                let (colour, class) = self.point(x, y);
                let i = py * w + px;
                truth.data[i] = class;
                for c in 0..3 {
                    rgb[i * 3 + c] = (colour[c] * self.cast[c] * 255.0).clamp(0.0, 255.0) as u8;
                }
            }
        }
        self.hairs(&mut rgb, &truth);
        Sample { photo: Photo { width: self.width, height: self.height, rgb }, truth }
    }

    fn place(&self, px: f32, py: f32) -> (f32, f32) {
        let half = self.width.min(self.height) as f32 / 2.0;
        ((px + 0.5 - self.width as f32 / 2.0) / half, (py + 0.5 - self.height as f32 / 2.0) / half)
    }

    fn point(&self, x: f32, y: f32) -> ([f32; 3], u8) {
        if let Some(colour) = self.ruler(x, y) {
            return (colour, BACKGROUND);
        }
        let d = self.body(x, y);
        let (mut colour, mut class) = if d < 0.0 {
            let mark = self.lesions.at(&self.noise, x, y);
            (self.skin(x, y, d, &mark), if mark.cover > 0.5 { LESION } else { SKIN })
        } else {
            (self.backdrop(x, y), BACKGROUND)
        };
        if self.scene.vignette {
            let lit = smooth(1.04, 0.98, length(x, y));
            colour = colour.map(|c| mix(0.02, c * (1.0 - 0.18 * length(x, y).powi(3)), lit));
            class = if lit > 0.5 { class } else { BACKGROUND };
        }
        (colour, class)
    }

    fn skin(&self, x: f32, y: f32, d: f32, mark: &Mark) -> [f32; 3] {
        let n = &self.noise;
        let (fx, fy) = turn(0.6, x, y);
        let blotch = n.at(x * 0.31, y * 0.31);
        let mottle = n.at(x * 1.1 + 0.5, y * 1.1);
        let spots = self.fine.at(x * 2.37, y * 2.37) + 0.8 * n.at(x * 1.83 + 0.2, y * 1.83);
        let freckle = smooth(0.95, 1.3, spots) * 0.18;
        let lines = 0.6 * self.fine.at(fx * 5.2, fy * 1.9)
            + 0.6 * self.fine.at(fx * 1.7, fx + fy * 4.6)
            + n.at(x * 7.0, y * 7.0);
        let melanin = 0.07 * blotch + 0.05 * mottle + freckle + mark.melanin;
        let blood = 0.10 * n.at(x * 0.4 + 0.7, y * 0.4) + 0.05 * mottle + mark.blood;
        let [nx, ny, nz] = self.normal(x, y, d);
        let facing = (nx * self.light[0] + ny * self.light[1] + nz * self.light[2]).max(0.0);
        let shade = (0.42 + 0.62 * facing) * (1.0 + 0.024 * lines);
        let shine = (facing.powi(14) * 0.05 + 0.25 * mark.shine * facing) * (1.0 + 0.35 * lines).max(0.0);
        let base = TONES[self.scene.tone];
        let mut colour = [0.0; 3];
        for c in 0..3 {
            let absorbed = melanin * [0.55, 0.85, 1.0][c] + blood * [0.13, 0.62, 0.52][c];
            let deep = base[c] * (-absorbed).exp();
            colour[c] = mix(deep, mark.over[c] * (0.55 + 0.45 * base[0]), mark.over_amount) * shade + shine;
        }
        colour
    }

    fn backdrop(&self, x: f32, y: f32) -> [f32; 3] {
        let n = &self.noise;
        let (u, v) = turn(self.angle + 0.8, x, y);
        let folds = n.at(u * 0.22, v * 0.06) + 0.25 * n.at(u * 0.9, v * 0.3);
        let weave = 0.03 * self.fine.at(u * 9.0, v * 9.0);
        let (base, depth) = match self.scene.backdrop {
            Backdrop::GreenDrape => ([0.16, 0.42, 0.36], 0.30),
            Backdrop::BlueDrape => ([0.30, 0.47, 0.68], 0.26),
            Backdrop::Sheet => ([0.83, 0.84, 0.86], 0.14),
            Backdrop::Dark => ([0.07, 0.07, 0.085], 0.30),
            Backdrop::Wall => ([0.60, 0.62, 0.62], 0.06),
            Backdrop::Stripes if (u * 4.0 + 0.2 * folds).rem_euclid(1.0) < 0.5 => ([0.20, 0.25, 0.42], 0.2),
            Backdrop::Stripes => ([0.78, 0.80, 0.84], 0.2),
        };
        // The body throws a soft shadow away from the light.
        let shadow = self.body(x + self.light[0] * 0.22, y + self.light[1] * 0.22);
        let lit = mix(0.52, 1.0, smooth(-0.08, 0.2, shadow));
        base.map(|c| c * (1.0 + depth * folds + weave) * lit)
    }

    /// A paper ruler along the lower edge.
    fn ruler(&self, x: f32, y: f32) -> Option<[f32; 3]> {
        let bottom = self.height as f32 / self.width.min(self.height) as f32;
        let up = bottom - 0.05 - y;
        if !self.scene.ruler || !(0.0..0.2).contains(&up) || x.abs() > 0.85 {
            return None;
        }
        let tick = (x * 20.0).rem_euclid(1.0) < 0.22;
        let long = ((x * 20.0).floor() as i32).rem_euclid(5) == 0;
        let ink = tick && up > if long { 0.09 } else { 0.14 };
        let paper = 0.9 + 0.03 * self.noise.at(x, y);
        Some(if ink { [0.12; 3] } else { [paper, paper, paper * 0.97] })
    }

    /// Fine curved hairs, mostly in one direction, on skin only.
    fn hairs(&mut self, rgb: &mut [u8], truth: &LabelMap) {
        let (w, h) = (self.width as f32, self.height as f32);
        let half = w.min(h) / 2.0;
        let dark = TONES[self.scene.tone].map(|c| c * 0.32);
        let lie = self.rng.range(0.0, 3.1);
        for _ in 0..self.scene.hairs {
            let (mut x, mut y) = (self.rng.unit() * w, self.rng.unit() * h);
            let (mut angle, curl) = (lie + self.rng.range(-0.5, 0.5), self.rng.range(-1.0, 1.0) / half);
            let strength = self.rng.range(0.35, 0.75);
            for step in 0..(half * self.rng.range(0.2, 0.55)) as usize {
                let (px, py) = (x as usize, y as usize);
                if x < 0.0 || y < 0.0 || px >= w as usize || py >= h as usize {
                    break;
                }
                let i = py * w as usize + px;
                if truth.data[i] != BACKGROUND {
                    for c in 0..3 {
                        let p = &mut rgb[i * 3 + c];
                        *p = mix(f32::from(*p), dark[c] * 255.0, strength * smooth(-1.0, 12.0, step as f32)) as u8;
                    }
                }
                (x, y, angle) = (x + angle.cos(), y + angle.sin(), angle + curl);
            }
        }
    }
}

/// Distance to a rounded stick.
fn capsule(x: f32, y: f32, a: (f32, f32), b: (f32, f32), r: f32) -> f32 {
    let (px, py, bx, by) = (x - a.0, y - a.1, b.0 - a.0, b.1 - a.1);
    let t = ((px * bx + py * by) / (bx * bx + by * by)).clamp(0.0, 1.0);
    length(px - bx * t, py - by * t) - r
}

/// The smaller of two distances, with the corner between the shapes filled.
fn blend(a: f32, b: f32, k: f32) -> f32 {
    let t = (0.5 + 0.5 * (b - a) / k).clamp(0.0, 1.0);
    mix(b, a, t) - k * t * (1.0 - t)
}

fn enlarge(small: &Sample, width: u32, height: u32) -> Sample {
    let (w, h) = (small.photo.width, small.photo.height);
    let source = fir::images::ImageRef::new(w, h, &small.photo.rgb, fir::PixelType::U8x3).unwrap();
    let mut target = fir::images::Image::new(width, height, fir::PixelType::U8x3);
    let smooth = fir::ResizeOptions::new().resize_alg(fir::ResizeAlg::Convolution(fir::FilterType::Bilinear));
    fir::Resizer::new().resize(&source, &mut target, &smooth).unwrap();

    let source = fir::images::ImageRef::new(w, h, &small.truth.data, fir::PixelType::U8).unwrap();
    let mut labels = fir::images::Image::new(width, height, fir::PixelType::U8);
    let nearest = fir::ResizeOptions::new().resize_alg(fir::ResizeAlg::Nearest);
    fir::Resizer::new().resize(&source, &mut labels, &nearest).unwrap();
    Sample {
        photo: Photo { width, height, rgb: target.into_vec() },
        truth: LabelMap { width, height, data: labels.into_vec() },
    }
}

/// The sensor's noise, without which a compressed photo would be far smaller than a real one.
fn add_grain(photo: &mut Photo, seed: u64) {
    let mut rng = Rng::new(seed ^ 0x9a1f);
    let grain: Vec<i8> = (0..65_521).map(|_| ((rng.below(5) + rng.below(5)) as i8 - 4) * 3 / 4).collect();
    for piece in photo.rgb.chunks_mut(grain.len()) {
        for (value, &g) in piece.iter_mut().zip(&grain) {
            *value = value.saturating_add_signed(g);
        }
    }
}
