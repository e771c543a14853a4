//! One photo: how its lesion probabilities lie on lesions of the reference, and on all else.

/// Values of a probability map of eight bits.
pub const STEPS: usize = 256;

/// Pixels by their lesion probability.
#[derive(Clone, Debug)]
pub struct Sample {
    pub lesion: [u64; STEPS],
    pub other: [u64; STEPS],
}

impl Sample {
    pub fn empty() -> Self {
        Self { lesion: [0; STEPS], other: [0; STEPS] }
    }

    /// Dice by the value from which on a pixel is lesion. 1 where neither mask has a lesion: to find nothing is right there.
    pub fn dice(&self) -> [f64; STEPS] {
        let all: u64 = self.lesion.iter().sum();
        let (mut found, mut wrong) = (0, 0);
        let mut dice = [1.0; STEPS];
        for step in (0..STEPS).rev() {
            (found, wrong) = (found + self.lesion[step], wrong + self.other[step]);
            let pixels = all + found + wrong;
            if pixels > 0 {
                dice[step] = 2.0 * found as f64 / pixels as f64;
            }
        }
        dice
    }

    /// The probability of what is true, as the geometric mean over pixels; `temperature` is on top of the model's own.
    pub fn likelihood(&self, temperature: f64) -> f64 {
        let pixels: u64 = self.lesion.iter().chain(&self.other).sum();
        // A map's 0 and 1 are not quite 0 and 1.
        let half_a_step = 0.5 / (STEPS - 1) as f64;
        let of_step = |(step, (lesion, other)): (usize, (&u64, &u64))| {
            if *lesion + *other == 0 {
                return 0.0;
            }
            let p = (step as f64 / (STEPS - 1) as f64).clamp(half_a_step, 1.0 - half_a_step);
            let logit = (p / (1.0 - p)).ln() / temperature;
            // ln(1 + e^x), without overflow.
            let softplus = |x: f64| x.max(0.0) + (-x.abs()).exp().ln_1p();
            -(*lesion as f64 * softplus(-logit) + *other as f64 * softplus(logit))
        };
        let sum: f64 = self.lesion.iter().zip(&self.other).enumerate().map(of_step).sum();
        (sum / pixels.max(1) as f64).exp()
    }
}
