//! One series, photo by photo: each is read, laid over the first, and told; then it leaves the memory. The first stays, reduced.

use std::collections::HashMap;

use palette::white_point::D65;
use palette::{IntoColor, Lab, LinSrgb};

use super::align::{Alignment, Reason, align};
use super::json::{AlignmentJson, ColourJson, LesionJson, LightJson, PhotoJson, ScaleJson, SeriesJson, ShareJson};
use super::lesions::{CHANGE, Lesions, Seen, Sighting, State};
use super::strip::{Frame, frame};
use super::transform::Point;
use super::view::View;
use crate::batch::{Share, Tools, contained};
use crate::domain::mask::{BACKGROUND, IGNORE, LESION, LabelMap, SKIN};
use crate::domain::photo::Photo;
use crate::domain::record::{Colour, Done, RegionColour};
use crate::domain::source::Source;
use crate::error::{PhotoError, Stage};
use crate::measure::{colours, mean_colour};
use crate::store::results::Results;

/// A JPEG is decoded no finer than this, where the build can.
const ENOUGH: u32 = 1280;
/// Stated scales and the alignment may differ so much in length.
const MOST_DISAGREEMENT: f64 = 0.15;
/// The same skin may look so different, in L* and a*, before colours say more of the light than of the skin.
const MOST_LIGHT: (f64, f64) = (25.0, 8.0);

/// One place of one person's skin.
pub struct Series {
    pub subject: String,
    pub site: Option<String>,
    /// By day.
    pub shots: Vec<Shot>,
}

pub struct Shot {
    pub path: String,
    /// Days since the first photo of the series.
    pub day: i64,
    /// As it is shown, where dates are kept.
    pub date: Option<String>,
    /// Stated by somebody, or by the file.
    pub mm_per_px: Option<f64>,
    /// None where the run made no mask.
    pub done: Option<Box<Done>>,
}

/// Where photos and masks are.
pub struct Desk<'a> {
    pub results: &'a Results,
    /// By the names that records give them.
    pub sources: &'a HashMap<String, Source>,
    pub tools: Tools<'a>,
    /// Longer side of the strip's pictures.
    pub frames: u32,
}

/// What came of a series; a picture for each photo that could be read.
pub struct Followed {
    pub told: SeriesJson,
    pub frames: Vec<Option<Frame>>,
}

/// What is kept of the series while its photos come and go.
struct Memory {
    first: View,
    mm_per_px: Option<f64>,
    lesions: Lesions,
    /// For each lesion the photo where it was first seen, and the errors of its area there.
    since: Vec<Since>,
}

#[derive(Clone)]
struct Since {
    path: String,
    area_error: f64,
    disagreement: f64,
}

pub fn follow(series: &Series, desk: &Desk) -> Followed {
    let mut memory: Option<Memory> = None;
    let mut told = SeriesJson { subject: series.subject.clone(), site: series.site.clone(), photos: Vec::new() };
    let mut frames = Vec::new();
    for shot in &series.shots {
        let (photo, frame) = match open(shot, desk) {
            Ok((photo, labels, _share)) => {
                let mut see = || compare(shot, &photo, &labels, &mut memory, desk);
                let seen = contained(&mut Stage::Measure, |_| Ok(see()));
                seen.unwrap_or_else(|_: PhotoError| (not_comparable(shot, "photo_unreadable"), None))
            }
            Err(reason) => (not_comparable(shot, reason), None),
        };
        told.photos.push(photo);
        frames.push(frame);
    }
    Followed { told, frames }
}

fn not_comparable(shot: &Shot, reason: &'static str) -> PhotoJson {
    PhotoJson {
        path: shot.path.clone(),
        day: shot.day,
        date: shot.date.clone(),
        comparable: false,
        reason: Some(reason),
        alignment: None,
        scale: ScaleJson { source: "none", mm_per_px: shot.mm_per_px, disagreement: None },
        skin_share: None,
        colour: None,
        lesions: Vec::new(),
    }
}

fn open<'a>(shot: &Shot, desk: &Desk<'a>) -> Result<(Photo, LabelMap, Share<'a>), &'static str> {
    let done = shot.done.as_ref().ok_or("no_mask")?;
    let source = desk.sources.get(&shot.path).ok_or("no_photo")?;
    let reopened = desk.tools.reopen(source, &done.input, ENOUGH).map_err(|error| {
        tracing::warn!("{}: {error}", shot.path);
        "photo_unreadable"
    })?;
    let (photo, share) = reopened.ok_or("photo_changed")?;
    let mut labels = desk.results.mask(&done.mask, done.photo).map_err(|error| {
        tracing::warn!("{}: {error}", shot.path);
        "mask_unreadable"
    })?;
    // Whatever kind of lesion it is.
    labels.data.iter_mut().filter(|class| **class > LESION && **class != IGNORE).for_each(|class| *class = LESION);
    Ok((photo, labels, share))
}

fn compare(
    shot: &Shot,
    photo: &Photo,
    labels: &LabelMap,
    memory: &mut Option<Memory>,
    desk: &Desk,
) -> (PhotoJson, Option<Frame>) {
    let Ok(view) = View::new(photo, labels) else { return (not_comparable(shot, "photo_unreadable"), None) };
    let Some(memory) = memory else {
        let (lesions, seen) = Lesions::first(labels);
        let picture = frame(&view, &view, &Alignment::ITSELF, labels, &seen, desk.frames);
        let since = Since { path: shot.path.clone(), area_error: 0.0, disagreement: 0.0 };
        let new = Memory { first: view, mm_per_px: shot.mm_per_px, since: vec![since; lesions.count()], lesions };
        let told = PhotoJson {
            comparable: true,
            reason: None,
            scale: ScaleJson { source: "first", mm_per_px: shot.mm_per_px, disagreement: None },
            lesions: new.lesions_json(shot, &seen, &Alignment::ITSELF, None),
            ..not_comparable(shot, "")
        };
        *memory = Some(new);
        return (told, Some(picture));
    };
    let found = align(&memory.first, &view).map_err(Reason::code);
    let scaled = found.and_then(|found| memory.scaled(found, shot.mm_per_px));
    let (alignment, disagreement) = match scaled {
        Ok(scaled) => scaled,
        Err(reason) => return (not_comparable(shot, reason), Some(Frame::alone(&view, desk.frames))),
    };
    let seen = memory.lesions.next(labels, &alignment);
    let new = Since {
        path: shot.path.clone(),
        area_error: alignment.area_error,
        disagreement: disagreement.unwrap_or_default(),
    };
    memory.since.resize(memory.lesions.count(), new);
    let told = PhotoJson {
        comparable: true,
        reason: None,
        alignment: Some(AlignmentJson::from(&alignment)),
        scale: ScaleJson {
            source: if disagreement.is_some() { "stated" } else { "alignment" },
            mm_per_px: shot.mm_per_px,
            disagreement,
        },
        skin_share: share(&memory.first, &view, &alignment),
        colour: Some(colour(&memory.first, &view, &alignment)),
        lesions: memory.lesions_json(shot, &seen, &alignment, disagreement),
        ..not_comparable(shot, "")
    };
    let picture = frame(&memory.first, &view, &alignment, labels, &seen, desk.frames);
    (told, Some(picture))
}

impl Memory {
    /// Where both photos have a stated scale, areas are those of the scales.
    fn scaled(&self, found: Alignment, mm_per_px: Option<f64>) -> Result<(Alignment, Option<f64>), &'static str> {
        let Some((first, this)) = self.mm_per_px.zip(mm_per_px) else { return Ok((found, None)) };
        let stated = (this / first).powi(2);
        let disagreement = stated / found.areas - 1.0;
        let too_much = ((1.0 + disagreement).sqrt() - 1.0).abs() > MOST_DISAGREEMENT;
        if too_much { Err("scale") } else { Ok((Alignment { areas: stated, ..found }, Some(disagreement))) }
    }

    fn lesions_json(
        &self,
        shot: &Shot,
        seen: &Seen,
        alignment: &Alignment,
        disagreement: Option<f64>,
    ) -> Vec<LesionJson> {
        let one = |sighting: &Sighting| {
            let since = &self.since[sighting.lesion - 1];
            let is_compared = sighting.change.is_some() && sighting.state != State::Resolved;
            let ratio = 1.0 + sighting.change.unwrap_or(0.0);
            let error = 1.96 * ratio * since.area_error.hypot(alignment.area_error);
            let scale = disagreement.map(|d| (ratio * (d - since.disagreement)).abs());
            let change = sighting.change.map_or(0.0, f64::abs);
            let is_about_size = matches!(sighting.state, State::Growing | State::Shrinking | State::Stable);
            LesionJson {
                lesion: sighting.lesion,
                state: sighting.state.code(),
                reason: sighting.state.reason(),
                since: since.path.clone(),
                pieces: sighting.pieces.clone(),
                others: sighting.with.clone(),
                area_px: sighting.area_px,
                area_first_px: sighting.area,
                area_mm2: sighting.area_px.zip(shot.mm_per_px).map(|(px, mm)| px as f64 * mm * mm),
                area_change: sighting.change,
                alignment_error: is_compared.then_some(error),
                scale_error: scale.filter(|_| is_compared),
                borderline: is_about_size && (change - CHANGE).abs() <= error + scale.unwrap_or(0.0),
            }
        };
        seen.sightings.iter().map(one).collect()
    }
}

/// Of what both photos show, the share of the visible skin that is lesion, in either.
fn share(first: &View, other: &View, alignment: &Alignment) -> Option<ShareJson> {
    let shares = |margin: f64| {
        let (mut lesion, mut skin) = ([0.0, 0.0], [0.0, 0.0]);
        for (pixel, place) in first.pixels(1) {
            let there = alignment.from_first.apply(place);
            let Some(other_pixel) = other.pixel_at(there).filter(|_| is_inside(there, other, margin)) else { continue };
            for (i, class) in [first.labels.data[pixel], other.labels.data[other_pixel]].into_iter().enumerate() {
                lesion[i] += f64::from(class == LESION);
                skin[i] += f64::from(class == SKIN);
            }
        }
        let share = |i: usize| (skin[i] > 0.0).then(|| lesion[i] / (lesion[i] + skin[i]));
        share(0).zip(share(1))
    };
    let (before, now) = shares(0.0)?;
    let (near_before, near_now) = shares(2.0 * alignment.error.max(alignment.residual))?;
    let change = now - before;
    Some(ShareJson { first: before, this: now, change, alignment_error: (change - (near_now - near_before)).abs() })
}

fn is_inside([x, y]: Point, view: &View, margin: f64) -> bool {
    let (width, height) = (f64::from(view.size.width), f64::from(view.size.height));
    x >= margin && y >= margin && x < width - margin && y < height - margin
}

/// Lesion minus the skin around it, then minus before; and how the same normal skin looks in both.
fn colour(first: &View, other: &View, alignment: &Alignment) -> ColourJson {
    let has_skin = [first, other].iter().all(|view| view.labels.data.contains(&SKIN));
    let [before, now] =
        [(first, other, alignment.from_first), (other, first, alignment.to_first)].map(|(own, far, map)| {
            let mut labels = own.labels.clone();
            for (pixel, place) in own.pixels(1) {
                if far.pixel_at(map.apply(place)).is_none() {
                    labels.data[pixel] = BACKGROUND;
                }
            }
            colours(&own.photo, &labels, has_skin)
        });
    let light = light(first, other, alignment, &before);
    let (before, now) = (before.difference, now.difference);
    let is_other_light = light.is_none_or(|light| light.l.abs() > MOST_LIGHT.0 || light.a.abs() > MOST_LIGHT.1);
    let reason = match (before, now) {
        _ if !has_skin => Some("no_skin"),
        (None, _) | (_, None) => Some("no_lesion"),
        _ if is_other_light => Some("light"),
        _ => None,
    };
    let change = before.zip(now).filter(|_| reason.is_none());
    ColourJson {
        comparable: reason.is_none(),
        reason,
        da_change: change.map(|(before, now)| now.da - before.da),
        dei_change: change.map(|(before, now)| now.erythema_index - before.erythema_index),
        light,
    }
}

/// `colours` are those of the first photo.
fn light(first: &View, other: &View, alignment: &Alignment, colours: &Colour) -> Option<LightJson> {
    let normal = |class: u8| class != LESION && class != IGNORE;
    let both: Vec<(usize, usize)> = first
        .pixels(3)
        .filter_map(|(pixel, place)| Some((pixel, other.pixel_at(alignment.from_first.apply(place))?)))
        .filter(|&(a, b)| normal(first.labels.data[a]) && normal(other.labels.data[b]))
        .collect();
    let is_skin = |&&(a, b): &&(usize, usize)| first.labels.data[a] == SKIN && other.labels.data[b] == SKIN;
    let skin: Vec<(usize, usize)> = both.iter().filter(is_skin).copied().collect();
    let same = if skin.is_empty() { both } else { skin };
    let of = |view: &View, which: fn(&(usize, usize)) -> usize| -> Option<RegionColour> {
        let at = |pixel: usize| (pixel as u32 % view.photo.width, pixel as u32 / view.photo.width);
        mean_colour(&view.photo, same.iter().map(|pair| at(which(pair))))
    };
    let (before, now) = (of(first, |pair| pair.0)?, of(other, |pair| pair.1)?);
    Some(LightJson {
        l: now.lab_mean[0] - before.lab_mean[0],
        a: now.lab_mean[1] - before.lab_mean[1],
        erythema_index: now.erythema_index - before.erythema_index,
        da: colours.lesion.zip(colours.perilesional).map(|(lesion, around)| {
            let [of_lesion, of_skin] =
                [lesion, around].map(|colour| in_light(colour.lab_mean, before.lab_mean, now.lab_mean)[1]);
            (of_lesion - of_skin) - (lesion.lab_mean[1] - around.lab_mean[1])
        }),
    })
}

/// A colour in another light, of which is known what it makes of another colour: each of red, green and blue by a factor.
fn in_light(colour: [f64; 3], known: [f64; 3], becomes: [f64; 3]) -> [f64; 3] {
    let linear = |[l, a, b]: [f64; 3]| -> LinSrgb<f64> { Lab::<D65, f64>::new(l, a, b).into_color() };
    let (colour, known, becomes) = (linear(colour), linear(known), linear(becomes));
    let factor = |known: f64, becomes: f64| if known > 1e-4 { becomes / known } else { 1.0 };
    let lab: Lab<D65, f64> = LinSrgb::new(
        colour.red * factor(known.red, becomes.red),
        colour.green * factor(known.green, becomes.green),
        colour.blue * factor(known.blue, becomes.blue),
    )
    .into_color();
    [lab.l, lab.a, lab.b]
}
