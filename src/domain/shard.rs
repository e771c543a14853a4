//! A part of the photos, for machines that share the work: part K of N, cut so that the parts weigh about the same.

use std::fmt;
use std::ops::Range;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::domain::source::Source;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shard {
    /// From 1 on.
    pub part: u32,
    pub of: u32,
}

impl Shard {
    pub fn new(part: u32, of: u32) -> Result<Self, String> {
        match (1..=of).contains(&part) {
            true => Ok(Self { part, of }),
            false => Err(format!("there is no part {part} of {of}: parts are counted from 1")),
        }
    }

    /// The items of this part. Every item is in exactly one part: in the one that its middle falls into when the weights
    /// are laid end to end and cut into equal lengths.
    pub fn range(self, weights: &[u64]) -> Range<usize> {
        // An empty file is work, too.
        let weight = |w: &u64| u128::from(*w) + 1;
        let total: u128 = weights.iter().map(weight).sum();
        let items_before = |cut: u32| {
            let mut before = 0;
            let is_before = |w: &&u64| {
                let middle_twice = 2 * before + weight(w);
                before += weight(w);
                middle_twice * u128::from(self.of) < 2 * u128::from(cut) * total
            };
            weights.iter().take_while(is_before).count()
        };
        items_before(self.part - 1)..items_before(self.part)
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "part {} of {}", self.part, self.of)
    }
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let numbers = text.split_once('/').and_then(|(k, n)| Some((k.parse().ok()?, n.parse().ok()?)));
        let (part, of) = numbers.ok_or("write it as K/N, for example 3/10")?;
        Self::new(part, of)
    }
}

/// What run.json says of a part: which one, and of what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartOf {
    #[serde(flatten)]
    pub shard: Shard,
    /// In all parts together.
    pub photos: u64,
    /// A fingerprint of the names and sizes of all of them: parts of the same photos have the same.
    pub listing: String,
}

impl PartOf {
    pub fn new(shard: Shard, sources: &[Source], bytes: &[u64]) -> Self {
        let mut hash = blake3::Hasher::new();
        for (source, bytes) in sources.iter().zip(bytes) {
            hash.update(source.name.as_bytes()).update(&[0]).update(&bytes.to_le_bytes());
        }
        Self { shard, photos: sources.len() as u64, listing: hash.finalize().to_hex()[..32].to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_item_is_in_one_part_and_the_parts_weigh_the_same() {
        let weights: Vec<u64> = (0..1000u64).map(|i| (i * 7919) % 5000 + if i == 500 { 40_000 } else { 0 }).collect();
        let (total, heaviest) = (weights.iter().sum::<u64>(), 44_999);
        for of in [1, 2, 3, 7, 64, 999, 1500] {
            let parts: Vec<_> = (1..=of).map(|part| Shard { part, of }.range(&weights)).collect();
            assert_eq!((parts[0].start, parts[parts.len() - 1].end), (0, 1000));
            assert!(parts.windows(2).all(|pair| pair[0].end == pair[1].start), "of {of}");
            for part in parts {
                let weight = weights[part].iter().sum::<u64>();
                assert!(weight <= total / u64::from(of) + heaviest, "of {of}: {weight}");
            }
        }
        assert_eq!(Shard { part: 2, of: 2 }.range(&[0, 0, 0, 0]), 2..4);
        assert_eq!(Shard { part: 3, of: 3 }.range(&[]), 0..0);
    }

    #[test]
    fn a_part_that_cannot_be_is_refused() {
        assert_eq!("3/10".parse(), Ok(Shard { part: 3, of: 10 }));
        for wrong in ["0/4", "5/4", "1/0", "3", "3/", "a/b", "-1/4"] {
            assert!(wrong.parse::<Shard>().is_err(), "{wrong}");
        }
    }
}
