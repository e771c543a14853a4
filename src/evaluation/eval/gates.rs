//! Holding the limits of `--min` and `--max` against the scores.

use anyhow::Result;

use super::scores::{Group, Scores};
use crate::error::UsageError;
use crate::evaluation::score::gate::{Gate, GateResult, Scope, statistic};

/// A gate that names something unknown is an error, not a gate that failed.
pub fn check(gates: &[Gate], scores: &Scores) -> Result<Vec<GateResult>> {
    let mut results = Vec::new();
    for gate in gates {
        results.extend(check_one(gate, scores)?);
    }
    Ok(results)
}

fn check_one(gate: &Gate, scores: &Scores) -> Result<Vec<GateResult>, UsageError> {
    if gate.statistic.is_empty() {
        let total = match gate.metric.as_str() {
            "scored" => scores.totals.scored,
            "failed" => scores.totals.failed,
            _ => scores.totals.unpaired,
        };
        return Ok(vec![gate.check("all".to_owned(), Some(total as f64))]);
    }
    if !scores.metrics.iter().any(|m| m.name == gate.metric) {
        let names: Vec<&str> = scores.metrics.iter().map(|m| m.name.as_str()).collect();
        return Err(UsageError(format!("there is no figure `{}`; there are {}", gate.metric, names.join(", "))));
    }
    let value = |group: &Group| group.metrics.get(&gate.metric).and_then(|s| statistic(s, &gate.statistic));
    match &gate.scope {
        Scope::All => Ok(vec![gate.check("all".to_owned(), value(&scores.aggregate))]),
        Scope::Gap { column } => {
            let strata = find(scores, column)?;
            let gap = strata.gap.get(&gate.metric).and_then(Option::as_ref).map(|g| g.gap);
            Ok(vec![gate.check(strata.column.clone(), gap)])
        }
        Scope::Group { column, value: wanted } => {
            let strata = find(scores, column)?;
            let groups: Vec<GateResult> = strata
                .groups
                .iter()
                .filter(|g| wanted == "*" || g.value == *wanted)
                .map(|g| gate.check(format!("{}={}", strata.column, g.value), value(&g.group)))
                .collect();
            if groups.is_empty() {
                let names: Vec<&str> = strata.groups.iter().map(|g| g.value.as_str()).collect();
                return Err(UsageError(format!(
                    "the column `{column}` has no group `{wanted}`; it has {}",
                    names.join(", ")
                )));
            }
            Ok(groups)
        }
    }
}

fn find<'a>(scores: &'a Scores, column: &str) -> Result<&'a super::scores::Strata, UsageError> {
    scores.strata.iter().find(|s| s.column.eq_ignore_ascii_case(column)).ok_or_else(|| {
        let names: Vec<&str> = scores.strata.iter().map(|s| s.column.as_str()).collect();
        let there = if names.is_empty() {
            "give a table with --subjects FILE".to_owned()
        } else {
            format!("there are groups of {}", names.join(", "))
        };
        UsageError(format!("there are no groups of a column `{column}`; {there}"))
    })
}
