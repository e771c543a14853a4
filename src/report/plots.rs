//! Plots as SVG: histograms, points, and means with their intervals. Colours can be set from outside and have a value of
//! their own for files.

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::domain::statistics::quantile;

/// A plot that stands on its own.
pub struct Figure {
    /// For file names.
    pub name: String,
    pub title: String,
    /// What it shows, in a sentence, for those who cannot see it.
    pub description: String,
    body: String,
    height: f64,
}

const WIDTH: f64 = 440.0;
const LEFT: f64 = 46.0;
const RIGHT: f64 = 18.0;
const TOP: f64 = 10.0;
const BOTTOM: f64 = 40.0;
const BINS: usize = 24;
/// More than this are drawn as a cloud.
const MOST_POINTS: usize = 2000;
/// Side of a square of the cloud.
const SQUARE: f64 = 3.0;

impl Figure {
    /// For a page: its colours follow the page.
    pub fn inline(&self) -> String {
        format!(
            r#"<svg viewBox="0 0 {WIDTH} {}" role="img" aria-label="{}">{}</svg>"#,
            self.height,
            escape(&self.description),
            self.body
        )
    }

    /// For a file: with a title and a white ground.
    pub fn file(&self) -> String {
        let (height, title) = (self.height + 28.0, escape(&self.title));
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 -28 {WIDTH} {height}\" width=\"{WIDTH}\" height=\"{height}\" \
             font-family=\"sans-serif\">\n<title>{title}</title><desc>{}</desc>\n<rect y=\"-28\" width=\"100%\" height=\"100%\" \
             fill=\"white\"/>\n<text x=\"8\" y=\"-9\" font-size=\"14\" font-weight=\"bold\">{title}</text>\n{}</svg>\n",
            escape(&self.description),
            self.body
        )
    }
}

pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// A round number of steps over a range.
struct Axis {
    from: f64,
    to: f64,
    step: f64,
}

impl Axis {
    fn over(low: f64, high: f64) -> Self {
        let span = if high > low { high - low } else { low.abs().max(1.0) };
        let rough = span / 5.0;
        let power = 10_f64.powf(rough.log10().floor());
        let step = [1.0, 2.0, 2.5, 5.0, 10.0].map(|m| m * power).into_iter().find(|s| *s >= rough).unwrap_or(rough);
        Self { from: (low / step).floor() * step, to: ((high.max(low + span * 1e-9)) / step).ceil() * step, step }
    }

    fn share(&self, value: f64) -> f64 {
        (value - self.from) / (self.to - self.from)
    }

    fn ticks(&self) -> impl Iterator<Item = f64> + '_ {
        let count = ((self.to - self.from) / self.step).round() as u32;
        (0..=count).map(|i| self.from + f64::from(i) * self.step)
    }

    fn label(&self, value: f64) -> String {
        // As many digits as the step has: 0.2 has one, 0.25 two, 25 none.
        let power = self.step.log10().floor();
        let half_steps = (self.step / 10_f64.powf(power) - 2.5).abs() < 1e-9;
        let digits = (f64::from(u8::from(half_steps)) - power).max(0.0) as usize;
        // No minus before a zero.
        format!("{:.digits$}", value + 0.0)
    }
}

const INK: &str = "var(--ink, #222)";
const FAINT: &str = "var(--faint, #ccc)";
const MARK: &str = "var(--mark, #2f6f9f)";

fn text(out: &mut String, x: f64, y: f64, anchor: &str, words: &str) {
    let words = escape(words);
    let _ =
        write!(out, r#"<text x="{x:.1}" y="{y:.1}" text-anchor="{anchor}" font-size="11" fill="{INK}">{words}</text>"#);
}

fn line(out: &mut String, [x1, y1, x2, y2]: [f64; 4], colour: &str) {
    let _ = write!(out, r#"<path d="M{x1:.1} {y1:.1}L{x2:.1} {y2:.1}" stroke="{colour}"/>"#);
}

fn across(axis: &Axis, value: f64) -> f64 {
    LEFT + axis.share(value) * (WIDTH - LEFT - RIGHT)
}

fn horizontal(out: &mut String, axis: &Axis, floor: f64, caption: &str) {
    line(out, [LEFT, floor, WIDTH - RIGHT, floor], INK);
    for tick in axis.ticks() {
        let x = across(axis, tick);
        line(out, [x, floor, x, floor + 4.0], INK);
        text(out, x, floor + 16.0, "middle", &axis.label(tick));
    }
    text(out, (LEFT + WIDTH - RIGHT) / 2.0, floor + 32.0, "middle", caption);
}

fn vertical(out: &mut String, axis: &Axis, floor: f64) {
    for tick in axis.ticks() {
        let y = floor - axis.share(tick) * (floor - TOP);
        line(out, [LEFT, y, WIDTH - RIGHT, y], FAINT);
        text(out, LEFT - 5.0, y + 4.0, "end", &axis.label(tick));
    }
}

fn with_unit(caption: &str, unit: &str) -> String {
    if unit.is_empty() { caption.to_owned() } else { format!("{caption} ({unit})") }
}

/// How often which value occurs. None for fewer than two values.
pub fn histogram(key: &str, caption: &str, unit: &str, values: &[f64]) -> Option<Figure> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let (&low, &high) = (sorted.first()?, sorted.get(1..)?.last()?);
    let axis = Axis::over(low, high);
    let mut counts = [0_u32; BINS];
    for value in &sorted {
        counts[((axis.share(*value) * BINS as f64) as usize).min(BINS - 1)] += 1;
    }
    let most = counts.iter().copied().max().unwrap_or(0);
    let up = Axis { step: Axis::over(0.0, f64::from(most)).step.max(1.0), ..Axis::over(0.0, f64::from(most)) };
    let height = 190.0;
    let floor = height - BOTTOM;
    let mut out = String::new();
    vertical(&mut out, &up, floor);
    let width = (WIDTH - LEFT - RIGHT) / BINS as f64;
    for (i, count) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
        let bar = up.share(f64::from(*count)) * (floor - TOP);
        let (x, y) = (LEFT + i as f64 * width + 0.5, floor - bar);
        let span = (axis.to - axis.from) / BINS as f64;
        let (from, to) = (axis.from + i as f64 * span, axis.from + (i + 1) as f64 * span);
        let _ = write!(
            out,
            r#"<rect x="{x:.1}" y="{y:.1}" width="{:.1}" height="{bar:.1}" fill="{MARK}"><title>{from:.3} to {to:.3}: {count}</title></rect>"#,
            width - 1.0
        );
    }
    horizontal(&mut out, &axis, floor, &format!("{}, {} photos", with_unit(caption, unit), values.len()));
    let median = quantile(&sorted, 0.5);
    Some(Figure {
        name: format!("histogram-{}", key.replace('_', "-")),
        title: caption.to_owned(),
        description: format!(
            "Histogram of {caption} over {} photos: from {low:.3} to {high:.3}, median {median:.3}",
            values.len()
        ),
        body: out,
        height,
    })
}

/// One point a photo, or a cloud of them.
pub fn points(key: &str, title: &str, (x_name, y_name): (&str, &str), values: &[(f64, f64)]) -> Option<Figure> {
    let range = |of: fn(&(f64, f64)) -> f64| {
        let low = values.iter().map(of).min_by(f64::total_cmp)?;
        Some(Axis::over(low, values.iter().map(of).max_by(f64::total_cmp)?))
    };
    if values.len() < 2 {
        return None;
    }
    let (xs, ys) = (range(|v| v.0)?, range(|v| v.1)?);
    let height = 270.0;
    let floor = height - BOTTOM;
    let mut out = String::new();
    vertical(&mut out, &ys, floor);
    let places = values.iter().map(|(x, y)| (across(&xs, *x), floor - ys.share(*y) * (floor - TOP)));
    if values.len() > MOST_POINTS {
        cloud(&mut out, places);
    } else {
        let _ = write!(out, r#"<g fill="{MARK}" fill-opacity="0.45">"#);
        for (x, y) in places {
            let _ = write!(out, r#"<circle cx="{x:.1}" cy="{y:.1}" r="2.2"/>"#);
        }
        out.push_str("</g>");
    }
    horizontal(&mut out, &xs, floor, x_name);
    Some(Figure {
        name: key.to_owned(),
        title: title.to_owned(),
        description: format!("{y_name} against {x_name}, {} photos", values.len()),
        body: out,
        height,
    })
}

/// So many points that a page would feel each of them: squares that are the darker the more points lie in them.
fn cloud(out: &mut String, places: impl Iterator<Item = (f64, f64)>) {
    let mut counts: BTreeMap<(i32, i32), u32> = BTreeMap::new();
    for (x, y) in places {
        *counts.entry(((x / SQUARE) as i32, (y / SQUARE) as i32)).or_default() += 1;
    }
    // By quarters of the squares, so that the picture does not depend on how many points there are.
    let mut sorted: Vec<u32> = counts.values().copied().collect();
    sorted.sort_unstable();
    let at_least = |share: usize| sorted.get(sorted.len() * share / 4).copied().unwrap_or(0);
    let edges = [0, at_least(1), at_least(2), at_least(3), u32::MAX];
    for (range, opacity) in edges.windows(2).zip(["0.25", "0.45", "0.7", "1"]) {
        let squares = counts.iter().filter(|(_, n)| (range[0] + 1..=range[1]).contains(*n));
        let d = squares.fold(String::new(), |mut d, ((x, y), _)| {
            let _ =
                write!(d, "M{:.1} {:.1}h{SQUARE}v{SQUARE}h-{SQUARE}z", f64::from(*x) * SQUARE, f64::from(*y) * SQUARE);
            d
        });
        if !d.is_empty() {
            let _ = write!(out, r#"<path d="{d}" fill="{MARK}" fill-opacity="{opacity}"/>"#);
        }
    }
}

/// A group's mean with its interval.
pub struct Mean {
    pub group: String,
    pub n: u64,
    pub mean: f64,
    pub interval: Option<(f64, f64)>,
}

/// One line a group.
pub fn means(key: &str, title: &str, caption: &str, groups: &[Mean]) -> Option<Figure> {
    let ends = |m: &Mean| m.interval.unwrap_or((m.mean, m.mean));
    let low = groups.iter().map(|m| ends(m).0).min_by(f64::total_cmp)?;
    let high = groups.iter().map(|m| ends(m).1).max_by(f64::total_cmp)?;
    let axis = Axis::over(low, high);
    let row = 22.0;
    let floor = TOP + row * groups.len() as f64;
    // Names of groups take the left third.
    let x = |value: f64| 150.0 + axis.share(value) * (WIDTH - 150.0 - RIGHT);
    let mut out = String::new();
    for tick in axis.ticks() {
        line(&mut out, [x(tick), TOP, x(tick), floor], FAINT);
        text(&mut out, x(tick), floor + 16.0, "middle", &axis.label(tick));
    }
    for (i, group) in groups.iter().enumerate() {
        let y = TOP + row * (i as f64 + 0.5);
        let short: String = group.group.chars().take(16).collect();
        text(&mut out, 144.0, y + 4.0, "end", &format!("{short} ({})", group.n));
        let (from, to) = ends(group);
        line(&mut out, [x(from), y, x(to), y], MARK);
        let _ = write!(
            out,
            r#"<circle cx="{:.1}" cy="{y:.1}" r="4" fill="{MARK}"><title>{}: {:.4}</title></circle>"#,
            x(group.mean),
            escape(&group.group),
            group.mean
        );
    }
    text(&mut out, x((axis.from + axis.to) / 2.0), floor + 32.0, "middle", caption);
    let list: Vec<String> = groups.iter().map(|m| format!("{} {:.3}", m.group, m.mean)).collect();
    Some(Figure {
        name: key.to_owned(),
        title: title.to_owned(),
        description: format!("{caption}: {}", list.join(", ")),
        body: out,
        height: floor + BOTTOM,
    })
}
