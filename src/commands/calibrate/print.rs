//! What `calibrate` says.

use std::fmt::Write;

use super::Calibration;
use super::plan::CalibratePlan;
use crate::domain::words::counted;
use crate::evaluation::calibrate::{FEWEST, Finding, Verdict};

pub fn table(plan: &CalibratePlan, calibration: &Calibration, has_manifest: bool) -> String {
    let mut text = String::new();
    let people = calibration.subjects.map(|people| format!(" of {}", counted(people, "subject"))).unwrap_or_default();
    let _ = writeln!(text, "{} with a reference{people}", counted(calibration.photos, "photo"));
    for failure in &calibration.failures {
        let _ = writeln!(text, "failed: {}: {}", failure.image, failure.message);
    }
    let _ = writeln!(
        text,
        "\n{:<12} {:>7}  {:>7}  {:<10} {:>8}  {:<20}  promised",
        "", "now", "best", "gain in", "gain", "95 % interval"
    );
    line(&mut text, "threshold", "Dice", &calibration.threshold);
    match &calibration.temperature {
        Some(temperature) => line(&mut text, "temperature", "likelihood", temperature),
        None => text += "temperature  none: the model gives probabilities of its own\n",
    }
    let shown = plan.output.display();
    if calibration.subjects.is_none() {
        text += "every photo counts as another person: give the table of people with --subjects if it is not so\n";
    }
    let _ = match has_manifest {
        true => write!(text, "use it: derm-seg run ... --manifest {shown}/calibrated.json"),
        false => write!(text, "no manifest was written, since no gain can be promised"),
    };
    text
}

fn line(text: &mut String, name: &str, unit: &str, finding: &Finding) {
    let interval = finding.interval.map_or("–".to_owned(), |[low, high]| format!("[{low:+.4}, {high:+.4}]"));
    let verdict = match finding.verdict {
        Verdict::Promised => "yes".to_owned(),
        Verdict::NothingBetter => "no: nothing is better than now".to_owned(),
        Verdict::NotSure => "no: the interval holds 0".to_owned(),
        Verdict::TooFew => format!("no: fewer than {FEWEST} people are too few"),
    };
    let Finding { current, best, gain, .. } = finding;
    let _ =
        writeln!(text, "{name:<12} {current:>7.4}  {best:>7.4}  {unit:<10} {gain:>+8.4}  {interval:<20}  {verdict}");
}
