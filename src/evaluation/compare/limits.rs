//! How much may change before a comparison fails.

use std::str::FromStr;

use serde::Serialize;

use super::{ImageChange, Kind};
use crate::domain::changes::Change;

/// What can be limited besides figures, what is allowed where nothing is said, and what it means.
pub const BUILT_IN: [(&str, Option<f64>, &str); 8] = [
    ("damaged", Some(0.0), "photos with a missing or damaged mask"),
    ("photos", Some(0.0), "photos that only one run has"),
    ("inputs", Some(0.0), "photos whose file is another one"),
    ("status", Some(0.0), "photos whose status or cause changed"),
    ("dice", Some(0.01), "largest loss of Dice (1 - Dice of the two masks) of a photo"),
    ("pixels", Some(0.001), "largest share of a photo's pixels that changed class"),
    ("figures", Some(0.001), "largest relative change of a figure of a photo whose mask is the same"),
    ("run", None, "differences of program, model, settings and runtime"),
];

/// `None`: no limit.
#[derive(Clone, Debug, PartialEq)]
pub struct Limit {
    pub name: String,
    pub limit: Option<f64>,
}

impl FromStr for Limit {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, limit) = text.rsplit_once('=').ok_or("write NAME=LIMIT, or NAME=off")?;
        let known = BUILT_IN.iter().any(|(n, _, _)| *n == name);
        if !known && !name.contains('.') {
            let names: Vec<&str> = BUILT_IN.iter().map(|b| b.0).collect();
            return Err(format!(
                "there is no limit `{name}`; there are {}, and the figures of a record, such as area.lesion_px",
                names.join(", ")
            ));
        }
        let limit = match limit {
            "off" => None,
            number => match number.parse::<f64>() {
                Ok(v) if v.is_finite() && v >= 0.0 => Some(v),
                _ => return Err("write a number of 0 or more, or off".to_owned()),
            },
        };
        Ok(Limit { name: name.to_owned(), limit })
    }
}

/// The usual limits, changed and added to by what was asked for.
pub fn limits(asked: Vec<Limit>) -> Vec<Limit> {
    let mut all: Vec<Limit> =
        BUILT_IN.iter().map(|(name, limit, _)| Limit { name: (*name).to_owned(), limit: *limit }).collect();
    for limit in asked {
        match all.iter_mut().find(|l| l.name == limit.name) {
            Some(usual) => *usual = limit,
            None => all.push(limit),
        }
    }
    all.retain(|l| l.limit.is_some());
    all
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Held {
    pub name: String,
    pub limit: f64,
    /// Null where a figure came or went: no limit holds that.
    pub value: Option<f64>,
    pub held: bool,
    pub over_by: Option<f64>,
    /// The photo with the largest change; null for counts.
    pub image: Option<String>,
}

impl Held {
    pub fn sentence(&self) -> String {
        let wanted = format!("{} <= {}", self.name, self.limit);
        let image = self.image.as_ref().map(|i| format!(" ({i})")).unwrap_or_default();
        match (self.value, self.over_by) {
            (Some(value), Some(by)) => format!("failed  {wanted}: {}, over by {}{image}", round(value), round(by)),
            (Some(value), None) => format!("held    {wanted}: {}", round(value)),
            (None, _) => format!("failed  {wanted}: known in one of the runs only{image}"),
        }
    }
}

fn round(value: f64) -> f64 {
    (value * 1e6).round() / 1e6
}

pub fn check(limits: &[Limit], images: &[ImageChange], run: &[Change]) -> Vec<Held> {
    let held = |l: &Limit| {
        let limit = l.limit?;
        let (value, image) = value(&l.name, images, run);
        let over = value.map(|v| v - limit).filter(|over| *over > 0.0);
        let held = value.is_some() && over.is_none();
        let image = image.filter(|_| value != Some(0.0)).cloned();
        Some(Held { name: l.name.clone(), limit, value, held, over_by: over, image })
    };
    limits.iter().filter_map(held).collect()
}

fn value<'a>(name: &str, images: &'a [ImageChange], run: &[Change]) -> (Option<f64>, Option<&'a String>) {
    let count = |of: &dyn Fn(&ImageChange) -> bool| (Some(images.iter().filter(|i| of(i)).count() as f64), None);
    let largest = |of: &dyn Fn(&ImageChange) -> Option<f64>| {
        let values = images.iter().filter_map(|i| Some((of(i)?, &i.image)));
        let worst = values.max_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(a.1)));
        worst.map_or((Some(0.0), None), |(value, image)| (Some(value).filter(|v| v.is_finite()), Some(image)))
    };
    // Masks of two sizes have nothing in common.
    let size = |i: &ImageChange| (i.kind == Kind::Size).then_some(1.0);
    match name {
        "damaged" => count(&|i| i.kind == Kind::Damaged),
        "photos" => count(&|i| matches!(i.kind, Kind::OnlyBase | Kind::OnlyNew)),
        "inputs" => count(&|i| i.input_changed),
        "status" => count(&|i| i.status_changed()),
        "dice" => largest(&|i| i.mask.map(|m| 1.0 - m.dice).or_else(|| size(i))),
        "pixels" => largest(&|i| i.mask.map(|m| m.changed_fraction).or_else(|| size(i))),
        "figures" => largest(&|i| {
            let same_mask = i.kind == Kind::Figures && !i.input_changed;
            i.figures.first().filter(|_| same_mask).map(|f| f.relative)
        }),
        "run" => (Some(run.len() as f64), None),
        figure => largest(&|i| {
            let change = i.figures.iter().find(|f| f.name == figure)?;
            // A figure that came or went has changed by more than any limit.
            Some(change.change.map_or(f64::INFINITY, f64::abs))
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_replaces_the_usual() {
        let asked = ["dice=0.2", "status=off", "area.lesion_px=50"].map(|t| t.parse().unwrap()).to_vec();
        let all = limits(asked);
        let of = |name: &str| all.iter().find(|l| l.name == name).map(|l| l.limit);
        assert_eq!((of("dice"), of("status"), of("run")), (Some(Some(0.2)), None, None));
        assert_eq!((of("area.lesion_px"), of("pixels")), (Some(Some(50.0)), Some(Some(0.001))));
    }

    #[test]
    fn mistakes_are_explained() {
        for (text, word) in
            [("dice", "NAME=LIMIT"), ("dicey=1", "damaged, photos"), ("dice=-1", "0 or more"), ("dice=no", "off")]
        {
            let error = text.parse::<Limit>().unwrap_err();
            assert!(error.contains(word), "{text}: {error}");
        }
    }
}
