//! Which lesion of one photo is which of another: by where they lie in the first photo of the series.
//!
//! The outline of every lesion that was seen is kept where it was first seen whole. A later photo's lesions are laid over
//! them: what overlaps belongs together, and from who overlaps whom follows what became of each.

use super::align::Alignment;
use super::transform::{Point, distance2};
use crate::domain::mask::{LESION, LabelMap};
use crate::domain::record::Size;
use crate::domain::sets::Sets;
use crate::measure::components::{Component, components};
use crate::measure::is_speck;

/// More change of area than this is growing or shrinking.
pub const CHANGE: f64 = 0.3;
/// Longer side of the grid on which lesions are laid over each other.
const GRID: u32 = 1280;
/// Lesions belong together where they share so much of the smaller one.
const SHARED: f64 = 0.15;
/// What is less of a group than this is a crumb: it neither splits a lesion nor merges with one.
const CRUMB: f64 = 0.08;
/// A lesion with fewer pixels than this may be missed in a photo.
const LEAST_PIXELS: f64 = 16.0;
/// Points of an outline that are kept.
const OUTLINE: usize = 400;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// In the photo where it is first seen.
    First,
    New,
    Resolved,
    Growing,
    Shrinking,
    Stable,
    Merged,
    Split,
    NotComparable(Doubt),
}

/// Why nothing is said of one lesion in a photo that is aligned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// It is not wholly in what both photos show.
    OutsideField,
    /// One of the photos would show too few pixels of it.
    TooSmall,
    /// Its area is not known exactly enough: the error is as large as the change that would count.
    Inexact,
}

impl State {
    pub fn code(self) -> &'static str {
        match self {
            State::First => "first",
            State::New => "new",
            State::Resolved => "resolved",
            State::Growing => "growing",
            State::Shrinking => "shrinking",
            State::Stable => "stable",
            State::Merged => "merged",
            State::Split => "split",
            State::NotComparable(_) => "not_comparable",
        }
    }

    pub fn reason(self) -> Option<&'static str> {
        match self {
            State::NotComparable(Doubt::OutsideField) => Some("outside_field"),
            State::NotComparable(Doubt::TooSmall) => Some("too_small"),
            State::NotComparable(Doubt::Inexact) => Some("inexact"),
            _ => None,
        }
    }
}

/// What one photo says of a lesion.
#[derive(Clone, Debug, PartialEq)]
pub struct Sighting {
    /// Number of the lesion in the series, from 1.
    pub lesion: usize,
    pub state: State,
    /// Of its pieces in this photo, as records number them.
    pub pieces: Vec<u32>,
    /// Lesions of the series that are one with it here.
    pub with: Vec<usize>,
    /// Pixels of this photo.
    pub area_px: Option<u64>,
    /// In pixels of the first photo.
    pub area: Option<f64>,
    /// Against the photo where it was first seen, relative. Where lesions merged, of all of them together.
    pub change: Option<f64>,
}

/// What one photo says of all lesions.
pub struct Seen {
    pub sightings: Vec<Sighting>,
    /// For each pixel of the photo the number of its piece; 0 for none.
    pub pieces: Vec<u32>,
}

/// A lesion of the series, as it was where it was first seen.
struct Lesion {
    /// In pixels of the first photo.
    area: f64,
    outline: Vec<Point>,
    centre: Point,
    /// A part of it was outside the photo.
    is_cut: bool,
}

/// A lesion of a photo, laid into the first one.
struct Piece {
    id: u32,
    area_px: u64,
    area: f64,
    outline: Vec<Point>,
    centre: Point,
    is_cut: bool,
}

/// All lesions of a series, in coordinates of its first photo.
pub struct Lesions {
    size: Size,
    /// Width and height of the grid, and photo pixels a cell.
    grid: (usize, usize),
    step: f64,
    /// The number of the lesion that a cell belongs to; 0 for none.
    cells: Vec<u32>,
    all: Vec<Lesion>,
}

impl Lesions {
    /// Those of the first photo.
    pub fn first(labels: &LabelMap) -> (Self, Seen) {
        let size = Size { width: labels.width, height: labels.height };
        let step = (f64::from(size.width.max(size.height)) / f64::from(GRID)).max(1.0);
        let cells = |side: u32| ((f64::from(side) / step).ceil() as usize).max(1);
        let grid = (cells(size.width), cells(size.height));
        let mut lesions = Self { size, grid, step, cells: vec![0; grid.0 * grid.1], all: Vec::new() };
        let (pieces, map) = pieces(labels, &Alignment::ITSELF);
        let sightings = pieces.iter().map(|piece| lesions.add(piece, &map, labels, &Alignment::ITSELF, State::First));
        let sightings = sightings.collect();
        (lesions, Seen { sightings, pieces: map })
    }

    /// What a later photo says of every lesion that is known, and of those that are new in it.
    pub fn next(&mut self, labels: &LabelMap, alignment: &Alignment) -> Seen {
        let other = Size { width: labels.width, height: labels.height };
        let margin = 1.5 + 2.0 * alignment.error.max(alignment.residual);
        let (pieces, map) = pieces(labels, alignment);
        let overlap = self.overlap(&map, labels, alignment);
        let mut sets = Sets::new(self.all.len() + pieces.len());
        for (i, lesion) in self.all.iter().enumerate() {
            for (j, piece) in pieces.iter().enumerate() {
                let shared = overlap[i * pieces.len() + j] as f64 * self.step * self.step;
                if shared > SHARED * lesion.area.min(piece.area) {
                    sets.join(i, self.all.len() + j);
                }
            }
        }
        self.join_near(&pieces, &mut sets, margin);
        let known = self.all.len();
        let mut groups: Vec<(Vec<usize>, Vec<usize>)> = vec![Default::default(); known + pieces.len()];
        (0..known).for_each(|i| groups[sets.root(i)].0.push(i));
        (0..pieces.len()).for_each(|j| groups[sets.root(known + j)].1.push(j));
        let mut sightings = Vec::new();
        for (lesions, group) in groups {
            let group: Vec<&Piece> = group.into_iter().map(|j| &pieces[j]).collect();
            match (lesions.as_slice(), group.as_slice()) {
                ([], []) => {}
                ([], [piece]) => {
                    if let Some(state) = self.appeared(piece, margin) {
                        sightings.push(self.add(piece, &map, labels, alignment, state));
                    }
                }
                _ => sightings.extend(self.became(&lesions, &group, other, margin, alignment)),
            }
        }
        sightings.sort_by_key(|sighting| sighting.lesion);
        Seen { sightings, pieces: map }
    }

    /// Lesions that were seen until now.
    pub fn count(&self) -> usize {
        self.all.len()
    }

    /// What a piece is that no known lesion is under; nothing where the first photo does not show its place at all.
    fn appeared(&self, piece: &Piece, margin: f64) -> Option<State> {
        let inside = |margin: f64| piece.outline.iter().filter(|p| is_inside(**p, self.size, margin)).count();
        if inside(margin) == 0 {
            return None;
        }
        if piece.is_cut || inside(margin) < piece.outline.len() {
            return Some(State::NotComparable(Doubt::OutsideField));
        }
        let is_small = piece.area.min(piece.area_px as f64) < LEAST_PIXELS;
        Some(if is_small { State::NotComparable(Doubt::TooSmall) } else { State::New })
    }

    /// Takes in a lesion that was not known.
    fn add(&mut self, piece: &Piece, map: &[u32], labels: &LabelMap, alignment: &Alignment, state: State) -> Sighting {
        let number = self.all.len() as u32 + 1;
        for cell in self.cells_around(&piece.outline) {
            if self.cells[cell] == 0 && piece_at(self.place(cell), map, labels, alignment) == Some(piece.id) {
                self.cells[cell] = number;
            }
        }
        self.all.push(Lesion {
            area: piece.area,
            outline: piece.outline.clone(),
            centre: piece.centre,
            is_cut: piece.is_cut || matches!(state, State::NotComparable(_)),
        });
        Sighting {
            lesion: self.all.len(),
            state,
            pieces: vec![piece.id],
            with: Vec::new(),
            area_px: Some(piece.area_px),
            area: Some(piece.area),
            change: None,
        }
    }

    /// Lesions that belong together with pieces: either list may be empty, or hold several.
    fn became(
        &self,
        lesions: &[usize],
        pieces: &[&Piece],
        other: Size,
        margin: f64,
        alignment: &Alignment,
    ) -> Vec<Sighting> {
        let all_pixels: u64 = pieces.iter().map(|piece| piece.area_px).sum();
        let area: f64 = pieces.iter().map(|piece| piece.area).sum();
        let before: f64 = lesions.iter().map(|&i| self.all[i].area).sum();
        let change = area / before - 1.0;
        // As many as before, but not one to one: what is said is said of all of them together.
        let counts = |part: f64, whole: f64| part >= CRUMB * whole;
        let was = lesions.iter().filter(|&&i| counts(self.all[i].area, before)).count();
        let is = pieces.iter().filter(|piece| counts(piece.area, area)).count();
        let is_seen = |i: &usize| {
            let lesion = &self.all[*i];
            !lesion.is_cut
                && lesion.outline.iter().all(|p| is_inside(alignment.from_first.apply(*p), other, margin / 2.0))
        };
        let pieces_are_seen = pieces
            .iter()
            .all(|piece| !piece.is_cut && piece.outline.iter().all(|p| is_inside(*p, self.size, margin / 2.0)));
        let state = if !lesions.iter().all(is_seen) || !pieces_are_seen {
            State::NotComparable(Doubt::OutsideField)
        } else if pieces.is_empty() {
            let would_be = before / alignment.areas;
            if would_be < LEAST_PIXELS { State::NotComparable(Doubt::TooSmall) } else { State::Resolved }
        } else if 2.0 * alignment.area_error > CHANGE {
            State::NotComparable(Doubt::Inexact)
        } else if was > is {
            State::Merged
        } else if is > was {
            State::Split
        } else if change > CHANGE {
            State::Growing
        } else if change < -CHANGE {
            State::Shrinking
        } else {
            State::Stable
        };
        let is_told = !matches!(state, State::NotComparable(_));
        let one = |&i: &usize| Sighting {
            lesion: i + 1,
            state,
            pieces: pieces.iter().map(|piece| piece.id).collect(),
            with: lesions.iter().filter(|&&other| other != i).map(|other| other + 1).collect(),
            area_px: is_told.then_some(all_pixels),
            area: is_told.then_some(area),
            change: is_told.then_some(change),
        };
        lesions.iter().map(one).collect()
    }

    /// Small lesions may lie beside themselves by the error of the alignment.
    fn join_near(&self, pieces: &[Piece], sets: &mut Sets, margin: f64) {
        let known = self.all.len();
        let roots: Vec<usize> = (0..known + pieces.len()).map(|i| sets.root(i)).collect();
        let is_alone = |i: usize| roots.iter().filter(|&&root| root == roots[i]).count() == 1;
        for (i, lesion) in self.all.iter().enumerate().filter(|(i, _)| is_alone(*i)) {
            let near = pieces.iter().enumerate().filter(|(j, _)| is_alone(known + j)).filter(|(_, piece)| {
                let radius = (lesion.area.max(piece.area) / std::f64::consts::PI).sqrt();
                distance2(lesion.centre, piece.centre) < (margin + 0.5 * radius).powi(2)
            });
            let nearest = near
                .min_by(|a, b| distance2(lesion.centre, a.1.centre).total_cmp(&distance2(lesion.centre, b.1.centre)));
            if let Some((j, _)) = nearest {
                sets.join(i, known + j);
            }
        }
    }

    /// Cells that lesions and pieces share, a row for each lesion.
    fn overlap(&self, map: &[u32], labels: &LabelMap, alignment: &Alignment) -> Vec<u32> {
        let columns = map.iter().copied().max().unwrap_or(0) as usize;
        let mut shared = vec![0; self.all.len() * columns];
        for (cell, &lesion) in self.cells.iter().enumerate().filter(|(_, lesion)| **lesion > 0) {
            if let Some(piece) = piece_at(self.place(cell), map, labels, alignment) {
                shared[(lesion as usize - 1) * columns + piece as usize - 1] += 1;
            }
        }
        shared
    }

    /// The cells of the box around an outline.
    fn cells_around(&self, outline: &[Point]) -> Vec<usize> {
        let range = |axis: usize, cells: usize| {
            let at = |end: fn(f64, f64) -> f64, from: f64| outline.iter().map(|p| p[axis] / self.step).fold(from, end);
            let (low, high) = (at(f64::min, f64::MAX) - 1.0, at(f64::max, f64::MIN) + 2.0);
            (low.max(0.0) as usize).min(cells)..(high.max(0.0) as usize).min(cells)
        };
        let columns = range(0, self.grid.0);
        range(1, self.grid.1).flat_map(|y| columns.clone().map(move |x| y * self.grid.0 + x)).collect()
    }

    fn place(&self, cell: usize) -> Point {
        [(cell % self.grid.0) as f64 + 0.5, (cell / self.grid.0) as f64 + 0.5].map(|at| at * self.step)
    }
}

/// The number of the piece at a place of the first photo.
fn piece_at(place: Point, map: &[u32], labels: &LabelMap, alignment: &Alignment) -> Option<u32> {
    let [x, y] = alignment.from_first.apply(place);
    if x < 0.0 || y < 0.0 || x >= f64::from(labels.width) || y >= f64::from(labels.height) {
        return None;
    }
    Some(map[y as usize * labels.width as usize + x as usize]).filter(|&piece| piece > 0)
}

fn is_inside([x, y]: Point, size: Size, margin: f64) -> bool {
    let (width, height) = (f64::from(size.width), f64::from(size.height));
    x >= margin && y >= margin && x <= width - margin && y <= height - margin
}

/// The lesions of a photo, largest first, and for each of its pixels the number of its lesion; 0 for none. Specks are none.
fn pieces(labels: &LabelMap, alignment: &Alignment) -> (Vec<Piece>, Vec<u32>) {
    let mut map = vec![0; labels.data.len()];
    let found = components(labels, LESION);
    let described = found.into_iter().filter(|c| !is_speck(c, labels.data.len() as u64));
    let pieces = described.zip(1..).map(|(component, id)| {
        for run in &component.runs {
            let row = run.y as usize * labels.width as usize;
            map[row + run.start as usize..row + run.end as usize].fill(id);
        }
        piece(&component, id, labels, alignment)
    });
    (pieces.collect(), map)
}

fn piece(component: &Component, id: u32, labels: &LabelMap, alignment: &Alignment) -> Piece {
    let ends = component.runs.iter().flat_map(|run| {
        let y = f64::from(run.y) + 0.5;
        [[f64::from(run.start), y], [f64::from(run.end), y]]
    });
    let (first, last) = (component.runs.first(), component.runs.last());
    let rows = [(first, 0.0), (last, 1.0)].into_iter().filter_map(|(run, below)| {
        let run = run?;
        Some([f64::from(run.start + run.end) / 2.0, f64::from(run.y) + below])
    });
    let all: Vec<Point> = ends.chain(rows).collect();
    let thin = all.len().div_ceil(OUTLINE).max(1);
    let outline =
        all.iter().step_by(thin).chain(all.iter().rev().take(2)).map(|p| alignment.to_first.apply(*p)).collect();
    let moment = component.runs.iter().fold([0.0, 0.0], |[x, y], run| {
        let n = run.pixels() as f64;
        [x + n * f64::from(run.start + run.end) / 2.0, y + n * (f64::from(run.y) + 0.5)]
    });
    let [x, y, width, height] = component.bbox;
    Piece {
        id,
        area_px: component.area,
        area: component.area as f64 * alignment.areas,
        outline,
        centre: alignment.to_first.apply(moment.map(|m| m / component.area as f64)),
        is_cut: x == 0 || y == 0 || x + width == labels.width || y + height == labels.height,
    }
}
