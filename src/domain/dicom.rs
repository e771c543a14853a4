//! DICOM as it is written: elements in explicit little endian, the beginning of a file, dates.

use super::days::{date_of, day_of};

pub const EXPLICIT_LITTLE: &str = "1.2.840.10008.1.2.1";
/// How copies say that they were made.
pub const METHOD: &str = "Basic profile, dates shifted, kept by list";
/// Of this program, drawn once.
const IMPLEMENTATION: &[u8] = b"2.25.268051487309183401582963461783290138547";

/// The preamble and the file's own group.
pub fn beginning(class: &[u8], instance: &[u8], syntax: &str) -> Vec<u8> {
    let own: Vec<u8> = [
        (0x0002_0001, b"OB", [0, 1].as_slice()),
        (0x0002_0002, b"UI", class),
        (0x0002_0003, b"UI", instance),
        (0x0002_0010, b"UI", syntax.as_bytes()),
        (0x0002_0012, b"UI", IMPLEMENTATION),
    ]
    .into_iter()
    .flat_map(|(tag, vr, value)| element(tag, *vr, value))
    .collect();
    [vec![0; 128], b"DICM".to_vec(), element(0x0002_0000, *b"UL", &(own.len() as u32).to_le_bytes()), own].concat()
}

/// A date of the form 20240531 so many weeks earlier.
pub fn earlier(date: &str, weeks: i64) -> Option<String> {
    let [year, month, day] = [date.get(..4)?, date.get(4..6)?, date.get(6..)?];
    let day = day_of(&format!("{year}-{month}-{day}")).filter(|_| date.len() == 8)?;
    Some(date_of(day - 7 * weeks).replace('-', ""))
}

/// As little endian has it.
pub fn tag_bytes(tag: u32) -> [u8; 4] {
    let [a, b, c, d] = tag.to_le_bytes();
    [c, d, a, b]
}

/// Explicit, little endian, of an even length.
pub fn element(tag: u32, vr: [u8; 2], value: &[u8]) -> Vec<u8> {
    let padding = match &vr {
        b"UI" | b"OB" | b"OW" | b"UL" | b"US" | b"SQ" => 0,
        _ => b' ',
    };
    let mut value = value.to_vec();
    if value.len() % 2 == 1 {
        value.push(padding);
    }
    let length = value.len() as u32;
    let head = match &vr {
        b"OB" | b"OW" | b"SQ" | b"UN" | b"UT" => [&vr[..], &[0, 0], &length.to_le_bytes()].concat(),
        _ => [&vr[..], &(length as u16).to_le_bytes()].concat(),
    };
    [&tag_bytes(tag)[..], &head, &value].concat()
}

pub fn item(content: &[u8]) -> Vec<u8> {
    let padding = vec![0; content.len() % 2];
    let length = (content.len() + padding.len()) as u32;
    [&[0xfe, 0xff, 0, 0xe0][..], &length.to_le_bytes(), content, &padding].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_have_an_even_length() {
        assert_eq!(element(0x0008_0060, *b"CS", b"SEG"), b"\x08\0\x60\0CS\x04\0SEG ");
        assert_eq!(element(0x0008_0018, *b"UI", b"1.2"), b"\x08\0\x18\0UI\x04\x001.2\0");
        assert_eq!(item(b"abc"), b"\xfe\xff\0\xe0\x04\0\0\0abc\0");
    }

    #[test]
    fn dates_go_back_by_weeks() {
        assert_eq!(earlier("20240301", 52).as_deref(), Some("20230303"));
        assert_eq!([earlier("2024031", 1), earlier("20241301", 1), earlier("about 24", 1)], [None, None, None]);
    }
}
