//! `derm-seg eval --findings`: lesions of a run against those that doctors marked.

use std::fmt::Write;

use anyhow::Result;

use crate::commands::eval::args::EvalArgs;
use crate::commands::shared::people::{self, People};
use crate::commands::shared::print::write_and_print;
use crate::commands::shared::references::reference_format;
use crate::commands::shared::{Global, at_rest};
use crate::domain::record::round;
use crate::error::UsageError;
use crate::evaluation::detection::{Detection, DetectionPlan, Figure, csv, evaluate};
use crate::exit;
use crate::people::subjects::SubjectsPlan;

/// Returns the exit code.
pub fn run(args: EvalArgs, global: &Global) -> Result<u8> {
    let (output, as_json) = (args.output.clone(), args.json);
    let plan = plan(args)?;
    let detection = evaluate(&plan)?;
    let mut json = serde_json::to_value(&detection)?;
    round(&mut json);
    let json = [serde_json::to_vec(&json)?, b"\n".to_vec()].concat();
    let files = [("detection.json", json.as_slice()), ("detection.csv", &csv(&detection)?)];
    let folder = output.unwrap_or_else(|| plan.results.clone());
    write_and_print(&plan.vault, &folder, &files, &table(&detection), as_json, global)?;
    Ok(exit::OK)
}

fn plan(args: EvalArgs) -> Result<DetectionPlan, UsageError> {
    if !args.min.is_empty() || !args.max.is_empty() {
        return Err(UsageError("--min and --max hold scores of masks; findings have no limits".into()));
    }
    let Some(results) = args.predictions else { return Err(UsageError("name the results".into())) };
    let vault = at_rest::vault(&args.results.at_rest)?;
    let columns = SubjectsPlan {
        image_column: args.image_column,
        subject_column: args.subject_column,
        ..SubjectsPlan::default()
    };
    let People { key, table: subjects, opt_out } = people::of_results(&args.results.people, columns, &vault)?;
    Ok(DetectionPlan {
        results,
        findings: args.detection.findings,
        format: reference_format(args.truth_format, "--truth-format")?,
        stored_grid: args.references.on_stored_grid(),
        rule: args.detection.hit,
        people: opt_out,
        subjects,
        key,
        seed: args.seed,
        vault,
    })
}

fn table(detection: &Detection) -> String {
    let mut text = String::new();
    for reader in &detection.readers {
        let _ = writeln!(
            text,
            "{}: {} images, {} marked, {} found: {} hit, {} missed, {} false",
            reader.reader,
            reader.images,
            reader.marked,
            reader.found,
            reader.hits,
            reader.misses,
            reader.false_findings
        );
        let named = [
            ("sensitivity", reader.sensitivity),
            ("precision", reader.precision),
            ("F1", reader.f1),
            ("false per image", reader.false_per_image),
        ];
        named.iter().for_each(|(name, value)| line(&mut text, name, *value));
        for point in &reader.froc {
            line(&mut text, &format!("sensitivity at {} false per image", point.false_per_image), point.sensitivity);
        }
        line(&mut text, "mean of these", reader.froc_mean);
        if reader.kinds.told > 0 {
            let _ = writeln!(text, "  same kind in {} of {} hits", reader.kinds.same, reader.kinds.told);
        }
        for kind in &reader.by_kind {
            let found = kind.found.map(|found| format!(" of {found} found")).unwrap_or_default();
            let _ = writeln!(text, "  {}: {} of {} marked{found} hit", kind.kind, kind.hits, kind.marked);
        }
        if !reader.unpaired.is_empty() {
            let _ = writeln!(text, "  fit no photo: {}", reader.unpaired.len());
        }
    }
    for two in &detection.between {
        let agreement = two.agreement.map_or("–".to_owned(), |value| format!("{value:.4}"));
        let _ = write!(text, "{} and {}: agreement {agreement} on {} images", two.first, two.second, two.images);
        let _ = match two.kinds.told {
            0 => writeln!(text),
            told => writeln!(text, ", same kind in {} of {told}", two.kinds.same),
        };
    }
    text.trim_end().to_owned()
}

fn line(text: &mut String, name: &str, figure: Figure) {
    let value = figure.value.map_or("–".to_owned(), |value| format!("{value:.4}"));
    let interval = figure.ci95.map(|[low, high]| format!("  [{low:.4}, {high:.4}]")).unwrap_or_default();
    let _ = writeln!(text, "  {name:<36} {value:>7}{interval}");
}
