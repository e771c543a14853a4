//! The blocks of a GIF file, in order.

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part<'a> {
    /// Signature, screen description and global colours.
    Header(&'a [u8]),
    /// `data` is the chain of sub-blocks, each with its length; `whole` includes the introduction.
    Extension {
        label: u8,
        data: &'a [u8],
        whole: &'a [u8],
    },
    Image(&'a [u8]),
    End,
    /// What follows the end.
    Trailer(&'a [u8]),
    /// A block that makes no sense or runs past the end of the file.
    Broken,
}

pub const GRAPHIC_CONTROL: u8 = 0xF9;
pub const APPLICATION: u8 = 0xFF;
pub const END: u8 = 0x3B;
const EXTENSION: u8 = 0x21;
const IMAGE: u8 = 0x2C;
const HEADER: usize = 13;

pub fn parts(bytes: &[u8]) -> impl Iterator<Item = Part<'_>> {
    let mut at = Some(0);
    let mut ended = false;
    std::iter::from_fn(move || {
        let start = at.take().filter(|&start| start < bytes.len())?;
        if ended {
            return Some(Part::Trailer(&bytes[start..]));
        }
        let Some((part, end)) = part(bytes, start) else { return Some(Part::Broken) };
        ended = part == Part::End;
        at = Some(end);
        Some(part)
    })
}

fn part(bytes: &[u8], start: usize) -> Option<(Part<'_>, usize)> {
    if start == 0 {
        let end = HEADER + colour_table(*bytes.get(10)?);
        return Some((Part::Header(bytes.get(..end)?), end));
    }
    match *bytes.get(start)? {
        END => Some((Part::End, start + 1)),
        EXTENSION => {
            let end = sub_blocks_end(bytes, start + 2)?;
            let (data, whole) = (&bytes[start + 2..end], &bytes[start..end]);
            Some((Part::Extension { label: bytes[start + 1], data, whole }, end))
        }
        IMAGE => {
            let data = start + 10 + colour_table(*bytes.get(start + 9)?) + 1;
            let end = sub_blocks_end(bytes, data)?;
            Some((Part::Image(&bytes[start..end]), end))
        }
        _ => None,
    }
}

fn colour_table(flags: u8) -> usize {
    if flags & 0x80 == 0 { 0 } else { 3 << ((flags & 7) + 1) }
}

fn sub_blocks_end(bytes: &[u8], mut at: usize) -> Option<usize> {
    loop {
        match *bytes.get(at)? {
            0 => return Some(at + 1),
            length => at += 1 + usize::from(length),
        }
    }
}
