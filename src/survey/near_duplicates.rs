//! Which photos show the same picture: identical files, and pictures that were only saved again, resized or slightly edited.
//!
//! A fingerprint tells for every place of a 16 x 16 grid whether it is darker than its right neighbour; copies of a picture
//! differ in few of the 256 answers. `docs/privacy.md` has the figures behind the threshold. Pure: no files, no clock.

use std::collections::{BTreeMap, HashMap};

use crate::domain::geometry::Rect;
use crate::domain::photo::Photo;
use crate::domain::photo::resize;
use crate::domain::sets::Sets;
use crate::error::PhotoError;

const GRID: u32 = 16;
/// Photos whose fingerprints differ in no more bits than this are taken for the same picture.
pub const MAX_DISTANCE: u32 = 12;
const CHUNKS: usize = 16;
/// Of 16 chunks, two such fingerprints share at least these: that is how they find each other without comparing all pairs.
const SHARED: usize = CHUNKS - MAX_DISTANCE as usize;
/// More fingerprints with a chunk in common than this (flat parts of pictures look alike) are told apart by a further one.
const FEW: usize = 1000;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Fingerprint([u64; 4]);

impl Fingerprint {
    pub fn of(photo: &Photo) -> Result<Self, PhotoError> {
        let small = resize(photo, Rect::whole(photo.width, photo.height), GRID + 1, GRID)?;
        let luma: Vec<u32> = small
            .as_chunks::<3>()
            .0
            .iter()
            .map(|&[r, g, b]| 2 * u32::from(r) + 5 * u32::from(g) + u32::from(b))
            .collect();
        let mut bits = [0; 4];
        for (row, values) in luma.chunks_exact(GRID as usize + 1).enumerate() {
            for (column, pair) in values.windows(2).enumerate() {
                let bit = row * GRID as usize + column;
                bits[bit / 64] |= u64::from(pair[0] < pair[1]) << (bit % 64);
            }
        }
        Ok(Self(bits))
    }

    pub fn distance(&self, other: &Self) -> u32 {
        self.0.iter().zip(other.0).map(|(a, b)| (a ^ b).count_ones()).sum()
    }

    fn chunk(&self, number: usize) -> u16 {
        (self.0[number / 4] >> (number % 4 * 16)) as u16
    }
}

/// Groups of two and more positions with the same key, in the order of the first of each.
pub fn identical<'a>(keys: impl Iterator<Item = Option<&'a str>>) -> Vec<Vec<usize>> {
    let mut by_key: HashMap<&str, Vec<usize>> = HashMap::new();
    for (position, key) in keys.enumerate() {
        if let Some(key) = key {
            by_key.entry(key).or_default().push(position);
        }
    }
    sorted(by_key.into_values())
}

/// Groups of pictures that look alike, directly or through others of the group.
pub fn alike(fingerprints: &[Option<Fingerprint>]) -> Vec<Vec<usize>> {
    let mut sets = Sets::new(fingerprints.len());
    // Of equal ones, however many, the first stands for all.
    let mut first: HashMap<Fingerprint, usize> = HashMap::new();
    for (position, fingerprint) in fingerprints.iter().enumerate() {
        if let Some(fingerprint) = fingerprint {
            sets.join(*first.entry(*fingerprint).or_insert(position), position);
        }
    }
    let distinct: Vec<(usize, Fingerprint)> = first.into_iter().map(|(print, position)| (position, print)).collect();
    join_sharing(&distinct, 0, 0, &mut sets);
    let mut members: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for position in 0..fingerprints.len() {
        members.entry(sets.root(position)).or_default().push(position);
    }
    sorted(members.into_values())
}

/// Joins what is near among photos that share `shared` chunks, all of them before `next`.
fn join_sharing(photos: &[(usize, Fingerprint)], shared: usize, next: usize, sets: &mut Sets) {
    if shared == SHARED || (shared > 0 && photos.len() <= FEW) {
        for (i, (a, x)) in photos.iter().enumerate() {
            let near = photos[i + 1..].iter().filter(|(_, y)| x.distance(y) <= MAX_DISTANCE);
            near.for_each(|(b, _)| sets.join(*a, *b));
        }
        return;
    }
    for chunk in next..CHUNKS {
        let mut sharing: HashMap<u16, Vec<(usize, Fingerprint)>> = HashMap::new();
        for &(position, print) in photos {
            sharing.entry(print.chunk(chunk)).or_default().push((position, print));
        }
        let several = sharing.into_values().filter(|photos| photos.len() > 1);
        several.for_each(|photos| join_sharing(&photos, shared + 1, chunk + 1, sets));
    }
}

fn sorted(groups: impl Iterator<Item = Vec<usize>>) -> Vec<Vec<usize>> {
    let mut groups: Vec<_> = groups.filter(|group| group.len() > 1).collect();
    groups.sort();
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fingerprint(seed: u64) -> Fingerprint {
        let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
        Fingerprint([0; 4].map(|_: u64| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state
        }))
    }

    fn changed(mut fingerprint: Fingerprint, bits: u32) -> Fingerprint {
        // Spread over all chunks, as far as they go.
        (0..bits as usize).for_each(|i| fingerprint.0[i % CHUNKS / 4] ^= 1 << (i % CHUNKS % 4 * 16 + i / CHUNKS));
        fingerprint
    }

    #[test]
    fn pictures_within_the_distance_are_grouped_and_no_others() {
        let mut all: Vec<_> = (1..200).map(|seed| Some(fingerprint(seed))).collect();
        all[10] = Some(changed(fingerprint(1), MAX_DISTANCE));
        all[20] = Some(changed(fingerprint(2), MAX_DISTANCE + 1));
        all[30] = None;
        assert_eq!(alike(&all), [[0, 10]]);
    }

    #[test]
    fn a_chunk_that_thousands_share_hides_no_pair() {
        let flat = |seed: u64| {
            let mut print = fingerprint(seed);
            print.0[0] = 0;
            print
        };
        let mut all: Vec<_> = (1..1500).map(|seed| Some(flat(seed))).collect();
        let mut near = flat(7);
        // One bit in each chunk but the four that all share.
        (4..CHUNKS).for_each(|chunk| near.0[chunk / 4] ^= 1 << (chunk % 4 * 16));
        all.push(Some(near));
        assert_eq!(alike(&all), [[6, 1499]]);
        let same = vec![Some(fingerprint(1)); 5000];
        assert_eq!(alike(&same), [(0..5000).collect::<Vec<_>>()]);
    }

    #[test]
    fn identical_files_are_grouped_in_order() {
        let keys = [Some("b"), Some("a"), None, Some("a"), Some("b"), Some("c"), None, Some("a")];
        assert_eq!(identical(keys.into_iter()), [vec![0, 4], vec![1, 3, 7]]);
    }

    #[test]
    fn a_resized_copy_is_alike_and_another_picture_is_not() {
        let picture = |width: u32, height: u32, phase: f64| {
            let value = |x: u32, y: u32, k: f64| {
                let (u, v) = (f64::from(x) / f64::from(width), f64::from(y) / f64::from(height));
                (((u * 9.0 + phase).sin() * (v * 7.0 * k + phase).cos() + 1.0) * 127.0) as u8
            };
            let pixels = (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
            Photo { width, height, rgb: pixels.flat_map(|(x, y)| [1.0, 1.3, 0.7].map(|k| value(x, y, k))).collect() }
        };
        let print = |photo: &Photo| Fingerprint::of(photo).unwrap();
        let original = print(&picture(400, 300, 0.0));
        assert!(original.distance(&print(&picture(200, 150, 0.0))) <= MAX_DISTANCE);
        assert!(original.distance(&print(&picture(400, 300, 1.0))) > 3 * MAX_DISTANCE);
    }
}
