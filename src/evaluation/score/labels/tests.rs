//! Figures held against scikit-learn and statsmodels (`tests/oracle/labels.py`), and intervals against what they claim.

use super::*;
use crate::evaluation::score::rng::SplitMix64;

const GOLDEN: &str = include_str!("../../../../tests/golden/labels.csv");

/// As `table` of the oracle.
fn generated(seed: u64) -> (usize, Vec<Case>) {
    let mut rng = SplitMix64::new(seed);
    let (labels, cases) = (2 + rng.below(4), 20 + rng.below(180));
    let fine = if seed.is_multiple_of(3) { 4 } else { 1000 };
    let mut case = || {
        let truth = rng.below(labels).min(rng.below(labels + 3));
        let mut score = |label| rng.below(fine) + 1 + if label == truth { rng.below(2 * fine) } else { 0 };
        let scores: Vec<f64> = (0..labels).map(|label| score(label) as f64).collect();
        let sum: f64 = scores.iter().sum();
        let probabilities: Vec<f64> = scores.into_iter().map(|score| score / sum).collect();
        let said = Some(calibration::likeliest(&probabilities));
        Case { truth: truth as usize, said, probabilities: Some(probabilities) }
    };
    (labels as usize, (0..cases).map(|_| case()).collect())
}

fn golden(what: &str) -> impl Iterator<Item = (String, [f64; 3])> {
    let lines = GOLDEN.lines().map(|line| line.split(',').map(str::to_owned).collect::<Vec<_>>());
    let of: Vec<_> = lines.filter(|line| line[0] == what).collect();
    assert!(!of.is_empty(), "{what}");
    of.into_iter().map(|line| (line[1].clone(), [2, 3, 4].map(|i| line[i].parse().unwrap_or(0.0))))
}

fn weighed(values: &[Option<f64>]) -> f64 {
    values.iter().zip(1..).map(|(value, place)| f64::from(place) * value.unwrap_or(0.0)).sum()
}

#[test]
fn a_thousand_tables_are_scored_as_scikit_learn_does() {
    let mut tables = 0;
    for (seed, [overall, of_labels, undefined]) in golden("table") {
        let (labels, cases) = generated(seed.parse().unwrap());
        let figures = Prepared::new(&cases, &vec![true; labels]).figures(&vec![1; cases.len()]);
        let (all, each) = figures.values.split_at(OVERALL.len());
        assert_eq!(figures.values.iter().filter(|v| v.is_none()).count(), undefined as usize, "table {seed}");
        assert!((weighed(all) - overall).abs() < 1e-9, "table {seed}: {} {overall}", weighed(all));
        assert!((weighed(each) - of_labels).abs() < 1e-9, "table {seed}: {} {of_labels}", weighed(each));
        tables += 1;
    }
    assert_eq!(tables, 1000);
}

fn close(ours: f64, theirs: f64) -> bool {
    (ours - theirs).abs() <= 1e-9 * theirs.abs()
}

#[test]
fn mcnemar_is_that_of_statsmodels() {
    for (cells, [exact, chi2, p]) in golden("mcnemar") {
        let (b, c) = cells.split_once('/').unwrap();
        let (b, c): (u64, u64) = (b.parse().unwrap(), c.parse().unwrap());
        let pairs = [((true, true), 10), ((true, false), b), ((false, true), c), ((false, false), 3)];
        let found = mcnemar(pairs.into_iter().flat_map(|(pair, n)| (0..n).map(move |_| pair)));
        assert_eq!((found.only_first_right, found.only_second_right, found.both_wrong), (b, c, 3));
        assert!(close(found.exact_p, exact), "{cells}: {} {exact}", found.exact_p);
        match found.chi2.zip(found.chi2_p) {
            Some((ours, ours_p)) => assert!(close(ours, chi2) && close(ours_p, p), "{cells}: {ours_p} {p}"),
            None => assert_eq!(b + c, 0),
        }
    }
}

#[test]
fn wilsons_interval_is_that_of_statsmodels() {
    for (cells, [low, high, _]) in golden("wilson") {
        let (part, all) = cells.split_once('/').unwrap();
        let [ours_low, ours_high] = wilson(part.parse().unwrap(), all.parse().unwrap()).unwrap();
        assert!((ours_low - low).abs() < 1e-12 && (ours_high - high).abs() < 1e-12, "{cells}");
    }
    assert_eq!(wilson(0, 0), None);
}

#[test]
fn a_resample_counts_each_case_as_often_as_it_was_drawn() {
    let (labels, cases) = generated(8);
    let weights: Vec<u32> = (0..cases.len() as u32).map(|i| i % 4).collect();
    let repeated: Vec<Case> =
        cases.iter().zip(&weights).flat_map(|(case, &n)| std::iter::repeat_n(case.clone(), n as usize)).collect();
    let knows = vec![true; labels];
    let weighted = Prepared::new(&cases, &knows).figures(&weights);
    let plain = Prepared::new(&repeated, &knows).figures(&vec![1; repeated.len()]);
    assert_eq!(weighted.confusion, plain.confusion);
    for (a, b) in weighted.values.iter().zip(&plain.values) {
        assert!((a.unwrap() - b.unwrap()).abs() < 1e-12);
    }
}

#[test]
fn who_abstains_is_counted_apart_but_ranked_with_the_others() {
    let case = |truth, said, p: f64| Case { truth, said, probabilities: Some(vec![p, 1.0 - p]) };
    let cases = [case(0, Some(0), 0.9), case(0, None, 0.4), case(1, Some(1), 0.2), case(1, None, 0.55)];
    let found = Prepared::new(&cases, &[true, true]).figures(&[1; 4]);
    assert_eq!((found.confusion.abstained.as_slice(), found.confusion.decided()), (&[1, 1][..], 2));
    assert_eq!(found.values[0], Some(1.0));
    // 0.9 stands above both others, 0.4 above one of them.
    assert_eq!(found.values[OVERALL.len() + 5], Some(0.75));
}

/// How often intervals of the accuracy hold the true one: Wilson's, the bootstrap's by case, and by person.
fn coverage(studies: u64, people: usize, photos: usize, spread: f64) -> [f64; 3] {
    let mut rng = SplitMix64::new(studies);
    let mut held = [0_u32; 3];
    for study in 0..studies {
        let (mut cases, mut subjects) = (Vec::new(), Vec::new());
        for person in 0..people {
            // Some people are harder than others; on average 0.8.
            let hard = if rng.below(2) == 0 { 0.8 - spread } else { 0.8 + spread };
            for _ in 0..photos {
                let right = (rng.below(1 << 20) as f64) < hard * f64::from(1 << 20);
                cases.push(Case { truth: 0, said: Some(usize::from(!right)), probabilities: None });
                subjects.push(person);
            }
        }
        let prepared = Prepared::new(&cases, &[false, false]);
        let accuracy = |weights: &[u32]| vec![Confusion::count(prepared.cases(), 2, weights).accuracy()];
        let right = Confusion::count(&cases, 2, &vec![1; cases.len()]).right();
        let boot = |by: Resampling| by.intervals(study, accuracy).unwrap()[0].unwrap();
        let intervals = [
            wilson(right, cases.len() as u64).unwrap(),
            boot(Resampling::of_cases(cases.len())),
            boot(Resampling::of_subjects(&subjects)),
        ];
        for (held, [low, high]) in held.iter_mut().zip(intervals) {
            *held += u32::from((low..=high).contains(&0.8));
        }
    }
    held.map(|n| f64::from(n) / studies as f64)
}

#[test]
fn intervals_hold_the_truth_about_as_often_as_they_say() {
    let [wilson, by_case, by_person] = coverage(120, 60, 1, 0.0);
    assert!(wilson > 0.89 && by_case > 0.88 && by_person > 0.88, "{wilson} {by_case} {by_person}");
}

/// `cargo test --release --lib coverage -- --ignored --nocapture`; the figures are in docs/labels.md.
#[test]
#[ignore = "takes minutes"]
fn coverage_of_many_studies() {
    for (people, photos, spread) in [(50, 1, 0.0), (200, 1, 0.0), (50, 6, 0.2), (100, 6, 0.2)] {
        let [wilson, by_case, by_person] = coverage(2000, people, photos, spread);
        println!("{people} people, {photos} photos each, {spread}: {wilson} {by_case} {by_person}");
        assert!((0.92..=0.97).contains(&by_person), "{by_person}");
        if spread == 0.0 {
            assert!((0.93..=0.97).contains(&wilson) && (0.92..=0.97).contains(&by_case), "{wilson} {by_case}");
        } else {
            // Photos of one person are alike: whoever takes them for independent promises too much.
            assert!(wilson < 0.90 && by_case < 0.90, "{wilson} {by_case}");
        }
    }
}
