//! What a file is, from its first bytes.

use crate::error::PhotoError;
use crate::input::walk::be32;
use crate::input::walk::dicom::{PREAMBLE, is_bare};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PhotoFormat {
    Jpeg,
    Png,
    Tiff,
    Bmp,
    WebP,
    Gif,
    Dicom,
    #[cfg(feature = "heic")]
    Heic,
}

impl PhotoFormat {
    pub fn name(self) -> &'static str {
        match self {
            PhotoFormat::Jpeg => "jpeg",
            PhotoFormat::Png => "png",
            PhotoFormat::Tiff => "tiff",
            PhotoFormat::Bmp => "bmp",
            PhotoFormat::WebP => "webp",
            PhotoFormat::Gif => "gif",
            PhotoFormat::Dicom => "dicom",
            #[cfg(feature = "heic")]
            PhotoFormat::Heic => "heic",
        }
    }
}

/// As many bytes as `sniff` needs to see.
pub const SNIFF_BYTES: usize = 132;

/// The format, or the reason why these bytes are no photo that can be read.
pub fn sniff(bytes: &[u8]) -> Result<PhotoFormat, PhotoError> {
    let unsupported = |what| Err(PhotoError::UnsupportedFormat(what));
    match bytes {
        [] => Err(PhotoError::EmptyFile),
        // The preamble may be the header of another format.
        _ if bytes.get(PREAMBLE..PREAMBLE + 4) == Some(b"DICM") => Ok(PhotoFormat::Dicom),
        [0xff, 0xd8, 0xff, ..] => Ok(PhotoFormat::Jpeg),
        [0x89, b'P', b'N', b'G', ..] => Ok(PhotoFormat::Png),
        [b'I', b'I', 42, 0, ..] | [b'M', b'M', 0, 42, ..] | [b'I', b'I', 43, 0, ..] | [b'M', b'M', 0, 43, ..] => {
            Ok(PhotoFormat::Tiff)
        }
        [b'B', b'M', ..] if bytes.len() >= 26 => Ok(PhotoFormat::Bmp),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Ok(PhotoFormat::WebP),
        [b'G', b'I', b'F', b'8', ..] => Ok(PhotoFormat::Gif),
        _ if is_bare(bytes) => Ok(PhotoFormat::Dicom),
        [_, _, _, _, b'f', b't', b'y', b'p', ..] => match brand(bytes) {
            Some(Brand::Avif) => unsupported("AVIF"),
            #[cfg(feature = "heic")]
            Some(Brand::Heic) => Ok(PhotoFormat::Heic),
            #[cfg(not(feature = "heic"))]
            Some(Brand::Heic) => unsupported("HEIC"),
            None => Err(PhotoError::UnknownFormat),
        },
        [0xff, 0x0a, ..] | [0, 0, 0, 12, b'J', b'X', b'L', b' ', ..] => unsupported("JPEG XL"),
        [0, 0, 0, 12, b'j', b'P', b' ', b' ', ..] => unsupported("JPEG 2000"),
        _ if bytes.iter().all(|&b| b == 0) => Err(PhotoError::OnlyZeros),
        _ => Err(PhotoError::UnknownFormat),
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Brand {
    Heic,
    Avif,
}

/// What a file of the ISO family says it is: its own brand, or where that is common to several, one of those it goes with.
fn brand(bytes: &[u8]) -> Option<Brand> {
    let own = bytes.get(8..12)?;
    let end = usize::try_from(be32(bytes, 0)?).ok()?.clamp(12, bytes.len());
    let others = bytes[12..end].as_chunks::<4>().0.iter().skip(1);
    let known = |brand: &[u8]| match brand {
        b"heic" | b"heix" | b"heim" | b"heis" | b"hevc" | b"hevx" => Some(Brand::Heic),
        b"avif" | b"avis" => Some(Brand::Avif),
        _ => None,
    };
    let is_common = matches!(own, b"mif1" | b"mif2" | b"msf1");
    match known(own) {
        None if is_common => others.filter_map(|brand| known(brand)).next().or(Some(Brand::Heic)),
        own => own,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_content_decides() {
        assert_eq!(sniff(&[0xff, 0xd8, 0xff, 0xe0]).unwrap(), PhotoFormat::Jpeg);
        assert_eq!(sniff(b""), Err(PhotoError::EmptyFile));
        assert_eq!(sniff(b"hello, this is a text"), Err(PhotoError::UnknownFormat));
        let heic = if cfg!(feature = "heic") { None } else { Some(PhotoError::UnsupportedFormat("HEIC")) };
        assert_eq!(sniff(b"\0\0\0\x18ftypheic\0\0\0\0").err(), heic);
        assert_eq!(sniff(b"\0\0\0\x18ftypmif1\0\0\0\0mif1heic").err(), heic);
        assert_eq!(sniff(b"\0\0\0\x18ftypmif1\0\0\0\0mif1avif"), Err(PhotoError::UnsupportedFormat("AVIF")));
        assert_eq!(sniff(b"\0\0\0\x18ftypmp42\0\0\0\0mp42avc1"), Err(PhotoError::UnknownFormat));
        assert_eq!(sniff(&[0; 64]), Err(PhotoError::OnlyZeros));
        assert_eq!(sniff(&[&[0u8; 128][..], b"DICM"].concat()).unwrap(), PhotoFormat::Dicom);
        assert_eq!(sniff(&[b"II*\0", &[0u8; 124][..], b"DICM"].concat()).unwrap(), PhotoFormat::Dicom);
        assert_eq!(sniff(b"\x08\0\x05\0CS\x0a\0ISO_IR 100").unwrap(), PhotoFormat::Dicom);
        assert_eq!(sniff(b"\x08\0\x16\0\x1a\0\0\x001.2.840.10008.5.1.4.1.1.7").unwrap(), PhotoFormat::Dicom);
    }
}
