//! What is found and promised on histograms of which the truth is known; and how often the interval holds what it says.

use super::*;
use crate::evaluation::score::rng::SplitMix64;

/// A photo of which the right threshold is known: lesions have probabilities from `edge` on, all else from 0 up to it.
fn sharp(edge: usize, pixels: u64) -> Sample {
    let mut sample = Sample::empty();
    sample.lesion[edge..edge + 20].fill(pixels);
    sample.other[edge - 40..edge].fill(3 * pixels);
    sample
}

#[test]
fn dice_and_likelihood_are_those_of_the_pixels() {
    let mut sample = Sample::empty();
    (sample.lesion[200], sample.lesion[100], sample.other[150]) = (6, 4, 2);
    assert_eq!((sample.dice()[128], sample.dice()[255]), (2.0 * 6.0 / (10.0 + 8.0), 0.0));
    let p = |step: f64| step / 255.0;
    let by_hand = (6.0 * p(200.0).ln() + 4.0 * p(100.0).ln() + 2.0 * (1.0 - p(150.0)).ln()) / 12.0;
    assert!((sample.log_likelihood(1.0) - by_hand).abs() < 1e-12);
}

#[test]
fn on_healthy_skin_it_is_right_to_find_nothing() {
    let mut sample = Sample::empty();
    sample.other[100] = 50;
    assert_eq!((sample.dice()[100], sample.dice()[101]), (0.0, 1.0));
}

#[test]
fn a_threshold_that_is_wrong_for_everybody_is_found_and_promised() {
    let samples: Vec<Sample> = (0..20).map(|i| sharp(90 + i % 3, 50 + i as u64)).collect();
    let finding = threshold(&samples, None, 0.55, 1);
    assert!((finding.best - 90.5 / 255.0).abs() < 0.01 && finding.verdict == Verdict::Promised, "{finding:?}");
    assert!(finding.gain > 0.1);
    // The right one needs no other.
    let same = threshold(&samples, None, finding.best, 1);
    assert_eq!((same.verdict, same.best, same.interval), (Verdict::NothingBetter, finding.best, None));
}

#[test]
fn what_helps_one_person_alone_is_not_promised() {
    // Twenty photos, of which all that gain are of one person.
    let samples: Vec<Sample> = (0..20).map(|i| if i < 6 { sharp(90, 500) } else { sharp(140, 50) }).collect();
    let subjects: Vec<usize> = (0..20).map(|i| if i < 6 { 0 } else { i }).collect();
    assert_ne!(threshold(&samples, Some(&subjects), 139.5 / 255.0, 1).verdict, Verdict::Promised);
}

#[test]
fn few_people_are_too_few_however_many_photos_they_have() {
    let samples: Vec<Sample> = (0..90).map(|i| sharp(90 + i % 3, 50)).collect();
    let subjects: Vec<usize> = (0..90).map(|i| i / 10).collect();
    let finding = threshold(&samples, Some(&subjects), 0.55, 1);
    assert_eq!((finding.verdict, finding.interval), (Verdict::TooFew, None));
    assert_eq!(threshold(&samples, None, 0.55, 1).verdict, Verdict::Promised);
}

#[test]
fn the_temperature_of_probabilities_that_are_too_sure_is_found() {
    // True probabilities are those of logits, told twice as large.
    let mut sample = Sample::empty();
    for step in 1..255 {
        let told = (step as f64 / 255.0 / (1.0 - step as f64 / 255.0)).ln();
        let truth = 1.0 / (1.0 + (-told / 2.0).exp());
        sample.lesion[step] = (10_000.0 * truth).round() as u64;
        sample.other[step] = (10_000.0 * (1.0 - truth)).round() as u64;
    }
    // People differ a little, as they do.
    let samples: Vec<Sample> = (0..12)
        .map(|i| {
            let mut one = sample.clone();
            one.lesion[200] += 300 * i;
            one
        })
        .collect();
    let finding = temperature(&samples, None, 1);
    assert!((finding.best - 2.0).abs() < 0.1 && finding.verdict == Verdict::Promised, "{finding:?}");
}

/// Many people, from whom a study draws some; so the true gain of every setting is known.
struct World {
    photos: Vec<Sample>,
    /// Mean Dice by threshold, and mean log-likelihood by temperature, of one more photo of anybody.
    dice: Vec<f64>,
    photos_each: usize,
}

/// The sum of twelve is nearly normal.
fn normal(rng: &mut SplitMix64) -> f64 {
    (0..12).map(|_| rng.draw() as f64 / u64::MAX as f64).sum::<f64>() - 6.0
}

impl World {
    /// Logits of lesions and of all else are normal around middles that differ from person to person by `unlike`; on some, the
    /// model fails.
    fn new(people: usize, photos_each: usize, unlike: f64, failing: f64, seed: u64) -> Self {
        let mut rng = SplitMix64::new(seed);
        let logistic = |x: f64| 1.0 / (1.0 + (-1.702 * x).exp());
        let mut photos = Vec::new();
        for _ in 0..people {
            let mut shift = unlike * normal(&mut rng);
            if (rng.below(1000) as f64) < 1000.0 * failing {
                shift += 4.0 * normal(&mut rng);
            }
            for _ in 0..photos_each {
                let own = shift + 0.5 * normal(&mut rng);
                let area = (-2.0 + 0.8 * normal(&mut rng)).exp().clamp(0.005, 0.6);
                let (lesion, other) = (2.5 + 0.8 * normal(&mut rng) + own, -3.5 + 0.8 * normal(&mut rng) + own);
                let mut sample = Sample::empty();
                let mut below = [0.0; 2];
                for step in 0..sample::STEPS {
                    let p: f64 = (step as f64 + 0.5) / 255.0;
                    let edge = (p / (1.0 - p).max(1e-9)).ln();
                    let up_to =
                        [lesion, other].map(|middle| if step == 255 { 1.0 } else { logistic((edge - middle) / 1.5) });
                    sample.lesion[step] = (1e5 * area * (up_to[0] - below[0])).round() as u64;
                    sample.other[step] = (1e5 * (1.0 - area) * (up_to[1] - below[1])).round() as u64;
                    below = up_to;
                }
                photos.push(sample);
            }
        }
        let all: Vec<[f64; sample::STEPS]> = photos.iter().map(Sample::dice).collect();
        let dice = (0..sample::STEPS).map(|s| all.iter().map(|d| d[s]).sum::<f64>() / all.len() as f64).collect();
        Self { photos, dice, photos_each }
    }

    fn best(&self) -> usize {
        (1..sample::STEPS).max_by(|a, b| self.dice[*a].total_cmp(&self.dice[*b])).unwrap()
    }

    /// Some people, with all of their photos.
    fn draw(&self, people: usize, rng: &mut SplitMix64) -> (Vec<Sample>, Vec<usize>) {
        let everybody = self.photos.len() / self.photos_each;
        let mut drawn = (Vec::new(), Vec::new());
        for person in 0..people {
            let first = rng.below(everybody as u64) as usize * self.photos_each;
            drawn.0.extend_from_slice(&self.photos[first..first + self.photos_each]);
            drawn.1.extend(vec![person; self.photos_each]);
        }
        drawn
    }
}

/// Of studies: how many found another threshold, in how many of those the interval held its true gain or was wholly above it, and
/// how many promised one.
struct Tally {
    other: usize,
    held: usize,
    above: usize,
    promised: usize,
}

fn studies(world: &World, current: usize, people: usize, runs: u64) -> Tally {
    let at = |step: usize| (step as f64 - 0.5) / 255.0;
    let mut rng = SplitMix64::new(people as u64 ^ 77);
    let mut tally = Tally { other: 0, held: 0, above: 0, promised: 0 };
    for run in 0..runs {
        let (samples, subjects) = world.draw(people, &mut rng);
        let finding = threshold(&samples, Some(&subjects), at(current), run);
        let Some([low, high]) = finding.interval else { continue };
        let step = (finding.best * 255.0 + 0.5).round() as usize;
        let truth = world.dice[step] - world.dice[current];
        tally.other += 1;
        tally.held += usize::from((low..=high).contains(&truth));
        tally.above += usize::from(low > truth);
        tally.promised += usize::from(finding.verdict == Verdict::Promised);
    }
    tally
}

#[test]
fn the_interval_holds_the_true_gain_and_nothing_is_promised_where_there_is_none() {
    let world = World::new(120, 2, 0.8, 0.1, 3);
    let best = world.best();
    let none = studies(&world, best, 12, 30);
    let some = studies(&world, (best + 60).min(250), 12, 30);
    assert!(none.promised == 0, "{} of 30 promised a gain where there is none", none.promised);
    for tally in [none, some] {
        assert!(tally.held * 100 >= tally.other * 90, "{} of {} intervals hold", tally.held, tally.other);
    }
}

/// The table of docs/calibrate.md: `cargo test --locked --lib coverage -- --ignored --nocapture`.
#[test]
#[ignore = "takes a quarter of an hour"]
fn coverage() {
    println!(
        "| people | differ | photos each | settings | true gain | people in the study | interval holds | wholly above | promised |"
    );
    let (mut worst, mut sum, mut rows) = (1.0_f64, 0.0, 0.0);
    for (name, unlike, failing, each) in
        [("little", 0.8, 0.0, 1), ("little; fails on 10 %", 0.8, 0.1, 2), ("much", 2.0, 0.0, 1)]
    {
        let world = World::new(1500, each, unlike, failing, 3);
        let best = world.best();
        for (setting, off) in [("right", 0), ("a little off", 20), ("far off", 60)] {
            let current = (best + off).min(250);
            for people in [10, 20, 40, 100] {
                let runs = 300;
                let tally = studies(&world, current, people, runs);
                let share = |n: usize| 100.0 * n as f64 / tally.other.max(1) as f64;
                println!(
                    "| {name} | {each} | {setting} | {:.3} | {people} | {:.1} % | {:.1} % | {:.1} % |",
                    world.dice[best] - world.dice[current],
                    share(tally.held),
                    share(tally.above),
                    100.0 * tally.promised as f64 / runs as f64
                );
                worst = worst.min(share(tally.held) / 100.0);
                (sum, rows) = (sum + share(tally.held), rows + 1.0);
                assert!(off > 0 || tally.promised * 40 <= runs as usize, "a gain is promised where there is none");
            }
        }
    }
    println!("mean {:.1} %, worst {:.1} %", sum / rows, 100.0 * worst);
    assert!(worst > 0.93, "{worst}");
}
