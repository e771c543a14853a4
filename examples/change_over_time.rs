//! How well change over time is told: series with a known truth, made of real photos with their masks.
//!
//! ```text
//! cargo run --example change_over_time -- 300 DIR...     DIR has images/ID.jpg and masks/ID.png (2, or 255, is lesion)
//! ```
//!
//! Each photo's lesion is taken out and laid onto its skin again, larger, smaller, twice, cut in two or not at all; then the
//! skin is turned, zoomed, moved, slanted, lit in another way, blurred, made noisy and saved as a JPEG. After that come pairs
//! that must be refused: of different photos, of nothing, of a view from far off, of a mirrored photo.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a tool for developers")]

use std::collections::BTreeMap;
use std::f64::consts::{FRAC_PI_2, PI, TAU};
use std::path::{Path, PathBuf};

use derm_seg::domain::mask::{LESION, LabelMap, SKIN};
use derm_seg::domain::photo::Photo;
use derm_seg::track::align::{Alignment, Reason, align};
use derm_seg::track::lesions::{Lesions, Sighting, State};
use derm_seg::track::transform::{Affine, Point};
use derm_seg::track::view::View;
use image::codecs::jpeg::JpegEncoder;

/// A picture with its lesions, as the scene that both photos are taken of.
#[derive(Clone)]
struct Scene {
    width: usize,
    height: usize,
    rgb: Vec<[f32; 3]>,
    /// Number of the lesion at a pixel; 0 for skin.
    lesion: Vec<u8>,
}

impl Scene {
    fn at(&self, x: i64, y: i64) -> usize {
        let fold = |v: i64, size: usize| {
            let (size, period) = (size as i64, 2 * size as i64);
            let v = v.rem_euclid(period);
            (if v < size { v } else { period - 1 - v }) as usize
        };
        fold(y, self.height) * self.width + fold(x, self.width)
    }

    fn colour(&self, [x, y]: Point) -> [f32; 3] {
        let (x, y) = (x - 0.5, y - 0.5);
        let (left, top) = (x.floor(), y.floor());
        let (u, v) = ((x - left) as f32, (y - top) as f32);
        let p = |dx: i64, dy: i64| self.rgb[self.at(left as i64 + dx, top as i64 + dy)];
        let (a, b, c, d) = (p(0, 0), p(1, 0), p(0, 1), p(1, 1));
        std::array::from_fn(|i| (a[i] * (1.0 - u) + b[i] * u) * (1.0 - v) + (c[i] * (1.0 - u) + d[i] * u) * v)
    }
}

struct Dice(u64);

impl Dice {
    fn unit(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let mut z = self.0 ^ (self.0 >> 29);
        z = z.wrapping_mul(0xbf58_476d_1ce4_e5b9);
        ((z ^ (z >> 32)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    fn normal(&mut self) -> f64 {
        (0..6).map(|_| self.unit()).sum::<f64>() * 1.414 - 4.243
    }

    fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        all[((self.unit() * all.len() as f64) as usize).min(all.len() - 1)]
    }
}

/// A photo with its lesion, and the skin as it would be without.
struct Subject {
    with: Scene,
    without: Scene,
    centre: Point,
    radius: f64,
}

/// The lesion, laid onto the skin: where, how large, turned how far, and whether a gap goes through it.
#[derive(Clone, Copy)]
struct Laid {
    number: u8,
    centre: Point,
    zoom: f64,
    turn: f64,
    gap: bool,
}

fn load(photo: &Path, mask: &Path) -> Option<Subject> {
    let picture = image::open(photo).ok()?.to_rgb8();
    let mask = image::open(mask).ok()?.to_luma8();
    let (width, height) = (picture.width() as usize, picture.height() as usize);
    if mask.dimensions() != picture.dimensions() || width.min(height) < 300 {
        return None;
    }
    let rgb = picture.pixels().map(|p| p.0.map(f32::from)).collect();
    let lesion: Vec<u8> = mask.pixels().map(|p| u8::from(p.0[0] == 2)).collect();
    let largest = largest(&lesion, width)?;
    let share = largest.len() as f64 / lesion.len() as f64;
    // It must be possible to lay it down twice, and there must be skin around it.
    if !(0.002..0.16).contains(&share) || lesion.iter().filter(|l| **l > 0).count() as f64 > 1.3 * largest.len() as f64
    {
        return None;
    }
    let mut only = vec![0; lesion.len()];
    largest.iter().for_each(|&i| only[i] = 1);
    let n = largest.len() as f64;
    let centre = largest.iter().fold([0.0, 0.0], |[x, y], i| [x + (i % width) as f64 / n, y + (i / width) as f64 / n]);
    let reach = |i: &usize| f64::hypot((i % width) as f64 - centre[0], (i / width) as f64 - centre[1]);
    let radius = largest.iter().map(reach).fold(0.0, f64::max);
    let with = Scene { width, height, rgb, lesion: only };
    let without = heal(&with, &lesion);
    Some(Subject { with, without, centre, radius })
}

fn largest(lesion: &[u8], width: usize) -> Option<Vec<usize>> {
    let mut seen = vec![false; lesion.len()];
    let mut best = Vec::new();
    for start in 0..lesion.len() {
        if lesion[start] == 0 || seen[start] {
            continue;
        }
        let (mut all, mut open) = (Vec::new(), vec![start]);
        seen[start] = true;
        while let Some(i) = open.pop() {
            all.push(i);
            let (x, y) = (i % width, i / width);
            let around =
                [(x > 0, i.wrapping_sub(1)), (x + 1 < width, i + 1), (y > 0, i.wrapping_sub(width)), (true, i + width)];
            for (_, j) in around.into_iter().filter(|(ok, j)| *ok && *j < lesion.len()) {
                if lesion[j] > 0 && !seen[j] {
                    seen[j] = true;
                    open.push(j);
                }
            }
        }
        if all.len() > best.len() {
            best = all;
        }
    }
    (best.len() > 150).then_some(best)
}

/// Fills lesions, and a rim around them, from the skin around, with its grain.
fn heal(scene: &Scene, lesion: &[u8]) -> Scene {
    let (width, height) = (scene.width, scene.height);
    let mut unknown: Vec<bool> = lesion.iter().map(|l| *l > 0).collect();
    for _ in 0..7 {
        let before = unknown.clone();
        for i in 0..unknown.len() {
            let (x, y) = (i % width, i / width);
            unknown[i] = before[i]
                || x > 0 && before[i - 1]
                || x + 1 < width && before[i + 1]
                || y > 0 && before[i - width]
                || y + 1 < height && before[i + width];
        }
    }
    let inside: Vec<usize> = (0..unknown.len()).filter(|&i| unknown[i]).collect();
    let known: Vec<usize> = (0..unknown.len()).filter(|&i| !unknown[i]).collect();
    let mut healed = scene.clone();
    healed.lesion.fill(0);
    if known.is_empty() {
        return healed;
    }
    let mean =
        |i: usize| known.iter().step_by(7).map(|&k| scene.rgb[k][i]).sum::<f32>() / known.len().div_ceil(7) as f32;
    let mean = [mean(0), mean(1), mean(2)];
    inside.iter().for_each(|&i| healed.rgb[i] = mean);
    for _ in 0..120 {
        for &i in &inside {
            let (x, y) = ((i % width) as i64, (i / width) as i64);
            let around = [(-2, 0), (2, 0), (0, -2), (0, 2)].map(|(dx, dy)| healed.rgb[scene.at(x + dx, y + dy)]);
            healed.rgb[i] = std::array::from_fn(|c| around.iter().map(|p| p[c]).sum::<f32>() / 4.0);
        }
    }
    let mut dice = Dice(11);
    for &i in &inside {
        let grain = 3.0 * dice.normal() as f32;
        healed.rgb[i] = healed.rgb[i].map(|v| v + grain);
    }
    healed
}

/// The skin with these lesions on it.
fn compose(subject: &Subject, laid: &[Laid]) -> Scene {
    let mut scene = subject.without.clone();
    for one in laid {
        let (sin, cos) = one.turn.sin_cos();
        let reach = subject.radius * one.zoom + 12.0;
        for i in 0..scene.rgb.len() {
            let (x, y) = ((i % scene.width) as f64 - one.centre[0], (i / scene.width) as f64 - one.centre[1]);
            if x.abs() > reach || y.abs() > reach {
                continue;
            }
            let (u, v) = ((x * cos + y * sin) / one.zoom, (y * cos - x * sin) / one.zoom);
            let gap = one.gap && u.abs() < 0.16 * subject.radius + 2.0;
            let from = [u + subject.centre[0], v + subject.centre[1]];
            let source = subject.with.at(from[0].round() as i64, from[1].round() as i64);
            let outside =
                from[0] < 0.0 || from[1] < 0.0 || from[0] >= scene.width as f64 || from[1] >= scene.height as f64;
            if outside || gap {
                continue;
            }
            let (own, healed) = (
                subject.with.colour([from[0] + 0.5, from[1] + 0.5]),
                subject.without.colour([from[0] + 0.5, from[1] + 0.5]),
            );
            let is_lesion = subject.with.lesion[source] > 0;
            scene.rgb[i] = std::array::from_fn(|c| scene.rgb[i][c] + own[c] - healed[c]);
            if is_lesion {
                scene.lesion[i] = one.number;
            }
        }
    }
    scene
}

/// A photo of the scene. `to_scene` says where its pixels lie.
struct Shot {
    photo: Photo,
    labels: LabelMap,
    to_scene: Affine,
}

fn take(scene: &Scene, to_scene: Affine, (width, height): (u32, u32), light: Option<&mut Dice>) -> Shot {
    let mut labels = LabelMap::filled(width, height, SKIN);
    let mut rgb = vec![[0.0_f32; 3]; labels.data.len()];
    for (i, pixel) in rgb.iter_mut().enumerate() {
        let place = to_scene.apply([(i % width as usize) as f64 + 0.5, (i / width as usize) as f64 + 0.5]);
        *pixel = scene.colour(place);
        if scene.lesion[scene.at(place[0].floor() as i64, place[1].floor() as i64)] > 0 {
            labels.data[i] = LESION;
        }
    }
    let mut quality = 95;
    if let Some(dice) = light {
        quality = dice.between(70.0, 95.0) as u8;
        let gain: [f64; 3] = {
            let all = dice.between(0.7, 1.2);
            std::array::from_fn(|_| all * dice.between(0.93, 1.07))
        };
        let (gamma, tilt, way) = (dice.between(0.8, 1.25), dice.between(0.0, 0.25), dice.between(0.0, TAU));
        let (blur, noise) = (dice.between(0.0, 0.5) as f32, dice.between(0.0, 3.0));
        let before = rgb.clone();
        for (i, pixel) in rgb.iter_mut().enumerate() {
            let (x, y) = (
                (i % width as usize) as f64 / f64::from(width) - 0.5,
                (i / width as usize) as f64 / f64::from(height) - 0.5,
            );
            let shade = 1.0 + tilt * (x * way.cos() + y * way.sin());
            let near = |dx: i64, dy: i64| {
                let x = (i as i64 % i64::from(width) + dx).clamp(0, i64::from(width) - 1);
                let y = (i as i64 / i64::from(width) + dy).clamp(0, i64::from(height) - 1);
                before[(y * i64::from(width) + x) as usize]
            };
            let around = [near(-1, 0), near(1, 0), near(0, -1), near(0, 1)];
            *pixel = std::array::from_fn(|c| {
                let v = before[i][c] * (1.0 - blur) + around.iter().map(|p| p[c]).sum::<f32>() / 4.0 * blur;
                let v = (f64::from(v.max(0.0)) / 255.0).powf(gamma) * 255.0 * gain[c] * shade;
                (v + noise * dice.normal()) as f32
            });
        }
    }
    let bytes: Vec<u8> = rgb.iter().flat_map(|p| p.map(|v| v.round().clamp(0.0, 255.0) as u8)).collect();
    let mut file = Vec::new();
    JpegEncoder::new_with_quality(&mut file, quality)
        .encode(&bytes, width, height, image::ExtendedColorType::Rgb8)
        .unwrap();
    let rgb = image::load_from_memory(&file).unwrap().to_rgb8().into_raw();
    Shot { photo: Photo { width, height, rgb }, labels, to_scene }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Story {
    Stable,
    Growing,
    Shrinking,
    New,
    Resolved,
    Merged,
    Split,
}

const STORIES: [Story; 7] =
    [Story::Stable, Story::Growing, Story::Shrinking, Story::New, Story::Resolved, Story::Merged, Story::Split];

/// The lesions before and after, and what becomes of each: number of a lesion, and its state.
type Told = (Vec<Laid>, Vec<Laid>, Vec<(u8, &'static str)>);

fn tell(story: Story, subject: &Subject, dice: &mut Dice) -> Option<Told> {
    let (w, h) = (subject.with.width as f64, subject.with.height as f64);
    let side = w.min(h);
    // Small enough that two of them, grown, find room.
    let zoom = f64::min(1.0, 0.11 * side / subject.radius);
    let radius = subject.radius * zoom;
    let place = |x: f64, y: f64| [w / 2.0 + x * side, h / 2.0 + y * side];
    let turn = dice.between(0.0, TAU);
    let angle = dice.between(0.0, TAU);
    let far = 0.17;
    let lesion = |number: u8, centre: Point, zoom: f64| Laid { number, centre, zoom, turn, gap: false };
    let (one, two) = (place(far * angle.cos(), far * angle.sin()), place(-far * angle.cos(), -far * angle.sin()));
    let a = lesion(1, one, zoom);
    let b = lesion(2, two, zoom);
    let gap = |laid: Laid| Laid { gap: true, ..laid };
    let minor = |dice: &mut Dice| dice.between(0.9, 1.12).sqrt();
    if radius < 8.0 {
        return None;
    }
    Some(match story {
        Story::Stable => {
            let now = [Laid { zoom: zoom * minor(dice), ..a }, Laid { zoom: zoom * minor(dice), ..b }];
            (vec![a, b], now.into(), vec![(1, "stable"), (2, "stable")])
        }
        Story::Growing => {
            let now = [Laid { zoom: zoom * dice.between(1.45, 2.0).sqrt(), ..a }, b];
            (vec![a, b], now.into(), vec![(1, "growing"), (2, "stable")])
        }
        Story::Shrinking => {
            let now = [Laid { zoom: zoom * dice.between(0.35, 0.6).sqrt(), ..a }, b];
            (vec![a, b], now.into(), vec![(1, "shrinking"), (2, "stable")])
        }
        Story::New => (vec![a], vec![a, b], vec![(1, "stable"), (2, "new")]),
        Story::Resolved => (vec![a, b], vec![a], vec![(1, "stable"), (2, "resolved")]),
        Story::Merged => (vec![gap(a), b], vec![a, b], vec![(1, "merged"), (2, "stable")]),
        Story::Split => (vec![a, b], vec![gap(a), b], vec![(1, "split"), (2, "stable")]),
    })
}

fn similarity(zoom: f64, turn: f64, slant: f64, from: Point, to: Point) -> Affine {
    let (sin, cos) = turn.sin_cos();
    let map = Affine { a: zoom * cos, b: -zoom * sin + slant, c: 0.0, d: zoom * sin, e: zoom * cos, f: 0.0 };
    let [x, y] = map.apply(from);
    Affine { c: to[0] - x, f: to[1] - y, ..map }
}

/// Lesions of the scene that a photo shows wholly, with their area in the scene.
fn seen(scene: &Scene, shot: &Shot) -> BTreeMap<u8, f64> {
    let from_scene = shot.to_scene.inverse().unwrap();
    let mut all: BTreeMap<u8, (f64, bool)> = BTreeMap::new();
    for (i, &number) in scene.lesion.iter().enumerate().filter(|(_, n)| **n > 0) {
        let [x, y] = from_scene.apply([(i % scene.width) as f64 + 0.5, (i / scene.width) as f64 + 0.5]);
        let inside =
            x > 1.0 && y > 1.0 && x < f64::from(shot.photo.width) - 1.0 && y < f64::from(shot.photo.height) - 1.0;
        let entry = all.entry(number).or_insert((0.0, true));
        *entry = (entry.0 + 1.0, entry.1 && inside);
    }
    all.into_iter().filter(|(_, (_, whole))| *whole).map(|(number, (area, _))| (number, area)).collect()
}

#[derive(Default)]
struct Tally {
    series: usize,
    aligned: usize,
    refused: BTreeMap<&'static str, usize>,
    right: usize,
    wrong: Vec<String>,
    unsure: BTreeMap<&'static str, usize>,
    area_errors: Vec<f64>,
    place_errors: Vec<f64>,
    told: Vec<(f64, f64)>,
}

fn is_said_of(
    sightings: &[Sighting],
    labels: &LabelMap,
    shot_to_scene: Affine,
    scene: &Scene,
    number: u8,
) -> Vec<Sighting> {
    // By the pieces' own pixels: which lesion of the scene lies under most of each.
    let all = derm_seg::measure::components::components(labels, LESION);
    let under = |id: u32| {
        let mut votes = [0_usize; 8];
        for run in &all[id as usize - 1].runs {
            for x in run.start..run.end {
                let p = shot_to_scene.apply([f64::from(x) + 0.5, f64::from(run.y) + 0.5]);
                votes[scene.lesion[scene.at(p[0].floor() as i64, p[1].floor() as i64)] as usize] += 1;
            }
        }
        (1..8).max_by_key(|&i| votes[i]).unwrap_or(0) as u8
    };
    sightings.iter().filter(|s| s.pieces.iter().any(|&id| under(id) == number)).cloned().collect()
}

fn main() {
    let mut args = std::env::args().skip(1);
    let wanted: usize = args.next().and_then(|n| n.parse().ok()).expect("how many series, then folders");
    let mut files: Vec<(PathBuf, PathBuf)> = Vec::new();
    for folder in args.map(PathBuf::from) {
        let mut photos: Vec<_> = std::fs::read_dir(folder.join("images")).unwrap().map(|e| e.unwrap().path()).collect();
        photos.sort();
        files.extend(photos.into_iter().map(|photo| {
            let mask = folder.join("masks").join(photo.with_extension("png").file_name().unwrap());
            (photo, mask)
        }));
    }
    let mut dice = Dice(2026);
    for i in (1..files.len()).rev() {
        files.swap(i, (dice.unit() * (i + 1) as f64) as usize);
    }
    let mut tally = Tally::default();
    let mut stories: BTreeMap<Story, [usize; 2]> = BTreeMap::new();
    let mut firsts: Vec<(PathBuf, View)> = Vec::new();
    for (photo, mask) in &files {
        if tally.series == wanted {
            break;
        }
        let Some(subject) = load(photo, mask) else { continue };
        let story = STORIES[tally.series % STORIES.len()];
        let Some((before, after, truth)) = tell(story, &subject, &mut dice) else { continue };
        let (scene1, scene2) = (compose(&subject, &before), compose(&subject, &after));
        let (w, h) = (subject.with.width as f64, subject.with.height as f64);
        let frame = ((w * 0.8) as u32, (h * 0.8) as u32);
        let middle = [f64::from(frame.0) / 2.0, f64::from(frame.1) / 2.0];
        let one = take(&scene1, similarity(1.0, 0.0, 0.0, middle, [w / 2.0, h / 2.0]), frame, None);
        let turn = if dice.unit() < 0.1 { dice.one_of(&[FRAC_PI_2, PI, -FRAC_PI_2]) } else { dice.normal() * 0.2 };
        let zoom = dice.between(-0.4, 0.4).exp();
        let slant = dice.between(-0.08, 0.08);
        let there = [w / 2.0 + dice.between(-0.08, 0.08) * w, h / 2.0 + dice.between(-0.08, 0.08) * h];
        let truth_map = similarity(zoom, turn, slant, middle, there);
        let two = take(&scene2, truth_map, frame, Some(&mut dice));
        let (first, other) = (View::new(&one.photo, &one.labels).unwrap(), View::new(&two.photo, &two.labels).unwrap());
        tally.series += 1;
        let name = format!("{} {story:?}", photo.file_stem().unwrap().to_string_lossy());
        match align(&first, &other) {
            Err(reason) => *tally.refused.entry(reason.code()).or_default() += 1,
            Ok(found) => {
                tally.aligned += 1;
                println!("{} {name} aligned: {}", tally.series, said(&found));
                let exact = two.to_scene.then(&one.to_scene.inverse().unwrap());
                let off =
                    |p: Point| derm_seg::track::transform::distance2(found.to_first.apply(p), exact.apply(p)).sqrt();
                let places = [[0.25, 0.25], [0.75, 0.25], [0.25, 0.75], [0.75, 0.75], [0.5, 0.5]];
                let off = places
                    .map(|[x, y]| off([x * f64::from(frame.0), y * f64::from(frame.1)]))
                    .into_iter()
                    .fold(0.0, f64::max);
                tally.place_errors.push(off);
                tally.told.push((found.area_error, found.to_first.area_factor() / exact.area_factor() - 1.0));
                if off > 6.0 {
                    println!(
                        "MISPLACED by {off:.1} px: {name} points {} likeness {:.2} residual {:.2}",
                        found.points, found.likeness, found.residual
                    );
                }
                check(
                    &mut tally,
                    stories.entry(story).or_default(),
                    &name,
                    (&scene1, &one),
                    (&scene2, &two),
                    &found,
                    &truth,
                );
            }
        }
        println!("{} {name} points {} {}", tally.series, first.points.len(), other.points.len());
        firsts.push((photo.clone(), first));
    }
    report(&mut tally, &stories);
    strangers(&firsts);
}

fn check(
    tally: &mut Tally,
    story: &mut [usize; 2],
    name: &str,
    (scene1, one): (&Scene, &Shot),
    (scene2, two): (&Scene, &Shot),
    found: &Alignment,
    truth: &[(u8, &'static str)],
) {
    let (mut lesions, before) = Lesions::first(&one.labels);
    let (sightings1, sightings2) = (before.sightings, lesions.next(&two.labels, found).sightings);
    let (seen1, seen2) = (seen(scene1, one), seen(scene2, two));
    for &(number, state) in truth {
        // A lesion that is in no photo as a whole cannot be told; where it is gone or new, its place must be seen by both.
        let told = if state == "resolved" {
            let ids: Vec<usize> =
                is_said_of(&sightings1, &one.labels, one.to_scene, scene1, number).iter().map(|s| s.lesion).collect();
            sightings2.iter().filter(|s| ids.contains(&s.lesion)).cloned().collect::<Vec<_>>()
        } else {
            is_said_of(&sightings2, &two.labels, two.to_scene, scene2, number)
        };
        let whole = match state {
            "resolved" => {
                seen1.contains_key(&number)
                    && seen(
                        scene1,
                        &Shot { photo: two.photo.clone(), labels: two.labels.clone(), to_scene: two.to_scene },
                    )
                    .contains_key(&number)
            }
            "new" => {
                seen2.contains_key(&number)
                    && seen(
                        scene2,
                        &Shot { photo: one.photo.clone(), labels: one.labels.clone(), to_scene: one.to_scene },
                    )
                    .contains_key(&number)
            }
            _ => seen1.contains_key(&number) && seen2.contains_key(&number),
        };
        let unsure = told.iter().find_map(|s| s.state.reason());
        if let Some(reason) = unsure {
            *tally.unsure.entry(if whole { reason } else { "outside_field (truly)" }).or_default() += 1;
            continue;
        }
        story[1] += 1;
        if !told.is_empty() && told.iter().all(|s| s.state.code() == state) {
            tally.right += 1;
            story[0] += 1;
            if let (Some(change), true, Some(before), Some(after)) =
                (told[0].change, whole, seen1.get(&number), seen2.get(&number))
            {
                tally.area_errors.push((1.0 + change) / (after / before) - 1.0);
            }
        } else if told.is_empty() && !whole {
            story[1] -= 1;
        } else {
            tally.wrong.push(format!(
                "{name}: lesion {number} is {state}, told {:?}",
                told.iter().map(|s| s.state).collect::<Vec<State>>()
            ));
        }
    }
}

fn said(found: &Alignment) -> String {
    let Alignment { points, residual, error, overlap, likeness, .. } = found;
    format!("points {points} likeness {likeness:.2} overlap {overlap:.2} residual {residual:.2} error {error:.2}")
}

fn percent(part: usize, of: usize) -> f64 {
    100.0 * part as f64 / of.max(1) as f64
}

fn report(tally: &mut Tally, stories: &BTreeMap<Story, [usize; 2]>) {
    println!(
        "\nseries {}, aligned {} ({:.1} %), refused {:?}",
        tally.series,
        tally.aligned,
        percent(tally.aligned, tally.series),
        tally.refused
    );
    let all = tally.right + tally.wrong.len();
    println!(
        "lesions told {all}, right {} ({:.1} %), not told {:?}",
        tally.right,
        percent(tally.right, all),
        tally.unsure
    );
    for (story, [right, all]) in stories {
        println!("  {story:?}: {right} of {all}");
    }
    tally.wrong.iter().for_each(|wrong| println!("  WRONG {wrong}"));
    let quantiles = |values: &mut Vec<f64>| {
        values.sort_by(f64::total_cmp);
        let at = |q: f64| values.get(((values.len() as f64 - 1.0) * q) as usize).copied().unwrap_or(f64::NAN);
        format!("median {:.4}, 90 % {:.4}, 95 % {:.4}, worst {:.4}", at(0.5), at(0.9), at(0.95), at(1.0))
    };
    let mut areas: Vec<f64> = tally.area_errors.iter().map(|e| e.abs()).collect();
    let within = areas.iter().filter(|e| **e <= 0.05).count();
    println!(
        "area change off by: {}; within 5 %: {:.1} % of {}",
        quantiles(&mut areas),
        percent(within, tally.area_errors.len()),
        areas.len()
    );
    println!("places off by, px: {}", quantiles(&mut tally.place_errors));
    let held = tally.told.iter().filter(|(told, off)| off.abs() <= 1.96 * told).count();
    println!("area scale within 1.96 of its told error: {:.1} %", percent(held, tally.told.len()));
}

/// Pairs that must be refused.
fn strangers(views: &[(PathBuf, View)]) {
    let mut guessed = Vec::new();
    let mut refused: BTreeMap<&str, usize> = BTreeMap::new();
    let mut pairs = 0;
    for (i, (name, first)) in views.iter().enumerate() {
        for step in [1, 2] {
            let (other_name, other) = &views[(i + step) % views.len()];
            if other_name == name {
                continue;
            }
            pairs += 1;
            match align(first, other) {
                Err(reason) => *refused.entry(Reason::code(reason)).or_default() += 1,
                Ok(found) => guessed.push(format!("{} {} {}", name.display(), other_name.display(), said(&found))),
            }
        }
        let blank = Photo { width: 400, height: 300, rgb: vec![200; 400 * 300 * 3] };
        let blank = View::new(&blank, &LabelMap::filled(400, 300, SKIN)).unwrap();
        let mut mirrored = first.photo.clone();
        let width = mirrored.width as usize;
        for row in mirrored.rgb.chunks_exact_mut(3 * width) {
            let pixels: Vec<u8> = row.chunks_exact(3).rev().flatten().copied().collect();
            row.copy_from_slice(&pixels);
        }
        let mirrored = View::new(&mirrored, &LabelMap::filled(mirrored.width, mirrored.height, SKIN)).unwrap();
        for (what, other) in [("blank", &blank), ("mirrored", &mirrored)] {
            pairs += 1;
            match align(first, other) {
                Err(reason) => *refused.entry(Reason::code(reason)).or_default() += 1,
                Ok(found) => guessed.push(format!("{} {what} {}", name.display(), said(&found))),
            }
        }
    }
    println!("pairs that cannot be aligned: {pairs}, guessed {} , refused {refused:?}", guessed.len());
    guessed.iter().for_each(|g| println!("  GUESSED {g}"));
}
