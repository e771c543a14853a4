//! What `stress` found, for a terminal: a line a kind, and what it means.

use std::fmt::{self, Write};

use crate::domain::words::counted;
use crate::evaluation::stress::{OfKind, Stress};

/// More failures than this are only in the file.
const MOST_FAILURES: usize = 10;

pub fn table(stress: &Stress) -> String {
    let mut out = String::new();
    // Writing into a string cannot fail.
    let _ = write_table(&mut out, stress);
    out
}

fn write_table(out: &mut String, stress: &Stress) -> fmt::Result {
    let totals = stress.totals;
    writeln!(
        out,
        "{}, {} without a lesion; median Dice of the lesion to that in the undisturbed photo\n",
        counted(totals.tried, "photo"),
        totals.without_lesion
    )?;
    if let Some(left_out) = stress.opted_out {
        writeln!(out, "{left_out}\n")?;
    }
    for kind in &stress.kinds {
        let medians = kind.strengths.iter().filter_map(|s| Some(format!("{}: {:.2}", s.strength, s.dice.median?)));
        let medians = medians.collect::<Vec<_>>().join("  ");
        let known = if medians.is_empty() { "-".to_owned() } else { medians };
        writeln!(out, "{:<13} {known}   ({})", kind.kind, kind.unit)?;
    }
    writeln!(out, "\nwhere it stops working (median Dice under {})", stress.conventions.bound)?;
    for kind in &stress.kinds {
        writeln!(out, "{:<13} {}", kind.kind, verdict(kind))?;
    }
    if !stress.failures.is_empty() {
        writeln!(out, "\nfailed: {}", stress.failures.len())?;
    }
    for failure in stress.failures.iter().take(MOST_FAILURES) {
        writeln!(out, "  {}: {}", failure.image, failure.failure.message)?;
    }
    if stress.failures.len() > MOST_FAILURES {
        writeln!(out, "  ... and {} more in stress.json", stress.failures.len() - MOST_FAILURES)?;
    }
    Ok(())
}

/// "from 4 times as far; it works to 2.8".
fn verdict(kind: &OfKind) -> String {
    let unit = kind.unit;
    match (kind.works_to, kind.stops_at) {
        (Some(last), Some(first)) => format!("at {first} {unit}; it works to {last}"),
        (None, Some(first)) => format!("at {first} {unit}, the weakest that was tried"),
        (Some(last), None) => format!("nowhere up to {last} {unit}"),
        (None, None) => "not known: no photo with a lesion".to_owned(),
    }
}
