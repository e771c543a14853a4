//! Signs that a mask is not to be trusted, read off the model's answers without a reference.
//!
//! They find the model's unsure masks, not the diseases it does not know: there it is sure and wrong. How many bad masks
//! they find stands in the model's card.

use super::paint::{Crossings, MAX_CLASSES};
use super::{Decision, ProbMap};
use crate::domain::mask::is_lesion;

/// Cells under this lesion probability have no say in `lesion_doubt`.
const POSSIBLE: f32 = 0.1;

/// Mean of 4p(1-p) over the photo's cells where a lesion is possible: 0 sure, 1 undecided. None where it is nowhere.
pub fn lesion_doubt(looks: &[ProbMap]) -> Option<f64> {
    let (mut area, mut doubt) = (0.0, 0.0);
    for (i, look) in looks.iter().enumerate() {
        let planes: Vec<&[f32]> = look.lesions().collect();
        look.for_each_cell(&looks[i + 1..], |cell, weight| {
            let p = planes.iter().map(|plane| plane[cell]).sum::<f32>().min(1.0);
            if p > POSSIBLE {
                area += weight;
                doubt += weight * f64::from(4.0 * p * (1.0 - p));
            }
        });
    }
    (area > 0.0).then(|| doubt / area)
}

/// One minus the Dice of what two looks call lesion, inside the part that both saw; 0 where neither found anything.
pub fn disagreement(first: &ProbMap, closer: &ProbMap, decision: Decision) -> f64 {
    let (mut once, mut again, mut both) = (0u32, 0u32, 0u32);
    let far = Crossings::at_cells_of(first, closer);
    let near: Vec<&[f32]> = (0..closer.classes() as u8).map(|class| closer.plane(class)).collect();
    let (classes, width) = (closer.classes(), closer.width());
    let mut chances = [0.0; MAX_CLASSES];
    let mut is_lesion = |of: &dyn Fn(usize) -> f32| {
        (0..classes).for_each(|class| chances[class] = of(class));
        is_lesion(decision.class(&chances[..classes]))
    };
    closer.for_each_cell(&[], |cell, _| {
        let near = is_lesion(&|class| near[class][cell]);
        let far = is_lesion(&|class| far.sample(class, cell % width, cell / width));
        once += u32::from(far);
        again += u32::from(near);
        both += u32::from(far && near);
    });
    if once + again == 0 { 0.0 } else { 1.0 - 2.0 * f64::from(both) / f64::from(once + again) }
}

#[cfg(test)]
mod tests {
    use ndarray::Array3;

    use super::*;
    use crate::domain::geometry::{Placement, Rect};

    /// A map of 10 x 10 cells over `source`, with that lesion probability in some columns.
    fn map(source: Rect, columns: std::ops::Range<usize>, p: f32) -> ProbMap {
        let mut planes = Array3::zeros((3, 10, 10));
        planes.slice_mut(ndarray::s![2, .., columns]).fill(p);
        ProbMap {
            planes,
            placement: Placement { source, content: Rect::whole(10, 10), frame_width: 10, frame_height: 10 },
        }
    }

    #[test]
    fn doubt_is_greatest_at_a_half_and_unknown_without_a_find() {
        let whole = Rect::whole(100, 100);
        assert_eq!(lesion_doubt(&[map(whole, 0..4, 0.5)]), Some(1.0));
        assert!(lesion_doubt(&[map(whole, 0..4, 0.99)]).unwrap() < 0.05);
        assert_eq!(lesion_doubt(&[map(whole, 0..10, 0.05)]), None);
    }

    #[test]
    fn what_a_closer_look_replaced_does_not_count() {
        let half = Rect { x: 0.0, y: 0.0, width: 50.0, height: 100.0 };
        let looks = [map(Rect::whole(100, 100), 0..5, 0.5), map(half, 0..10, 1.0)];
        assert_eq!(lesion_doubt(&looks), Some(0.0));
    }

    #[test]
    fn looks_disagree_by_what_only_one_of_them_marks() {
        let first = map(Rect::whole(100, 100), 0..5, 0.9);
        let part = Rect { x: 0.0, y: 0.0, width: 100.0, height: 50.0 };
        assert!(disagreement(&first, &map(part, 0..5, 0.9), Decision::of_lesion(0.5)) < 1e-9);
        assert_eq!(disagreement(&first, &map(part, 5..10, 0.9), Decision::of_lesion(0.5)), 1.0);
        assert_eq!(disagreement(&first, &map(part, 0..0, 0.9), Decision::of_lesion(0.5)), 1.0);
        assert_eq!(
            disagreement(&map(Rect::whole(100, 100), 0..0, 0.9), &map(part, 0..0, 0.9), Decision::of_lesion(0.5)),
            0.0
        );
    }
}
