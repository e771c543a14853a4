//! Raw output → probabilities of background, skin and each kind of lesion, as the model gives them: never stretched to fill 0 to 1,
//! so that "no lesion" stays possible.

use ndarray::Array3;

use super::ProbMap;
use crate::domain::geometry::Placement;
use crate::domain::mask::{BACKGROUND, LESION, SKIN};
use crate::error::PhotoError;
use crate::inference::manifest::{Activation, Class, ClassRole, Layout, Output, Values};
use crate::inference::runtime::RawMap;

pub fn interpret(raw: &RawMap, output: &Output, placement: &Placement) -> Result<ProbMap, PhotoError> {
    let unexpected = || PhotoError::UnexpectedOutput { shape: raw.shape.clone(), classes: output.classes.len() };
    let (channels, height, width) = match (raw.shape.as_slice(), output.layout) {
        (&[1, c, h, w], Layout::Nchw) | (&[1, h, w, c], Layout::Nhwc) => (c, h, w),
        (&[1, h, w], _) => (1, h, w),
        _ => return Err(unexpected()),
    };
    let wanted = if output.values == Values::Labels { 1 } else { output.classes.len() };
    if channels != wanted || width == 0 || height == 0 || raw.values.len() != channels * height * width {
        return Err(unexpected());
    }
    if raw.values.iter().any(|v| !v.is_finite()) {
        return Err(PhotoError::NotANumber);
    }
    let size = width * height;
    // Where channel c of pixel i is.
    let index = |c: usize, i: usize| {
        if output.layout == Layout::Nhwc && raw.shape.len() == 4 { i * channels + c } else { c * size + i }
    };
    let kinds = output.kinds().names;
    let plane_of: Vec<Option<usize>> = output.classes.iter().map(|class| plane_of(class, &kinds)).collect();
    // A model that knows no lesion has a plane for it in which nothing is.
    let count = usize::from(LESION) + kinds.len().max(1);
    let mut planes = Array3::<f32>::zeros((count, height, width));
    let all = planes.as_slice_mut().expect("a fresh array is contiguous");
    let mut scores = vec![0f32; channels];
    let mut sums = vec![0f32; count];
    for i in 0..size {
        sums.fill(0.0);
        if output.values == Values::Labels {
            let plane = plane_of.get(raw.values[index(0, i)] as usize).copied().flatten();
            sums[plane.unwrap_or(usize::from(BACKGROUND))] = 1.0;
        } else {
            (0..channels).for_each(|c| scores[c] = raw.values[index(c, i)]);
            activate(&mut scores, output.activation, output.temperature as f32);
            for (score, plane) in scores.iter().zip(&plane_of) {
                if let Some(plane) = plane {
                    sums[*plane] += score;
                }
            }
            if channels == 1 {
                sums[usize::from(BACKGROUND)] = 1.0 - scores[0];
            }
        }
        (0..count).for_each(|p| all[p * size + i] = sums[p].clamp(0.0, 1.0));
    }
    Ok(ProbMap { planes, placement: placement.scaled_to(width as u32, height as u32) })
}

/// The planes are in the order of the values in a mask.
fn plane_of(class: &Class, kinds: &[String]) -> Option<usize> {
    match class.role {
        ClassRole::Background | ClassRole::NotLesion => Some(usize::from(BACKGROUND)),
        ClassRole::Skin => Some(usize::from(SKIN)),
        ClassRole::Lesion => Some(usize::from(LESION) + kinds.iter().position(|kind| *kind == class.name)?),
        ClassRole::Ignore => None,
    }
}

/// Scores become probabilities.
pub fn activate(scores: &mut [f32], activation: Activation, temperature: f32) {
    match activation {
        Activation::None => {}
        Activation::Sigmoid => scores.iter_mut().for_each(|s| *s = 1.0 / (1.0 + (-*s / temperature).exp())),
        Activation::Softmax => {
            let top = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            let mut sum = 0.0;
            for score in scores.iter_mut() {
                *score = ((*score - top) / temperature).exp();
                sum += *score;
            }
            scores.iter_mut().for_each(|s| *s /= sum);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::geometry::Rect;
    use crate::inference::manifest::{Element, Thresholds};

    fn output(classes: &[ClassRole], layout: Layout, values: Values, activation: Activation) -> Output {
        let (classes, thresholds) = (classes.iter().map(|&role| role.into()).collect(), Thresholds::of_lesion(0.5));
        Output { name: "y".into(), layout, values, activation, classes, overlap: None, temperature: 1.0, thresholds }
    }

    fn read(shape: &[usize], values: &[f32], output: &Output) -> Result<ProbMap, PhotoError> {
        let placement =
            Placement { source: Rect::whole(30, 20), content: Rect::whole(3, 2), frame_width: 3, frame_height: 2 };
        interpret(
            &RawMap { shape: shape.to_vec(), element: Element::Float32, values: values.to_vec() },
            output,
            &placement,
        )
    }

    #[test]
    fn both_layouts_give_the_same_map() {
        let classes = [ClassRole::Skin, ClassRole::Lesion];
        // Two channels of a map 3 wide and 2 high.
        let planar = [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 0.5, 0.5, 9.0, 0.5, 0.5, 0.5];
        let interleaved: Vec<f32> = (0..6).flat_map(|i| [planar[i], planar[6 + i]]).collect();
        let a =
            read(&[1, 2, 2, 3], &planar, &output(&classes, Layout::Nchw, Values::Logits, Activation::Softmax)).unwrap();
        let b = read(&[1, 2, 3, 2], &interleaved, &output(&classes, Layout::Nhwc, Values::Logits, Activation::Softmax))
            .unwrap();
        assert_eq!(a, b);
        assert!((a.planes[[2, 0, 2]] - 1.0 / (1.0 + (-7f32).exp())).abs() < 1e-6);
    }

    #[test]
    fn a_faint_sigmoid_stays_faint() {
        let map = read(
            &[1, 1, 2, 3],
            &[-4.0; 6],
            &output(&[ClassRole::Lesion], Layout::Nchw, Values::Logits, Activation::Sigmoid),
        )
        .unwrap();
        assert!(map.plane(LESION).iter().all(|&p| p < 0.02));
        assert!(map.plane(BACKGROUND).iter().all(|&p| p > 0.98));
    }

    #[test]
    fn many_classes_are_summed_by_role() {
        let classes = [ClassRole::Skin, ClassRole::Lesion, ClassRole::Lesion, ClassRole::Ignore];
        let values: Vec<f32> = [0.3, 0.35, 0.25, 0.1].iter().flat_map(|&v| [v; 6]).collect();
        let map =
            read(&[1, 4, 2, 3], &values, &output(&classes, Layout::Nchw, Values::Probabilities, Activation::None))
                .unwrap();
        assert!((map.planes[[2, 1, 1]] - 0.6).abs() < 1e-6 && (map.planes[[1, 1, 1]] - 0.3).abs() < 1e-6);
    }

    #[test]
    fn class_indices_are_taken_as_they_are() {
        let classes = [ClassRole::Background, ClassRole::Skin, ClassRole::Lesion];
        let spec = output(&classes, Layout::Nchw, Values::Labels, Activation::None);
        let map = read(&[1, 2, 3], &[0.0, 1.0, 2.0, 2.0, 1.0, 7.0], &spec).unwrap();
        assert_eq!(map.plane(LESION), [0.0, 0.0, 1.0, 1.0, 0.0, 0.0]);
        assert_eq!(map.plane(BACKGROUND), [1.0, 0.0, 0.0, 0.0, 0.0, 1.0]);
    }

    #[test]
    fn not_a_number_is_an_error_not_a_mask() {
        let spec = output(&[ClassRole::Lesion], Layout::Nchw, Values::Logits, Activation::Sigmoid);
        assert_eq!(
            read(&[1, 1, 2, 3], &[0.0, 0.0, f32::NAN, 0.0, 0.0, 0.0], &spec).unwrap_err().code(),
            "not_a_number"
        );
        assert_eq!(read(&[1, 2, 2, 3], &[0.0; 12], &spec).unwrap_err().code(), "unexpected_output");
    }
}
