//! The outlines of a component along the edges of its pixels.
//!
//! Every ring is simple: it passes no point twice. Where two pixels meet at a corner only, the area is cut there, as
//! the rules for valid polygons ask; rings may touch each other at such corners.

use std::collections::HashMap;

use super::Ring;
use crate::measure::components::Component;

/// An area with its holes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Polygon {
    pub outer: Ring,
    pub holes: Vec<Ring>,
}

/// The parts of a component that hold together at sides, in reading order.
pub fn outlines(component: &Component) -> Vec<Polygon> {
    let (areas, holes): (Vec<_>, Vec<_>) =
        Bitmap::of(component).rings().into_iter().partition(|ring| doubled_area(ring) > 0);
    let mut polygons: Vec<Polygon> = areas.into_iter().map(|outer| Polygon { outer, holes: Vec::new() }).collect();
    for hole in holes {
        let owner = owner(&hole, &polygons);
        polygons[owner].holes.push(hole);
    }
    polygons
}

/// Twice the area inside; negative for a hole.
pub fn doubled_area(ring: &[[i32; 2]]) -> i64 {
    let next = ring.iter().cycle().skip(1);
    ring.iter().zip(next).map(|(a, b)| i64::from(a[0]) * i64::from(b[1]) - i64::from(b[0]) * i64::from(a[1])).sum()
}

/// The smallest area that has the hole in it. Most components have only one.
fn owner(hole: &Ring, polygons: &[Polygon]) -> usize {
    if polygons.len() == 1 {
        return 0;
    }
    let point = inner_point(hole);
    let around = polygons.iter().enumerate().filter(|(_, polygon)| contains(&polygon.outer, point));
    around.min_by_key(|(_, polygon)| doubled_area(&polygon.outer)).map_or(0, |(index, _)| index)
}

/// The centre of a pixel inside the ring: of the first one of its topmost row.
fn inner_point(ring: &Ring) -> [f64; 2] {
    let top = ring.iter().min_by_key(|p| (p[1], p[0])).expect("a ring has points");
    [f64::from(top[0]) + 0.5, f64::from(top[1]) + 0.5]
}

fn contains(ring: &Ring, [x, y]: [f64; 2]) -> bool {
    let next = ring.iter().cycle().skip(1);
    // Edges are vertical or horizontal: only the vertical ones to the right count.
    let crossed = ring
        .iter()
        .zip(next)
        .filter(|(a, b)| a[0] == b[0] && f64::from(a[0]) > x && (f64::from(a[1]) > y) != (f64::from(b[1]) > y));
    crossed.count() % 2 == 1
}

/// The component's box, with an empty pixel all round.
struct Bitmap {
    cells: Vec<bool>,
    width: usize,
    height: usize,
    left: i32,
    top: i32,
}

/// East, south, west, north.
const STEPS: [[isize; 2]; 4] = [[1, 0], [0, 1], [-1, 0], [0, -1]];

impl Bitmap {
    fn of(component: &Component) -> Self {
        let [left, top, width, height] = component.bbox;
        let (width, height) = (width as usize + 2, height as usize + 2);
        let mut cells = vec![false; width * height];
        for run in &component.runs {
            let row = (run.y - top) as usize + 1;
            let start = row * width + (run.start - left) as usize + 1;
            cells[start..start + (run.end - run.start) as usize].fill(true);
        }
        Self { cells, width, height, left: left as i32, top: top as i32 }
    }

    fn is(&self, x: isize, y: isize) -> bool {
        self.cells[y as usize * self.width + x as usize]
    }

    /// All rings; every one of them follows the upper edge of some pixel eastwards.
    fn rings(&self) -> Vec<Ring> {
        let mut followed = vec![false; self.cells.len()];
        let mut rings = Vec::new();
        for y in 1..self.height - 1 {
            for x in 1..self.width - 1 {
                let at = y * self.width + x;
                if self.cells[at] && !self.cells[at - self.width] && !followed[at] {
                    simple_rings(self.follow(x as isize, y as isize, &mut followed), &mut rings);
                }
            }
        }
        rings
    }

    /// The corners of the line that keeps the component at its right hand, starting eastwards at a pixel's upper left corner.
    fn follow(&self, x: isize, y: isize, followed: &mut [bool]) -> Ring {
        let (mut at, mut heading) = ([x, y], 0);
        let mut corners = Vec::new();
        loop {
            if heading == 0 {
                followed[at[1] as usize * self.width + at[0] as usize] = true;
            }
            at = [at[0] + STEPS[heading][0], at[1] + STEPS[heading][1]];
            // The pixels ahead, right and left of the line.
            let (right, left) = match heading {
                0 => ([0, 0], [0, -1]),
                1 => ([-1, 0], [0, 0]),
                2 => ([-1, -1], [-1, 0]),
                _ => ([0, -1], [-1, -1]),
            };
            let turn = match (self.is(at[0] + right[0], at[1] + right[1]), self.is(at[0] + left[0], at[1] + left[1])) {
                (false, _) => 1,
                (true, true) => 3,
                (true, false) => 0,
            };
            if turn != 0 {
                corners.push([at[0] as i32 - 1 + self.left, at[1] as i32 - 1 + self.top]);
                heading = (heading + turn) % 4;
            }
            if heading == 0 && at == [x, y] {
                return corners;
            }
        }
    }
}

/// Cuts a line at the points that it passes twice.
fn simple_rings(line: Ring, rings: &mut Vec<Ring>) {
    let mut open: Ring = Vec::with_capacity(line.len());
    let mut position = HashMap::new();
    for point in line {
        if let Some(&first) = position.get(&point) {
            let ring: Ring = open.drain(first..).collect();
            ring.iter().for_each(|p| {
                position.remove(p);
            });
            rings.push(ring);
        }
        position.insert(point, open.len());
        open.push(point);
    }
    rings.push(open);
}
