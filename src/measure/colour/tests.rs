use super::*;
use crate::domain::mask::{BACKGROUND, LESION};
use crate::measure::components::components;
use crate::measure::testing::disc;

const SKIN_RGB: [u8; 3] = [200, 160, 140];
const LESION_RGB: [u8; 3] = [150, 70, 60];

/// A red disc on skin, with the two flat colours.
fn scene(width: u32, height: u32, radius: f64) -> (Photo, LabelMap) {
    let mut labels = disc(width, height, f64::from(width) / 2.0, f64::from(height) / 2.0, radius);
    labels.data.iter_mut().filter(|c| **c == BACKGROUND).for_each(|c| *c = SKIN);
    let rgb = labels.data.iter().flat_map(|&c| if c == LESION { LESION_RGB } else { SKIN_RGB }).collect();
    (Photo { width, height, rgb }, labels)
}

fn measured(photo: &Photo, labels: &LabelMap, has_skin_class: bool) -> Colour {
    colour(photo, labels, &components(labels, LESION), has_skin_class)
}

fn close(a: f64, b: f64, tolerance: f64) {
    assert!((a - b).abs() <= tolerance, "{a} is not {b}");
}

/// Known colours: the primaries of sRGB in CIE L*a*b* under D65.
#[test]
fn lab_of_the_primaries() {
    let known: [([u8; 3], [f64; 3]); 6] = [
        ([0, 0, 0], [0.0, 0.0, 0.0]),
        ([255, 255, 255], [100.0, 0.0, 0.0]),
        ([255, 0, 0], [53.241, 80.092, 67.203]),
        ([0, 255, 0], [87.735, -86.183, 83.179]),
        ([0, 0, 255], [32.297, 79.188, -107.860]),
        ([119, 119, 119], [50.034, 0.0, 0.0]),
    ];
    for (rgb, lab) in known {
        for (value, expected) in Curve::new().lab(rgb).into_iter().zip(lab) {
            close(value, expected, 0.02);
        }
    }
}

/// Test pairs from Sharma, Wu and Dalal, "The CIEDE2000 color-difference formula" (2005), table 1.
#[test]
fn ciede2000_gives_the_published_values() {
    let pairs: [([f64; 3], [f64; 3], f64); 34] = [
        ([50.0, 2.6772, -79.7751], [50.0, 0.0, -82.7485], 2.0425),
        ([50.0, 3.1571, -77.2803], [50.0, 0.0, -82.7485], 2.8615),
        ([50.0, 2.8361, -74.0200], [50.0, 0.0, -82.7485], 3.4412),
        ([50.0, -1.3802, -84.2814], [50.0, 0.0, -82.7485], 1.0000),
        ([50.0, -1.1848, -84.8006], [50.0, 0.0, -82.7485], 1.0000),
        ([50.0, -0.9009, -85.5211], [50.0, 0.0, -82.7485], 1.0000),
        ([50.0, 0.0, 0.0], [50.0, -1.0, 2.0], 2.3669),
        ([50.0, -1.0, 2.0], [50.0, 0.0, 0.0], 2.3669),
        ([50.0, 2.4900, -0.0010], [50.0, -2.4900, 0.0009], 7.1792),
        ([50.0, 2.4900, -0.0010], [50.0, -2.4900, 0.0010], 7.1792),
        ([50.0, 2.4900, -0.0010], [50.0, -2.4900, 0.0011], 7.2195),
        ([50.0, 2.4900, -0.0010], [50.0, -2.4900, 0.0012], 7.2195),
        ([50.0, -0.0010, 2.4900], [50.0, 0.0009, -2.4900], 4.8045),
        ([50.0, -0.0010, 2.4900], [50.0, 0.0010, -2.4900], 4.8045),
        ([50.0, -0.0010, 2.4900], [50.0, 0.0011, -2.4900], 4.7461),
        ([50.0, 2.5, 0.0], [50.0, 0.0, -2.5], 4.3065),
        ([50.0, 2.5, 0.0], [73.0, 25.0, -18.0], 27.1492),
        ([50.0, 2.5, 0.0], [61.0, -5.0, 29.0], 22.8977),
        ([50.0, 2.5, 0.0], [56.0, -27.0, -3.0], 31.9030),
        ([50.0, 2.5, 0.0], [58.0, 24.0, 15.0], 19.4535),
        ([50.0, 2.5, 0.0], [50.0, 3.1736, 0.5854], 1.0000),
        ([50.0, 2.5, 0.0], [50.0, 3.2972, 0.0], 1.0000),
        ([50.0, 2.5, 0.0], [50.0, 1.8634, 0.5757], 1.0000),
        ([50.0, 2.5, 0.0], [50.0, 3.2592, 0.3350], 1.0000),
        ([60.2574, -34.0099, 36.2677], [60.4626, -34.1751, 39.4387], 1.2644),
        ([63.0109, -31.0961, -5.8663], [62.8187, -29.7946, -4.0864], 1.2630),
        ([61.2901, 3.7196, -5.3901], [61.4292, 2.2480, -4.9620], 1.8731),
        ([35.0831, -44.1164, 3.7933], [35.0232, -40.0716, 1.5901], 1.8645),
        ([22.7233, 20.0904, -46.6940], [23.0331, 14.9730, -42.5619], 2.0373),
        ([36.4612, 47.8580, 18.3852], [36.2715, 50.5065, 21.2231], 1.4146),
        ([90.8027, -2.0831, 1.4410], [91.1528, -1.6435, 0.0447], 1.4441),
        ([90.9257, -0.5406, -0.9208], [88.6381, -0.8985, -0.7239], 1.5381),
        ([6.7747, -0.2908, -2.4247], [5.8714, -0.0985, -2.2286], 0.6377),
        ([2.0776, 0.0795, -1.1350], [0.9033, -0.0636, -0.5514], 0.9082),
    ];
    for (a, b, expected) in pairs {
        close(ciede2000(a, b), expected, 5e-5);
        close(ciede2000(b, a), expected, 5e-5);
    }
}

#[test]
fn two_flat_colours_are_told_exactly() {
    let (photo, labels) = scene(300, 240, 50.0);
    let c = measured(&photo, &labels, true);
    let curve = Curve::new();
    let (lesion, around) = (c.lesion.unwrap(), c.perilesional.unwrap());
    for i in 0..3 {
        close(lesion.lab_mean[i], curve.lab(LESION_RGB)[i], 1e-9);
        close(around.lab_mean[i], curve.lab(SKIN_RGB)[i], 1e-9);
        close(lesion.lab_sd[i], 0.0, 1e-4);
    }
    let linear = |v: u8| curve.linear[usize::from(v)];
    close(lesion.erythema_index, 100.0 * (linear(150).log10() - linear(70).log10()), 1e-9);
    close(lesion.melanin_index, 100.0 * (1.0 / linear(150)).log10(), 1e-9);
    let d = c.difference.unwrap();
    assert!(d.dl < 0.0 && d.da > 0.0 && d.erythema_index > 0.0 && d.ciede2000 > 10.0, "{d:?}");
    let [l, _, b] = around.lab_mean;
    close(c.ita.unwrap(), ((l - 50.0) / b).atan().to_degrees(), 1e-9);
}

#[test]
fn the_spread_is_that_of_all_pixels() {
    let (mut photo, labels) = scene(100, 100, 30.0);
    for (i, pixel) in photo.rgb.as_chunks_mut::<3>().0.iter_mut().enumerate() {
        if labels.data[i] == LESION {
            *pixel = if i % 2 == 0 { [100; 3] } else { [140; 3] };
        }
    }
    let pixels: Vec<f64> =
        (0..10_000).filter(|&i| labels.data[i] == LESION).map(|i| Curve::new().lab([photo.rgb[3 * i]; 3])[0]).collect();
    let mean = pixels.iter().sum::<f64>() / pixels.len() as f64;
    let variance = pixels.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / pixels.len() as f64;
    let lesion = measured(&photo, &labels, true).lesion.unwrap();
    close(lesion.lab_mean[0], mean, 1e-9);
    close(lesion.lab_sd[0], variance.sqrt(), 1e-6);
}

#[test]
fn black_has_an_index_because_zeros_are_clamped() {
    let labels = LabelMap::filled(20, 20, LESION);
    let lesion = measured(&Photo { width: 20, height: 20, rgb: vec![0; 1200] }, &labels, true).lesion.unwrap();
    close(lesion.melanin_index, 100.0 * (255.0 * 12.92_f64).log10(), 1e-9);
    assert_eq!((lesion.erythema_index, lesion.lab_mean), (0.0, [0.0; 3]));
}

#[test]
fn what_cannot_be_known_is_null() {
    let (photo, labels) = scene(300, 240, 50.0);
    let without_skin_class = measured(&photo, &labels, false);
    assert!(without_skin_class.lesion.is_some());
    assert_eq!(without_skin_class, Colour { lesion: without_skin_class.lesion, ..Colour::default() });
    let no_lesion = measured(&photo, &LabelMap::filled(300, 240, SKIN), true);
    assert!(no_lesion.lesion.is_none() && no_lesion.perilesional.is_none() && no_lesion.difference.is_none());
    assert!(no_lesion.ita.is_some());
    let nothing = measured(&photo, &LabelMap::filled(300, 240, BACKGROUND), true);
    assert_eq!(nothing, Colour::default());
    let only_lesion = measured(&photo, &LabelMap::filled(300, 240, LESION), true);
    assert!(only_lesion.perilesional.is_none() && only_lesion.ita.is_none());
}

#[test]
fn the_ring_does_not_see_far_skin() {
    let (mut photo, labels) = scene(400, 400, 40.0);
    // Ring width: half the radius. Blacken what is farther than the radius.
    for y in 0..400_u32 {
        for x in 0..400_u32 {
            if f64::from(x.abs_diff(200)).hypot(f64::from(y.abs_diff(200))) > 80.0 {
                let i = (y * 400 + x) as usize * 3;
                photo.rgb[i..i + 3].fill(0);
            }
        }
    }
    let around = measured(&photo, &labels, true).perilesional.unwrap();
    close(around.lab_mean[0], Curve::new().lab(SKIN_RGB)[0], 1e-9);
    assert!(around.lab_sd[0] < 1e-4);
}

#[test]
fn too_little_skin_has_no_tone() {
    let (photo, _) = scene(300, 200, 50.0);
    let mut labels = LabelMap::filled(300, 200, BACKGROUND);
    labels.data[..599].fill(SKIN);
    assert_eq!(measured(&photo, &labels, true).ita, None);
    labels.data[..600].fill(SKIN);
    assert!(measured(&photo, &labels, true).ita.is_some());
    // Bluish skin has no angle.
    let blue = Photo { rgb: [100, 100, 180].repeat(60_000), ..photo };
    assert_eq!(measured(&blue, &labels, true).ita, None);
}

#[test]
fn tone_bins_include_their_lower_bound() {
    let edges = [(55.0, "very_light"), (41.0, "light"), (28.0, "intermediate"), (10.0, "tan"), (-30.0, "brown")];
    for (i, (edge, bin)) in edges.into_iter().enumerate() {
        assert_eq!(tone_bin(edge), bin);
        assert_eq!(tone_bin(edge - 1e-9), edges.get(i + 1).map_or("dark", |(_, next)| next));
    }
}

#[test]
fn a_large_photo_gives_the_figures_of_a_small_one() {
    let (small, large) = (scene(300, 240, 50.0), scene(3000, 2400, 500.0));
    let (a, b) = (measured(&small.0, &small.1, true), measured(&large.0, &large.1, true));
    close(a.difference.unwrap().ciede2000, b.difference.unwrap().ciede2000, 1e-6);
    close(a.ita.unwrap(), b.ita.unwrap(), 1e-6);
}
