//! `--bins COLUMN=EDGES`: how a column of numbers makes groups.

use std::collections::BTreeMap;

use crate::error::UsageError;
use crate::people::subjects::Subjects;

/// Edges by the column's name in the table.
pub fn bins(texts: &[String], table: Option<&Subjects>) -> Result<BTreeMap<String, Vec<f64>>, UsageError> {
    texts.iter().map(|text| bins_of_column(text, table)).collect()
}

fn bins_of_column(text: &str, table: Option<&Subjects>) -> Result<(String, Vec<f64>), UsageError> {
    let parse = || {
        let (column, edges) = text.rsplit_once('=')?;
        let edges: Option<Vec<f64>> =
            edges.split(',').map(|e| e.trim().parse().ok().filter(|e: &f64| e.is_finite())).collect();
        Some((column, edges.filter(|e| e.windows(2).all(|w| w[0] < w[1]))?))
    };
    let (column, edges) = parse().ok_or_else(|| {
        UsageError(format!("--bins {text}: write COLUMN=EDGE,EDGE with rising edges, such as age=40,65"))
    })?;
    let columns = table
        .map(|t| t.columns.as_slice())
        .ok_or_else(|| UsageError("--bins names a column of a table: give it with --subjects FILE".to_owned()))?;
    match columns.iter().find(|c| c.eq_ignore_ascii_case(column)) {
        Some(column) => Ok((column.clone(), edges)),
        None => Err(UsageError(format!(
            "--bins {text}: the table has no column `{column}` to make groups of; it has {}",
            columns.join(", ")
        ))),
    }
}
