//! The HTML file. What never changes is in `page/`; here it is filled. Every text from outside is escaped.

use std::fmt::Write;

use anyhow::Result;
use serde_json::{Value, json};

use super::plots::{Figure, escape};
use super::rows::{COLUMNS, Row};
use super::tables;
use super::thumbnails::Pictures;
use crate::domain::statistics::median;
use crate::people::LeftOut;

const PAGE: &str = include_str!("page/page.html");
const STYLE: &str = include_str!("page/style.css");
const SCRIPT: &str = include_str!("page/script.js");

pub struct Content<'a> {
    pub rows: &'a [Row],
    pub pictures: &'a [Pictures],
    pub figures: &'a [Figure],
    pub run: Option<Value>,
    pub scores: Option<&'a Value>,
    pub comparison: Option<&'a Value>,
    pub with_photos: bool,
    pub left_out: Option<LeftOut>,
}

pub fn html(content: &Content) -> Result<String> {
    let parts = [
        ("style", STYLE.to_owned()),
        ("title", title(content)),
        ("overview", overview(content)),
        ("views", if content.with_photos { VIEWS.to_owned() } else { String::new() }),
        ("figures", figures(content.figures)),
        ("scores", content.scores.map(tables::scores).unwrap_or_default()),
        ("changes", content.comparison.map(tables::changes).unwrap_or_default()),
        ("problems", tables::problems(content.rows)),
        ("provenance", provenance(content)?),
        ("data", in_script(&data(content))?),
        ("masks", in_script(&content.pictures.iter().map(|p| &p.mask).collect::<Vec<_>>())?),
        (
            "photos",
            in_script(&content.pictures.iter().filter(|_| content.with_photos).map(|p| &p.photo).collect::<Vec<_>>())?,
        ),
        ("script", SCRIPT.to_owned()),
    ];
    // In one pass: what is filled in is never searched for places to fill.
    let mut page = String::new();
    let mut rest = PAGE;
    while let Some((before, after)) = rest.split_once("{{") {
        let (name, after) = after.split_once("}}").unwrap_or((after, ""));
        page.push_str(before);
        page.push_str(parts.iter().find(|(part, _)| *part == name).map_or("", |(_, text)| text));
        rest = after;
    }
    page.push_str(rest);
    Ok(page)
}

const VIEWS: &str = r#"<label>Show <select id="view"><option value="overlay">mask on photo</option>
<option value="photo">photo</option><option value="mask">mask</option></select></label>"#;

/// JSON that may stand in a script element: nothing in it can end the element.
fn in_script(value: &impl serde::Serialize) -> Result<String> {
    Ok(serde_json::to_string(value)?.replace('<', "\\u003c"))
}

fn title(content: &Content) -> String {
    let model = content.run.as_ref().map(|run| &run["model"]);
    let text = |key: &str| model.and_then(|m| m[key].as_str()).unwrap_or_default();
    escape(&format!("{} {}, {} photos", text("name"), text("version"), content.rows.len()))
}

fn overview(content: &Content) -> String {
    let count = |status: &str| content.rows.iter().filter(|row| row.status == status).count();
    let mut cards = vec![
        ("masks".to_owned(), count("done").to_string()),
        (
            "with a lesion".to_owned(),
            content.rows.iter().filter(|r| r.value("lesions").is_some_and(|n| n > 0.0)).count().to_string(),
        ),
        ("excluded".to_owned(), count("excluded").to_string()),
        ("failed".to_owned(), count("failed").to_string()),
    ];
    if let Some(left_out) = content.left_out {
        cards.push(("opted out, not in this report".into(), left_out.photos.to_string()));
    }
    let shares = content.rows.iter().filter_map(|row| row.value("skin_share")).filter(|v| *v > 0.0);
    if let Some(median) = median(shares.collect()) {
        cards.push(("median lesion share of visible skin, where there is one".into(), format!("{median:.1} %")));
    }
    if let Some(mean) = content.scores.and_then(|s| s["aggregate"]["metrics"]["dice"]["mean"].as_f64()) {
        cards.push(("mean Dice".into(), format!("{mean:.3}")));
    }
    if let Some(totals) = content.comparison.map(|c| &c["totals"]) {
        let same = totals["same"].as_u64().unwrap_or_default();
        cards.push(("the same as in the earlier run".into(), same.to_string()));
    }
    cards.iter().fold(String::new(), |mut out, (name, value)| {
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
            write!(out, "<details><summary>{}</summary><pre>{text}</pre></details>", escape(name))?;
        }
        Ok(())
    };
    if let Some(run) = &content.run {
        for name in ["tool", "model", "runtime", "settings", "totals"] {
            block(name, &run[name])?;
        }
    }
    if let Some(scores) = content.scores {
        block("conventions of the scores", &scores["conventions"])?;
    }
    if let Some(comparison) = content.comparison {
        block("what differs between the two runs", &comparison["run"])?;
    }
    Ok(out)
}

/// What the script sorts and filters: labels once, rows as short as they can be.
fn data(content: &Content) -> Value {
    let used: Vec<usize> =
        (0..COLUMNS.len()).filter(|i| content.rows.iter().any(|row| row.values[*i].is_some())).collect();
    let of_row = |row: &Row| {
        let tone = row.tone.iter().map(|tone| format!("estimated tone: {tone}"));
        let strata = row.strata.iter().map(|(column, value)| format!("{column}: {value}"));
        row.flags.iter().cloned().chain(tone).chain(strata).collect::<Vec<String>>()
    };
    let mut labels: Vec<String> = content.rows.iter().flat_map(of_row).collect();
    labels.sort();
    labels.dedup();
    let rows: Vec<Value> = content
        .rows
        .iter()
        .map(|row| {
            let own: Vec<usize> = of_row(row).iter().filter_map(|label| labels.binary_search(label).ok()).collect();
            let values: Vec<Option<f64>> = used.iter().map(|i| row.values[*i].map(short)).collect();
            json!([row.path, row.status, row.cause, row.message, own, values, row.size])
        })
        .collect();
    let columns: Vec<Value> =
        used.iter().map(|i| json!([COLUMNS[*i].key, COLUMNS[*i].name, COLUMNS[*i].unit])).collect();
    json!({"columns": columns, "labels": labels, "rows": rows})
}

/// Six digits are more than anybody reads.
fn short(value: f64) -> f64 {
    format!("{value:.5e}").parse().unwrap_or(value)
}
