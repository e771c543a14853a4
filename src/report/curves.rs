//! Curves over days, with the error of each point.

use std::fmt::Write;

use super::plots::{Axis, escape};

pub struct Curve {
    /// Stands at its end.
    pub name: String,
    /// Day, value, error.
    pub points: Vec<[f64; 3]>,
}

const SIZE: (f64, f64) = (420.0, 190.0);
const MARGIN: (f64, f64, f64, f64) = (44.0, 12.0, 30.0, 36.0);
/// Told apart with any kind of colour vision; names at the ends say the same.
const COLOURS: [&str; 6] = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9"];

/// An SVG; nothing for curves without two points.
pub fn curves(curves: &[Curve], caption: &str, days: &str) -> Option<String> {
    let points = || curves.iter().filter(|curve| curve.points.len() > 1).flat_map(|curve| &curve.points);
    points().next()?;
    let range = |low: &dyn Fn(&[f64; 3]) -> f64, high: &dyn Fn(&[f64; 3]) -> f64| {
        Axis::over(
            points().map(low).fold(f64::INFINITY, f64::min),
            points().map(high).fold(f64::NEG_INFINITY, f64::max),
        )
    };
    let (across, up) = (range(&|p| p[0], &|p| p[0]), range(&|p| p[1] - p[2], &|p| p[1] + p[2]));
    let (left, top, right, bottom) = MARGIN;
    let x = |day: f64| left + across.share(day) * (SIZE.0 - left - right);
    let y = |value: f64| SIZE.1 - bottom - up.share(value) * (SIZE.1 - top - bottom);
    let label = |value: f64| format!("{}", (value * 1e6).round() / 1e6 + 0.0);
    let mut out = format!(
        "<svg viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"{}\" font-size=\"11\">",
        SIZE.0,
        SIZE.1,
        escape(caption)
    );
    // Writing into a string cannot fail.
    for tick in up.ticks() {
        let at = y(tick);
        let _ = write!(out, "<path class=\"grid\" d=\"M{left} {at:.1}H{}\"/>", SIZE.0 - right);
        let _ =
            write!(out, "<text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>", left - 4.0, at + 4.0, label(tick));
    }
    for tick in across.ticks() {
        let _ = write!(
            out,
            "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>",
            x(tick),
            SIZE.1 - bottom + 14.0,
            label(tick)
        );
    }
    let _ = write!(
        out,
        "<text x=\"{}\" y=\"{}\" text-anchor=\"middle\">{}: {}</text>",
        SIZE.0 / 2.0,
        SIZE.1 - 6.0,
        escape(caption),
        escape(days)
    );
    for (curve, colour) in curves.iter().zip(COLOURS.iter().cycle()).filter(|(curve, _)| curve.points.len() > 1) {
        let d: Vec<String> = curve.points.iter().map(|p| format!("{:.1} {:.1}", x(p[0]), y(p[1]))).collect();
        let _ = write!(out, "<path d=\"M{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"1.8\"/>", d.join("L"));
        for [day, value, error] in &curve.points {
            let (at, low, high) = (x(*day), y(value - error), y(value + error));
            let _ = write!(out, "<path d=\"M{at:.1} {low:.1}V{high:.1}\" stroke=\"{colour}\"/>");
            let _ = write!(out, "<circle cx=\"{at:.1}\" cy=\"{:.1}\" r=\"2.6\" fill=\"{colour}\"/>", y(*value));
        }
        if let Some([day, value, _]) = curve.points.last() {
            let _ = write!(
                out,
                "<text x=\"{:.1}\" y=\"{:.1}\" fill=\"{colour}\">{}</text>",
                x(*day) + 6.0,
                y(*value) + 4.0,
                escape(&curve.name)
            );
        }
    }
    out.push_str("</svg>");
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_point_makes_no_curve_and_two_do() {
        let curve = |points: &[[f64; 3]]| Curve { name: "<1>".into(), points: points.to_vec() };
        assert_eq!(curves(&[curve(&[[0.0, 1.0, 0.1]])], "area", "day"), None);
        let svg = curves(&[curve(&[[0.0, 100.0, 0.0], [30.0, 140.0, 5.0]])], "area", "day").unwrap();
        assert!(svg.contains("&lt;1&gt;") && svg.matches("<circle").count() == 2 && !svg.contains("NaN"), "{svg}");
        // All on one day, and all the same.
        let flat = curves(&[curve(&[[3.0, 1.0, 0.0], [3.0, 1.0, 0.0]])], "area", "day").unwrap();
        assert!(!flat.contains("NaN") && !flat.contains("inf"), "{flat}");
    }
}
