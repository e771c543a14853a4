//! Connected pieces of one class, as runs of pixels: the form that every figure of a lesion is computed from.
//!
//! Pixels belong together when they touch at a side or a corner (8-connectivity). Working on runs instead of pixels makes
//! the cost follow the outline of the lesions rather than the size of the photo.

use crate::domain::mask::LabelMap;
use crate::domain::sets::Sets;

/// Pixels `start..end` of one row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    pub y: u32,
    pub start: u32,
    pub end: u32,
}

impl Run {
    pub fn pixels(&self) -> u64 {
        u64::from(self.end - self.start)
    }

    /// Whether this run and one of a neighbouring row share a side or a corner.
    fn touches(&self, other: &Run) -> bool {
        self.start <= other.end && other.start <= self.end
    }
}

/// One connected piece: its runs in reading order, and what counting them gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Component {
    pub runs: Vec<Run>,
    pub area: u64,
    /// x, y, width, height.
    pub bbox: [u32; 4],
    /// Pieces minus holes: 1 less the number of holes.
    pub euler: i64,
}

/// The pieces of a class, largest first; equal ones by their first pixel in reading order.
pub fn components(labels: &LabelMap, class: u8) -> Vec<Component> {
    let runs = find_runs(labels, class);
    let mut forest = Sets::new(runs.len());
    let mut contacts = Vec::new();
    for_each_contact(&runs, |above, below| {
        forest.join(above, below);
        contacts.push(above);
    });
    let mut slot = vec![usize::MAX; runs.len()];
    let mut found: Vec<Component> = Vec::new();
    for (index, run) in runs.iter().enumerate() {
        let root = forest.root(index);
        if slot[root] == usize::MAX {
            slot[root] = found.len();
            found.push(Component { runs: Vec::new(), area: 0, bbox: [0; 4], euler: 0 });
        }
        found[slot[root]].runs.push(*run);
    }
    // Runs are convex and meet only their neighbours above and below, in one place each: so pieces minus holes is the
    // number of runs less the number of contacts.
    for above in contacts {
        found[slot[forest.root(above)]].euler -= 1;
    }
    for component in &mut found {
        component.euler += component.runs.len() as i64;
        component.area = component.runs.iter().map(Run::pixels).sum();
        component.bbox = bounding_box(&component.runs);
    }
    // A stable sort: pieces were found in the order of their first pixels.
    found.sort_by_key(|component| std::cmp::Reverse(component.area));
    found
}

fn find_runs(labels: &LabelMap, class: u8) -> Vec<Run> {
    let mut runs = Vec::new();
    for y in 0..labels.height {
        let row = labels.row(y);
        let mut at = skip_while(row, 0, |c| c != class);
        while at < row.len() {
            let end = skip_while(row, at, |c| c == class);
            runs.push(Run { y, start: at as u32, end: end as u32 });
            at = skip_while(row, end, |c| c != class);
        }
    }
    runs
}

/// The first index at or after `from` where `holds` is false. Whole blocks first, which compilers turn into vector code.
fn skip_while(row: &[u8], from: usize, holds: impl Fn(u8) -> bool) -> usize {
    const BLOCK: usize = 64;
    let mut at = from;
    while let Some(block) = row.get(at..at + BLOCK) {
        if !block.iter().fold(true, |all, &c| all & holds(c)) {
            break;
        }
        at += BLOCK;
    }
    at + row[at..].iter().take_while(|&&c| holds(c)).count()
}

/// Calls `contact` with the indices of every two touching runs of neighbouring rows.
fn for_each_contact(runs: &[Run], mut contact: impl FnMut(usize, usize)) {
    let mut above = 0;
    for (below, run) in runs.iter().enumerate() {
        while above < below && (runs[above].y + 1 < run.y || (runs[above].y < run.y && runs[above].end < run.start)) {
            above += 1;
        }
        let mut candidate = above;
        while candidate < below && runs[candidate].y + 1 == run.y && runs[candidate].start <= run.end {
            if runs[candidate].touches(run) {
                contact(candidate, below);
            }
            candidate += 1;
        }
    }
}

fn bounding_box(runs: &[Run]) -> [u32; 4] {
    let left = runs.iter().map(|r| r.start).min().unwrap_or(0);
    let right = runs.iter().map(|r| r.end).max().unwrap_or(0);
    let (top, bottom) = (runs.first().map_or(0, |r| r.y), runs.last().map_or(0, |r| r.y + 1));
    [left, top, right - left, bottom - top]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::mask::LESION;
    use crate::measure::testing::{mask, noise};

    fn found(rows: &[&str]) -> Vec<Component> {
        components(&mask(rows), LESION)
    }

    #[test]
    fn nothing_is_found_in_an_empty_or_zero_sized_map() {
        assert!(found(&["....", "...."]).is_empty());
        assert!(components(&LabelMap::filled(0, 0, LESION), LESION).is_empty());
    }

    #[test]
    fn a_full_frame_is_one_piece() {
        let all = components(&LabelMap::filled(150, 3, LESION), LESION);
        assert_eq!((all.len(), all[0].area, all[0].bbox, all[0].euler), (1, 450, [0, 0, 150, 3], 1));
    }

    #[test]
    fn corners_connect() {
        let all = found(&["#..", ".#.", "..#"]);
        assert_eq!((all.len(), all[0].area, all[0].bbox, all[0].euler), (1, 3, [0, 0, 3, 3], 1));
        assert_eq!(found(&["..#", ".#.", "#.."]).len(), 1);
        assert_eq!(found(&["#.#", "...", "#.#"]).len(), 4);
    }

    #[test]
    fn the_arms_of_a_u_become_one_piece_when_they_meet() {
        let all = found(&["#...#", "#...#", "#####"]);
        assert_eq!((all.len(), all[0].area, all[0].euler), (1, 9, 1));
    }

    #[test]
    fn largest_first_then_reading_order() {
        let all = found(&["..#..", "#...#", "#...#", ".....", "##.##"]);
        let order: Vec<_> = all.iter().map(|c| (c.area, c.bbox[0], c.bbox[1])).collect();
        assert_eq!(order, [(2, 0, 1), (2, 4, 1), (2, 0, 4), (2, 3, 4), (1, 2, 0)]);
    }

    #[test]
    fn holes_lower_the_euler_number() {
        assert_eq!(found(&["###", "#.#", "###"])[0].euler, 0);
        assert_eq!(found(&["#####", "#.#.#", "#####"])[0].euler, -1);
        // A ring of diagonal contacts encloses one pixel, which side by side contacts cannot leave.
        assert_eq!(found(&[".#.", "#.#", ".#."])[0].euler, 0);
        // What is outside connects at sides only, so an open corner does not let a hole out.
        assert_eq!(found(&["##.", "#.#", "###"])[0].euler, 0);
        assert_eq!(found(&["#.#", "#.#", "###"])[0].euler, 1);
    }

    #[test]
    fn every_pixel_is_in_exactly_one_piece_and_flipping_keeps_the_pieces() {
        for seed in 0..20 {
            let map = noise(97, 61, seed);
            let all = components(&map, LESION);
            assert_eq!(all.iter().map(|c| c.area).sum::<u64>(), map.count(LESION));
            let mut flipped = map.clone();
            flipped.data.reverse();
            let summary = |all: &[Component]| {
                let mut v: Vec<_> = all.iter().map(|c| (c.area, c.bbox[2], c.bbox[3], c.euler)).collect();
                v.sort_unstable();
                v
            };
            assert_eq!(summary(&all), summary(&components(&flipped, LESION)));
        }
    }
}
