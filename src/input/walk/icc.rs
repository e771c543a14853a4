//! The tag table of an ICC profile.

use super::be32;

pub const HEADER: usize = 128;
/// No honest profile has more.
const MAX_TAGS: usize = 256;

/// A tag's name, and where its value is; nobody promises that it lies inside the profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tag {
    pub name: [u8; 4],
    pub start: usize,
    pub size: usize,
}

/// None where there is no table; the table ends early where the profile does.
pub fn tags(profile: &[u8]) -> Option<impl Iterator<Item = Tag>> {
    let count = be32(profile, HEADER)? as usize;
    let tag = |index: usize| {
        let at = HEADER + 4 + index * 12;
        let name = profile.get(at..at + 4)?.try_into().ok()?;
        Some(Tag { name, start: be32(profile, at + 4)? as usize, size: be32(profile, at + 8)? as usize })
    };
    Some((0..count.min(MAX_TAGS)).map_while(tag))
}
