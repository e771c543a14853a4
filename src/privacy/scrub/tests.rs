use std::io::Cursor;

use image::{DynamicImage, ImageFormat};
use moxcms::{ColorProfile, Layout, TransformOptions};

use super::{Shown, icc};
use crate::error::PhotoError;
use crate::input::decode::opener::open;
use crate::input::decode::{Limits, sniff};
use crate::input::walk::tiff::says_adobe_rgb;
use crate::privacy::findings::scan_bytes;
use crate::privacy::samples::{SENTINEL, encoded, joined, jpeg_with, samples, tiff_block};

fn scrub(bytes: &[u8]) -> Result<Vec<u8>, PhotoError> {
    super::scrub(bytes, &Limits::default(), None)
}

fn shown(bytes: &[u8]) -> Shown {
    Shown::of(bytes, &Limits::default()).unwrap()
}

fn contains(bytes: &[u8], what: &[u8]) -> bool {
    memchr::memmem::find(bytes, what).is_some()
}

/// The profile with a description that names somebody, as the ICC format writes it.
fn named_profile(profile: &ColorProfile) -> Vec<u8> {
    let mut profile = profile.clone();
    profile.description = Some(moxcms::ProfileText::PlainString(String::from_utf8(SENTINEL.to_vec()).unwrap()));
    profile.encode().unwrap()
}

#[test]
fn nothing_is_found_in_any_clean_copy() {
    let mut formats = 0;
    for (number, sample) in samples().into_iter().enumerate() {
        if matches!(image::guess_format(&sample), Ok(ImageFormat::Tiff)) {
            // A bare EXIF block, which has no picture.
            assert!(scrub(&sample).is_err());
            continue;
        }
        let clean = scrub(&sample).unwrap_or_else(|e| panic!("sample {number}: {e}"));
        assert_eq!(scan_bytes(&clean), [], "sample {number}");
        assert!(!contains(&clean, b"Quincy") && !contains(&clean, SENTINEL), "sample {number}");
        assert_eq!(scrub(&clean).unwrap(), clean, "a clean copy stays as it is: sample {number}");
        formats += 1;
    }
    assert_eq!(formats, 5);
}

#[test]
fn plain_files_come_out_as_they_were() {
    for format in [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP, ImageFormat::Gif, ImageFormat::Bmp] {
        let plain = encoded(format);
        let clean = scrub(&plain).unwrap();
        if format != ImageFormat::Bmp && format != ImageFormat::Gif {
            assert!(clean == plain, "{format:?}");
        }
        assert!(shown(&clean) == shown(&plain), "{format:?}");
    }
}

#[test]
fn every_orientation_is_kept_in_jpeg_and_png_and_applied_in_tiff() {
    for orientation in 1..=8u8 {
        let block = tiff_block(&[(0x0112, 3, &[orientation, 0]), (0x013B, 2, SENTINEL)], &[], &[]);
        let jpeg = jpeg_with(&[(0xE1, joined(&[b"Exif\0\0", &block]))], &[]);
        let clean = scrub(&jpeg).unwrap();
        let (before, after) = (shown(&jpeg), shown(&clean));
        assert!(before == after);
        assert_eq!(after.size.0 == 16, orientation > 4, "the sample is 24 x 16");
        assert_eq!(contains(&clean, b"Exif"), orientation != 1, "one tag, and only where it says something");
    }
}

#[test]
fn of_two_orientations_the_one_that_is_obeyed_stays() {
    let block = |orientation: u8| joined(&[b"Exif\0\0", &tiff_block(&[(0x0112, 3, &[orientation, 0])], &[], &[])]);
    for (first, last) in [(1, 6), (6, 1), (6, 8)] {
        let jpeg = jpeg_with(&[(0xE1, block(first)), (0xE1, block(last))], &[]);
        assert!(scrub(&jpeg).is_ok(), "{first}, then {last}");
    }
}

#[test]
fn adobe_rgb_that_only_exif_names_is_kept() {
    let interoperability = b"\x01\0\x01\0\x02\0\x04\0\0\0R03\0\0\0\0\0";
    let mut block = b"II*\0\x08\0\0\0\x01\0\x69\x87\x04\0\x01\0\0\0\x1a\0\0\0\0\0\0\0".to_vec();
    block.extend(b"\x01\0\x05\xA0\x04\0\x01\0\0\0\x2c\0\0\0\0\0\0\0");
    block.extend(interoperability);
    let clean = scrub(&jpeg_with(&[(0xE1, joined(&[b"Exif\0\0", &block]))], &[])).unwrap();
    let block = memchr::memmem::find(&clean, b"II*\0").unwrap();
    assert!(says_adobe_rgb(&clean[block..]));
}

#[test]
fn cleaned_profiles_give_the_same_colours_and_no_words() {
    let srgb = ColorProfile::new_srgb();
    for profile in [ColorProfile::new_adobe_rgb(), ColorProfile::new_display_p3(), ColorProfile::new_srgb()] {
        let named = named_profile(&profile);
        let words: Vec<u8> = SENTINEL.iter().flat_map(|&b| [0, b]).collect();
        assert!(contains(&named, SENTINEL) || contains(&named, &words), "the sample names somebody");
        let clean = icc::cleaned(&named).unwrap();
        assert!(!contains(&clean, SENTINEL) && !contains(&clean, &words));
        let grid: Vec<u8> =
            (0..17u32.pow(3)).flat_map(|i| [i % 17, i / 17 % 17, i / 289].map(|v| (v * 15) as u8)).collect();
        let seen = |profile: &[u8]| {
            let profile = ColorProfile::new_from_slice(profile).unwrap();
            let transform =
                profile.create_transform_8bit(Layout::Rgb, &srgb, Layout::Rgb, TransformOptions::default()).unwrap();
            let mut out = vec![0; grid.len()];
            transform.transform(&grid, &mut out).unwrap();
            out
        };
        assert!(seen(&named) == seen(&clean));
    }
}

#[test]
fn a_tiff_keeps_its_depth_and_its_profile() {
    let picture = image::ImageBuffer::from_fn(90, 70, |x, y| image::Rgb([x as u16 * 700, y as u16 * 900, 40_000]));
    let mut tiff = Cursor::new(Vec::new());
    let mut encoder = image::codecs::tiff::TiffEncoder::new(&mut tiff);
    image::ImageEncoder::set_icc_profile(&mut encoder, named_profile(&ColorProfile::new_display_p3())).unwrap();
    DynamicImage::ImageRgb16(picture.clone()).write_with_encoder(encoder).unwrap();
    let clean = scrub(&tiff.into_inner()).unwrap();
    assert!(!contains(&clean, b"Quincy"));
    let limits = Limits::default();
    let kept = open(&clean, sniff(&clean).unwrap(), limits.bound()).unwrap().pixels().unwrap();
    assert!(kept == DynamicImage::ImageRgb16(picture));
    assert!(shown(&clean).profile.is_some());
}

#[test]
fn files_that_cannot_be_trusted_are_refused() {
    let jpeg = encoded(ImageFormat::Jpeg);
    assert_eq!(scrub(&jpeg[..jpeg.len() - 2]).unwrap_err().code(), "truncated");
    assert_eq!(scrub(b"no picture").unwrap_err().code(), "unknown_format");
    let png = encoded(ImageFormat::Png);
    assert_eq!(scrub(&png[..60]).unwrap_err().code(), "decode_failed");
    for sample in samples() {
        for cut in (0..sample.len()).step_by(7) {
            if let Ok(clean) = scrub(&sample[..cut]) {
                assert_eq!(scan_bytes(&clean), []);
            }
        }
    }
}
