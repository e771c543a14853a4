//! A colour profile without its words: the numbers that define the colours stay as they are; descriptions, makers, dates
//! and identifiers go.

use crate::input::walk::icc::{HEADER, tags as tags_of};

/// The tags that define colours, in every version of the format.
const COLOUR_TAGS: [&[u8; 4]; 24] = [
    b"wtpt", b"bkpt", b"rXYZ", b"gXYZ", b"bXYZ", b"rTRC", b"gTRC", b"bTRC", b"kTRC", b"chad", b"cicp", b"A2B0",
    b"A2B1", b"A2B2", b"A2B3", b"B2A0", b"B2A1", b"B2A2", b"B2A3", b"D2B0", b"D2B1", b"B2D0", b"B2D1", b"gamt",
];
/// Bytes of the header that name a program, a computer, a maker, a device, a creator, a time or a checksum of it all.
const NAMING: [std::ops::Range<usize>; 6] = [4..8, 24..36, 40..44, 48..56, 80..84, 84..100];

/// `None` for what is no profile: no program could use it either.
pub fn cleaned(profile: &[u8]) -> Option<Vec<u8>> {
    let mut header: [u8; HEADER] = profile.get(..HEADER)?.try_into().ok()?;
    if &header[36..40] != b"acsp" {
        return None;
    }
    NAMING.into_iter().for_each(|range| header[range].fill(0));
    // Everything behind is reserved.
    header[100..].fill(0);
    let mut tags: Vec<([u8; 4], &[u8])> = Vec::new();
    for tag in tags_of(profile)?.filter(|tag| COLOUR_TAGS.contains(&&tag.name)) {
        tags.push((tag.name, profile.get(tag.start..tag.start.checked_add(tag.size)?)?));
    }
    let (description, copyright) = empty_words(header[8]);
    tags.extend([(*b"desc", description.as_slice()), (*b"cprt", copyright.as_slice())]);
    Some(write(header, &tags))
}

/// The description and the copyright notice that the format demands, empty; version 4 has another kind of text.
fn empty_words(version: u8) -> (Vec<u8>, Vec<u8>) {
    if version >= 4 {
        // One text in no language: a single space, as some readers insist on one.
        let numbers = [0, 1, 12, 0, 2, 28].map(u32::to_be_bytes);
        let none = [b"mluc".as_slice(), numbers.as_flattened(), b"\0 \0\0"].concat();
        return (none.clone(), none);
    }
    // Signature and reserved, a length of one, a zero, then no Unicode and no Macintosh text.
    let description = [b"desc".as_slice(), &[0; 4], &1u32.to_be_bytes(), &[0; 1 + 8 + 3 + 67]].concat();
    (description, b"text\0\0\0\0\0".to_vec())
}

fn write(mut header: [u8; HEADER], tags: &[([u8; 4], &[u8])]) -> Vec<u8> {
    let mut table = (tags.len() as u32).to_be_bytes().to_vec();
    let mut data: Vec<u8> = Vec::new();
    let data_at = HEADER + 4 + tags.len() * 12;
    for (i, (name, value)) in tags.iter().enumerate() {
        // Equal curves of red, green and blue are usually stored once.
        let same = tags[..i].iter().position(|(_, earlier)| earlier == value);
        let place = match same {
            Some(earlier) => table[4 + earlier * 12 + 4..4 + earlier * 12 + 8].to_vec(),
            None => {
                let place = (data_at + data.len()) as u32;
                data.extend_from_slice(value);
                data.resize(data.len().next_multiple_of(4), 0);
                place.to_be_bytes().to_vec()
            }
        };
        table.extend(name);
        table.extend(place);
        table.extend((value.len() as u32).to_be_bytes());
    }
    let total = (data_at + data.len()) as u32;
    header[..4].copy_from_slice(&total.to_be_bytes());
    [header.as_slice(), &table, &data].concat()
}
