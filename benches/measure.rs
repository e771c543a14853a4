//! What measuring a photo costs: `cargo bench --bench measure`.

use std::f64::consts::TAU;

use derm_seg::domain::mask::{BACKGROUND, LESION, LabelMap, SKIN};
use derm_seg::domain::photo::Photo;
use derm_seg::measure::components::components;
use derm_seg::measure::measure;

const SIZES: [(u32, u32); 2] = [(1_200, 900), (4_000, 3_000)];

fn main() {
    divan::main();
}

/// Wavy discs of lesion on a disc of skin: outlines about as ragged as a model's.
fn scene((width, height): (u32, u32), discs: &[(f64, f64, f64)]) -> (Photo, LabelMap) {
    let (w, h) = (f64::from(width), f64::from(height));
    let inside = |x: f64, y: f64, &(cx, cy, radius): &(f64, f64, f64)| {
        let (dx, dy) = (x - cx * w, y - cy * h);
        dx.hypot(dy) < radius * h * (1.0 + 0.08 * (TAU * 2.0 * dy.atan2(dx)).sin() + 0.03 * (dx * 80.0 / h).sin())
    };
    let class = |x, y| match () {
        () if discs.iter().any(|disc| inside(x, y, disc)) => LESION,
        () if inside(x, y, &(0.5, 0.5, 0.6)) => SKIN,
        () => BACKGROUND,
    };
    let data: Vec<u8> = (0..height).flat_map(|y| (0..width).map(move |x| class(f64::from(x), f64::from(y)))).collect();
    let grain = |i: usize| (i.wrapping_mul(2_654_435_761) >> 27) as u8 & 15;
    let rgb = data
        .iter()
        .enumerate()
        .flat_map(|(i, &class)| {
            let [r, g, b] = match class {
                LESION => [150, 80, 70],
                SKIN => [200, 160, 140],
                _ => [90, 100, 110],
            };
            [r + grain(i), g + grain(i + 1), b + grain(i + 2)]
        })
        .collect();
    (Photo { width, height, rgb }, LabelMap { width, height, data })
}

fn one() -> Vec<(f64, f64, f64)> {
    vec![(0.5, 0.5, 0.2)]
}

fn forty() -> Vec<(f64, f64, f64)> {
    (0..40).map(|i| (0.1 + 0.115 * f64::from(i % 8), 0.15 + 0.17 * f64::from(i / 8), 0.03)).collect()
}

fn filling() -> Vec<(f64, f64, f64)> {
    vec![(0.5, 0.5, 2.0)]
}

fn whole(bencher: divan::Bencher, size: (u32, u32), discs: &[(f64, f64, f64)]) {
    let (photo, labels) = scene(size, discs);
    bencher.bench_local(|| measure(&photo, &labels, true, Some(&|_, _| 0.5)));
}

#[divan::bench(args = SIZES)]
fn one_lesion(bencher: divan::Bencher, size: (u32, u32)) {
    whole(bencher, size, &one());
}

#[divan::bench(args = SIZES)]
fn forty_lesions(bencher: divan::Bencher, size: (u32, u32)) {
    whole(bencher, size, &forty());
}

#[divan::bench(args = SIZES)]
fn a_lesion_that_fills_the_frame(bencher: divan::Bencher, size: (u32, u32)) {
    whole(bencher, size, &filling());
}

#[divan::bench(args = SIZES)]
fn components_alone(bencher: divan::Bencher, size: (u32, u32)) {
    let (_, labels) = scene(size, &forty());
    bencher.bench_local(|| components(&labels, LESION));
}
