//! The HTML file. What never changes is in `page/`; here it is filled. Every text from outside is escaped.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use anyhow::Result;
use serde_json::{Value, json};

use super::pictures::Pictures;
use super::plots::{Figure, escape};
use super::rows::{ABSTAINED, COLUMNS, Kind, Label, Row, group_name};
use super::tables;
use super::track::track_section;
use super::words::{Words, count};
use crate::domain::record::Classification;
use crate::domain::statistics::median;
use crate::people::LeftOut;
use crate::store::kind_colour;
use crate::store::review::Mark;

const PAGE: &str = include_str!("page/page.html");
const STYLE: &str = include_str!("page/style.css");
const SCRIPT: &str = concat!(
    include_str!("page/base.js"),
    include_str!("page/review.js"),
    include_str!("page/gallery.js"),
    include_str!("page/viewer.js"),
    include_str!("page/start.js"),
);

pub struct Content<'a> {
    pub words: &'a Words,
    /// Of lesions.
    pub kinds: &'a [String],
    pub rows: &'a [Row],
    pub pictures: &'a [Pictures],
    pub figures: &'a [Figure],
    pub run: Option<Value>,
    pub scores: Option<&'a Value>,
    pub comparison: Option<&'a Value>,
    pub track: Option<&'a Value>,
    pub left_out: Option<LeftOut>,
}

pub fn html(content: &Content) -> Result<String> {
    let words = content.words;
    let of_this_page: BTreeMap<_, _> = words.all().iter().filter(|(key, _)| !key.starts_with("stress")).collect();
    let parts = [
        ("lang", words.language.to_owned()),
        ("style", STYLE.to_owned()),
        ("title", title(content)),
        ("overview", overview(content)),
        ("said", tables::said(content.rows, words)),
        ("figures", figures(content.figures)),
        ("scores", content.scores.map(|scores| tables::scores(scores, words)).unwrap_or_default()),
        ("changes", content.comparison.map(|changes| tables::changes(changes, words)).unwrap_or_default()),
        ("track", content.track.map(|told| track_section(told, words)).unwrap_or_default()),
        ("problems", tables::problems(content.rows, words)),
        ("provenance", provenance(content)?),
        ("words", in_script(&of_this_page)?),
        ("data", in_script(&data(content))?),
        ("outlines", in_script(&content.pictures.iter().map(|p| &p.outlines).collect::<Vec<_>>())?),
        ("review", in_script(&content.rows.iter().map(remark).collect::<Vec<_>>())?),
        ("pictures", pictures(content.pictures)),
        ("script", SCRIPT.to_owned()),
    ];
    Ok(words.page(PAGE, &parts))
}

/// JSON that may stand in a script element: nothing in it can end the element.
fn in_script(value: &impl serde::Serialize) -> Result<String> {
    Ok(serde_json::to_string(value)?.replace('<', "\\u003c"))
}

/// Each photo in an element of its own, which a browser keeps as text until the photo is looked at.
fn pictures(pictures: &[Pictures]) -> String {
    let mut out = String::new();
    for (i, photo) in pictures.iter().enumerate().filter_map(|(i, p)| Some((i, p.photo.as_ref()?))) {
        // Writing into a string cannot fail.
        let _ = writeln!(out, "<script type=\"text/plain\" id=\"photo-{i}\">{photo}</script>");
    }
    out
}

fn remark(row: &Row) -> Value {
    match &row.remark {
        None => Value::Null,
        Some(remark) => {
            json!({"mark": remark.mark.map_or("", Mark::as_str), "note": remark.note, "mm": remark.mm_per_px})
        }
    }
}

fn title(content: &Content) -> String {
    let model = content.run.as_ref().map(|run| &run["model"]);
    let text = |key: &str| model.and_then(|m| m[key].as_str()).unwrap_or_default();
    let model = format!("{} {}", text("name"), text("version"));
    escape(&content.words.fill("title", &[("n", &count(content.rows.len() as u64)), ("model", &model)]))
}

fn overview(content: &Content) -> String {
    let words = content.words;
    let of_status = |status: &str| count(content.rows.iter().filter(|row| row.status == status).count() as u64);
    let with_lesion = content.rows.iter().filter(|r| r.value("lesions").is_some_and(|n| n > 0.0)).count();
    let mut cards = vec![
        ("done", of_status("done")),
        ("with_lesion", count(with_lesion as u64)),
        ("excluded", of_status("excluded")),
        ("failed", of_status("failed")),
    ];
    if let Some(left_out) = content.left_out {
        cards.push(("opted_out", count(left_out.photos as u64)));
    }
    let shares = content.rows.iter().filter_map(|row| row.value("skin_share")).filter(|v| *v > 0.0);
    if let Some(median) = median(shares.collect()) {
        cards.push(("median_share", format!("{median:.1} %")));
    }
    if let Some(mean) = content.scores.and_then(|s| s["aggregate"]["metrics"]["dice"]["mean"].as_f64()) {
        cards.push(("mean_dice", format!("{mean:.3}")));
    }
    if let Some(totals) = content.comparison.map(|c| &c["totals"]) {
        cards.push(("same", count(totals["same"].as_u64().unwrap_or_default())));
    }
    cards.iter().fold(String::new(), |mut out, (key, value)| {
        let name = words.say(&format!("card.{key}"));
        let _ = write!(out, "<div><b>{}</b><span>{}</span></div>", escape(value), escape(name));
        out
    })
}

fn figures(figures: &[Figure]) -> String {
    figures.iter().fold(String::new(), |mut out, figure| {
        let _ = write!(out, "<figure><figcaption>{}</figcaption>{}</figure>", escape(&figure.title), figure.inline());
        out
    })
}

fn provenance(content: &Content) -> Result<String> {
    let mut out = String::new();
    let mut block = |name: &str, value: &Value| -> Result<()> {
        if !value.is_null() && value.as_array().is_none_or(|list| !list.is_empty()) {
            let text = escape(&serde_json::to_string_pretty(value)?);
            let name = escape(content.words.say(&format!("about.{name}")));
            write!(out, "<details><summary>{name}</summary><pre>{text}</pre></details>")?;
        }
        Ok(())
    };
    if let Some(run) = &content.run {
        for name in ["tool", "model", "runtime", "settings", "totals"] {
            block(name, &run[name])?;
        }
    }
    if let Some(scores) = content.scores {
        block("conventions", &scores["conventions"])?;
    }
    if let Some(comparison) = content.comparison {
        block("differs", &comparison["run"])?;
    }
    Ok(out)
}

/// What the script sorts, filters and groups: labels once, rows as short as they can be.
fn data(content: &Content) -> Value {
    let words = content.words;
    let used: Vec<usize> =
        (0..COLUMNS.len()).filter(|i| content.rows.iter().any(|row| row.values[*i].is_some())).collect();
    let labels: BTreeSet<&Label> = content.rows.iter().flat_map(|row| &row.labels).collect();
    let labels: Vec<&Label> = labels.into_iter().collect();
    let rows = content.rows.iter().map(|row| {
        let own: Vec<usize> = row.labels.iter().filter_map(|label| labels.binary_search(&label).ok()).collect();
        let values: Vec<Option<f64>> = used.iter().map(|i| row.values[*i].map(short)).collect();
        json!([
            row.path,
            row.status,
            row.cause,
            row.message,
            own,
            values,
            row.size,
            row.id,
            row.subject,
            said(row, words)
        ])
    });
    let rows: Vec<Value> = rows.collect();
    let column = |i: &usize| {
        let column = &COLUMNS[*i];
        json!([column.key, words.say(&format!("column.{}", column.key)), column.unit])
    };
    let columns: Vec<Value> = used.iter().map(column).collect();
    let labels =
        labels.iter().map(|label| json!([kind(&label.kind, words), text(label, words), label.kind.is_single()]));
    let kinds: Vec<Value> = match content.kinds {
        [] | [_] => Vec::new(),
        several => several.iter().enumerate().map(|(i, name)| json!([name, hex(kind_colour(i))])).collect(),
    };
    json!({"columns": columns, "labels": labels.collect::<Vec<Value>>(), "rows": rows, "kinds": kinds})
}

fn hex([r, g, b]: [u8; 3]) -> String {
    format!("#{r:02x}{g:02x}{b:02x}")
}

/// What second models say, part by part: the model, and its labels from the likeliest on.
fn said(row: &Row, words: &Words) -> Vec<[String; 2]> {
    let line = |said: &Classification| {
        let name = match said.lesion {
            Some(id) => words.fill("said.lesion", &[("model", &said.model.name), ("id", &id.to_string())]),
            None => said.model.name.clone(),
        };
        let mut chances: Vec<(&String, f64)> =
            said.probabilities.iter().map(|(label, chance)| (label, chance.as_f64().unwrap_or_default())).collect();
        chances.sort_by(|a, b| b.1.total_cmp(&a.1));
        let chances: Vec<String> =
            chances.iter().map(|(label, chance)| format!("{label} {:.1} %", chance * 100.0)).collect();
        let abstained = if said.abstained { format!("{}: ", words.code(ABSTAINED)) } else { String::new() };
        [name, format!("{abstained}{}", chances.join(", "))]
    };
    row.said.iter().map(line).collect()
}

fn kind(kind: &Kind, words: &Words) -> String {
    let key = match kind {
        Kind::Column(_, name) | Kind::Said(name) => return name.clone(),
        Kind::Lesions => "lesions",
        Kind::Quality => "quality",
        Kind::Warning => "warning",
        Kind::Mask => "mask",
        Kind::Tone => "tone",
        Kind::Privacy => "privacy",
        Kind::Change => "change",
    };
    words.say(&format!("kind.{key}")).to_owned()
}

fn text(label: &Label, words: &Words) -> String {
    match label.kind {
        Kind::Lesions => label.code.clone(),
        Kind::Said(_) if label.code != ABSTAINED => label.code.clone(),
        Kind::Column(_, ref column) => group_name(column, &label.code, words),
        _ => words.code(&label.code),
    }
}

/// Six digits are more than anybody reads.
fn short(value: f64) -> f64 {
    format!("{value:.5e}").parse().unwrap_or(value)
}
