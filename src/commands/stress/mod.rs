//! `derm-seg stress`: find photos, disturb each, say where the model stops working.

pub(in crate::commands) mod args;
mod plan;
mod print;

use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context, Result};

use crate::batch::progress::Progress;
use crate::batch::{Feed, MemoryGate, PhotoPlan, Stop, Tools, quiet_worker_panics, run_all};
use crate::commands::shared::Global;
use crate::commands::shared::print::write_and_print;
use crate::domain::record::Failure;
use crate::domain::source::{Source, by_folders};
use crate::error::{PhotoError, UsageError};
use crate::evaluation::stress::photo::{Trials, Tried};
use crate::evaluation::stress::{PhotoFailure, Stress, csv};
use crate::exit;
use crate::inference::LoadedModel;
use crate::inference::runtime::Runtime;
use crate::input::decode::Limits;
use crate::input::discover::{check_locks, code_names, discover};
use crate::people::LeftOut;
use crate::report::stress_page;
use args::StressArgs;
use plan::{StressPlan, plan};
use print::table;

/// Returns the exit code.
pub fn run(args: StressArgs, global: &Global) -> Result<u8> {
    let plan = plan(args)?;
    let (sources, opted_out) = find(&plan)?;
    let runtime = Runtime::load(plan.ort_lib.as_deref(), plan.device)?;
    let loaded = LoadedModel::new(plan.model.clone(), runtime)?;
    if loaded.spec.input.values.is_some() {
        return Err(UsageError(format!(
            "The model {} takes grey values, and only photos can be made worse.",
            loaded.model.id.name
        ))
        .into());
    }
    let stop = Stop::on_signals().context("signals cannot be handled")?;
    quiet_worker_panics();
    let answers = try_all(&plan, &sources, &loaded, &stop, global)?;
    if let Some(signal) = stop.signal() {
        eprintln!("stopped: nothing was written; run the same command again");
        return Ok(exit::signal(signal));
    }
    let (mut tried, mut failures) = (Vec::new(), Vec::new());
    for (source, answer) in sources.iter().zip(answers) {
        match answer {
            Ok(Some(one)) => tried.push((source.name.clone(), one)),
            Ok(None) => {}
            Err(e) => failures.push(PhotoFailure { image: source.name.clone(), failure: Failure::from(&e) }),
        }
    }
    let stress = Stress::of(loaded.model.id.clone(), &plan.series, &plan.judging, &tried, failures, opted_out);
    let mut json = serde_json::to_vec(&stress)?;
    json.push(b'\n');
    let (csv, page) = (csv(&stress)?, stress_page(&stress, plan.language));
    let files = [("stress.json", json.as_slice()), ("stress.csv", &csv), ("stress.html", page.as_bytes())];
    write_and_print(&plan.vault, &plan.output, &files, &table(&stress), plan.json, global)?;
    Ok(if stress.failures.is_empty() { exit::OK } else { exit::SOME_FAILED })
}

/// The photos, under the names that they have in what is written, without those of people who opted out.
fn find(plan: &StressPlan) -> Result<(Vec<Source>, Option<LeftOut>)> {
    let inputs =
        discover(&plan.inputs, plan.base.as_deref(), &plan.filter, Some(&plan.output), &plan.opt_out, &plan.vault)?;
    inputs.say_what_was_passed_over();
    inputs.refuse_broken()?;
    let (theirs, mut sources): (Vec<Source>, Vec<Source>) = inputs.sources.into_iter().partition(|s| s.opted_out);
    let theirs: Vec<String> = theirs.into_iter().map(|source| source.name).collect();
    if sources.is_empty() {
        return Err(UsageError("no photos were found: name photos, or folders that hold photos".into()).into());
    }
    if let Some(pseudonyms) = &plan.pseudonyms {
        code_names(&mut sources, pseudonyms);
        sources.sort_by(|a, b| by_folders(&a.name, &b.name));
    }
    check_locks(sources.iter(), &plan.vault, true)?;
    Ok((sources, plan.opt_out.left_out(&theirs)))
}

type Answer = Result<Option<Tried>, PhotoError>;

/// One answer a photo; none where a signal came first.
fn try_all(
    plan: &StressPlan,
    sources: &[Source],
    loaded: &LoadedModel,
    stop: &Stop,
    global: &Global,
) -> Result<Vec<Answer>> {
    let (memory, limits) = (MemoryGate::new(plan.memory), Limits::default());
    let looks = PhotoPlan::for_masks_alone(loaded);
    let trials = Trials {
        series: &plan.series,
        long_side: plan.judging.long_side,
        looks: &looks,
        tools: Tools { limits: &limits, vault: &plan.vault, memory: &memory, faces: None, patients: None },
        stop,
    };
    tracing::info!("{} photos, {} jobs", sources.len(), plan.jobs);
    let progress = Progress::new(sources.len() as u64, global.quiet);
    let failed = AtomicU64::new(0);
    let feed = Feed::new(sources, trials.tools);
    let answers = run_all(feed, plan.jobs, stop, &|| loaded.open(), |(place, content), engine| {
        let answer = trials.try_photo(&sources[place], content, engine.as_mut());
        let bad = u64::from(answer.is_err());
        progress.step(failed.fetch_add(bad, Ordering::Relaxed) + bad);
        Ok((place, answer))
    });
    progress.finish();
    let mut all: Vec<Answer> = sources.iter().map(|_| Ok(None)).collect();
    answers?.into_iter().for_each(|(place, answer)| all[place] = answer);
    Ok(all)
}
