//! The best of many settings, and what it gains on other people.
//!
//! The gain is cross-validated: a setting is chosen on some people and tried on the others. Its interval is not that of the
//! cross-validation, which is too narrow (the folds share their photos, and a setting that was chosen on a photo looks better on it
//! than it is). It is a simultaneous band: the distance that the mean gain of *no* setting is likely to be off by, in its own
//! standard errors. So it holds for the one that was chosen, however it was chosen. `tests` measures how often it does.
//! Where a few people gain or lose far more than all others, that distance is measured in the standard errors of each resample
//! (the bootstrap-t): those of the sample are too small where it missed such people.

use std::ops::Range;

use serde::Serialize;

use super::Finding;
use crate::domain::statistics::quantile;
use crate::evaluation::score::rng::SplitMix64;

/// With fewer people, nothing can be promised: no interval of so few holds what it says.
pub const FEWEST: usize = 10;
/// People are parted into so many groups; each is tried with what was found on the rest.
const FOLDS: usize = 5;
/// The parting is by chance, so it is done again and again, and the gain is the mean.
const PARTINGS: u64 = 10;
const RESAMPLES: usize = 1000;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The gain is above 0 on people who had no part in the choice, and so is its whole interval.
    Promised,
    /// The current setting is the best one.
    NothingBetter,
    /// The interval holds 0.
    NotSure,
    TooFew,
}

/// In whose standard errors a resample's distance from the mean is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Errors {
    OfSample,
    /// For gains that are skewed: what an interval misses lies on one side of it, so each side is given 2.5 % of its own.
    OfResample,
}

impl Errors {
    fn inside(self) -> f64 {
        if self == Errors::OfSample { 0.95 } else { 0.975 }
    }
}

/// What every setting is worth, summed over the photos of each person, with how many they are.
pub struct Choices {
    people: Vec<(Vec<f64>, f64)>,
}

impl Choices {
    /// `values` has a photo's worth under every setting.
    pub fn new(values: &[Vec<f64>], subjects: Option<&[usize]>) -> Self {
        let count = subjects.map_or(values.len(), |subjects| subjects.iter().max().map_or(0, |most| most + 1));
        let settings = values.first().map_or(0, Vec::len);
        let mut people = vec![(vec![0.0; settings], 0.0); count];
        for (photo, values) in values.iter().enumerate() {
            let (sums, photos) = &mut people[subjects.map_or(photo, |subjects| subjects[photo])];
            add(sums, values);
            *photos += 1.0;
        }
        people.retain(|(_, photos)| *photos > 0.0);
        Self { people }
    }

    pub fn settings(&self) -> Range<usize> {
        0..self.people.first().map_or(0, |(sums, _)| sums.len())
    }

    /// Sums over some people, and the number of their photos.
    fn total<'a>(&'a self, of: impl Iterator<Item = &'a (Vec<f64>, f64)>) -> (Vec<f64>, f64) {
        let mut total = (vec![0.0; self.settings().len()], 0.0);
        for (sums, photos) in of {
            add(&mut total.0, sums);
            total.1 += photos;
        }
        total
    }
}

fn add(to: &mut [f64], values: &[f64]) {
    to.iter_mut().zip(values).for_each(|(sum, value)| *sum += value);
}

/// The current one where none is better.
fn best_of(sums: &[f64], photos: f64, current: usize) -> usize {
    (0..sums.len()).fold(current, |best, setting| match sums[setting] > sums[best] + 1e-12 * photos {
        true => setting,
        false => best,
    })
}

pub fn choose(choices: &Choices, current: usize, errors: Errors, seed: u64) -> (usize, Finding) {
    let (sums, photos) = choices.total(choices.people.iter());
    let best = best_of(&sums, photos, current);
    let mut rng = SplitMix64::new(seed);
    let gain = (0..PARTINGS).map(|_| gain_on_others(choices, current, &mut rng)).sum::<f64>() / PARTINGS as f64;
    let is_enough = choices.people.len() >= FEWEST;
    let interval = (is_enough && best != current).then(|| interval(choices, current, best, errors, &mut rng));
    let verdict = match interval {
        _ if !is_enough => Verdict::TooFew,
        None => Verdict::NothingBetter,
        Some([low, _]) if low > 0.0 && gain > 0.0 => Verdict::Promised,
        Some(_) => Verdict::NotSure,
    };
    let (current_value, best_value) = (sums[current] / photos, sums[best] / photos);
    (best, Finding { current: 0.0, best: 0.0, current_value, best_value, gain, interval, verdict })
}

/// Mean over photos, with one parting of the people.
fn gain_on_others(choices: &Choices, current: usize, rng: &mut SplitMix64) -> f64 {
    let mut order: Vec<usize> = (0..choices.people.len()).collect();
    for i in (1..order.len()).rev() {
        order.swap(i, rng.below(i as u64 + 1) as usize);
    }
    let (mut gain, mut photos) = (0.0, 0.0);
    for fold in 0..FOLDS {
        let is_in = |place: usize| place % FOLDS == fold;
        let people = |inside: bool| {
            order.iter().enumerate().filter(move |(place, _)| is_in(*place) == inside).map(|(_, i)| &choices.people[*i])
        };
        let (rest, count) = choices.total(people(false));
        let chosen = best_of(&rest, count, current);
        for (sums, count) in people(true) {
            gain += sums[chosen] - sums[current];
            photos += count;
        }
    }
    gain / photos
}

/// People's gains: means over photos by setting, and their standard errors where people bring several photos each.
fn means_and_errors<'a>(people: impl Iterator<Item = &'a (Vec<f64>, f64)> + Clone, with_errors: bool) -> [Vec<f64>; 2] {
    let settings = people.clone().next().map_or(0, |(sums, _)| sums.len());
    let (mut means, mut photos, mut count) = (vec![0.0; settings], 0.0, 0.0);
    for (sums, of_photos) in people.clone() {
        add(&mut means, sums);
        (photos, count) = (photos + of_photos, count + 1.0);
    }
    means.iter_mut().for_each(|sum| *sum /= photos);
    let mut errors = vec![0.0; settings];
    for (sums, photos) in people.filter(|_| with_errors) {
        for (error, (sum, mean)) in errors.iter_mut().zip(sums.iter().zip(&means)) {
            *error += (sum - mean * photos).powi(2);
        }
    }
    errors.iter_mut().for_each(|error| *error = (count / (count - 1.0) * *error).sqrt() / photos);
    [means, errors]
}

/// 95 % interval of the mean gain of `best`, which holds although `best` was chosen on the same photos.
fn interval(choices: &Choices, current: usize, best: usize, in_errors: Errors, rng: &mut SplitMix64) -> [f64; 2] {
    let gains: Vec<(Vec<f64>, f64)> = choices
        .people
        .iter()
        .map(|(sums, photos)| (sums.iter().map(|sum| sum - sums[current]).collect(), *photos))
        .collect();
    let people = gains.len() as f64;
    let [means, errors] = means_and_errors(gains.iter(), true);
    let mut farthest: Vec<f64> = (0..RESAMPLES)
        .map(|_| {
            let drawn: Vec<_> = gains.iter().map(|_| &gains[rng.below(gains.len() as u64) as usize]).collect();
            let [drawn, own] = means_and_errors(drawn.into_iter(), in_errors == Errors::OfResample);
            let off = |setting: usize| {
                let error = match in_errors {
                    Errors::OfSample => errors[setting],
                    // One person drawn ten times has none.
                    Errors::OfResample => own[setting].max(0.05 * errors[setting]),
                };
                (drawn[setting] - means[setting]).abs() / error
            };
            choices.settings().filter(|&setting| errors[setting] > 1e-9).map(off).fold(0.0, f64::max)
        })
        .collect();
    farthest.sort_by(f64::total_cmp);
    // A bootstrap of few is too narrow by as much as their own mean hides, and by what Student's t adds to the normal.
    let few = (people / (people - 1.0)).sqrt() * student(people - 1.0) / NORMAL;
    let half = quantile(&farthest, in_errors.inside()) * few * errors[best];
    [means[best] - half, means[best] + half]
}

/// The normal distribution's 97.5 % quantile.
const NORMAL: f64 = 1.959_963_984_540_054;

/// Student's 97.5 % quantile, by the series of Cornish and Fisher: right to 0.001 from 9 degrees of freedom on.
fn student(degrees: f64) -> f64 {
    let z = NORMAL;
    let powers = |terms: &[(f64, i32)]| terms.iter().map(|(factor, power)| factor * z.powi(*power)).sum::<f64>();
    z + powers(&[(1.0, 3), (1.0, 1)]) / (4.0 * degrees)
        + powers(&[(5.0, 5), (16.0, 3), (3.0, 1)]) / (96.0 * degrees.powi(2))
        + powers(&[(3.0, 7), (19.0, 5), (17.0, 3), (-15.0, 1)]) / (384.0 * degrees.powi(3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn students_quantiles_are_those_of_the_tables() {
        for (degrees, table) in [(9.0, 2.2622), (19.0, 2.0930), (99.0, 1.9842)] {
            assert!((student(degrees) - table).abs() < 1e-3, "{degrees}: {}", student(degrees));
        }
    }
}
