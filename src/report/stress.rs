//! The page of `stress`: a curve for every kind of disturbance, and the table behind it. It holds all that it shows.

use std::fmt::Write;

use super::plots::{Level, curve, escape};
use super::words::{Language, Words};
use crate::evaluation::score::summary::MetricSummary;
use crate::evaluation::stress::{OfKind, OfStrength, Stress};

/// The whole page.
pub fn stress_page(stress: &Stress) -> String {
    let (totals, conventions) = (&stress.totals, &stress.conventions);
    let model = format!("{} {}", stress.model.name, stress.model.version);
    let kinds: String = stress.kinds.iter().map(|kind| section(kind, conventions.bound)).collect();
    PAGE.replace("{{style}}", include_str!("page/style.css"))
        .replace("{{model}}", &escape(&model))
        .replace("{{photos}}", &totals.tried.to_string())
        .replace("{{without}}", &totals.without_lesion.to_string())
        .replace("{{bound}}", &conventions.bound.to_string())
        .replace("{{side}}", &conventions.long_side.to_string())
        .replace("{{kinds}}", &kinds)
}

const PAGE: &str = r#"<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="referrer" content="no-referrer">
<title>derm-seg: stress</title>
<style>{{style}}
main { max-width: 1180px; margin: auto; }
section > p { margin: 2px 0; color: var(--soft); }
.kind { display: flex; flex-wrap: wrap; gap: 8px 18px; align-items: start; }
.kind svg { width: 350px; }
.kind table { display: table; font-size: 13px; font-variant-numeric: tabular-nums; border-collapse: collapse; width: auto; }
.kind td, .kind th { text-align: right; min-width: 0; width: auto; padding: 3px 7px; border-bottom: 1px solid var(--faint); white-space: nowrap; }
</style>
</head>
<body>
<header><h1>derm-seg</h1><p>How much worse photos may be</p><p class="notice">Research use only. Best effort; not a medical device.</p></header>
<main>
<p>Model {{model}}, {{photos}} photos, {{without}} of them without a lesion; photos of more than {{side}} pixels on the long side were reduced to that. Every
photo was disturbed in memory, and the same model looked at it again. Dice is that of the lesion to the lesion in the undisturbed photo: it says how
steady the model is, not whether it is right. The line is the median, the band holds the middle half of the photos, the dashed line is the
bound of {{bound}}.</p>
<p>Changes in the tables: median (quartiles); skin share: lesion share of the visible skin, in percentage points. Lost: photos whose lesion is not found any more. Invented: photos without a lesion in which one is found now.</p>
{{kinds}}
</main>
</body>
</html>
"#;

fn section(kind: &OfKind, bound: f64) -> String {
    let level = |s: &OfStrength| {
        Some(Level { label: s.strength.to_string(), quartiles: [s.dice.q1?, s.dice.median?, s.dice.q3?] })
    };
    let levels: Vec<Level> = kind.strengths.iter().filter_map(level).collect();
    let title = kind.kind.replace('_', " ");
    let words = Words::of(Language::English);
    let plot = curve(&title, kind.unit, &levels, bound, &words).map(|figure| figure.inline()).unwrap_or_default();
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
            spread(&change.lesion_fraction_of_skin, 100.0, 1),
            spread(&change.lesions, 1.0, 1),
            spread(&change.delta_a, 1.0, 1),
        );
        rows
    });
    format!(
        "<section><h2>{title}</h2><p>{}. Strength: {}.</p><div class=\"kind\">{plot}<table><tr><th>strength</th><th>photos</th><th>median Dice</th>\
         <th>lost</th><th>invented</th><th>skin share, points</th><th>lesions</th><th>Δa*</th></tr>{rows}</table>\
         </div></section>",
        escape(kind.what),
        escape(kind.unit),
    )
}

fn number(value: Option<f64>) -> String {
    value.map_or("–".to_owned(), |v| format!("{v:.2}"))
}

fn spread(summary: &MetricSummary, scale: f64, digits: usize) -> String {
    let say = |v: f64| {
        let text = format!("{:+.digits$}", v * scale);
        let is_zero = text.chars().all(|c| matches!(c, '+' | '-' | '0' | '.'));
        if is_zero { text[1..].to_owned() } else { text }
    };
    match (summary.q1, summary.median, summary.q3) {
        (Some(q1), Some(median), Some(q3)) => format!("{} ({} to {})", say(median), say(q1), say(q3)),
        _ => "–".to_owned(),
    }
}
