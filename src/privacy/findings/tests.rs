use std::io::{Cursor, Write};
use std::path::Path;

use image::{DynamicImage, ImageFormat, RgbImage};

use super::scan;
use crate::record::Severity::{self, Identifying, Info, Possible};

const SENTINEL: &[u8] = b"Quincy-Sentinel-4711";

fn encoded(format: ImageFormat) -> Vec<u8> {
    let picture = RgbImage::from_fn(24, 16, |x, y| image::Rgb([x as u8 * 9, y as u8 * 11, 90]));
    let mut bytes = Cursor::new(Vec::new());
    DynamicImage::ImageRgb8(picture).write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

fn found(bytes: &[u8]) -> Vec<(String, String, Severity)> {
    scan(bytes, Path::new("a")).into_iter().map(|f| (f.kind, f.place, f.severity)).collect()
}

fn has(bytes: &[u8], kind: &str, place: &str, severity: Severity) -> bool {
    found(bytes).contains(&(kind.to_owned(), place.to_owned(), severity))
}

/// One directory, little-endian, then its long values.
fn directory(at: usize, entries: &[(u16, u16, &[u8])]) -> Vec<u8> {
    let mut head = (entries.len() as u16).to_le_bytes().to_vec();
    let mut values = Vec::new();
    let values_at = at + 2 + entries.len() * 12 + 4;
    for &(tag, kind, value) in entries {
        let size = if kind == 4 { 4 } else { 1 };
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
fn tiff_block(main: &[(u16, u16, &[u8])], exif: &[(u16, u16, &[u8])], gps: &[(u16, u16, &[u8])]) -> Vec<u8> {
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

fn camera_block() -> Vec<u8> {
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

const CAMERA_KINDS: [(&str, Severity); 10] = [
    ("copyright", Identifying),
    ("date", Possible),
    ("device", Info),
    ("free_text", Identifying),
    ("gps", Identifying),
    ("host", Possible),
    ("maker_note", Possible),
    ("person_name", Identifying),
    ("serial_number", Identifying),
    ("unique_id", Possible),
];

fn jpeg_with(segments: &[(u8, Vec<u8>)], trailer: &[u8]) -> Vec<u8> {
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

fn joined(parts: &[&[u8]]) -> Vec<u8> {
    parts.concat()
}

fn iptc() -> Vec<u8> {
    let set = |n: u8, value: &[u8]| joined(&[&[0x1C, 2, n], &(value.len() as u16).to_be_bytes(), value]);
    let sets = joined(&[&set(80, SENTINEL), &set(90, SENTINEL), &set(120, SENTINEL), &set(55, b"20240101")]);
    joined(&[b"Photoshop 3.0\08BIM\x04\x04\0\0", &(sets.len() as u32).to_be_bytes(), &sets])
}

const XMP: &[u8] = b"<x:xmpmeta xmlns:dc='u' exif:GPSLatitude='1' aux:SerialNumber='2'><dc:creator>x</dc:creator><xmp:CreateDate/></x:xmpmeta>";

fn png_with(chunks: &[(&[u8; 4], Vec<u8>)], trailer: &[u8]) -> Vec<u8> {
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

fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut packer = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    packer.write_all(bytes).unwrap();
    packer.finish().unwrap()
}

/// A profile with one description.
fn profile(text: &[u8]) -> Vec<u8> {
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

fn samples() -> Vec<Vec<u8>> {
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

#[test]
fn pictures_without_metadata_have_no_findings() {
    use ImageFormat::{Bmp, Gif, Jpeg, Png, Tiff, WebP};
    for format in [Jpeg, Png, WebP, Tiff, Bmp, Gif] {
        assert_eq!(found(&encoded(format)), [], "{format:?}");
    }
    assert_eq!(found(b"what is this"), [("not_scanned".into(), "file".into(), Possible)]);
}

#[test]
fn camera_tags_are_found_in_every_container() {
    let samples = samples();
    for (sample, place) in [(0, "exif"), (1, "exif"), (2, "exif"), (3, "tiff")] {
        for (kind, severity) in CAMERA_KINDS {
            assert!(has(&samples[sample], kind, place, severity), "{kind} of sample {sample}");
        }
    }
}

#[test]
fn every_other_place_is_found() {
    let [jpeg, png, webp, _, gif, bmp] = &samples()[..] else { panic!("six samples") };
    for (kind, place) in [
        ("gps", "xmp"),
        ("person_name", "xmp"),
        ("serial_number", "xmp"),
        ("person_name", "iptc"),
        ("location", "iptc"),
        ("free_text", "iptc"),
        ("free_text", "jpeg_comment"),
        ("trailing_data", "trailer"),
    ] {
        assert!(has(jpeg, kind, place, Identifying), "jpeg {kind} {place}");
    }
    for (kind, place) in [
        ("further_image", "mpf"),
        ("unknown_segment", "jpeg"),
        ("profile_text", "icc"),
        ("date", "iptc"),
        ("date", "xmp"),
    ] {
        assert!(has(jpeg, kind, place, Possible), "jpeg {kind} {place}");
    }
    for (kind, place) in
        [("free_text", "png_text"), ("person_name", "png_text"), ("gps", "xmp"), ("trailing_data", "trailer")]
    {
        assert!(has(png, kind, place, Identifying), "png {kind} {place}");
    }
    for (kind, place) in [("profile_text", "icc"), ("date", "png"), ("unknown_chunk", "png")] {
        assert!(has(png, kind, place, Possible), "png {kind} {place}");
    }
    assert!(has(webp, "gps", "xmp", Identifying) && has(webp, "unknown_chunk", "webp", Possible));
    assert!(has(webp, "trailing_data", "trailer", Identifying));
    assert!(has(gif, "free_text", "gif_comment", Identifying) && has(gif, "trailing_data", "trailer", Identifying));
    assert!(has(bmp, "trailing_data", "trailer", Identifying));
}

#[test]
fn a_cameras_own_words_and_colour_profile_do_not_identify() {
    let jpeg = jpeg_with(
        &[
            (
                0xE1,
                joined(&[
                    b"Exif\0\0",
                    &tiff_block(
                        &[(0x010E, 2, b"OLYMPUS DIGITAL CAMERA  "), (0x013B, 2, b"      ")],
                        &[(0x9286, 7, &[0; 40])],
                        &[(0, 1, &[2, 3, 0, 0])],
                    ),
                ]),
            ),
            (0xE2, joined(&[b"ICC_PROFILE\0\x01\x01", &profile(b"Display P3")])),
            (0xFE, b"CREATOR: gd-jpeg v1.0 (using IJG JPEG v62), quality = 90\n".to_vec()),
        ],
        &[0; 16],
    );
    assert!(found(&jpeg).iter().all(|(_, _, severity)| *severity == Info), "{:?}", found(&jpeg));
    assert!(has(&jpeg, "profile_text", "icc", Info));
}

#[test]
fn findings_are_sorted_and_the_gravest_of_a_place_stays() {
    let jpeg = jpeg_with(&[(0xFE, b"Created with GIMP".to_vec()), (0xFE, SENTINEL.to_vec())], &[]);
    assert_eq!(found(&jpeg), [("free_text".into(), "jpeg_comment".into(), Identifying)]);
    for sample in samples() {
        let findings = scan(&sample, Path::new("田中太郎/1950-01-01.jpg"));
        assert!(findings.windows(2).all(|w| w[0] < w[1]));
        let text = serde_json::to_string(&findings).unwrap();
        assert!(!text.contains("Quincy") && !text.contains("4711"), "a value was disclosed");
    }
}

#[test]
fn metadata_nested_in_itself_ends() {
    let mut block = camera_block();
    for _ in 0..40 {
        let photoshop =
            joined(&[b"8BIM\x04\x22\0\0", &(block.len() as u32).to_be_bytes(), &block, &vec![0; block.len() % 2]]);
        block = tiff_block(&[(0x8649, 7, &photoshop)], &[], &[]);
    }
    assert!(!scan(&block, Path::new("a")).iter().any(|f| f.kind == "gps"), "forty levels are not followed");
}

#[test]
fn cut_and_corrupted_files_do_not_panic() {
    let mut seed = 0x2545_F491_u32;
    let mut random = || {
        seed ^= seed << 13;
        seed ^= seed >> 17;
        seed ^= seed << 5;
        seed as usize
    };
    let mut scanned = 0;
    for sample in samples() {
        for cut in 0..sample.len() {
            scan(&sample[..cut], Path::new("a"));
        }
        for _ in 0..1500 {
            let mut damaged = sample.clone();
            for _ in 0..=random() % 6 {
                let at = random() % damaged.len();
                damaged[at] = [0, 0xFF, 0x7F, random() as u8][random() % 4];
            }
            let findings = scan(&damaged, Path::new("a"));
            assert!(findings.len() < 64);
            scanned += 1;
        }
    }
    assert_eq!(scanned, 9000);
}
