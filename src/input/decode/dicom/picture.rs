//! The pixels of all frames as a copy of the file holds them.

use std::borrow::Cow;

use super::attributes::{Attributes, pixels};
use super::frames::{encapsulated, native};
use crate::error::PhotoError;
use crate::input::walk::dicom::{Dicom, Syntax};

pub fn frames(bytes: &[u8]) -> Result<u32, PhotoError> {
    Ok(Attributes::of(&Dicom::new(bytes)?)?.frames)
}

/// Little-endian, and no byte more than the frames take; also how many bits a value takes.
pub fn native_little(file: &Dicom) -> Result<(u16, Vec<u8>), PhotoError> {
    let attributes = Attributes::of(file)?;
    // Up to the end of the last frame.
    let last = native(file, &attributes, attributes.frames)?;
    let bits = usize::from(attributes.bits_allocated);
    let frame = (last.bytes.len() * 8 - last.first_bit) / bits * bits;
    let length = (frame * attributes.frames as usize).div_ceil(8);
    let element = pixels(file)?;
    let mut all = element.value.get(..length.next_multiple_of(2)).unwrap_or(element.value).to_vec();
    if file.syntax == Syntax::ExplicitBig {
        match (bits, &element.vr) {
            (16, _) | (1 | 8, b"OW") => all.as_chunks_mut::<2>().0.iter_mut().for_each(|word| word.reverse()),
            (32, _) => all.as_chunks_mut::<4>().0.iter_mut().for_each(|double| double.reverse()),
            _ => {}
        }
    }
    all.truncate(length);
    Ok((attributes.bits_allocated, all))
}

/// Each frame in one piece.
pub fn compressed<'a>(file: &'a Dicom) -> Result<Vec<Cow<'a, [u8]>>, PhotoError> {
    let attributes = Attributes::of(file)?;
    // A frame takes eight bytes at the least.
    let most = pixels(file)?.value.len() / 8;
    if attributes.frames as usize > most {
        return Err(super::too_short());
    }
    (1..=attributes.frames).map(|frame| encapsulated(file, &attributes, frame)).collect()
}
