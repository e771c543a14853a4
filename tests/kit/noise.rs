//! Seeded chance and smooth noise: everything random in the kit comes from here, so a seed names a photo for good.

/// SplitMix64.
#[derive(Clone, Debug)]
pub struct Rng(u64);

impl Rng {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// 0 up to 1, without 1.
    pub fn unit(&mut self) -> f32 {
        (self.bits() >> 40) as f32 / (1u64 << 24) as f32
    }

    pub fn range(&mut self, low: f32, high: f32) -> f32 {
        low + (high - low) * self.unit()
    }

    pub fn below(&mut self, n: usize) -> usize {
        (self.bits() % n as u64) as usize
    }

    pub fn chance(&mut self, p: f32) -> bool {
        self.unit() < p
    }

    pub fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }
}

const SIDE: usize = 256;

/// A tile of fractal noise, mean about 0, about -1 to 1, repeating every unit: octaves of lattices, with smooth steps from
/// node to node.
pub struct Noise(Vec<f32>);

impl Noise {
    pub fn new(rng: &mut Rng) -> Self {
        let mut tile = vec![0.0; SIDE * SIDE];
        let mut amplitude = 0.9;
        for cells in [4, 8, 16, 32, 64] {
            let lattice: Vec<f32> = (0..cells * cells).map(|_| rng.range(-1.0, 1.0)).collect();
            // Every photo that is drawn needs two tiles, and this code is not optimised in tests: nothing is reckoned twice.
            let step = SIDE / cells;
            let way: Vec<f32> = (0..step).map(|i| smooth(0.0, 1.0, i as f32 / step as f32)).collect();
            for y in 0..SIDE {
                let (row, below, fy) = (y / step, (y / step + 1) % cells, way[y % step]);
                for left in 0..cells {
                    let right = (left + 1) % cells;
                    let node = |row: usize, column: usize| lattice[row * cells + column];
                    let [a, b, c, d] = [node(row, left), node(row, right), node(below, left), node(below, right)];
                    let pixels = &mut tile[y * SIDE + left * step..][..step];
                    for (pixel, fx) in pixels.iter_mut().zip(&way) {
                        let (top, bottom) = (a * (1.0 - fx) + b * fx, c * (1.0 - fx) + d * fx);
                        *pixel += amplitude * (top * (1.0 - fy) + bottom * fy);
                    }
                }
            }
            amplitude *= 0.55;
        }
        Self(tile)
    }

    pub fn at(&self, x: f32, y: f32) -> f32 {
        let (x, y) = ((x - x.floor()) * SIDE as f32, (y - y.floor()) * SIDE as f32);
        let (x0, y0) = (x as usize % SIDE, y as usize % SIDE);
        let (x1, y1) = ((x0 + 1) % SIDE, (y0 + 1) % SIDE);
        let (fx, fy) = (x - x.floor(), y - y.floor());
        let t = &self.0;
        let top = t[y0 * SIDE + x0] * (1.0 - fx) + t[y0 * SIDE + x1] * fx;
        let bottom = t[y1 * SIDE + x0] * (1.0 - fx) + t[y1 * SIDE + x1] * fx;
        top * (1.0 - fy) + bottom * fy
    }
}

/// 0 below `from`, 1 above `to`, smooth between; `from` may be the larger one.
pub fn smooth(from: f32, to: f32, x: f32) -> f32 {
    let t = ((x - from) / (to - from)).clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}

pub fn mix(a: f32, b: f32, t: f32) -> f32 {
    a + (b - a) * t
}

pub fn length(x: f32, y: f32) -> f32 {
    (x * x + y * y).sqrt()
}

pub fn turn(angle: f32, x: f32, y: f32) -> (f32, f32) {
    let (s, c) = angle.sin_cos();
    (c * x + s * y, c * y - s * x)
}
