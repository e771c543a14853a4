//! What a file is, from its first bytes.

use crate::error::{PhotoError, Stage};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Jpeg,
    Png,
    Tiff,
    Bmp,
    WebP,
    Gif,
}

impl Format {
    pub fn name(self) -> &'static str {
        match self {
            Format::Jpeg => "jpeg",
            Format::Png => "png",
            Format::Tiff => "tiff",
            Format::Bmp => "bmp",
            Format::WebP => "webp",
            Format::Gif => "gif",
        }
    }
}

/// As many bytes as `sniff` needs to see.
pub const SNIFF_BYTES: usize = 132;

/// The format, or the reason why these bytes are no photo that can be read.
pub fn sniff(bytes: &[u8]) -> Result<Format, PhotoError> {
    let refuse = |code, message: String| Err(PhotoError::new(Stage::Decode, code, message));
    let unsupported = |what: &str| {
        refuse(
            "unsupported_format",
            format!("the file is {what}, which this build does not read; convert it to JPEG, PNG or TIFF"),
        )
    };
    let box_brand =
        |brands: &[&[u8]]| bytes.get(4..8) == Some(b"ftyp") && bytes.get(8..12).is_some_and(|b| brands.contains(&b));
    match bytes {
        [] => refuse("empty_file", "the file is empty; copy it again from its source".into()),
        [0xff, 0xd8, 0xff, ..] => Ok(Format::Jpeg),
        [0x89, b'P', b'N', b'G', ..] => Ok(Format::Png),
        [b'I', b'I', 42, 0, ..] | [b'M', b'M', 0, 42, ..] | [b'I', b'I', 43, 0, ..] | [b'M', b'M', 0, 43, ..] => {
            Ok(Format::Tiff)
        }
        [b'B', b'M', ..] if bytes.len() >= 26 => Ok(Format::Bmp),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Ok(Format::WebP),
        [b'G', b'I', b'F', b'8', ..] => Ok(Format::Gif),
        _ if bytes.get(128..132) == Some(b"DICM") => unsupported("DICOM"),
        _ if box_brand(&[b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1"]) => unsupported("HEIC"),
        _ if box_brand(&[b"avif", b"avis"]) => unsupported("AVIF"),
        [0xff, 0x0a, ..] | [0, 0, 0, 12, b'J', b'X', b'L', b' ', ..] => unsupported("JPEG XL"),
        [0, 0, 0, 12, b'j', b'P', b' ', b' ', ..] => unsupported("JPEG 2000"),
        _ if bytes.iter().all(|&b| b == 0) => refuse(
            "unknown_format",
            "the file holds only zero bytes, as an interrupted copy leaves; copy it again from its source".into(),
        ),
        _ => refuse(
            "unknown_format",
            "the file is not a photo in a known format (JPEG, PNG, TIFF, BMP, WebP, GIF)".into(),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_content_decides() {
        assert_eq!(sniff(&[0xff, 0xd8, 0xff, 0xe0]).unwrap(), Format::Jpeg);
        assert_eq!(sniff(b"").unwrap_err().code, "empty_file");
        assert_eq!(sniff(b"hello, this is a text").unwrap_err().code, "unknown_format");
        assert_eq!(sniff(b"\0\0\0\x18ftypheic\0\0\0\0").unwrap_err().code, "unsupported_format");
        assert!(sniff(&[0; 64]).unwrap_err().message.contains("zero bytes"));
        assert!(sniff(&[&[0u8; 128][..], b"DICM"].concat()).unwrap_err().message.contains("DICOM"));
    }
}
