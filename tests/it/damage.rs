//! Thousands of damaged files: every one is a photo or a failed record; none ends the program.

use std::panic::{AssertUnwindSafe, catch_unwind};

use derm_seg::input::decode;
use derm_seg::input::decode::Limits;

use crate::kit::dicom::{Coding, Dicom};
use crate::kit::files::{self, Jpeg};
use crate::kit::icc::Space;
use crate::kit::photos::Scene;
use crate::kit::pngs::Png;
use crate::kit::spoil::corrupted;
use crate::support::Lab;

fn good_files() -> Vec<(&'static str, Vec<u8>)> {
    let photo = Scene::any(9).draw(64, 48).photo;
    let jpeg = Jpeg {
        exif: Some(files::identifying_exif(6)),
        icc: Some(Space::DisplayP3.profile()),
        comment: true,
        ..Jpeg::camera()
    };
    vec![
        ("jpg", jpeg.write(&photo)),
        ("jpg", Jpeg { progressive: true, ..Jpeg::camera() }.write(&photo)),
        ("jpg", Jpeg::default().write_cmyk(&photo, true)),
        ("jpg", Jpeg::default().write_grey(&photo)),
        ("png", Png::rgb8(&photo).with_icc(&Space::AdobeRgb.profile()).bytes()),
        ("png", Png::rgb16(&photo).interlaced().bytes()),
        ("png", Png::palette(&photo, true).bytes()),
        ("tif", files::tiff(&[&photo, &photo], false)),
        ("tif", files::tiff(&[&photo], true)),
        ("bmp", files::bmp(&photo)),
        ("webp", files::webp(&photo)),
        ("webp", files::animated_webp(&[&photo, &photo])),
        ("gif", files::animated_gif(&[&photo, &photo])),
        ("dcm", Dicom::photo(&photo).identifying().bytes()),
        ("dcm", Dicom::jpeg(&[&photo]).identifying().bytes()),
        ("dcm", Dicom::slice(64, 48, &[-7; 64 * 48]).identifying().coded(Coding::Implicit).bytes()),
    ]
}

#[test]
fn decoders_survive_three_thousand_damaged_files() {
    let limits = Limits { max_pixels: 4 << 20, ..Limits::default() };
    let files = good_files();
    let (mut read, mut refused, mut panics) = (0, 0, Vec::new());
    std::panic::set_hook(Box::new(|_| {}));
    for seed in 0..3000u64 {
        let (ending, good) = &files[seed as usize % files.len()];
        let bytes = corrupted(good, seed);
        let result = catch_unwind(AssertUnwindSafe(|| {
            let header = decode::header(&bytes, &limits)?;
            let decoded = decode::decode(&bytes, header, 512)?;
            let pixels = decoded.photo.width as usize * decoded.photo.height as usize;
            assert_eq!(decoded.photo.rgb.len(), pixels * 3, "as many pixels as the size says");
            Ok::<_, derm_seg::error::PhotoError>(())
        }));
        match result {
            Ok(Ok(())) => read += 1,
            Ok(Err(error)) => {
                assert!(error.to_string().len() > 10, "seed {seed}: {error:?}");
                refused += 1;
            }
            Err(_) => panics.push((seed, *ending)),
        }
    }
    let _ = std::panic::take_hook();
    assert!(read > 100 && refused > 1000, "{read} read, {refused} refused: the damage is of the wrong kind");
    // A decoder's panic is caught in a run; here it is counted, so that it does not go unseen.
    assert!(panics.len() < 10, "decoders panicked on {} of 3000 files: {panics:?}", panics.len());
}

#[test]
fn a_folder_of_damage_is_a_folder_of_records() {
    let lab = Lab::with_photos(1);
    let files = good_files();
    for seed in 5000..5150u64 {
        let (ending, good) = &files[seed as usize % files.len()];
        lab.put(&format!("photos/d{seed}.{ending}"), &corrupted(good, seed));
    }
    let ran = lab.run(&["--jobs", "2", "--overlay", "--max-pixels", "4000000"]).expect_code(3);
    assert_eq!(ran.stderr, "");
    let records = lab.records();
    assert_eq!(records.len(), 151);
    for record in &records {
        let text = record.to_string();
        assert!(!text.contains(crate::kit::files::SENTINEL), "a damaged file's metadata got out: {text}");
    }
}
