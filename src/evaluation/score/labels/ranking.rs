//! Probabilities judged by their order: the area under the ROC curve and average precision, one label against the rest.

use super::Case;

/// For every label that the classifier knows: the cases from the highest probability down, in groups of equal ones.
pub struct Ranking {
    of: Vec<Option<Vec<Vec<Ranked>>>>,
}

#[derive(Clone, Copy)]
struct Ranked {
    case: usize,
    is_true: bool,
}

impl Ranking {
    pub fn new(cases: &[Case], knows: &[bool]) -> Self {
        let groups = |label: usize| {
            let mut all: Vec<(f64, Ranked)> = Vec::new();
            for (i, case) in cases.iter().enumerate() {
                if let Some(probabilities) = &case.probabilities {
                    all.push((probabilities[label], Ranked { case: i, is_true: case.truth == label }));
                }
            }
            all.sort_by(|a, b| b.0.total_cmp(&a.0));
            all.chunk_by(|a, b| a.0 == b.0).map(|group| group.iter().map(|(_, ranked)| *ranked).collect()).collect()
        };
        Self { of: knows.iter().enumerate().map(|(label, known)| known.then(|| groups(label))).collect() }
    }

    pub fn knows(&self, label: usize) -> bool {
        self.of[label].is_some()
    }

    /// Area and average precision of every label; None where there are no cases of it, or (for the area) no others.
    pub fn of_labels(&self, weights: &[u32]) -> Vec<(Option<f64>, Option<f64>)> {
        self.of.iter().map(|groups| groups.as_ref().map_or((None, None), |groups| scores(groups, weights))).collect()
    }
}

fn scores(groups: &[Vec<Ranked>], weights: &[u32]) -> (Option<f64>, Option<f64>) {
    // True and other cases so far, from the top.
    let (mut true_above, mut others_above) = (0_u64, 0_u64);
    // Pairs in the right order count two, ties one: whole numbers, so that nothing is rounded.
    let mut pairs = 0_u128;
    let mut precision = 0.0;
    for group in groups {
        let (mut here, mut others) = (0_u64, 0_u64);
        for ranked in group {
            let weight = u64::from(weights[ranked.case]);
            *if ranked.is_true { &mut here } else { &mut others } += weight;
        }
        pairs += u128::from(others) * u128::from(2 * true_above + here);
        true_above += here;
        others_above += others;
        if here > 0 {
            precision += here as f64 * (true_above as f64 / (true_above + others_above) as f64);
        }
    }
    let all = 2 * u128::from(true_above) * u128::from(others_above);
    ((all > 0).then(|| pairs as f64 / all as f64), (true_above > 0).then(|| precision / true_above as f64))
}
