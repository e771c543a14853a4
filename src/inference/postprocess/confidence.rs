//! How sure the model was, counted on its own grid: every cell weighs as many photo pixels as it covers.

use super::{Decision, ProbMap};
use crate::domain::mask::is_lesion;
use crate::domain::record::Confidence;

/// A cell whose best class is less likely than this is undecided.
const UNDECIDED_BELOW: f32 = 0.6;

pub fn confidence(looks: &[ProbMap], decision: Decision) -> Confidence {
    let (mut all, mut undecided, mut lesion, mut probability, mut entropy) = (0.0, 0.0, 0.0, 0.0, 0.0);
    for (i, look) in looks.iter().enumerate() {
        let planes: Vec<&[f32]> = (0..look.classes()).map(|class| look.plane(class as u8)).collect();
        let mut p = vec![0.0; planes.len()];
        look.for_each_cell(&looks[i + 1..], |cell, weight| {
            p.iter_mut().zip(&planes).for_each(|(p, plane)| *p = plane[cell]);
            all += weight;
            if p.iter().copied().fold(0.0, f32::max) < UNDECIDED_BELOW {
                undecided += weight;
            }
            let class = decision.class(&p);
            if is_lesion(class) {
                lesion += weight;
                probability += weight * f64::from(p[usize::from(class)]);
                entropy -=
                    weight * p.iter().map(|&p| f64::from(p)).filter(|&p| p > 0.0).map(|p| p * p.ln()).sum::<f64>();
            }
        });
    }
    let share = |sum: f64| (lesion > 0.0).then(|| sum / lesion);
    Confidence {
        lesion_mean: share(probability),
        lesion_entropy: share(entropy),
        undecided_fraction: Some(if all > 0.0 { undecided / all } else { 0.0 }),
        ..Confidence::default()
    }
}
