//! Plots as SVG: histograms, points, and means with their intervals. Colours can be set from outside and have a value of
//! their own for files.

mod axis;

pub use axis::Axis;

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::domain::statistics::quantile;
use crate::report::rows::Column;
use crate::report::words::{Words, count};
use axis::{Kind, number};

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
/// `name` is the key of what is said of the kind.
pub fn curve(name: &str, levels: &[Level], bound: f64, words: &Words) -> Option<Figure> {
    levels.first()?;
    let (title, unit) = (words.say(name), words.say(&format!("{name}.unit")));
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
        name: name.replace(['.', '_'], "-"),
        title: title.to_owned(),
        description: words.fill("stress.described", &[("unit", unit), ("list", &list.join(", "))]),
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
