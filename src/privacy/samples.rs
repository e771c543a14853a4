//! Photos with something to hide in every place that a format has, for tests.

use std::io::{Cursor, Write};

use image::{DynamicImage, ImageFormat, RgbImage};

pub const SENTINEL: &[u8] = b"Quincy-Sentinel-4711";

pub fn encoded(format: ImageFormat) -> Vec<u8> {
    let picture = RgbImage::from_fn(24, 16, |x, y| image::Rgb([x as u8 * 9, y as u8 * 11, 90]));
    let mut bytes = Cursor::new(Vec::new());
    DynamicImage::ImageRgb8(picture).write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

/// One directory, little-endian, then its long values.
pub fn directory(at: usize, entries: &[(u16, u16, &[u8])]) -> Vec<u8> {
    let mut head = (entries.len() as u16).to_le_bytes().to_vec();
    let mut values = Vec::new();
    let values_at = at + 2 + entries.len() * 12 + 4;
    for &(tag, kind, value) in entries {
        let size = match kind {
            3 => 2,
            4 => 4,
            _ => 1,
        };
        head.extend(tag.to_le_bytes());
        head.extend(kind.to_le_bytes());
        head.extend((value.len() as u32 / size).to_le_bytes());
        if value.len() <= 4 {
            head.extend(value);
            head.extend(vec![0; 4 - value.len()]);
        } else {
            head.extend(((values_at + values.len()) as u32).to_le_bytes());
            values.extend_from_slice(value);
        }
    }
    head.extend([0; 4]);
    head.extend(values);
    head
}

/// A TIFF block whose first directory holds `main`, with the EXIF and GPS directories behind it.
pub fn tiff_block(main: &[(u16, u16, &[u8])], exif: &[(u16, u16, &[u8])], gps: &[(u16, u16, &[u8])]) -> Vec<u8> {
    let main_length = directory(8, main).len() + 24;
    let exif_at = 8 + main_length;
    let exif_bytes = directory(exif_at, exif);
    let gps_at = exif_at + exif_bytes.len();
    let (exif_pointer, gps_pointer) = ((exif_at as u32).to_le_bytes(), (gps_at as u32).to_le_bytes());
    let mut all = main.to_vec();
    all.extend([(0x8769, 4, exif_pointer.as_slice()), (0x8825, 4, gps_pointer.as_slice())]);
    let mut block = b"II*\0\x08\0\0\0".to_vec();
    block.extend(directory(8, &all));
    assert_eq!(block.len(), exif_at);
    block.extend(exif_bytes);
    block.extend(directory(gps_at, gps));
    block
}

pub fn camera_block() -> Vec<u8> {
    tiff_block(
        &[
            (0x010E, 2, SENTINEL),
            (0x010F, 2, b"Camera"),
            (0x0132, 2, b"2024:01"),
            (0x013B, 2, SENTINEL),
            (0x8298, 2, SENTINEL),
            (0x013C, 2, SENTINEL),
        ],
        &[
            (0x9286, 7, b"ASCII\0\0\0Quincy"),
            (0x927C, 7, SENTINEL),
            (0xA420, 2, SENTINEL),
            (0xA430, 2, SENTINEL),
            (0xA431, 2, SENTINEL),
        ],
        &[(0x0001, 2, b"N\0"), (0x0002, 7, b"35.1.2.."), (0x001D, 2, b"2024:01:01")],
    )
}

pub fn jpeg_with(segments: &[(u8, Vec<u8>)], trailer: &[u8]) -> Vec<u8> {
    let plain = encoded(ImageFormat::Jpeg);
    let mut bytes = plain[..2].to_vec();
    for (marker, payload) in segments {
        bytes.extend([0xFF, *marker]);
        bytes.extend((payload.len() as u16 + 2).to_be_bytes());
        bytes.extend(payload);
    }
    bytes.extend(&plain[2..]);
    bytes.extend(trailer);
    bytes
}

pub fn joined(parts: &[&[u8]]) -> Vec<u8> {
    parts.concat()
}

pub fn iptc() -> Vec<u8> {
    let set = |n: u8, value: &[u8]| joined(&[&[0x1C, 2, n], &(value.len() as u16).to_be_bytes(), value]);
    let sets = joined(&[&set(80, SENTINEL), &set(90, SENTINEL), &set(120, SENTINEL), &set(55, b"20240101")]);
    joined(&[b"Photoshop 3.0\08BIM\x04\x04\0\0", &(sets.len() as u32).to_be_bytes(), &sets])
}

pub const XMP: &[u8] = b"<x:xmpmeta xmlns:dc='u' exif:GPSLatitude='1' aux:SerialNumber='2'><dc:creator>x</dc:creator><xmp:CreateDate/></x:xmpmeta>";

pub fn png_with(chunks: &[(&[u8; 4], Vec<u8>)], trailer: &[u8]) -> Vec<u8> {
    let plain = encoded(ImageFormat::Png);
    let mut bytes = plain[..33].to_vec();
    for (kind, data) in chunks {
        bytes.extend((data.len() as u32).to_be_bytes());
        bytes.extend(*kind);
        bytes.extend(data);
        bytes.extend([0; 4]);
    }
    bytes.extend(&plain[33..]);
    bytes.extend(trailer);
    bytes
}

pub fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut packer = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    packer.write_all(bytes).unwrap();
    packer.finish().unwrap()
}

/// A profile with one description.
pub fn profile(text: &[u8]) -> Vec<u8> {
    let value = joined(&[b"desc\0\0\0\0", &(text.len() as u32).to_be_bytes(), text]);
    joined(&[
        &[0; 128],
        &1u32.to_be_bytes(),
        b"desc",
        &144u32.to_be_bytes(),
        &(value.len() as u32).to_be_bytes(),
        &value,
    ])
}

pub fn samples() -> Vec<Vec<u8>> {
    let webp = encoded(ImageFormat::WebP);
    let chunk =
        |kind: &[u8], data: &[u8]| joined(&[kind, &(data.len() as u32).to_le_bytes(), data, &vec![0; data.len() % 2]]);
    let body = joined(&[
        b"WEBP",
        &webp[12..],
        &chunk(b"EXIF", &camera_block()),
        &chunk(b"XMP ", XMP),
        &chunk(b"NOTE", SENTINEL),
    ]);
    let gif = encoded(ImageFormat::Gif);
    let mut gif_comment = joined(&[&gif[..gif.len() - 1], b"\x21\xFE\x14", SENTINEL, b"\0\x3B"]);
    gif_comment.extend(SENTINEL);
    vec![
        jpeg_with(
            &[
                (0xE1, joined(&[b"Exif\0\0", &camera_block()])),
                (0xE1, joined(&[b"http://ns.adobe.com/xap/1.0/\0", XMP])),
                (0xED, iptc()),
                (0xFE, SENTINEL.to_vec()),
                (0xE2, joined(&[b"ICC_PROFILE\0\x01\x01", &profile(SENTINEL)])),
                (0xE2, b"MPF\0II*\0".to_vec()),
                (0xE7, SENTINEL.to_vec()),
            ],
            SENTINEL,
        ),
        png_with(
            &[
                (b"tEXt", joined(&[b"Comment\0", SENTINEL])),
                (b"zTXt", joined(&[b"Author\0\0", &zlib(SENTINEL)])),
                (b"iTXt", joined(&[b"XML:com.adobe.xmp\0\0\0\0\0", XMP])),
                (b"iCCP", joined(&[b"x\0\0", &zlib(&profile(SENTINEL))])),
                (b"eXIf", camera_block()),
                (b"tIME", vec![7, 232, 1, 1, 1, 1, 1]),
                (b"prIv", SENTINEL.to_vec()),
            ],
            SENTINEL,
        ),
        joined(&[b"RIFF", &(body.len() as u32).to_le_bytes(), &body, SENTINEL]),
        camera_block(),
        gif_comment,
        joined(&[&encoded(ImageFormat::Bmp), SENTINEL]),
    ]
}
