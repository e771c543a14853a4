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
    assert!((sample.likelihood(1.0) - by_hand.exp()).abs() < 1e-12);
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
    photos_each: usize,
}

/// The sum of twelve is nearly normal.
fn normal(rng: &mut SplitMix64) -> f64 {
    (0..12).map(|_| rng.draw() as f64 / u64::MAX as f64).sum::<f64>() - 6.0
}

impl World {
    /// Logits of lesions and of all else are normal around middles that differ from person to person by `unlike`; on some, the
    /// model fails. All logits are told `sure` times as large as they are.
    fn new(people: usize, photos_each: usize, unlike: f64, failing: f64, sure: f64) -> Self {
        let seed = 3;
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
                    let edge = (p / (1.0 - p).max(1e-9)).ln() / sure;
                    let up_to =
                        [lesion, other].map(|middle| if step == 255 { 1.0 } else { logistic((edge - middle) / 1.5) });
                    sample.lesion[step] = (1e5 * area * (up_to[0] - below[0])).round() as u64;
                    sample.other[step] = (1e5 * (1.0 - area) * (up_to[1] - below[1])).round() as u64;
                    below = up_to;
                }
                photos.push(sample);
            }
        }
        Self { photos, photos_each }
    }

    /// What each of many settings is worth on one more photo of anybody.
    fn worth(&self, of_photo: impl Fn(&Sample) -> Vec<f64>) -> Vec<f64> {
        let all: Vec<Vec<f64>> = self.photos.iter().map(of_photo).collect();
        (0..all[0].len()).map(|s| all.iter().map(|worth| worth[s]).sum::<f64>() / all.len() as f64).collect()
    }

    fn dice(&self) -> Vec<f64> {
        self.worth(|photo| photo.dice().to_vec())
    }

    fn likelihood(&self) -> Vec<f64> {
        let tried = temperatures();
        self.worth(|photo| tried.iter().map(|t| photo.likelihood(*t)).collect())
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

/// `study` says what was found of some people's photos, and the true gain of that.
fn studies(
    world: &World,
    people: usize,
    runs: u64,
    study: impl Fn(&[Sample], &[usize], u64) -> (Finding, f64),
) -> Tally {
    let mut rng = SplitMix64::new(people as u64 ^ 77);
    let mut tally = Tally { other: 0, held: 0, above: 0, promised: 0 };
    for run in 0..runs {
        let (samples, subjects) = world.draw(people, &mut rng);
        let (finding, truth) = study(&samples, &subjects, run);
        let Some([low, high]) = finding.interval else { continue };
        tally.other += 1;
        tally.held += usize::from((low..=high).contains(&truth));
        tally.above += usize::from(low > truth);
        tally.promised += usize::from(finding.verdict == Verdict::Promised);
    }
    tally
}

fn best_of(worth: &[f64]) -> usize {
    (1..worth.len()).max_by(|a, b| worth[*a].total_cmp(&worth[*b])).unwrap()
}

/// Studies of a model whose threshold is the `current`th step.
fn threshold_studies(world: &World, dice: &[f64], current: usize, people: usize, runs: u64) -> Tally {
    studies(world, people, runs, |samples, subjects, run| {
        let finding = threshold(samples, Some(subjects), (current as f64 - 0.5) / 255.0, run);
        let step = (finding.best * 255.0 + 0.5).round() as usize;
        let truth = dice[step] - dice[current];
        (finding, truth)
    })
}

fn temperature_studies(world: &World, likelihood: &[f64], people: usize, runs: u64) -> Tally {
    let tried = temperatures();
    let place = |t: f64| tried.iter().position(|other| *other == t).unwrap();
    studies(world, people, runs, |samples, subjects, run| {
        let finding = temperature(samples, Some(subjects), run);
        let truth = likelihood[place(finding.best)] - likelihood[place(1.0)];
        (finding, truth)
    })
}

#[test]
fn the_interval_holds_the_true_gain_and_nothing_is_promised_where_there_is_none() {
    let world = World::new(120, 2, 0.8, 0.1, 1.0);
    let dice = world.dice();
    let best = best_of(&dice);
    let none = threshold_studies(&world, &dice, best, 12, 30);
    let some = threshold_studies(&world, &dice, (best + 60).min(250), 12, 30);
    assert!(none.promised == 0, "{} of 30 promised a gain where there is none", none.promised);
    for tally in [none, some] {
        assert!(tally.held * 100 >= tally.other * 90, "{} of {} intervals hold", tally.held, tally.other);
    }
}

#[test]
fn the_interval_of_the_temperature_holds_the_true_gain_also_where_the_model_fails_on_some() {
    let world = World::new(120, 2, 0.8, 0.1, 1.5);
    let tally = temperature_studies(&world, &world.likelihood(), 12, 40);
    assert!(tally.held * 100 >= tally.other * 90, "{} of {} intervals hold", tally.held, tally.other);
}

/// Kinds of people: by how much they differ, on how many the model fails, and how many photos each has.
const KINDS: [(&str, f64, f64, usize); 3] =
    [("little", 0.8, 0.0, 1), ("little; fails on 10 %", 0.8, 0.1, 2), ("much", 2.0, 0.0, 1)];
const RUNS: usize = 300;
const HEADINGS: &str =
    "| people | photos each | setting | true gain | people in the study | interval holds | wholly above | promised |";

/// A line of the tables of docs/calibrate.md, and its share of intervals that hold.
fn line(kind: &str, each: usize, setting: &str, gain: f64, people: usize, tally: &Tally) -> f64 {
    let share = |n: usize| 100.0 * n as f64 / tally.other.max(1) as f64;
    let (held, above, promised) = (share(tally.held), share(tally.above), 100.0 * tally.promised as f64 / RUNS as f64);
    println!("| {kind} | {each} | {setting} | {gain:.4} | {people} | {held:.1} % | {above:.1} % | {promised:.1} % |");
    assert!(gain > 0.0 || tally.promised * 40 <= RUNS, "a gain is promised where there is none");
    held
}

/// `cargo test --locked --lib calibrate::tests::coverage -- --ignored --nocapture` prints the tables of docs/calibrate.md.
#[test]
#[ignore = "takes a quarter of an hour"]
fn coverage_of_thresholds() {
    println!("{HEADINGS}");
    let mut held = Vec::new();
    for (kind, unlike, failing, each) in KINDS {
        let world = World::new(1500, each, unlike, failing, 1.0);
        let dice = world.dice();
        let best = best_of(&dice);
        for (setting, off) in [("right", 0), ("a little off", 20), ("far off", 60)] {
            let current = (best + off).min(250);
            for people in [10, 20, 40, 100] {
                let tally = threshold_studies(&world, &dice, current, people, RUNS as u64);
                held.push(line(kind, each, setting, dice[best] - dice[current], people, &tally));
            }
        }
    }
    assert!(held.iter().all(|share| *share > 93.0), "{held:?}");
}

#[test]
#[ignore = "takes a quarter of an hour"]
fn coverage_of_temperatures() {
    println!("{HEADINGS}");
    let tried = temperatures();
    let mut held = Vec::new();
    for (kind, unlike, failing, each) in KINDS {
        // How sure a model of these people may be, so that its temperature is right.
        let fair = 1.0 / tried[best_of(&World::new(1500, each, unlike, failing, 1.0).likelihood())];
        for (setting, true_temperature) in [("right", 1.0), ("too sure", 1.5), ("not sure enough", 0.6)] {
            let world = World::new(1500, each, unlike, failing, fair * true_temperature);
            let likelihood = world.likelihood();
            let best = best_of(&likelihood);
            let gain = likelihood[best] - likelihood[TEMPERATURES as usize];
            println!("the true temperature is {:.2}", tried[best]);
            for people in [10, 20, 40] {
                let tally = temperature_studies(&world, &likelihood, people, RUNS as u64);
                held.push(line(kind, each, setting, gain, people, &tally));
            }
        }
    }
    assert!(held.iter().all(|share| *share > 91.0), "{held:?}");
}
