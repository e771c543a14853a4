//! The threshold and the temperature that suit these photos, and what they may be expected to gain on others.
//!
//! All that is kept of a photo are two histograms of its lesion probabilities (`sample`): every Dice and every likelihood
//! follows from them. `choice` finds the best setting and says what it gains on photos of people who had no part in it.

mod choice;
mod sample;
#[cfg(test)]
mod tests;

use choice::{Choices, Errors, choose};
pub use choice::{FEWEST, Verdict};
use sample::STEPS;
pub use sample::Sample;
use serde::Serialize;

/// What is found of one setting.
#[derive(Clone, Debug, Serialize)]
pub struct Finding {
    pub current: f64,
    /// The best over all photos.
    pub best: f64,
    /// Mean over photos with the current one, and with the best on the same photos: not to be promised.
    pub current_value: f64,
    pub best_value: f64,
    /// Mean over photos of what is gained by a setting that was chosen without the photo's person.
    pub gain: f64,
    /// 95 % interval of what the best one gains on other photos; nothing where it is the current one, or people are too few.
    pub interval: Option<[f64; 2]>,
    pub verdict: Verdict,
}

/// Temperatures that are tried: from a quarter to four times the model's own, in so many steps each way.
const TEMPERATURES: i32 = 32;

/// The threshold with the best mean Dice. `subjects` numbers each photo's person; without it, each photo is somebody else's.
pub fn threshold(samples: &[Sample], subjects: Option<&[usize]>, current: f64, seed: u64) -> Finding {
    // From the value s on of a map is from the probability (s - 1/2) / 255 on, as maps are rounded.
    let at = |step: usize| (step as f64 - 0.5) / (STEPS - 1) as f64;
    let now = ((current * (STEPS - 1) as f64 + 0.5).round() as usize).clamp(1, STEPS - 1);
    let values: Vec<Vec<f64>> = samples.iter().map(|sample| sample.dice()[1..].to_vec()).collect();
    let (best, finding) = choose(&Choices::new(&values, subjects), now - 1, Errors::OfSample, seed);
    Finding { current, best: if best + 1 == now { current } else { at(best + 1) }, ..finding }
}

fn temperatures() -> Vec<f64> {
    (-TEMPERATURES..=TEMPERATURES).map(|i| 4_f64.powf(f64::from(i) / f64::from(TEMPERATURES))).collect()
}

/// The temperature, on top of the model's own, under which what is true is likeliest. Values are the probability of what is true,
/// as the geometric mean over a photo's pixels. Its logarithm would let a few photos on which the model fails outweigh all
/// others, and of few people no interval would hold what it says.
pub fn temperature(samples: &[Sample], subjects: Option<&[usize]>, seed: u64) -> Finding {
    let all = temperatures();
    let values: Vec<Vec<f64>> =
        samples.iter().map(|sample| all.iter().map(|t| sample.likelihood(*t)).collect()).collect();
    let (best, finding) = choose(&Choices::new(&values, subjects), TEMPERATURES as usize, Errors::OfResample, seed);
    Finding { current: 1.0, best: all[best], ..finding }
}
