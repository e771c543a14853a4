//! The report's tables: scores, changes, and photos without a mask.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde_json::Value;

use super::plots::escape;
use super::rows::{ABSTAINED, Row, column_name, group_name};
use super::words::{Words, count};
use crate::evaluation::score::summary::MetricSummary;

/// Longer tables are cut; the gallery's filters find the rest.
const MAX_ROWS: usize = 500;

/// How often each second model gave which label, and how sure it was.
pub fn said(rows: &[Row], words: &Words) -> String {
    let mut labels: BTreeMap<(&str, &str), Vec<f64>> = BTreeMap::new();
    for said in rows.iter().flat_map(|row| &row.said) {
        let top = said.probabilities.values().filter_map(Value::as_f64).fold(0.0, f64::max);
        labels.entry((&said.model.name, said.label.as_deref().unwrap_or(ABSTAINED))).or_default().push(top);
    }
    let mut table = Table::new(words, "said", &["model", "label", "parts", "probability"]);
    for ((model, label), tops) in labels {
        let label = if label == ABSTAINED { words.code(ABSTAINED) } else { label.to_owned() };
        let mean = tops.iter().sum::<f64>() / tops.len() as f64;
        table.row(&[model.to_owned(), label, count(tops.len() as u64), format!("{:.1} %", mean * 100.0)]);
    }
    table.finish(words)
}

pub struct Table {
    html: String,
    rows: usize,
}

impl Table {
    /// Caption and heads are keys of `table.` in the words.
    pub fn new(words: &Words, caption: &str, head: &[&str]) -> Self {
        let say = |key: &str| escape(words.say(&format!("table.{key}")));
        let cells: String = head.iter().map(|key| format!("<th scope=\"col\">{}</th>", say(key))).collect();
        Self {
            html: format!(
                "<div class=\"wide\"><table><caption>{}</caption><thead><tr>{cells}</tr></thead><tbody>",
                say(caption)
            ),
            rows: 0,
        }
    }

    pub fn row(&mut self, cells: &[String]) {
        self.rows += 1;
        if self.rows > MAX_ROWS {
            return;
        }
        self.html.push_str("<tr>");
        for (i, cell) in cells.iter().enumerate() {
            let (tag, scope) = if i == 0 { ("th", " scope=\"row\"") } else { ("td", "") };
            let _ = write!(self.html, "<{tag}{scope}>{}</{tag}>", escape(cell));
        }
        self.html.push_str("</tr>");
    }

    /// Nothing for a table without rows.
    pub fn finish(mut self, words: &Words) -> String {
        if self.rows == 0 {
            return String::new();
        }
        self.html.push_str("</tbody></table></div>");
        if self.rows > MAX_ROWS {
            let n = count((self.rows - MAX_ROWS) as u64);
            let _ = write!(self.html, "<p>{}</p>", words.fill("table.cut", &[("n", &n)]));
        }
        self.html
    }
}

pub fn section(id: &str, words: &Words, content: &str) -> String {
    let title = escape(words.say(id));
    if content.is_empty() { String::new() } else { format!("<section id=\"{id}\"><h2>{title}</h2>{content}</section>") }
}

fn case(value: &Value, words: &Words) -> String {
    let case = value.as_str().unwrap_or_default();
    words.find(&format!("case.{case}")).unwrap_or(case).to_owned()
}

pub fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

/// A number as people read it; a dash where there is none.
fn number(value: &Value) -> String {
    match value.as_f64() {
        None => "–".to_owned(),
        Some(v) if v == v.trunc() && v.abs() < 1e9 => format!("{v}"),
        Some(v) if v.abs() >= 100.0 => format!("{v:.1}"),
        Some(v) => format!("{v:.4}"),
    }
}

fn word(value: &Value) -> String {
    value.as_str().unwrap_or("–").to_owned()
}

fn range(low: &Value, high: &Value, words: &Words) -> String {
    words.fill("table.range", &[("low", &number(low)), ("high", &number(high))])
}

fn interval(value: &Value, words: &Words) -> String {
    if value.is_array() { range(&value[0], &value[1], words) } else { "–".to_owned() }
}

/// The name of a figure: with its meaning, where it has one, and its unit, where it is a length.
fn figure(name: &str, unit: &Value, words: &Words) -> String {
    let figure = words.find(&format!("column.{name}")).unwrap_or(name);
    match unit.as_str() {
        Some(unit @ ("px" | "mm")) => format!("{figure}, {unit}"),
        _ => figure.to_owned(),
    }
}

/// The interval of a figure in scores.json that the terminal shows too.
pub fn interval_of(figure: &Value) -> Option<[f64; 2]> {
    serde_json::from_value::<MetricSummary>(figure.clone()).ok()?.interval()
}

pub fn scores(scores: &Value, words: &Words) -> String {
    let heads = ["figure", "mean", "by_image", "by_subject", "sd", "median", "quartiles", "photos", "missing"];
    let mut all = Table::new(words, "all", &heads);
    for metric in list(&scores["metrics"]) {
        let name = metric["name"].as_str().unwrap_or_default();
        let m = &scores["aggregate"]["metrics"][name];
        if m["mean"].is_null() {
            continue;
        }
        let quartiles = range(&m["q1"], &m["q3"], words);
        all.row(&[
            figure(name, &metric["unit"], words),
            number(&m["mean"]),
            interval(&m["ci95_by_image"], words),
            interval(&m["ci95_by_subject"], words),
            number(&m["sd"]),
            number(&m["median"]),
            quartiles,
            number(&m["n"]),
            number(&m["missing"]),
        ]);
    }
    let mut strata = Table::new(words, "groups", &["column", "group", "photos", "mean", "interval"]);
    let mut gaps = Table::new(words, "gaps", &["column", "best", "mean", "worst", "mean", "gap"]);
    for column in list(&scores["strata"]) {
        let column_key = word(&column["column"]);
        let name = column_name(&column_key, words).to_owned();
        let group_word = |value: &Value| group_name(&column_key, &word(value), words);
        for group in list(&column["groups"]) {
            let dice = &group["metrics"]["dice"];
            strata.row(&[
                name.clone(),
                group_word(&group["value"]),
                number(&group["n"]),
                number(&dice["mean"]),
                interval_of(dice).map_or("–".to_owned(), |ci| interval(&Value::from(ci.to_vec()), words)),
            ]);
        }
        let gap = &column["gap"]["dice"];
        if gap.is_object() {
            gaps.row(&[
                name,
                group_word(&gap["best"]),
                number(&gap["best_mean"]),
                group_word(&gap["worst"]),
                number(&gap["worst_mean"]),
                number(&gap["gap"]),
            ]);
        }
    }
    let mut worst = Table::new(words, "lowest", &["photo", "dice", "hd95", "case"]);
    for image in list(&scores["worst"]) {
        worst.row(&[
            word(&image["image"]),
            number(&image["dice"]),
            number(&image["hd95"]),
            case(&image["case"], words),
        ]);
    }
    let tables = [all, gaps, strata, worst].map(|table| table.finish(words));
    section("scores", words, &tables.concat())
}

pub fn changes(comparison: &Value, words: &Words) -> String {
    let totals = &comparison["totals"];
    let [same, changed, new, gone] = ["same", "changed", "only_new", "only_base"].map(|name| number(&totals[name]));
    let told = words.fill("table.changes", &[("same", &same), ("changed", &changed), ("new", &new), ("gone", &gone)]);
    let mut limits = Table::new(words, "limits", &["limit", "at_most", "found", "held", "photo"]);
    for held in list(&comparison["limits"]) {
        let verdict = if held["held"].as_bool() == Some(true) { "table.yes" } else { "table.no" };
        limits.row(&[
            word(&held["name"]),
            number(&held["limit"]),
            number(&held["value"]),
            words.say(verdict).to_owned(),
            word(&held["image"]),
        ]);
    }
    let mut images = Table::new(words, "changed", &["photo", "what", "dice", "changed_px", "largest"]);
    for image in list(&comparison["images"]) {
        let figure = &image["figures"][0];
        let figure = if figure.is_object() {
            words.fill("table.relative", &[("n", &number(&figure["relative"])), ("figure", &word(&figure["name"]))])
        } else {
            "–".into()
        };
        images.row(&[
            word(&image["image"]),
            words.code(&word(&image["kind"])),
            number(&image["mask"]["dice"]),
            number(&image["mask"]["changed_px"]),
            figure,
        ]);
    }
    let told = format!("<p>{}</p>", escape(&told));
    section("changes", words, &(told + &limits.finish(words) + &images.finish(words)))
}

/// Photos without a mask, and why.
pub fn problems(rows: &[Row], words: &Words) -> String {
    let mut table = Table::new(words, "problems", &["photo", "status", "cause", "message"]);
    for row in rows.iter().filter(|row| row.status != "done") {
        let status = words.say(&format!("status.{}", row.status)).to_owned();
        table.row(&[row.path.clone(), status, row.cause.clone(), row.message.clone()]);
    }
    section("problems", words, &table.finish(words))
}
