//! The report's tables: scores, changes, and photos without a mask.

use std::fmt::Write;

use serde_json::Value;

use super::plots::escape;
use super::rows::Row;
use crate::evaluation::score::summary::MetricSummary;

/// Longer tables are cut; the gallery's filters find the rest.
const MAX_ROWS: usize = 500;

struct Table {
    html: String,
    rows: usize,
}

impl Table {
    fn new(caption: &str, head: &[&str]) -> Self {
        let cells: String = head.iter().map(|h| format!("<th scope=\"col\">{}</th>", escape(h))).collect();
        Self {
            html: format!(
                "<div class=\"wide\"><table><caption>{}</caption><thead><tr>{cells}</tr></thead><tbody>",
                escape(caption)
            ),
            rows: 0,
        }
    }

    fn row(&mut self, cells: &[String]) {
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
    fn finish(mut self) -> String {
        if self.rows == 0 {
            return String::new();
        }
        self.html.push_str("</tbody></table></div>");
        if self.rows > MAX_ROWS {
            let _ = write!(self.html, "<p>{} more are in the gallery.</p>", self.rows - MAX_ROWS);
        }
        self.html
    }
}

fn section(id: &str, title: &str, content: &str) -> String {
    if content.is_empty() { String::new() } else { format!("<section id=\"{id}\"><h2>{title}</h2>{content}</section>") }
}

fn list(value: &Value) -> &[Value] {
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

fn interval(value: &Value) -> String {
    if value.is_array() { format!("{} to {}", number(&value[0]), number(&value[1])) } else { "–".to_owned() }
}

/// The interval of a figure in scores.json that the terminal shows too.
pub fn interval_of(figure: &Value) -> Option<[f64; 2]> {
    serde_json::from_value::<MetricSummary>(figure.clone()).ok()?.interval()
}

pub fn scores(scores: &Value) -> String {
    let mut all = Table::new(
        "All scored photos",
        &[
            "figure",
            "mean",
            "95 % interval by image",
            "by subject",
            "SD",
            "median",
            "quartiles",
            "photos",
            "not defined",
        ],
    );
    for name in list(&scores["metrics"]).iter().filter_map(|metric| metric["name"].as_str()) {
        let m = &scores["aggregate"]["metrics"][name];
        if m["mean"].is_null() {
            continue;
        }
        let quartiles = format!("{} to {}", number(&m["q1"]), number(&m["q3"]));
        all.row(&[
            name.to_owned(),
            number(&m["mean"]),
            interval(&m["ci95_by_image"]),
            interval(&m["ci95_by_subject"]),
            number(&m["sd"]),
            number(&m["median"]),
            quartiles,
            number(&m["n"]),
            number(&m["missing"]),
        ]);
    }
    let mut strata = Table::new("Groups, Dice", &["column", "group", "photos", "mean", "95 % interval"]);
    let mut gaps = Table::new("Gap between groups, Dice", &["column", "best", "mean", "worst", "mean", "gap"]);
    for column in list(&scores["strata"]) {
        let name = word(&column["column"]);
        for group in list(&column["groups"]) {
            let dice = &group["metrics"]["dice"];
            strata.row(&[
                name.clone(),
                word(&group["value"]),
                number(&group["n"]),
                number(&dice["mean"]),
                interval_of(dice).map_or("–".to_owned(), |ci| interval(&Value::from(ci.to_vec()))),
            ]);
        }
        let gap = &column["gap"]["dice"];
        if gap.is_object() {
            gaps.row(&[
                name,
                word(&gap["best"]),
                number(&gap["best_mean"]),
                word(&gap["worst"]),
                number(&gap["worst_mean"]),
                number(&gap["gap"]),
            ]);
        }
    }
    let mut worst = Table::new("Lowest Dice", &["photo", "Dice", "HD95 (px)", "case"]);
    for image in list(&scores["worst"]) {
        worst.row(&[word(&image["image"]), number(&image["dice"]), number(&image["hd95"]), word(&image["case"])]);
    }
    section("scores", "Scores", &(all.finish() + &gaps.finish() + &strata.finish() + &worst.finish()))
}

pub fn changes(comparison: &Value) -> String {
    let totals = &comparison["totals"];
    let told = format!(
        "<p>{} photos are the same as in the earlier run, {} changed, {} are new, {} are gone.</p>",
        number(&totals["same"]),
        number(&totals["changed"]),
        number(&totals["only_new"]),
        number(&totals["only_base"])
    );
    let mut limits = Table::new("Limits", &["limit", "at most", "found", "held", "photo"]);
    for held in list(&comparison["limits"]) {
        let verdict = if held["held"].as_bool() == Some(true) { "yes" } else { "no" };
        limits.row(&[
            word(&held["name"]),
            number(&held["limit"]),
            number(&held["value"]),
            verdict.to_owned(),
            word(&held["image"]),
        ]);
    }
    let mut images = Table::new(
        "Photos that changed, the worst first",
        &["photo", "what", "Dice", "changed pixels", "largest change of a figure"],
    );
    for image in list(&comparison["images"]) {
        let figure = &image["figures"][0];
        let figure = if figure.is_object() {
            format!("{} ({} relative)", word(&figure["name"]), number(&figure["relative"]))
        } else {
            "–".into()
        };
        images.row(&[
            word(&image["image"]),
            word(&image["kind"]),
            number(&image["mask"]["dice"]),
            number(&image["mask"]["changed_px"]),
            figure,
        ]);
    }
    section("changes", "Changes", &(told + &limits.finish() + &images.finish()))
}

/// Photos without a mask, and why.
pub fn problems(rows: &[Row]) -> String {
    let mut table = Table::new("Photos without a mask", &["photo", "status", "cause", "message"]);
    for row in rows.iter().filter(|row| row.status != "done") {
        table.row(&[row.path.clone(), row.status.to_owned(), row.cause.clone(), row.message.clone()]);
    }
    section("problems", "Failures and exclusions", &table.finish())
}
