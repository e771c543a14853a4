//! How one photo lies in another of the same skin: by points that both have, and only where enough of them agree.
//!
//! No chance is in it: every two good matches propose a similarity, the one that most matches agree with is fitted to them
//! all. Then the skin itself must look the same there. What does not hold is not guessed.

use lowe_sift::{Feature, match_features};

use super::transform::{Affine, Fit, Pair, Point, affine, distance2, similarity, similarity_of_two};
use super::view::View;
use crate::domain::mask::LESION;

/// The second-best place must be so much worse; strict for matches that propose, loose for those that are only counted.
const RATIO: f32 = 0.92;
/// So many of the clearest matches propose.
const PROPOSERS: usize = 150;
/// How far a match may be off, as a share of the photo's diagonal: while proposing, and at last.
const ROUGH: f64 = 0.012;
const FINE: f64 = 0.005;
/// Photos may be taken so much nearer or farther.
const MOST_ZOOM: f64 = 4.0;
/// How much more one direction may be stretched than the other: above it, the skin was seen from another side.
const MOST_SLANT: f64 = 1.5;
/// Points that must agree.
pub const LEAST_POINTS: usize = 10;
/// Share of the first photo that the other must show.
const LEAST_OVERLAP: f64 = 0.25;
/// How alike the skin must look, as a correlation of its detail.
const LEAST_LIKENESS: f64 = 0.2;
/// How uncertain places may be, as a share of the diagonal.
const MOST_ERROR: f64 = 0.01;

/// Why two photos cannot be compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// One of the two has too few points outside its lesions.
    TooFewPoints,
    /// Too few points agree on how one photo lies in the other.
    NoAgreement,
    /// Points agree, but the skin does not look the same.
    Unlike,
    /// Seen from too different a side or distance.
    View,
    /// Too little of the first photo is in the other.
    Overlap,
    /// The points do not say exactly enough where things are.
    Inexact,
}

impl Reason {
    pub fn code(self) -> &'static str {
        match self {
            Reason::TooFewPoints => "too_few_points",
            Reason::NoAgreement => "no_agreement",
            Reason::Unlike => "unlike",
            Reason::View => "view",
            Reason::Overlap => "overlap",
            Reason::Inexact => "inexact",
        }
    }
}

/// How a photo lies in the first one; lengths in pixels of the first.
#[derive(Clone, Copy, Debug)]
pub struct Alignment {
    pub to_first: Affine,
    pub from_first: Affine,
    /// What areas are multiplied by to be those of the first photo: the map's own factor, unless scales are stated.
    pub areas: f64,
    pub points: usize,
    /// Root of the mean squared distance of the points that agree.
    pub residual: f64,
    /// Standard error of a place, at the worst corner of what both photos show.
    pub error: f64,
    /// Standard error of areas, relative.
    pub area_error: f64,
    /// Share of the first photo that this one shows.
    pub overlap: f64,
    /// Correlation of the skin's detail.
    pub likeness: f64,
}

impl Alignment {
    /// Of the first photo with itself.
    pub const ITSELF: Self = Self {
        to_first: Affine::IDENTITY,
        from_first: Affine::IDENTITY,
        areas: 1.0,
        points: 0,
        residual: 0.0,
        error: 0.0,
        area_error: 0.0,
        overlap: 1.0,
        likeness: 1.0,
    };
}

pub fn align(first: &View, other: &View) -> Result<Alignment, Reason> {
    if first.points.len().min(other.points.len()) < LEAST_POINTS {
        return Err(Reason::TooFewPoints);
    }
    let diagonal = f64::hypot(first.size.width.into(), first.size.height.into());
    let matches = matches(&other.points, &first.points);
    let proposal = propose(&matches, ROUGH * diagonal).ok_or(Reason::NoAgreement)?;
    let fit = refine(proposal, &matches, diagonal).ok_or(Reason::NoAgreement)?;
    let (most, least) = fit.map.stretch();
    // Zoom is between photos that may be stored at different sizes.
    let zoom = fit.map.area_factor().abs().sqrt();
    if fit.map.area_factor() <= 0.0 || most > MOST_SLANT * least || !(1.0 / MOST_ZOOM..=MOST_ZOOM).contains(&zoom) {
        return Err(Reason::View);
    }
    let from_first = fit.map.inverse().ok_or(Reason::View)?;
    let Common { overlap, likeness, corners } = common(first, other, &from_first);
    let points = agreeing(&fit.map, &matches, FINE * diagonal).len();
    if points < LEAST_POINTS {
        return Err(Reason::NoAgreement);
    }
    if likeness < LEAST_LIKENESS {
        return Err(Reason::Unlike);
    }
    if overlap < LEAST_OVERLAP {
        return Err(Reason::Overlap);
    }
    let error = corners.iter().map(|&corner| fit.error_at(from_first.apply(corner))).fold(0.0, f64::max);
    if error > MOST_ERROR * diagonal {
        return Err(Reason::Inexact);
    }
    Ok(Alignment {
        to_first: fit.map,
        from_first,
        areas: fit.map.area_factor(),
        points,
        residual: fit.residual(),
        error,
        area_error: fit.area_error(),
        overlap,
        likeness,
    })
}

/// Two points that look alike and are each other's best; clearest first.
struct Match {
    pair: Pair,
    /// What the two points alone say of zoom and turn.
    zoom: f64,
    turn: f64,
}

fn matches(from: &[Feature], to: &[Feature]) -> Vec<Match> {
    let mut there = match_features(from, to, RATIO);
    let back = match_features(to, from, 1.0);
    let is_mutual = |query: usize, train: usize| back.iter().any(|m| m.query_index == train && m.train_index == query);
    there.retain(|m| is_mutual(m.query_index, m.train_index));
    there.sort_by(|a, b| a.ratio.total_cmp(&b.ratio));
    let place = |f: &Feature| [f64::from(f.keypoint.x), f64::from(f.keypoint.y)];
    let mut taken: Vec<Match> = Vec::new();
    for m in there {
        let (f, t) = (&from[m.query_index], &to[m.train_index]);
        let pair = (place(f), place(t));
        // A point with two directions counts once.
        if taken.iter().any(|other| distance2(other.pair.0, pair.0) < 1.0 || distance2(other.pair.1, pair.1) < 1.0) {
            continue;
        }
        taken.push(Match {
            pair,
            zoom: f64::from(t.keypoint.scale / f.keypoint.scale),
            turn: f64::from(t.keypoint.angle - f.keypoint.angle).to_degrees(),
        });
    }
    taken
}

/// The similarity that most matches agree with.
fn propose(matches: &[Match], tolerance: f64) -> Option<Affine> {
    let clearest = &matches[..matches.len().min(PROPOSERS)];
    let fits = |map: &Affine, m: &Match| {
        let turn = (map.turn() - m.turn).rem_euclid(360.0);
        let zoom = map.area_factor().sqrt() / m.zoom;
        turn.min(360.0 - turn) < 35.0 && (0.6..1.7).contains(&zoom)
    };
    let mut best: Option<(usize, Affine)> = None;
    for (i, one) in clearest.iter().enumerate() {
        for other in &clearest[i + 1..] {
            if distance2(one.pair.0, other.pair.0) < (4.0 * tolerance).powi(2) {
                continue;
            }
            let Some(map) = similarity_of_two(&one.pair, &other.pair) else { continue };
            if !fits(&map, one) || !fits(&map, other) {
                continue;
            }
            let count = agreeing(&map, matches, tolerance).len();
            if best.as_ref().is_none_or(|(most, _)| count > *most) {
                best = Some((count, map));
            }
        }
    }
    best.filter(|(count, _)| *count >= LEAST_POINTS / 2).map(|(_, map)| map)
}

fn agreeing(map: &Affine, matches: &[Match], tolerance: f64) -> Vec<Pair> {
    let agrees = |pair: &Pair| distance2(map.apply(pair.0), pair.1) <= tolerance * tolerance;
    matches.iter().map(|m| m.pair).filter(agrees).collect()
}

/// Fits all matches that agree, again and again, while the tolerance shrinks. An affine map where it fits better by more than
/// its two further numbers would anyway.
fn refine(mut map: Affine, matches: &[Match], diagonal: f64) -> Option<Fit> {
    let mut fit = None;
    for step in 0..6 {
        let tolerance = diagonal * (ROUGH + (FINE - ROUGH) * f64::from(step) / 5.0);
        let pairs = agreeing(&map, matches, tolerance);
        let turned = similarity(&pairs)?;
        let bent = affine(&pairs).filter(|bent| pairs.len() >= LEAST_POINTS && is_better(bent, &turned, pairs.len()));
        let new = bent.unwrap_or(turned);
        map = new.map;
        fit = Some(new);
    }
    fit
}

/// By the Bayesian information criterion: 2n coordinates, six numbers against four.
fn is_better(bent: &Fit, turned: &Fit, points: usize) -> bool {
    let n = 2.0 * points as f64;
    let cost = |fit: &Fit, numbers: f64| {
        let squares = fit.residual().powi(2) / 2.0 * (n - numbers);
        n * (squares / n).max(1e-9).ln() + numbers * n.ln()
    };
    cost(bent, 6.0) < cost(turned, 4.0)
}

/// What both photos show.
struct Common {
    overlap: f64,
    likeness: f64,
    /// The outermost places of it, in the first photo.
    corners: Vec<Point>,
}

fn common(first: &View, other: &View, from_first: &Affine) -> Common {
    let (mut all, mut seen) = (0.0, 0.0);
    let (mut n, mut sum, mut squares, mut product) = (0.0, [0.0; 2], [0.0; 2], 0.0);
    let mut corners = [(f64::MIN, [0.0; 2]); 4];
    for (pixel, place) in first.pixels(2) {
        all += 1.0;
        let Some(there) = other.pixel_at(from_first.apply(place)) else { continue };
        seen += 1.0;
        let [x, y] = place;
        for (corner, reach) in corners.iter_mut().zip([x + y, x - y, y - x, -x - y]) {
            if reach > corner.0 {
                *corner = (reach, place);
            }
        }
        if first.labels.data[pixel] == LESION || other.labels.data[there] == LESION {
            continue;
        }
        let values = [f64::from(first.detail_at(pixel)), f64::from(other.detail_at(there))];
        n += 1.0;
        for (i, v) in values.into_iter().enumerate() {
            sum[i] += v;
            squares[i] += v * v;
        }
        product += values[0] * values[1];
    }
    let variance = |i: usize| squares[i] - sum[i] * sum[i] / n;
    let covariance = product - sum[0] * sum[1] / n;
    let scale = (variance(0) * variance(1)).sqrt();
    Common {
        overlap: seen / f64::max(all, 1.0),
        likeness: if n > 100.0 && scale > 0.0 { covariance / scale } else { 0.0 },
        corners: corners.into_iter().filter(|(reach, _)| *reach > f64::MIN).map(|(_, place)| place).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::mask::{LabelMap, SKIN};
    use crate::domain::photo::Photo;

    /// Plain skin with dark dots in one corner only, each of which may lie a little elsewhere.
    fn dots(apart: f64) -> View {
        let (width, height) = (400_u32, 300_u32);
        let wave = |i: f64, speed: f64| (i * speed).sin();
        let dots: Vec<(f64, f64, f64)> = (0..40)
            .map(f64::from)
            .map(|i| {
                let at = (40.0 + 18.0 * wave(i, 12.9898), 40.0 + 18.0 * wave(i, 78.233));
                (at.0 + apart * wave(i, 37.719), at.1 + apart * wave(i, 93.989), 1.5 + wave(i, 4.1).abs())
            })
            .collect();
        let shade = |x: f64, y: f64| {
            let dot =
                |(a, b, size): &(f64, f64, f64)| (-((x - a).powi(2) + (y - b).powi(2)) / (2.0 * size * size)).exp();
            (200.0 - 120.0 * dots.iter().map(dot).fold(0.0, f64::max)) as u8
        };
        let rgb = (0..width * height).flat_map(|i| [shade(f64::from(i % width), f64::from(i / width)); 3]).collect();
        View::new(&Photo { width, height, rgb }, &LabelMap::filled(width, height, SKIN)).unwrap()
    }

    #[test]
    fn points_in_one_corner_that_wander_do_not_say_where_the_rest_is() {
        assert!(align(&dots(0.0), &dots(0.0)).is_ok());
        assert_eq!(align(&dots(0.0), &dots(2.25)).map(|found| found.error), Err(Reason::Inexact));
    }
}
