use std::path::Path;

use image::ImageFormat;

use super::scan;
use crate::domain::record::Severity;
use crate::domain::record::Severity::{Identifying, Info, Possible};
use crate::privacy::samples::{SENTINEL, camera_block, encoded, joined, jpeg_with, profile, samples, tiff_block};

fn found(bytes: &[u8]) -> Vec<(String, String, Severity)> {
    scan(bytes, Path::new("a")).into_iter().map(|f| (f.kind, f.place, f.severity)).collect()
}

fn has(bytes: &[u8], kind: &str, place: &str, severity: Severity) -> bool {
    found(bytes).contains(&(kind.to_owned(), place.to_owned(), severity))
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
