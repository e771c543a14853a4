//! The axis of a plot: from where to where, its steps, and how they are labelled.

use crate::domain::statistics::quantile;
use crate::report::words::{Words, count};

/// Bars between two ticks.
const BINS_A_STEP: usize = 4;

/// A round number of steps over a range.
pub struct Axis {
    pub(super) from: f64,
    pub(super) to: f64,
    step: f64,
    pub(super) kind: Kind,
    /// The last bar stands for everything from there on.
    pub(super) is_open: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
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
    pub(super) fn powers(low: f64, high: f64) -> Self {
        let from = low.log10().floor();
        Self { from, to: high.log10().ceil().max(from + 1.0), step: 1.0, kind: Kind::Powers, is_open: false }
    }

    /// How many photos lie in a bar: ticks are whole numbers, also where there are few.
    pub(super) fn of_counts(most: u32) -> Self {
        let axis = Self::over(0.0, f64::from(most.max(1)));
        let step = axis.step.ceil();
        Self { to: (f64::from(most.max(1)) / step).ceil() * step, step, ..axis }
    }

    pub(super) fn bins(&self) -> usize {
        match self.kind {
            Kind::Whole => self.to as usize + 1,
            _ => ((self.to - self.from) / self.step * BINS_A_STEP as f64).round() as usize,
        }
    }

    pub(super) fn bin(&self, value: f64) -> usize {
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

    pub(super) fn label(&self, value: f64, words: &Words) -> String {
        let bar = if self.kind == Kind::Plain { self.step / BINS_A_STEP as f64 } else { 0.0 };
        if self.is_open && value >= self.to - bar * 1.001 {
            return words.fill("plot.and_more", &[("n", &number(value, self.digits()))]);
        }
        number(value, self.digits())
    }

    /// As many digits as the step has: 0.2 has one, 0.25 two, 25 none.
    pub(super) fn digits(&self) -> usize {
        if self.kind != Kind::Plain {
            return 0;
        }
        let power = (self.step.log10() + 1e-9).floor();
        let half_steps = (self.step / 10_f64.powf(power) - 2.5).abs() < 1e-9;
        (f64::from(u8::from(half_steps)) - power).max(0.0) as usize
    }
}

/// With thousands apart, and no minus before a zero.
pub(super) fn number(value: f64, digits: usize) -> String {
    let text = format!("{value:.digits$}");
    let zero = text.trim_start_matches('-').chars().all(|c| c == '0' || c == '.');
    let (sign, text) = text.strip_prefix('-').map_or(("", text.as_str()), |rest| ("-", rest));
    let (whole, rest) = text.split_once('.').map_or((text, String::new()), |(whole, rest)| (whole, format!(".{rest}")));
    let whole = whole.parse().map_or_else(|_| whole.to_owned(), count);
    format!("{}{whole}{rest}", if zero { "" } else { sign })
}
