//! Findings against findings, place by place: which were hit, which were missed, which are false; and the curve over confidence.
//!
//! A finding is a box. Pairs that fit are taken one after the other: the surest finding first, of equal ones the pair that fits best. So
//! what a less sure finding does never changes what a surer one did, and one matching serves every point of the curve.

use crate::domain::geometry::Rect;

/// False findings per image at which the curve is read.
pub const RATES: [f64; 7] = [0.125, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0];

/// When two boxes are of the same finding.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Rule {
    /// Their common area over the area of both together is at least this.
    Iou(f64),
    /// The middle of the one that was found lies in the one that was marked.
    Centre,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    pub area: Rect,
    pub kind: Option<String>,
    pub confidence: f64,
}

pub fn iou(a: &Rect, b: &Rect) -> f64 {
    let side = |a: f64, a_size: f64, b: f64, b_size: f64| ((a + a_size).min(b + b_size) - a.max(b)).max(0.0);
    let common = side(a.x, a.width, b.x, b.width) * side(a.y, a.height, b.y, b.height);
    let both = a.width * a.height + b.width * b.height - common;
    if both > 0.0 { common / both } else { 0.0 }
}

/// How well two boxes fit; nothing where they do not.
fn fit(found: &Rect, marked: &Rect, rule: Rule) -> Option<f64> {
    let overlap = iou(found, marked);
    let fits = match rule {
        // What is exactly at the limit is not lost by rounding.
        Rule::Iou(least) => overlap >= least - 1e-9,
        Rule::Centre => marked.contains(found.x + found.width / 2.0, found.y + found.height / 2.0),
    };
    fits.then_some(overlap)
}

/// For every finding, the mark that it hits.
pub fn matches(found: &[&Finding], marked: &[&Finding], rule: Rule) -> Vec<Option<usize>> {
    let mut pairs: Vec<(f64, usize, usize)> = Vec::new();
    for (f, finding) in found.iter().enumerate() {
        for (m, mark) in marked.iter().enumerate() {
            pairs.extend(fit(&finding.area, &mark.area, rule).map(|fit| (fit, f, m)));
        }
    }
    let sure = |f: usize| found[f].confidence;
    pairs.sort_by(|a, b| sure(b.1).total_cmp(&sure(a.1)).then(b.0.total_cmp(&a.0)).then((a.1, a.2).cmp(&(b.1, b.2))));
    let (mut hits, mut taken) = (vec![None; found.len()], vec![false; marked.len()]);
    for (_, f, m) in pairs {
        if hits[f].is_none() && !taken[m] {
            (hits[f], taken[m]) = (Some(m), true);
        }
    }
    hits
}

/// One image: how many things were marked, and every finding with its confidence and whether it hit.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tally {
    pub marked: u64,
    pub found: Vec<(f64, bool)>,
}

/// Figures of many images; what cannot be known is missing. Sensitivity, precision, F1, false findings per image, sensitivity at each of `RATES`, and the mean of those. `weights` says how
/// often each image counts.
pub fn figures(images: &[Tally], weights: &[u32]) -> Vec<Option<f64>> {
    let weighed = || images.iter().zip(weights.iter().map(|weight| f64::from(*weight)));
    let count: f64 = weighed().map(|(_, weight)| weight).sum();
    let marked: f64 = weighed().map(|(image, weight)| weight * image.marked as f64).sum();
    let mut events: Vec<(f64, bool, f64)> = weighed()
        .filter(|(_, weight)| *weight > 0.0)
        .flat_map(|(image, weight)| image.found.iter().map(move |(sure, hit)| (*sure, *hit, weight)))
        .collect();
    events.sort_by(|a, b| b.0.total_cmp(&a.0));
    let (mut hits, mut wrong) = (0.0, 0.0);
    let mut at = [0.0; RATES.len()];
    let mut events = events.as_slice();
    // Equally sure findings come together.
    while let Some((sure, ..)) = events.first() {
        let (now, later) = events.split_at(events.iter().take_while(|event| event.0 == *sure).count());
        for (_, hit, weight) in now {
            *(if *hit { &mut hits } else { &mut wrong }) += weight;
        }
        for (best, rate) in at.iter_mut().zip(RATES) {
            if wrong <= rate * count {
                *best = hits;
            }
        }
        events = later;
    }
    let share = |part: f64, all: f64| (all > 0.0).then(|| part / all);
    let curve = at.map(|hits| share(hits, marked));
    let mean = share(at.iter().sum(), marked * RATES.len() as f64);
    let mut values = vec![
        share(hits, marked),
        share(hits, hits + wrong),
        share(2.0 * hits, hits + wrong + marked),
        share(wrong, count),
    ];
    values.extend(curve);
    values.push(mean);
    values
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluation::score::rng::SplitMix64;

    fn at(x: f64, y: f64, side: f64, confidence: f64) -> Finding {
        Finding { area: Rect { x, y, width: side, height: side }, kind: None, confidence }
    }

    fn matched(found: &[Finding], marked: &[Finding], rule: Rule) -> Vec<Option<usize>> {
        matches(&found.iter().collect::<Vec<_>>(), &marked.iter().collect::<Vec<_>>(), rule)
    }

    #[test]
    fn a_mark_is_hit_once_by_the_surest() {
        let marked = [at(0.0, 0.0, 10.0, 1.0), at(30.0, 0.0, 10.0, 1.0)];
        let found = [at(1.0, 0.0, 10.0, 0.6), at(4.0, 0.0, 10.0, 0.9), at(60.0, 0.0, 5.0, 0.7)];
        assert_eq!(matched(&found, &marked, Rule::Iou(0.3)), [None, Some(0), None]);
        assert_eq!(matched(&found, &marked, Rule::Iou(0.5)), [Some(0), None, None], "4 of 10 apart is 0.43");
        // Equally sure ones: the better fit.
        let equal = [at(4.0, 0.0, 10.0, 0.9), at(1.0, 0.0, 10.0, 0.9)];
        assert_eq!(matched(&equal, &marked, Rule::Iou(0.3)), [None, Some(0)]);
        // A small finding in the middle of a large mark.
        let small = [at(4.0, 4.0, 2.0, 0.9)];
        assert_eq!(
            (matched(&small, &marked, Rule::Iou(0.1)), matched(&small, &marked, Rule::Centre)),
            (vec![None], vec![Some(0)])
        );
    }

    #[test]
    fn the_curve_counts_by_hand() {
        let images = [
            Tally { marked: 2, found: vec![(0.9, true), (0.8, false), (0.3, true)] },
            Tally { marked: 1, found: vec![(0.7, false)] },
        ];
        let figures = figures(&images, &[1, 1]);
        let third = Some(1.0 / 3.0);
        assert_eq!(figures.len(), 5 + RATES.len());
        assert_eq!(figures[..4], [Some(2.0 / 3.0), Some(0.5), Some(4.0 / 7.0), Some(1.0)]);
        // One false finding in two images is 0.5 an image, two are 1: only then the second hit comes.
        assert_eq!(figures[4..8], [third, third, third, Some(2.0 / 3.0)]);
        assert_eq!(super::figures(&images, &[0, 1])[0], Some(0.0));
        assert_eq!(super::figures(&[Tally::default()], &[1])[..4], [None, None, None, Some(0.0)]);
    }

    /// Sums that tests/oracle/detection.py wrote of the same generated images.
    #[test]
    fn the_figures_are_those_of_the_oracle() {
        let golden = include_str!("../../../tests/golden/detection.csv");
        let mut lines = 0;
        for line in golden.lines().skip(1) {
            let cells: Vec<f64> = line.split(',').map(|cell| cell.parse().unwrap()).collect();
            let mut rng = SplitMix64::new(cells[0] as u64);
            for (rule, wanted) in [Rule::Iou(0.3), Rule::Centre].into_iter().zip(&cells[1..]) {
                let images: Vec<Tally> = (0..12).map(|_| generated(&mut rng, rule)).collect();
                let figures = figures(&images, &[1; 12]);
                let sum: f64 = figures.iter().zip(1..).map(|(v, i)| f64::from(i) * v.unwrap_or(0.0)).sum();
                assert!((sum - wanted).abs() < 1e-9, "{line}: {sum}");
            }
            lines += 1;
        }
        assert_eq!(lines, 200);
    }

    fn generated(rng: &mut SplitMix64, rule: Rule) -> Tally {
        let mut boxes = |most: u64, levels: u64| -> Vec<Finding> {
            let count = rng.below(most);
            (0..count)
                .map(|_| {
                    let [x, y, width, height, sure] = [40, 40, 20, 20, levels].map(|n| rng.below(n) as f64);
                    Finding {
                        area: Rect { x, y, width: width + 5.0, height: height + 5.0 },
                        kind: None,
                        confidence: sure,
                    }
                })
                .collect()
        };
        let (marked, found) = (boxes(5, 1), boxes(8, 10));
        let hits = matched(&found, &marked, rule);
        Tally {
            marked: marked.len() as u64,
            found: found.iter().zip(hits).map(|(f, hit)| (f.confidence, hit.is_some())).collect(),
        }
    }
}
