//! Plots as SVG: histograms, points, and means with their intervals. Colours can be set from outside and have a value of
//! their own for files.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::rows::Column;
use super::words::{Words, count};
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
/// Names of groups take the left third.
const NAMES: f64 = 160.0;
/// Half of the width of a letter, about.
const HALF_LETTER: f64 = 3.2;
/// Bars between two ticks.
const BINS_A_STEP: usize = 4;
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
pub struct Axis {
    from: f64,
    to: f64,
    step: f64,
    kind: Kind,
    /// The last bar stands for everything from there on.
    is_open: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Plain,
    /// Whole numbers, each with a bar of its own.
    Whole,
    /// The ends are powers of ten, and so is every tick.
    Powers,
}

/// More lesions than this are counted together.
const MOST_WHOLE: f64 = 20.0;
/// Of values with a long tail, those above this share of them.
const TAIL_FROM: f64 = 0.95;

impl Axis {
    pub fn over(low: f64, high: f64) -> Self {
        let span = if high > low { high - low } else { low.abs().max(1.0) };
        let rough = span / 5.0;
        let power = 10_f64.powf(rough.log10().floor());
        // A hair of tolerance: a step that fits exactly is not rounded up.
        let steps = [1.0, 2.0, 2.5, 5.0, 10.0].map(|m| m * power);
        let step = steps.into_iter().find(|s| *s >= rough * (1.0 - 1e-9)).unwrap_or(rough);
        let (from, to) =
            ((low / step + 1e-9).floor() * step, (high.max(low + span * 1e-9) / step - 1e-9).ceil() * step);
        Self { from, to, step, kind: Kind::Plain, is_open: false }
    }

    /// From 0 to a number of things.
    pub fn whole(most: f64) -> Self {
        let to = most.clamp(1.0, MOST_WHOLE);
        Self { from: 0.0, to, step: (to / 10.0).ceil(), kind: Kind::Whole, is_open: most > to }
    }

    /// From 0 on, for rising values with a long tail: the few largest share a bar, so that the others can be told apart.
    pub fn with_tail(values: &[f64]) -> Self {
        let most = values.last().copied().unwrap_or_default();
        let axis = Self::over(0.0, quantile(values, TAIL_FROM));
        match most > 1.5 * axis.to {
            // One bar more, behind the last tick.
            true => Self { to: axis.to + axis.step / BINS_A_STEP as f64, is_open: true, ..axis },
            false => Self::over(0.0, most),
        }
    }

    /// Of positive values.
    fn powers(low: f64, high: f64) -> Self {
        let from = low.log10().floor();
        Self { from, to: high.log10().ceil().max(from + 1.0), step: 1.0, kind: Kind::Powers, is_open: false }
    }

    /// How many photos lie in a bar: ticks are whole numbers, also where there are few.
    fn of_counts(most: u32) -> Self {
        let axis = Self::over(0.0, f64::from(most.max(1)));
        let step = axis.step.ceil();
        Self { to: (f64::from(most.max(1)) / step).ceil() * step, step, ..axis }
    }

    fn bins(&self) -> usize {
        match self.kind {
            Kind::Whole => self.to as usize + 1,
            _ => ((self.to - self.from) / self.step * BINS_A_STEP as f64).round() as usize,
        }
    }

    fn bin(&self, value: f64) -> usize {
        let bin = match self.kind {
            Kind::Whole => value,
            // A value on an edge belongs to the bar above it, whatever rounding says.
            _ => self.share(value) * self.bins() as f64 + 1e-9,
        };
        (bin.max(0.0) as usize).min(self.bins() - 1)
    }

    pub fn share(&self, value: f64) -> f64 {
        match self.kind {
            Kind::Plain => (value - self.from) / (self.to - self.from),
            // In the middle of its bar.
            Kind::Whole => (value + 0.5) / (self.to + 1.0),
            Kind::Powers => (value.log10() - self.from) / (self.to - self.from),
        }
    }

    pub fn ticks(&self) -> Vec<f64> {
        let count = ((self.to - self.from) / self.step + 1e-9).floor() as u32;
        let tick = |i: u32| self.from + f64::from(i) * self.step;
        (0..=count).map(|i| if self.kind == Kind::Powers { 10_f64.powf(tick(i)) } else { tick(i) }).collect()
    }

    fn label(&self, value: f64, words: &Words) -> String {
        let bar = if self.kind == Kind::Plain { self.step / BINS_A_STEP as f64 } else { 0.0 };
        if self.is_open && value >= self.to - bar * 1.001 {
            return words.fill("plot.and_more", &[("n", &number(value, self.digits()))]);
        }
        number(value, self.digits())
    }

    /// As many digits as the step has: 0.2 has one, 0.25 two, 25 none.
    fn digits(&self) -> usize {
        if self.kind != Kind::Plain {
            return 0;
        }
        let power = (self.step.log10() + 1e-9).floor();
        let half_steps = (self.step / 10_f64.powf(power) - 2.5).abs() < 1e-9;
        (f64::from(u8::from(half_steps)) - power).max(0.0) as usize
    }
}

/// With thousands apart, and no minus before a zero.
fn number(value: f64, digits: usize) -> String {
    let text = format!("{value:.digits$}");
    let zero = text.trim_start_matches('-').chars().all(|c| c == '0' || c == '.');
    let (sign, text) = text.strip_prefix('-').map_or(("", text.as_str()), |rest| ("-", rest));
    let (whole, rest) = text.split_once('.').map_or((text, String::new()), |(whole, rest)| (whole, format!(".{rest}")));
    let whole = whole.parse().map_or_else(|_| whole.to_owned(), count);
    format!("{}{whole}{rest}", if zero { "" } else { sign })
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

fn horizontal(out: &mut String, axis: &Axis, floor: f64, caption: &str, words: &Words) {
    line(out, [LEFT, floor, WIDTH - RIGHT, floor], INK);
    for tick in axis.ticks() {
        let x = across(axis, tick);
        line(out, [x, floor, x, floor + 4.0], INK);
        let label = axis.label(tick, words);
        match x + label.chars().count() as f64 * HALF_LETTER > WIDTH {
            true => text(out, WIDTH, floor + 16.0, "end", &label),
            false => text(out, x, floor + 16.0, "middle", &label),
        }
    }
    text(out, (LEFT + WIDTH - RIGHT) / 2.0, floor + 32.0, "middle", caption);
}

fn vertical(out: &mut String, axis: &Axis, floor: f64, words: &Words) {
    for tick in axis.ticks() {
        let y = floor - axis.share(tick) * (floor - TOP);
        line(out, [LEFT, y, WIDTH - RIGHT, y], FAINT);
        text(out, LEFT - 5.0, y + 4.0, "end", &axis.label(tick, words));
    }
}

fn with_unit(caption: &str, unit: &str) -> String {
    if unit.is_empty() { caption.to_owned() } else { format!("{caption} ({unit})") }
}

/// How often which value occurs; `values` rise. None for fewer than two values.
pub fn histogram(column: &Column, values: &[f64], axis: &Axis, words: &Words) -> Option<Figure> {
    let (&low, &high) = (values.first()?, values.get(1..)?.last()?);
    let caption = words.say(&format!("column.{}", column.key));
    let mut counts = vec![0_u32; axis.bins()];
    values.iter().for_each(|value| counts[axis.bin(*value)] += 1);
    let up = Axis::of_counts(counts.iter().copied().max().unwrap_or(0));
    let height = 190.0;
    let floor = height - BOTTOM;
    let mut out = String::new();
    vertical(&mut out, &up, floor, words);
    let (bins, digits) = (counts.len() as f64, axis.digits() + 1);
    let width = (WIDTH - LEFT - RIGHT) / bins;
    for (i, n) in counts.iter().enumerate().filter(|(_, n)| **n > 0) {
        let bar = up.share(f64::from(*n)) * (floor - TOP);
        let (x, y) = (LEFT + i as f64 * width + 0.5, floor - bar);
        let n = n.to_string();
        let title = if axis.kind == Kind::Whole {
            format!("{}: {n}", axis.label(i as f64, words))
        } else {
            let edge = |i: f64| number(axis.from + i * (axis.to - axis.from) / bins, digits);
            let is_tail = axis.is_open && i + 1 == counts.len();
            match is_tail {
                true => format!("{}: {n}", words.fill("plot.and_more", &[("n", &edge(i as f64))])),
                false => words.fill("plot.bar", &[("from", &edge(i as f64)), ("to", &edge(i as f64 + 1.0)), ("n", &n)]),
            }
        };
        let _ = write!(
            out,
            r#"<rect x="{x:.1}" y="{y:.1}" width="{:.1}" height="{bar:.1}" fill="{MARK}"><title>{title}</title></rect>"#,
            width - 1.0
        );
    }
    let n = count(values.len() as u64);
    let what = with_unit(caption, column.unit);
    horizontal(&mut out, axis, floor, &words.fill("plot.over_photos", &[("n", &n), ("what", &what)]), words);
    let [low, high, median] = [low, high, quantile(values, 0.5)].map(|value| number(value, digits));
    Some(Figure {
        name: format!("histogram-{}", column.key.replace('_', "-")),
        title: caption.to_owned(),
        description: words
            .fill("plot.range", &[("n", &n), ("low", &low), ("high", &high), ("median", &median), ("what", &what)]),
        body: out,
        height,
    })
}

/// Dice against the size of the lesion in pixels: one point a photo, or a cloud of them.
pub fn points(values: &[(f64, f64)], words: &Words) -> Option<Figure> {
    if values.len() < 2 {
        return None;
    }
    let sizes = || values.iter().map(|v| v.0);
    let xs = Axis::powers(sizes().min_by(f64::total_cmp)?, sizes().max_by(f64::total_cmp)?);
    let ys = Axis::over(0.0, 1.0);
    let height = 270.0;
    let floor = height - BOTTOM;
    let mut out = String::new();
    vertical(&mut out, &ys, floor, words);
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
    horizontal(&mut out, &xs, floor, words.say("plot.size_axis"), words);
    Some(Figure {
        name: "dice-by-size".to_owned(),
        title: words.say("plot.dice_by_size").to_owned(),
        description: words.fill("plot.against", &[("n", &count(values.len() as u64))]),
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

/// One line a group, on the whole axis of Dice.
pub fn means(key: &str, title: &str, groups: &[Mean], words: &Words) -> Option<Figure> {
    groups.first()?;
    let axis = Axis::over(0.0, 1.0);
    let row = 22.0;
    let floor = TOP + row * groups.len() as f64;
    let x = |value: f64| NAMES + axis.share(value) * (WIDTH - NAMES - RIGHT);
    let mut out = String::new();
    for tick in axis.ticks() {
        line(&mut out, [x(tick), TOP, x(tick), floor], FAINT);
        text(&mut out, x(tick), floor + 16.0, "middle", &axis.label(tick, words));
    }
    for (i, group) in groups.iter().enumerate() {
        let y = TOP + row * (i as f64 + 0.5);
        text(&mut out, NAMES - 6.0, y + 4.0, "end", &format!("{} ({})", cut(&group.group), group.n));
        let (from, to) = group.interval.unwrap_or((group.mean, group.mean));
        line(&mut out, [x(from), y, x(to), y], MARK);
        let _ = write!(
            out,
            r#"<circle cx="{:.1}" cy="{y:.1}" r="4" fill="{MARK}"><title>{}: {:.4}</title></circle>"#,
            x(group.mean),
            escape(&group.group),
            group.mean
        );
    }
    let caption = words.say("plot.mean_axis");
    text(&mut out, x(0.5), floor + 32.0, "middle", caption);
    let list: Vec<String> = groups.iter().map(|m| format!("{} {:.3}", m.group, m.mean)).collect();
    Some(Figure {
        name: key.to_owned(),
        title: title.to_owned(),
        description: format!("{caption}: {}", list.join(", ")),
        body: out,
        height: floor + BOTTOM,
    })
}

/// The values at one strength: quartiles and median.
pub struct Level {
    pub label: String,
    pub quartiles: [f64; 3],
}

/// Dice by strength, side by side from weak to strong: the median as a line, the middle half as a band, and the bound.
pub fn curve(title: &str, unit: &str, levels: &[Level], bound: f64, words: &Words) -> Option<Figure> {
    levels.first()?;
    let up = Axis::over(0.0, 1.0);
    let height = 190.0;
    let floor = height - BOTTOM;
    let x = |i: usize| LEFT + (i as f64 + 0.5) / levels.len() as f64 * (WIDTH - LEFT - RIGHT);
    let y = |value: f64| floor - up.share(value) * (floor - TOP);
    let points = |quartile: usize| {
        let point = |(i, level): (usize, &Level)| format!("{:.1} {:.1}", x(i), y(level.quartiles[quartile]));
        levels.iter().enumerate().map(point).collect::<Vec<_>>()
    };
    let mut out = String::new();
    vertical(&mut out, &up, floor, words);
    let band: Vec<String> = points(2).into_iter().chain(points(0).into_iter().rev()).collect();
    let _ = write!(out, r#"<path d="M{}z" fill="{MARK}" fill-opacity="0.2"/>"#, band.join("L"));
    let _ = write!(out, r#"<path d="M{}" fill="none" stroke="{MARK}" stroke-width="2"/>"#, points(1).join("L"));
    let _ = write!(
        out,
        r#"<path d="M{LEFT} {0:.1}L{1:.1} {0:.1}" stroke="{INK}" stroke-dasharray="5 4"/>"#,
        y(bound),
        WIDTH - RIGHT
    );
    line(&mut out, [LEFT, floor, WIDTH - RIGHT, floor], INK);
    for (i, level) in levels.iter().enumerate() {
        let median = level.quartiles[1];
        let _ = write!(
            out,
            r#"<circle cx="{:.1}" cy="{:.1}" r="3.5" fill="{MARK}"><title>{}: {median:.3}</title></circle>"#,
            x(i),
            y(median),
            escape(&level.label)
        );
        text(&mut out, x(i), floor + 16.0, "middle", &level.label);
    }
    text(&mut out, (LEFT + WIDTH - RIGHT) / 2.0, floor + 32.0, "middle", unit);
    let list: Vec<String> = levels.iter().map(|l| format!("{} {:.3}", l.label, l.quartiles[1])).collect();
    Some(Figure {
        name: format!("stress-{}", title.replace(' ', "-")),
        title: title.to_owned(),
        description: format!("Median Dice by {unit}: {}", list.join(", ")),
        body: out,
        height,
    })
}

/// As much of a name as there is room for; letters of East Asia are twice as wide.
fn cut(name: &str) -> String {
    let mut room = 20_i32;
    let fits = |c: &char| {
        room -= if u32::from(*c) < 0x1100 { 1 } else { 2 };
        room >= 0
    };
    let short: String = name.chars().take_while(fits).collect();
    if short.len() < name.len() { format!("{short}…") } else { short }
}
