//! Walks over the parts of an image file (JPEG segments, PNG and RIFF chunks, TIFF directories, DICOM elements) without decoding it: bounded, and without
//! panic on hostile bytes. Findings and scrubbing stand on the same walks, so that what is found is what is removed.

pub mod dicom;
pub mod gif;
#[cfg(feature = "heic")]
pub mod heic;
pub mod icc;
pub mod jpeg;
pub mod png;
pub mod riff;
pub mod tiff;

/// Big-endian numbers at an offset; `None` past the end.
pub fn be16(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(bytes.get(at..at.checked_add(2)?)?.try_into().ok()?))
}

pub fn be32(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(at..at.checked_add(4)?)?.try_into().ok()?))
}

pub fn le32(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at.checked_add(4)?)?.try_into().ok()?))
}
