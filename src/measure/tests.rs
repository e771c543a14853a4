use super::testing::{mask, noise};
use super::*;
use crate::domain::mask::BACKGROUND;

fn grey(labels: &LabelMap) -> Photo {
    Photo { width: labels.width, height: labels.height, rgb: vec![120; labels.data.len() * 3] }
}

fn measured(labels: &LabelMap, has_skin_class: bool) -> Measurements {
    measure(&grey(labels), labels, has_skin_class, Some(&|x, _| x as f32))
}

#[test]
fn areas_add_up() {
    for seed in 0..5 {
        let labels = noise(60, 50, seed);
        let m = measured(&labels, true);
        assert_eq!(m.area.background_px + m.area.skin_px.unwrap() + m.area.lesion_px.unwrap(), 3_000);
        assert_eq!(m.lesions.iter().map(|l| l.area_px).sum::<u64>() + m.specks.area_px, m.area.lesion_px.unwrap());
        assert_eq!(m.area.lesion_fraction_of_frame.unwrap(), m.area.lesion_px.unwrap() as f64 / 3_000.0);
        assert!(m.lesions.iter().map(|l| l.id).eq(1..=m.lesions.len() as u32));
    }
}

#[test]
fn fractions_of_skin_are_of_what_is_visible() {
    let labels = mask(&["##..", "##..", "ssss", "...."]);
    let m = measured(&labels, true);
    assert_eq!((m.area.lesion_fraction_of_skin, m.lesions[0].fraction_of_skin), (Some(0.5), Some(0.5)));
    assert_eq!((m.area.skin_px, m.lesions[0].fraction_of_frame), (Some(4), 0.25));
    let two_class = measured(&mask(&["##..", "##..", "....", "...."]), false);
    assert_eq!((two_class.area.skin_px, two_class.area.lesion_fraction_of_skin), (None, None));
    assert_eq!((two_class.area.background_px, two_class.lesions[0].fraction_of_skin), (12, None));
    let nothing = measured(&LabelMap::filled(9, 9, BACKGROUND), true);
    assert_eq!((nothing.area.skin_px, nothing.area.lesion_fraction_of_skin), (Some(0), None));
}

#[test]
fn small_pieces_are_specks() {
    let m = measured(&mask(&["###.#.", "......", "##..#.", "##..#.", "......"]), true);
    assert_eq!((m.lesions.len(), m.specks), (1, Specks { count: 3, area_px: 6 }));
    // In a large frame the limit is a share of it.
    let mut labels = LabelMap::filled(1_000, 1_000, BACKGROUND);
    labels.data[..9].fill(LESION);
    assert_eq!(measured(&labels, true).specks.count, 1);
    labels.data[..10].fill(LESION);
    assert_eq!(measured(&labels, true).lesions.len(), 1);
}

#[test]
fn confidence_is_the_mean_over_the_lesion() {
    let m = measured(&mask(&[".....", ".###.", ".###.", "....."]), true);
    assert_eq!(m.lesions[0].confidence, Some(2.0));
    let large = measured(&LabelMap::filled(500, 400, LESION), true).lesions[0].confidence.unwrap();
    assert!((large - 249.5).abs() < 2.0, "{large}");
}

#[test]
#[should_panic(expected = "size of its photo")]
fn a_mask_of_another_size_is_a_mistake_of_the_caller() {
    measure(&grey(&LabelMap::filled(4, 5, 0)), &LabelMap::filled(5, 4, 0), true, Some(&|_, _| 0.0));
}
