//! HEIC. The files of tests/golden/heic were drawn by tests/oracle/heic.py and written with libheif, and the pictures beside
//! them are what libheif decodes of them.

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::Lab;

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/heic").join(name)
}

fn file(name: &str) -> Vec<u8> {
    fs::read(golden(&format!("{name}.heic"))).unwrap()
}

#[cfg(not(feature = "heic"))]
#[test]
fn where_it_is_not_built_in_the_message_says_what_to_do() {
    let lab = Lab::with_photos(1);
    lab.put("photos/phone.heic", &file("turned"));
    lab.run(&["--faces", "off"]).expect_code(3);
    let records = lab.records();
    let failure = &records.iter().find(|record| record["input"]["path"] == "phone.heic").unwrap()["failure"];
    assert_eq!(failure["code"], "unsupported_format");
    let message = failure["message"].as_str().unwrap();
    assert!(
        ["HEIC", "heif-convert", "ImageMagick", "--features heic"].iter().all(|w| message.contains(w)),
        "{message}"
    );
}

#[cfg(feature = "heic")]
mod built_in {
    use derm_seg::domain::colour::{Samples, Space, to_srgb};
    use derm_seg::domain::photo::Photo;
    use derm_seg::input::decode::{Decoded, Limits, decode, header};
    use derm_seg::privacy::findings::scan_bytes;
    use derm_seg::privacy::scrub::{encode_anew, scrub};

    use super::*;
    use crate::kit::files::SENTINEL;
    use crate::kit::icc;
    use crate::kit::noise::Rng;
    use crate::kit::photos::Scene;

    fn decoded(bytes: &[u8]) -> Decoded {
        decode(bytes, header(bytes, &Limits::default()).unwrap(), u32::MAX).unwrap()
    }

    /// The largest and the mean difference of two pictures.
    fn difference(a: &[u8], b: &[u8]) -> (u8, f64) {
        assert_eq!(a.len(), b.len());
        let each = || a.iter().zip(b).map(|(a, b)| a.abs_diff(*b));
        (each().max().unwrap(), each().map(f64::from).sum::<f64>() / a.len() as f64)
    }

    #[test]
    fn pictures_are_those_that_another_decoder_gives() {
        // How half of the colours become all of them is free: at an edge between pure red and skin that makes a difference.
        for (name, most) in [("turned", 1), ("odd", 128), ("p3", 1), ("see-through", 1), ("ten-bits", 1)] {
            let found = decoded(&file(name));
            let wanted = image::open(golden(&format!("{name}.png"))).unwrap();
            assert_eq!((found.photo.width, found.photo.height), (wanted.width(), wanted.height()), "{name}");
            let mut rgb: Vec<u8> = match name {
                "see-through" => {
                    let on_white = |p: &image::Rgba<u8>| {
                        let [r, g, b, a] = p.0.map(f64::from);
                        [r, g, b].map(|v| ((v * a + 255.0 * (255.0 - a)) / 255.0).round() as u8)
                    };
                    wanted.to_rgba8().pixels().flat_map(on_white).collect()
                }
                _ => wanted.to_rgb8().into_raw(),
            };
            if name == "p3" {
                let stored = rgb.clone();
                rgb = to_srgb(Samples::Rgb(rgb), &Space::Icc(icc::Space::DisplayP3.profile())).0;
                assert!(difference(&stored, &rgb).1 > 1.0, "other colours than are stored");
            }
            let (largest, mean) = difference(&rgb, &found.photo.rgb);
            assert!(largest <= most && mean < 0.8, "{name}: {largest}, {mean}");
            let warnings: Vec<&str> = found.warnings.iter().map(derm_seg::error::PhotoWarning::code).collect();
            assert_eq!(warnings, if name == "see-through" { vec!["alpha_flattened"] } else { vec![] }, "{name}");
        }
    }

    /// More than one tile, in Display P3.
    fn tiles() -> (Photo, Vec<u8>) {
        let photo = Scene::any(3).draw(700, 530).photo;
        let there = icc::Space::DisplayP3.encode_from_srgb(&photo);
        let data = there.rgb.chunks_exact(3).flat_map(|p| [p[0], p[1], p[2], 255].map(u16::from)).collect();
        let image = heifer::Image { width: 700, height: 530, bit_depth: 8, has_alpha: false, data };
        let metadata = heifer::Metadata {
            exif: Some(b"II*\0\x08\0\0\0\x01\0\x0f\x01\x02\0\x0c\0\0\0\x1a\0\0\0\0\0\0\0Zx9SENTINELq".to_vec()),
            xmp: Some(format!("<x:xmpmeta><dc:creator>{SENTINEL}</dc:creator></x:xmpmeta>").into_bytes()),
            icc_profile: Some(icc::Space::DisplayP3.profile()),
        };
        let options = heifer::EncodeOptions { quality: 95, max_threads: 1 };
        (photo, heifer::encode::encode_with_metadata(&image, &metadata, &options).unwrap())
    }

    #[test]
    fn tiles_make_one_picture_and_its_colours_become_srgb() {
        let (photo, file) = tiles();
        let found = decoded(&file).photo;
        assert_eq!((found.width, found.height), (700, 530));
        let (_, mean) = difference(&photo.rgb, &found.rgb);
        assert!(mean < 2.5, "{mean}");
    }

    #[test]
    fn results_say_what_was_found_and_never_what_it_says() {
        let lab = Lab::new();
        for name in ["turned", "odd", "ten-bits"] {
            lab.put(&format!("photos/{name}.heic"), &file(name));
        }
        lab.put("photos/tiles.HEIC", &tiles().1);
        lab.run(&["--faces", "off", "--overlay"]).expect_code(0);
        let records = lab.records();
        let turned = records.iter().find(|record| record["input"]["path"] == "turned.heic").unwrap();
        let (input, photo) = (&turned["input"], &turned["photo"]);
        assert_eq!((&input["format"], &input["orientation"]), (&"heic".into(), &1.into()), "{input}");
        assert_eq!((&photo["width"], &photo["height"]), (&120.into(), &160.into()), "{photo}");
        let kinds: Vec<&str> =
            turned["privacy"]["findings"].as_array().unwrap().iter().map(|f| f["kind"].as_str().unwrap()).collect();
        for kind in ["gps", "xmp_packet"] {
            assert!(kinds.contains(&kind), "{kinds:?}");
        }
        for (name, bytes) in lab.results() {
            assert!(!bytes.windows(SENTINEL.len()).any(|window| window == SENTINEL.as_bytes()), "{name}");
        }
        lab.say("run photos -o strict --model model --faces off --privacy strict").expect_code(0);
        let strict = fs::read_to_string(lab.path("strict/records.jsonl")).unwrap();
        assert!(strict.matches("\"reason\":\"identifying\"").count() == 2, "{strict}");
    }

    #[test]
    fn copies_have_the_picture_and_nothing_else() {
        let mut files: Vec<Vec<u8>> = ["turned", "odd", "p3", "see-through", "ten-bits"].map(file).into();
        files.push(tiles().1);
        // Behind the end, and where no item says that it is its own.
        let mut video = file("odd");
        video.extend(b"\0\0\0\x14mpvdZx9SENTINELq");
        files.push(video);
        for (i, bytes) in files.iter().enumerate() {
            let clean = scrub(bytes, &Limits::default(), None).unwrap();
            assert!(decoded(bytes).photo == decoded(&clean).photo, "{i}");
            assert!(!clean.windows(SENTINEL.len()).any(|window| window == SENTINEL.as_bytes()), "{i}");
            assert!(!clean.windows(4).any(|window| window == b"x265"), "{i}: the encoder's remark");
            assert_eq!(scan_bytes(&clean), [], "{i}");
            assert!(scrub(&clean, &Limits::default(), None).unwrap() == clean, "{i}: a copy of a copy is the same");
        }
        let found: Vec<String> = scan_bytes(&files[6]).into_iter().map(|finding| finding.kind).collect();
        assert!(found.contains(&"motion_video".to_owned()), "{found:?}");
        // Where a face is covered, the picture is encoded anew.
        let photo = decoded(&files[0]).photo;
        let anew = decoded(&encode_anew(photo.clone(), &files[0]).unwrap()).photo;
        assert!(difference(&photo.rgb, &anew.rgb).1 < 2.0);
    }

    #[test]
    fn what_is_damaged_or_too_large_is_refused_quickly() {
        let small = Limits { max_pixels: 120 * 160, ..Limits::default() };
        assert!(header(&file("turned"), &small).is_ok());
        let less = Limits { max_pixels: 120 * 160 - 1, ..small };
        assert_eq!(header(&file("turned"), &less).unwrap_err().code(), "too_many_pixels");
        // Sizes that are only told: of the picture, and of a tile.
        for mut bytes in [file("turned"), tiles().1] {
            let places: Vec<usize> = (0..bytes.len() - 4).filter(|&at| bytes[at..].starts_with(b"ispe")).collect();
            // That of a thumbnail is not decoded and may say what it will.
            let mut refused = 0;
            for at in &places {
                let told = bytes[at + 8..at + 16].to_vec();
                bytes[at + 8..at + 16].copy_from_slice(&[0, 0, 0xff, 0xff, 0, 0, 0xff, 0xff]);
                refused +=
                    usize::from(header(&bytes, &Limits::default()).is_err_and(|e| e.code() == "too_many_pixels"));
                bytes[at + 8..at + 16].copy_from_slice(&told);
            }
            assert!(refused == places.len().min(2), "{refused} of {}", places.len());
        }
        let mut rng = Rng::new(16);
        let mut refused = 0;
        for bytes in [file("turned"), file("see-through"), file("odd")] {
            for round in 0..200 {
                let mut spoilt = bytes.clone();
                if round % 2 == 0 {
                    spoilt.truncate(rng.below(bytes.len()));
                } else {
                    let at = rng.below(bytes.len());
                    spoilt[at] ^= 1 << rng.below(8);
                }
                scan_bytes(&spoilt);
                let picture = header(&spoilt, &small).and_then(|header| decode(&spoilt, header, u32::MAX));
                refused += usize::from(picture.is_err());
                assert!(round % 2 == 1 || picture.is_err(), "what is cut off is refused");
                _ = scrub(&spoilt, &small, None);
            }
        }
        assert!(refused > 450, "{refused}");
    }
}
