//! BMP: an embedded or linked profile, bytes that belong to no picture.

use super::{Found, icc};
use crate::domain::record::Severity;
use crate::input::walk::le32;

const FILE_HEADER: usize = 14;
/// The first header version that can hold a profile.
const V5_HEADER: u32 = 124;

pub fn scan(bytes: &[u8], found: &mut Found) {
    if walk(bytes, found).is_none() {
        found.add("unreadable_metadata", "bmp", Severity::Possible);
    }
}

fn walk(bytes: &[u8], found: &mut Found) -> Option<()> {
    let pixels = le32(bytes, 10)? as usize;
    let header = le32(bytes, FILE_HEADER)?;
    let mut end = pixels.checked_add(pixel_bytes(bytes, header)?)?;
    if header >= V5_HEADER {
        let profile = FILE_HEADER + le32(bytes, FILE_HEADER + 112)? as usize;
        let profile = profile..profile.checked_add(le32(bytes, FILE_HEADER + 116)? as usize)?;
        match bytes.get(FILE_HEADER + 56..FILE_HEADER + 60)? {
            b"DEBM" => icc::scan(bytes.get(profile.clone())?, found),
            // A link is the path of a file on somebody's computer.
            b"KNIL" => found.add("file_path", "bmp", Severity::Identifying),
            _ => {}
        }
        end = end.max(profile.end);
    }
    if let Some(trailer) = bytes.get(end..) {
        found.trailer(trailer);
    }
    Some(())
}

fn pixel_bytes(bytes: &[u8], header: u32) -> Option<usize> {
    if header < 40 {
        // The oldest header: 16-bit sizes, never compressed.
        let number = |at: usize| Some(usize::from(u16::from_le_bytes([*bytes.get(at)?, *bytes.get(at + 1)?])));
        let row = (number(18)? * number(24)?).div_ceil(32) * 4;
        return Some(row * number(20)?);
    }
    let stated = le32(bytes, 34)? as usize;
    if le32(bytes, 30)? != 0 && stated != 0 {
        return Some(stated);
    }
    let bits = u64::from(le32(bytes, 28)? & 0xFFFF);
    let row = (u64::from(le32(bytes, 18)?) * bits).div_ceil(32) * 4;
    usize::try_from(row.checked_mul(u64::from(le32(bytes, 22)?.cast_signed().unsigned_abs()))?).ok()
}
