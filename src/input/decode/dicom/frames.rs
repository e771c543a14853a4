//! The bytes of one frame among those of all.

use std::borrow::Cow;

use super::attributes::{Attributes, Photometric, pixels};
use super::too_short;
use crate::error::PhotoError;
use crate::input::walk::dicom::{Dicom, Element, Syntax};

/// Frames without compression follow each other, without a gap even between bits.
pub struct Native<'a> {
    pub bytes: Cow<'a, [u8]>,
    /// Where the frame begins in its first byte.
    pub first_bit: usize,
}

pub fn native<'a>(file: &'a Dicom, attributes: &Attributes, frame: u32) -> Result<Native<'a>, PhotoError> {
    let values = attributes.size.width as usize * attributes.size.height as usize * attributes.samples;
    // Two pixels share their colours.
    let values = if attributes.photometric == Photometric::YbrFull422 { values / 3 * 2 } else { values };
    let bits = values.checked_mul(usize::from(attributes.bits_allocated)).ok_or_else(too_short)?;
    let first = bits.checked_mul(frame as usize - 1).ok_or_else(too_short)?;
    let end = first.checked_add(bits).ok_or_else(too_short)?.div_ceil(8);
    let element = pixels(file)?;
    let all = element.value;
    if all.len() < end {
        return Err(if frame == attributes.frames { PhotoError::Truncated } else { too_short() });
    }
    // Bytes that are written as words have their two halves exchanged.
    let is_swapped = file.syntax == Syntax::ExplicitBig && element.vr == *b"OW" && attributes.bits_allocated <= 8;
    let bytes = match is_swapped {
        true => Cow::Owned((first / 8..end).map(|i| all.get(i ^ 1).copied().unwrap_or_default()).collect()),
        false => Cow::Borrowed(&all[first / 8..end]),
    };
    Ok(Native { bytes, first_bit: first % 8 })
}

/// A frame of a compressed file is one piece or several.
pub fn encapsulated<'a>(file: &'a Dicom, attributes: &Attributes, frame: u32) -> Result<Cow<'a, [u8]>, PhotoError> {
    let element = pixels(file)?;
    if !element.is_encapsulated {
        return Err(super::broken("its pixels are not compressed as its header says"));
    }
    let pieces = element.fragments().collect::<Result<Vec<_>, _>>()?;
    let Some((offsets, pieces)) = pieces.split_first() else { return Err(too_short()) };
    let (frames, number) = (attributes.frames as usize, frame as usize - 1);
    let own = if frames == 1 {
        0..pieces.len()
    } else if pieces.len() == frames {
        number..number + 1
    } else {
        let starts =
            starts(file, offsets, pieces, frames).ok_or_else(|| super::broken("its frames cannot be told apart"))?;
        starts[number]..starts.get(number + 1).copied().unwrap_or(pieces.len())
    };
    match pieces.get(own) {
        Some([]) | None => Err(too_short()),
        Some([one]) => Ok(Cow::Borrowed(one)),
        Some(several) => Ok(Cow::Owned(several.concat())),
    }
}

/// The pieces that frames begin with, by the table of offsets, or by how JPEG and JPEG 2000 begin.
fn starts(file: &Dicom, offsets: &[u8], pieces: &[&[u8]], frames: usize) -> Option<Vec<usize>> {
    let mut at = 0u64;
    let places: Vec<u64> = pieces
        .iter()
        .map(|piece| {
            let place = at;
            at += piece.len() as u64 + 8;
            place
        })
        .collect();
    let extended = file.data().get(0x7FE0_0001);
    let told: Vec<u64> = match extended {
        Some(Element { value, .. }) => value.as_chunks::<8>().0.iter().map(|b| u64::from_le_bytes(*b)).collect(),
        None => offsets.as_chunks::<4>().0.iter().map(|b| u64::from(u32::from_le_bytes(*b))).collect(),
    };
    let starts: Vec<usize> = if told.is_empty() {
        let begins = |piece: &&[u8]| piece.starts_with(&[0xff, 0xd8, 0xff]) || piece.starts_with(&[0xff, 0x4f, 0xff]);
        (0..pieces.len()).filter(|i| begins(&pieces[*i])).collect()
    } else {
        told.iter().map_while(|place| places.binary_search(place).ok()).collect()
    };
    (starts.len() == frames && starts.is_sorted()).then_some(starts)
}
