//! `derm-seg check`: find photos, look at each, say what would stand in the way of a run.

pub(in crate::commands) mod args;
mod plan;

use std::io::Write;

use anyhow::{Context, Result};
use clap::ValueEnum;
use serde_json::{Value, json};

use crate::batch::progress::Progress;
use crate::batch::{Feed, MemoryGate, Stop, Tools, quiet_worker_panics, run_all};
use crate::commands::shared::Global;
use crate::domain::record::{Failure, Severity, Warning};
use crate::domain::words::counted;
use crate::error::UsageError;
use crate::exit;
use crate::inference::runtime::{Device, Runtime};
use crate::input::discover::{check_locks, discover};
use crate::people::LeftOut;
use crate::privacy::faces::FacePolicy;
use crate::survey::{Inspection, Survey, inspect};
use args::{CheckArgs, Gate};
use plan::{CheckPlan, plan};

/// Lines of one kind that a person is shown; `--json` has all.
const EXAMPLES: usize = 12;

/// Returns the exit code.
pub fn run(args: CheckArgs, global: &Global) -> Result<u8> {
    let plan = plan(args)?;
    let discovered = discover(&plan.inputs, plan.base.as_deref(), &plan.filter, None, &plan.opt_out, &plan.vault)?;
    discovered.say_what_was_passed_over();
    discovered.refuse_broken()?;
    let mut found = discovered.sources;
    let all = found.len();
    let typos = plan.opt_out.lines_without_photos(found.iter().map(|source| source.name.as_str()));
    found.retain(|source| !source.opted_out);
    let opted_out = all - found.len();
    if found.is_empty() {
        return Err(UsageError("no photos were found: name photos, or folders that hold photos".into()).into());
    }
    check_locks(found.iter(), &plan.vault, false)?;
    let runtime = Runtime::load(None, Device::Cpu);
    let faces = match &runtime {
        Ok(runtime) => plan.faces.finder(runtime)?,
        Err(_) if plan.faces == FacePolicy::Off => None,
        Err(e) => return Err(UsageError(format!("{e} Without it --faces off looks at all but faces.")).into()),
    };
    let stop = Stop::on_signals().context("signals cannot be handled")?;
    quiet_worker_panics();
    let progress = Progress::new(found.len() as u64, global.quiet);
    let memory = MemoryGate::new(plan.memory);
    let tools =
        Tools { limits: &plan.limits, vault: &plan.vault, memory: &memory, faces: faces.as_ref(), patients: None };
    let feed = Feed::new(&found, tools);
    let mut seen = run_all(feed, plan.jobs, &stop, &|| Ok(()), |(place, content), ()| {
        let seen = inspect(&found[place], content, tools);
        progress.step(0);
        Ok((place, seen))
    })?;
    progress.finish();
    if let Some(signal) = stop.signal() {
        return Ok(exit::signal(signal));
    }
    seen.sort_by_key(|(place, _)| *place);
    let seen: Vec<Inspection> = seen.into_iter().map(|(_, seen)| seen).collect();
    let model_time = runtime
        .and_then(|runtime| plan.model_time(runtime))
        .inspect_err(|e| tracing::info!("no estimate of time: {e}"))
        .ok();
    let survey = Survey::of(&seen, model_time, plan.jobs);
    if plan.json {
        print_json(&plan, &survey, &seen, opted_out, typos)?;
    } else if !global.quiet {
        print_table(&plan, &survey, &seen, opted_out, typos)?;
    }
    let shut: Vec<Gate> = plan.gates.iter().copied().filter(|gate| is_shut(*gate, &survey)).collect();
    for gate in &shut {
        eprintln!("failed  --gate {}", gate.to_possible_value().map_or_else(String::new, |v| v.get_name().to_owned()));
    }
    Ok(match seen.iter().any(|seen| seen.failure.is_some()) {
        true => exit::SOME_FAILED,
        false if !shut.is_empty() => exit::GATE,
        false => exit::OK,
    })
}

fn is_shut(gate: Gate, survey: &Survey) -> bool {
    match gate {
        Gate::Identifying => survey.photos_identifying > 0,
        Gate::Duplicates => survey.has_duplicates(),
        Gate::Quality => !survey.quality.is_empty(),
    }
}

fn print_json(plan: &CheckPlan, survey: &Survey, seen: &[Inspection], opted_out: usize, typos: usize) -> Result<()> {
    let photo = |seen: &Inspection| {
        let warnings: Vec<Warning> = seen.warnings.iter().map(Warning::from).collect();
        json!({
            "input": seen.input, "findings": seen.findings, "quality": seen.quality, "warnings": warnings,
            "failure": seen.failure.as_ref().map(Failure::from),
        })
    };
    let photos: Vec<Value> = seen.iter().map(photo).collect();
    let check = json!({
        "schema": "derm-seg/check/1", "faces": plan.faces.as_str(), "survey": survey, "opted_out": opted_out, "opt_out_lines_without_photos": typos, "photos": photos,
    });
    Ok(writeln!(crate::commands::shared::print::stdout(), "{check:#}")?)
}

fn print_table(plan: &CheckPlan, survey: &Survey, seen: &[Inspection], opted_out: usize, typos: usize) -> Result<()> {
    let mut lines = Vec::new();
    let list = |counts: &mut dyn Iterator<Item = (String, usize)>| {
        counts.map(|(what, n)| format!("{n} {what}")).collect::<Vec<_>>().join(", ")
    };
    let formats = list(&mut survey.formats.iter().map(|(format, n)| (format.clone(), *n)));
    lines.push(format!("{}, {}: {formats}", counted(survey.photos, "photo"), size(survey.bytes)));
    if let (Some(small), Some(large)) = (survey.smallest, survey.largest) {
        lines.push(format!("smallest {} x {}, largest {} x {} pixels", small.0, small.1, large.0, large.1));
    }
    if opted_out > 0 || typos > 0 {
        lines.push(LeftOut { photos: opted_out, lines_without_photos: typos }.to_string());
    }
    let failed: Vec<_> = seen.iter().filter_map(|seen| Some((seen, seen.failure.as_ref()?))).collect();
    let shown = |seen: &Inspection, what: String| format!("{}: {what}", seen.input.path);
    section(&mut lines, "cannot be read", failed.iter().map(|(seen, error)| shown(seen, error.to_string())).collect());
    for (severity, title, kinds) in [
        (Severity::Identifying, "identifying content", &survey.identifying),
        (Severity::Possible, "content that may identify together with other knowledge", &survey.possibly_identifying),
    ] {
        let photos = seen.iter().filter(|seen| seen.findings.iter().map(|f| f.severity).max() == Some(severity));
        let named = |seen: &Inspection| {
            let findings = seen.findings.iter().filter(|finding| finding.severity == severity);
            shown(seen, findings.map(|f| format!("{} ({})", f.kind, f.place)).collect::<Vec<_>>().join(", "))
        };
        let photos: Vec<String> = photos.map(named).collect();
        if !photos.is_empty() {
            section(&mut lines, title, photos);
            lines.push(format!("  by kind: {}", list(&mut kinds.iter().map(|(kind, n)| (kind.clone(), *n)))));
        }
    }
    section(
        &mut lines,
        "groups of identical files",
        survey.identical_files.iter().map(|group| group.join(" = ")).collect(),
    );
    section(
        &mut lines,
        "groups of pictures that look alike",
        survey.pictures_alike.iter().map(|g| g.join(" ~ ")).collect(),
    );
    let poor = seen.iter().filter_map(|seen| Some((seen, seen.quality.as_ref()?))).filter(|(_, q)| !q.flags.is_empty());
    let poor = poor
        .map(|(seen, quality)| shown(seen, quality.flags.iter().map(|f| f.as_str()).collect::<Vec<_>>().join(", ")));
    section(&mut lines, "poor photos", poor.collect());
    if !survey.warnings.is_empty() {
        lines.push(format!("warnings: {}", list(&mut survey.warnings.iter().map(|(code, n)| (code.clone(), *n)))));
    }
    let estimate = &survey.estimate;
    let time = estimate.seconds.map_or("unknown time".to_owned(), |seconds| format!("about {}", duration(seconds)));
    lines.push(format!(
        "a run would take {time} with {} and {} of disk",
        counted(estimate.jobs, "job"),
        size(estimate.output_bytes)
    ));
    let seen = if plan.faces == FacePolicy::Off { "metadata and names" } else { "metadata, names and whole faces" };
    lines.push(format!("looked at: {seen}, nothing else that pictures show; best effort, research use only"));
    Ok(writeln!(crate::commands::shared::print::stdout(), "{}", lines.join("\n"))?)
}

fn section(lines: &mut Vec<String>, title: &str, items: Vec<String>) {
    if items.is_empty() {
        return;
    }
    lines.push(format!("{title}: {}", items.len()));
    lines.extend(items.iter().take(EXAMPLES).map(|item| format!("  {item}")));
    if items.len() > EXAMPLES {
        lines.push(format!("  ... and {} more (--json lists all)", items.len() - EXAMPLES));
    }
}

fn size(bytes: u64) -> String {
    let megabytes = bytes as f64 / 1e6;
    if megabytes < 1000.0 { format!("{megabytes:.1} MB") } else { format!("{:.1} GB", megabytes / 1000.0) }
}

fn duration(seconds: f64) -> String {
    match seconds {
        s if s < 90.0 => format!("{:.0} s", s.max(1.0)),
        s if s < 5400.0 => format!("{:.0} min", s / 60.0),
        s => format!("{:.1} h", s / 3600.0),
    }
}
