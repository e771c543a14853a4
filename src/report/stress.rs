//! The page of `stress`: a curve for every kind of disturbance, and the table behind it. It holds all that it shows.

use std::fmt::Write;

use super::plots::{Level, curve, escape};
use super::words::{Language, Words};
use crate::evaluation::score::summary::MetricSummary;
use crate::evaluation::stress::{OfKind, OfStrength, Stress};

const PAGE: &str = include_str!("page/stress.html");
const STYLE: &str = include_str!("page/style.css");
const COLUMNS: [&str; 7] = ["strength", "photos", "median", "lost", "invented", "skin_share", "lesions"];

/// The whole page.
pub fn stress_page(stress: &Stress, language: Language) -> String {
    let words = Words::of(language);
    let (totals, conventions) = (&stress.totals, &stress.conventions);
    let intro = words.fill(
        "stress.intro",
        &[
            ("model", &format!("{} {}", stress.model.name, stress.model.version)),
            ("photos", &totals.tried.to_string()),
            ("without", &totals.without_lesion.to_string()),
            ("side", &conventions.long_side.to_string()),
            ("bound", &conventions.bound.to_string()),
        ],
    );
    let parts = [
        ("lang", words.language.to_owned()),
        ("style", STYLE.to_owned()),
        ("intro", escape(&intro)),
        ("kinds", stress.kinds.iter().map(|kind| section(kind, conventions.bound, &words)).collect()),
    ];
    words.page(PAGE, &parts)
}

fn section(kind: &OfKind, bound: f64, words: &Words) -> String {
    let level = |s: &OfStrength| {
        Some(Level { label: s.strength.to_string(), quartiles: [s.dice.q1?, s.dice.median?, s.dice.q3?] })
    };
    let levels: Vec<Level> = kind.strengths.iter().filter_map(level).collect();
    let name = format!("stress.{}", kind.kind);
    let said = |what: &str| words.say(&format!("{name}{what}"));
    let plot = curve(&name, &levels, bound, words).map(|figure| figure.inline()).unwrap_or_default();
    let head = COLUMNS.iter().fold(String::new(), |mut head, column| {
        let _ = write!(head, "<th>{}</th>", escape(words.say(&format!("stress.{column}"))));
        head
    });
    let rows = kind.strengths.iter().fold(String::new(), |mut rows, s| {
        let change = &s.change;
        let _ = write!(
            rows,
            "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
            s.strength,
            s.photos,
            number(s.dice.median),
            s.lost,
            s.invented,
            spread(&change.lesion_fraction_of_skin, 100.0, words),
            spread(&change.lesions, 1.0, words),
            spread(&change.delta_a, 1.0, words),
        );
        rows
    });
    format!(
        "<section><h2>{}</h2><p>{}</p><div class=\"kind\">{plot}<table><tr>{head}<th>Δa*</th></tr>{rows}</table></div></section>",
        escape(said("")),
        escape(&words.fill("stress.about", &[("what", said(".what")), ("unit", said(".unit"))])),
    )
}

fn number(value: Option<f64>) -> String {
    value.map_or("–".to_owned(), |v| format!("{v:.2}"))
}

fn spread(summary: &MetricSummary, scale: f64, words: &Words) -> String {
    let say = |v: f64| {
        let text = format!("{:+.1}", v * scale);
        let is_zero = text.chars().all(|c| matches!(c, '+' | '-' | '0' | '.'));
        if is_zero { text[1..].to_owned() } else { text }
    };
    match (summary.q1, summary.median, summary.q3) {
        (Some(q1), Some(median), Some(q3)) => {
            words.fill("stress.spread", &[("median", &say(median)), ("q1", &say(q1)), ("q3", &say(q3))])
        }
        _ => "–".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluation::stress::kinds::KINDS;

    #[test]
    fn the_page_says_of_each_kind_what_the_files_say() {
        let words = Words::of(Language::English);
        for about in &KINDS {
            let key = format!("stress.{}", about.name);
            assert_eq!(words.say(&key), about.name.replace('_', " "));
            assert_eq!(words.say(&format!("{key}.unit")), about.unit);
            assert_eq!(words.say(&format!("{key}.what")), about.what);
        }
    }
}
