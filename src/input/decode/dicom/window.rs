//! From grey values to the 256 steps that are shown, as PS3.3 C.11.2 defines it.

use super::attributes::Grey;
use crate::domain::record::{Window, WindowFunction, WindowSource};

/// Also tells which window was applied; none where values are shown as they are. `asked` goes before the file's.
pub fn shown(values: &[i32], grey: &Grey, asked: Option<Window>) -> (Vec<u8>, Option<Window>) {
    let window = asked.or(grey.window).or_else(|| whole_range(values, grey));
    let invert = |v: u8| if grey.inverted { 255 - v } else { v };
    let plain = |v: i32| v.clamp(0, 255) as u8;
    let shown = match window {
        None => values.iter().map(|v| invert(plain(*v))).collect(),
        Some(window) => values.iter().map(|v| invert(step(grey.in_units(*v), &window))).collect(),
    };
    (shown, window)
}

/// The same without rounding to steps, 0 to 255. `window` is the one that was applied.
pub fn brightness(values: &[i32], grey: &Grey, window: Option<Window>) -> Vec<f32> {
    let of = |v: i32| match window {
        None => f64::from(v.clamp(0, 255)),
        Some(window) => part(grey.in_units(v), &window) * 255.0,
    };
    values.iter().map(|v| if grey.inverted { 255.0 - of(*v) } else { of(*v) } as f32).collect()
}

/// From the least to the greatest value of the frame, where nobody says what to show.
fn whole_range(values: &[i32], grey: &Grey) -> Option<Window> {
    if grey.is_plain {
        return None;
    }
    let real = values.iter().copied().filter(|v| Some(*v) != grey.padding);
    let (least, most) = real.fold((i32::MAX, i32::MIN), |(least, most), v| (least.min(v), most.max(v)));
    if least > most {
        return None;
    }
    let [a, b] = [least, most].map(|v| grey.in_units(v));
    let (center, width) = ((a + b) / 2.0, (b - a).abs().max(f64::MIN_POSITIVE));
    Some(Window { center, width, function: WindowFunction::LinearExact, source: WindowSource::Range })
}

fn step(x: f64, window: &Window) -> u8 {
    (part(x, window) * 255.0).round() as u8
}

/// From 0, black, to 1, white.
fn part(x: f64, window: &Window) -> f64 {
    let Window { center: c, width: w, .. } = *window;
    let part = match window.function {
        WindowFunction::Linear if w <= 1.0 => f64::from(u8::from(x > c - 0.5)),
        WindowFunction::Linear => (x - (c - 0.5)) / (w - 1.0) + 0.5,
        WindowFunction::LinearExact => (x - c) / w + 0.5,
        WindowFunction::Sigmoid => 1.0 / (1.0 + (-4.0 * (x - c) / w).exp()),
    };
    part.clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_are_those_of_the_standard() {
        let window = |function| Window { center: 40.0, width: 400.0, function, source: WindowSource::File };
        let steps = |function| [-160.0, -159.0, 40.0, 239.0, 240.0].map(|x| step(x, &window(function)));
        assert_eq!(steps(WindowFunction::Linear), [0, 1, 128, 255, 255]);
        assert_eq!(steps(WindowFunction::LinearExact), [0, 1, 128, 254, 255]);
        assert_eq!(steps(WindowFunction::Sigmoid), [30, 31, 128, 224, 225]);
        let narrow = Window { width: 1.0, ..window(WindowFunction::Linear) };
        assert_eq!([39.0, 39.6].map(|x| step(x, &narrow)), [0, 255]);
    }

    #[test]
    fn without_a_window_the_whole_range_is_shown_but_not_the_padding() {
        let grey =
            Grey { slope: 2.0, intercept: -10.0, window: None, inverted: true, is_plain: false, padding: Some(-2000) };
        let (shown, window) = shown(&[-2000, 0, 50, 100], &grey, None);
        assert_eq!(shown, [255, 255, 127, 0]);
        let window = window.unwrap();
        assert_eq!((window.center, window.width, window.source), (90.0, 200.0, WindowSource::Range));
    }
}
