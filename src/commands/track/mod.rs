//! `derm-seg track`: records, photos and a table of dates → what became of each lesion, with a page to judge it by.

pub(in crate::commands) mod args;
mod plan;

use std::io::Write;

use anyhow::Result;

use crate::batch::progress::Progress;
use crate::batch::{MemoryGate, Tools, parallel_map, quiet_worker_panics};
use crate::commands::shared::Global;
use crate::commands::shared::print::{stdout, write_together};
use crate::domain::words::counted;
use crate::exit;
use crate::input::decode::Limits;
use crate::report::track_page;
use crate::track::json::{AllSeries, LesionJson, PhotoJson, SeriesJson};
use crate::track::series::{Desk, Followed, follow};
use args::TrackArgs;
use plan::{TrackPlan, plan};

/// Reasons that are about a file and not about the skin.
const UNREAD: [&str; 5] = ["no_mask", "no_photo", "photo_changed", "photo_unreadable", "mask_unreadable"];

/// Returns the exit code.
pub fn run(args: TrackArgs, global: &Global) -> Result<u8> {
    let plan = plan(args)?;
    quiet_worker_panics();
    let memory = MemoryGate::for_jobs(plan.jobs);
    let limits = Limits { max_pixels: u64::MAX, max_file_bytes: u64::MAX };
    let tools = Tools { limits: &limits, vault: &plan.results.vault, memory: &memory, faces: None, patients: None };
    let desk = Desk { results: &plan.results, sources: &plan.sources, tools, frames: plan.photo_size };
    let progress = Progress::new(plan.series.len() as u64, global.quiet);
    let followed = parallel_map(&plan.series, plan.jobs, |series| {
        let followed = follow(series, &desk);
        progress.step(0);
        followed
    })?;
    progress.finish();
    let page = track_page(&followed, plan.language)?;
    let series: Vec<SeriesJson> = followed.into_iter().map(|Followed { told, .. }| told).collect();
    let told = AllSeries { series: &series, dates: plan.dates, left_out: plan.left_out.clone() };
    let (json, csv) = (told.json()?, told.csv()?);
    let files: [(&str, &[u8]); 3] = [("track.json", &json), ("track.csv", &csv), ("track.html", page.as_bytes())];
    write_together(&plan.results.vault, &plan.output, &files)?;
    if plan.json {
        stdout().write_all(&json)?;
    } else if !global.quiet {
        print(&told, &plan)?;
    }
    let is_unread = |photo: &PhotoJson| photo.reason.is_some_and(|reason| UNREAD.contains(&reason));
    let has_unread = series.iter().flat_map(|series| &series.photos).any(is_unread);
    Ok(if has_unread { exit::SOME_FAILED } else { exit::OK })
}

fn print(told: &AllSeries, plan: &TrackPlan) -> Result<()> {
    let mut out = stdout();
    let photos: Vec<(&SeriesJson, &PhotoJson)> =
        told.series.iter().flat_map(|series| series.photos.iter().map(move |photo| (series, photo))).collect();
    let later = photos.len() - told.series.len();
    let comparable = photos.iter().filter(|(_, photo)| photo.alignment.is_some()).count();
    writeln!(
        out,
        "{} series, {}: {comparable} of {later} later photos can be compared with the first",
        told.series.len(),
        counted(photos.len(), "photo")
    )?;
    for (cause, count) in &told.left_out {
        writeln!(out, "in no series ({}): {}", cause.replace('_', " "), counted(*count, "photo"))?;
    }
    let refused: Vec<_> = photos.iter().filter_map(|(_, photo)| Some((&photo.path, photo.reason?))).collect();
    for (path, reason) in refused.iter().take(20) {
        writeln!(out, "not comparable: {path}: {reason}")?;
    }
    if refused.len() > 20 {
        writeln!(out, "... and {} more, in track.csv", refused.len() - 20)?;
    }
    for series in told.series {
        let site = series.site.as_deref().map(|site| format!(", {site}")).unwrap_or_default();
        let Some(last) = series.photos.iter().rev().find(|photo| photo.alignment.is_some()) else { continue };
        let say = |lesion: &LesionJson| {
            let change = lesion.area_change.filter(|_| lesion.alignment_error.is_some());
            let change = change.map(|c| format!(" ({:+.0} %)", 100.0 * c)).unwrap_or_default();
            format!("{} {}{change}", lesion.lesion, lesion.state.replace('_', " "))
        };
        let told = match last.lesions.as_slice() {
            [] => "no lesion".to_owned(),
            few if few.len() <= 8 => few.iter().map(say).collect::<Vec<_>>().join(", "),
            many => counts(many),
        };
        writeln!(out, "{}{site}, day {}: {told}", series.subject, last.day)?;
    }
    writeln!(out, "track.json, track.csv and track.html are in {}", plan.output.display())?;
    writeln!(out, "track.html holds copies of the photos: keep it where the photos are kept; research use only")?;
    Ok(())
}

/// How many lesions are in which state.
fn counts(lesions: &[LesionJson]) -> String {
    let mut states: Vec<(&str, usize)> = Vec::new();
    for lesion in lesions {
        match states.iter_mut().find(|(state, _)| *state == lesion.state) {
            Some((_, count)) => *count += 1,
            None => states.push((lesion.state, 1)),
        }
    }
    let said = states.into_iter().map(|(state, count)| format!("{count} {}", state.replace('_', " ")));
    said.collect::<Vec<_>>().join(", ")
}
