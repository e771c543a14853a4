//! Every kind of file and name that people have.

use std::fs;
use std::process::Command;

use derm_seg::domain::photo::Photo;
use serde_json::Value;

use crate::kit::files::{self, Jpeg};
use crate::kit::photos::Scene;
use crate::kit::pngs::Png;
use crate::kit::spoil;
use crate::support::{Lab, RUN, Ran, difference, no_faces};

fn warnings(record: &Value) -> Vec<&str> {
    record["warnings"].as_array().unwrap().iter().map(|w| w["code"].as_str().unwrap()).collect()
}

#[test]
fn every_format_gives_the_mask_of_the_plain_one() {
    let lab = Lab::new();
    let photo = Scene::any(9).draw(200, 150).photo;
    let other = Scene::any(4).draw(200, 150).photo;
    let progressive = Jpeg { progressive: true, ..Jpeg::camera() };
    // Name, format as recorded, warning, content.
    let files: Vec<(&str, &str, &[&str], Vec<u8>)> = vec![
        ("plain.png", "png", &[], Png::rgb8(&photo).bytes()),
        ("baseline.jpg", "jpeg", &[], Jpeg::default().write(&photo)),
        ("camera.jpg", "jpeg", &[], Jpeg::camera().write(&photo)),
        ("progressive.jpg", "jpeg", &[], progressive.write(&photo)),
        ("cmyk-adobe.jpg", "jpeg", &["cmyk_approximate"], Jpeg::default().write_cmyk(&photo, true)),
        ("cmyk.jpg", "jpeg", &["cmyk_approximate"], Jpeg::default().write_cmyk(&photo, false)),
        ("interlaced.png", "png", &[], Png::rgb8(&photo).interlaced().bytes()),
        ("deep.png", "png", &[], Png::rgb16(&photo).bytes()),
        ("deep-interlaced.png", "png", &[], Png::rgb16(&photo).interlaced().bytes()),
        ("page.tif", "tiff", &[], files::tiff(&[&photo], false)),
        ("deep.tif", "tiff", &[], files::tiff(&[&photo], true)),
        ("pages.tif", "tiff", &["first_picture_only"], files::tiff(&[&photo, &other], false)),
        ("photo.bmp", "bmp", &[], files::bmp(&photo)),
        ("photo.webp", "webp", &[], files::webp(&photo)),
        ("moving.webp", "webp", &["first_picture_only"], files::animated_webp(&[&photo, &other])),
        ("moving.gif", "gif", &["first_picture_only"], files::animated_gif(&[&photo, &other])),
        ("wrong-name.tif", "jpeg", &[], Jpeg::default().write(&photo)),
        ("no-name", "png", &[], Png::rgb8(&photo).bytes()),
    ];
    for (name, _, _, bytes) in &files {
        lab.put(&format!("photos/{name}"), bytes);
    }
    lab.run(&[]).expect_code(0);
    let plain = lab.mask("plain.png");
    for (name, format, expected, _) in &files {
        let record = lab.record(name);
        assert_eq!(record["input"]["format"], *format, "{name}");
        assert_eq!(warnings(&record), *expected, "{name}");
        // CMYK cannot hold every colour, GIF holds 256 of them.
        let allowed = if name.starts_with("cmyk") || name.ends_with(".gif") { 0.03 } else { 0.012 };
        let far = difference(&lab.mask(name), &plain);
        assert!(far < allowed, "{name}: {:.2} % of pixels differ", far * 100.0);
    }
}

#[test]
fn grey_palette_and_transparent_pictures_are_read() {
    let lab = Lab::new();
    let photo = Scene::any(9).draw(120, 90).photo;
    for depth in [1, 2, 4, 8, 16] {
        lab.put(&format!("photos/grey{depth}.png"), &Png::grey(&photo, depth).bytes());
        lab.put(&format!("photos/grey{depth}-interlaced.png"), &Png::grey(&photo, depth).interlaced().bytes());
    }
    lab.put("photos/grey.jpg", &Jpeg::default().write_grey(&photo));
    lab.put("photos/palette.png", &Png::palette(&photo, false).bytes());
    lab.put("photos/palette-hole.png", &Png::palette(&photo, true).bytes());
    lab.put("photos/alpha.png", &Png::rgba(&photo).bytes());
    lab.run(&[]).expect_code(0);
    let record = lab.record("alpha.png");
    assert_eq!(warnings(&record), ["alpha_flattened"]);
    for record in lab.records() {
        let name = record["input"]["path"].as_str().unwrap();
        let area = &record["area"];
        let total: u64 = ["background_px", "skin_px", "lesion_px"].iter().map(|k| area[k].as_u64().unwrap()).sum();
        assert_eq!(total, 120 * 90, "{name}");
        // The rule goes by colour, so whatever has lost its colour has no skin.
        assert_eq!(area["skin_px"] == 0, name != "alpha.png", "{name}: {area}");
    }
    for depth in [1, 2, 4, 8, 16] {
        let (a, b) = (lab.record(&format!("grey{depth}.png")), lab.record(&format!("grey{depth}-interlaced.png")));
        assert_eq!(a["quality"], b["quality"], "interlacing changes nothing");
    }
}

#[test]
fn spoilt_files_fail_one_by_one_with_a_cause() {
    let lab = Lab::with_photos(2);
    let spoilt = spoil::each_kind(&Scene::any(3).draw(160, 120).photo);
    for (i, (_, ending, bytes)) in spoilt.iter().enumerate() {
        lab.put(&format!("photos/bad{i:02}.{ending}"), bytes);
    }
    lab.run(&[]).expect_code(3);
    let records = lab.records();
    assert_eq!(records.len(), 2 + spoilt.len());
    for (i, (what, ending, _)) in spoilt.iter().enumerate() {
        let record = records.iter().find(|r| r["input"]["path"] == format!("bad{i:02}.{ending}")).unwrap();
        assert_eq!(record["status"], "failed", "{what}: {record}");
        let message = record["failure"]["message"].as_str().unwrap();
        assert!(message.len() > 20 && !message.contains("panicked"), "{what}: {message}");
        assert_ne!(record["failure"]["code"], "internal_error", "{what}: {message}");
        assert!(!lab.path(&format!("out/masks/bad{i:02}.{ending}.png")).exists(), "{what} left a mask");
    }
    assert_eq!(records.iter().filter(|r| r["status"] == "done").count(), 2);
}

#[test]
fn half_a_photo_is_no_photo() {
    let lab = Lab::with_photos(1);
    let photo = Scene::any(3).draw(200, 150).photo;
    for percent in [10, 50, 90] {
        lab.put(&format!("photos/cut{percent}.jpg"), &spoil::cut(&Jpeg::camera().write(&photo), percent));
        let progressive = Jpeg { progressive: true, ..Jpeg::camera() }.write(&photo);
        lab.put(&format!("photos/cut{percent}p.jpg"), &spoil::cut(&progressive, percent));
        lab.put(&format!("photos/cut{percent}.png"), &spoil::cut(&Png::rgb8(&photo).bytes(), percent));
        lab.put(&format!("photos/cut{percent}.bmp"), &spoil::cut(&files::bmp(&photo), percent));
    }
    let summary = lab.run(&["--json"]).expect_code(3).json();
    assert_eq!((&summary["totals"]["done"], &summary["totals"]["failed"]), (&1.into(), &12.into()), "{summary}");
}

#[test]
fn limits_are_checked_before_the_pixels() {
    let lab = Lab::with_photos(1);
    lab.put("photos/large.jpg", &Jpeg::camera().write(&Scene::any(3).draw(400, 300).photo));
    lab.run(&["--max-pixels", "50000"]).expect_code(3);
    let large = lab.records().into_iter().find(|r| r["input"]["path"] == "large.jpg").unwrap();
    assert_eq!(large["failure"]["code"], "too_many_pixels");
    assert!(large["failure"]["message"].as_str().unwrap().contains("--max-pixels"));
    lab.run(&["--overwrite", "--max-bytes", "9000"]).expect_code(3);
    let large = lab.records().into_iter().find(|r| r["input"]["path"] == "large.jpg").unwrap();
    assert_eq!(large["failure"]["code"], "file_too_large");
}

#[test]
fn photos_of_one_pixel_and_of_one_row_are_photos() {
    let lab = Lab::new();
    for (w, h) in [(1, 1), (1, 300), (300, 1), (2, 3), (7, 5)] {
        lab.put(&format!("photos/{w}x{h}.png"), &Png::rgb8(&Scene::any(9).draw(w, h).photo).bytes());
    }
    lab.run(&["--overlay", "--probs"]).expect_code(0);
    assert_eq!(lab.mask("1x300.png").data.len(), 300);
    assert_eq!(lab.mask("7x5.png").width, 7);
}

#[test]
fn a_hundred_megapixels_go_through() {
    let lab = Lab::new();
    let photo = enlarged(&Scene::any(6).draw(1_160, 870).photo, 10);
    lab.put("photos/large.jpg", &Jpeg { quality: 60, ..Jpeg::camera() }.write(&photo));
    drop(photo);
    lab.run(&["--jobs", "2"]).expect_code(0);
    let mask = lab.mask("large.jpg");
    assert_eq!((mask.width, mask.height), (11_600, 8_700));
    assert!(lab.record("large.jpg")["area"]["lesion_px"].as_u64().unwrap() > 1_000_000);
}

/// Every pixel becomes a square: drawing so many one by one takes half a minute.
fn enlarged(photo: &Photo, times: usize) -> Photo {
    let row = |row: &[u8]| row.chunks_exact(3).flat_map(|pixel| pixel.repeat(times)).collect::<Vec<u8>>().repeat(times);
    let rgb = photo.rgb.chunks_exact(photo.width as usize * 3).flat_map(row).collect();
    Photo { width: photo.width * times as u32, height: photo.height * times as u32, rgb }
}

#[cfg(target_os = "linux")]
#[test]
fn odd_names_stay_apart_and_readable() {
    use std::os::unix::ffi::OsStrExt;
    let lab = Lab::new();
    let bytes = Png::rgb8(&Scene::any(9).draw(40, 30).photo).bytes();
    let names: [&[u8]; 8] = [
        b"a.jpg",
        b"A.jpg",
        b"a.png",
        b"line\nbreak.png",
        b"\xff\xfe.png",
        "日本 語.png".as_bytes(),
        b"=1+1.png",
        b"-rf.png",
    ];
    for name in names {
        fs::write(lab.path("photos").join(std::ffi::OsStr::from_bytes(name)), &bytes).unwrap();
    }
    lab.run(&["--overlay"]).expect_code(0);
    let records = lab.records();
    assert_eq!(records.len(), names.len());
    let mut masks: Vec<String> = records.iter().map(|r| r["mask"]["path"].as_str().unwrap().to_lowercase()).collect();
    masks.sort();
    masks.dedup();
    assert_eq!(masks.len(), names.len(), "no mask overwrites another, not even where case is ignored");
    assert!(records.iter().any(|r| r["input"]["path"] == "%FF%FE.png"));
    let table = fs::read_to_string(lab.path("out/summary.csv")).unwrap();
    assert!(
        table.contains("\n'=1+1.png,") && table.contains("\n'-rf.png,"),
        "no cell is run by a spreadsheet:\n{table}"
    );
    assert_eq!(lab.run(&["--overlay", "--json"]).expect_code(0).json()["kept"], 8);
}

#[cfg(unix)]
#[test]
fn links_loops_and_locked_folders() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let lab = Lab::with_photos(2);
    symlink("..", lab.path("photos/sub/up")).unwrap();
    symlink("p000.jpg", lab.path("photos/link.jpg")).unwrap();
    symlink("nowhere.jpg", lab.path("photos/dangling.jpg")).unwrap();
    let ran = lab.run(&[]);
    let ran = ran.expect_code(3).expect_error(&["a link that leads back to a folder above it was not followed"]);
    assert!(ran.stdout.starts_with("3 of 4 photos done, 1 failed"), "{}", ran.stdout);

    fs::remove_file(lab.path("photos/dangling.jpg")).unwrap();
    fs::create_dir(lab.path("photos/locked")).unwrap();
    fs::set_permissions(lab.path("photos/locked"), fs::Permissions::from_mode(0o000)).unwrap();
    // Root reads every folder, unless it lays that right down.
    let mut program = match fs::read_dir(lab.path("photos/locked")) {
        Err(_) => lab.program(),
        Ok(_) => {
            let mut humble = Command::new("setpriv");
            humble.arg("--bounding-set=-dac_override,-dac_read_search").arg(lab.program().get_program());
            humble.current_dir(lab.path(""));
            humble
        }
    };
    Ran::from(program.args(RUN).args(no_faces(&RUN)).output().unwrap()).expect_code(3);
    assert!(lab.records().iter().any(|r| r["failure"]["code"] == "unreadable_folder"));
    fs::set_permissions(lab.path("photos/locked"), fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn the_output_folder_may_lie_among_the_photos() {
    let lab = Lab::with_photos(2);
    let run = || lab.say("run . -o photos/results --model model --overlay --json").expect_code(0).json();
    let (first, second) = (run(), run());
    assert_eq!(first["totals"]["inputs"], 2);
    assert_eq!(second["totals"]["inputs"], 2, "results are never taken for photos");
}

/// The model of the tests reads 192 pixels, so of these photos an eighth, a quarter or a half along each side is enough.
#[test]
fn a_large_jpeg_is_decoded_at_a_reduced_size_and_its_mask_has_its_own() {
    let lab = Lab::new();
    let photo = Scene::any(9).draw(2001, 1500).photo;
    let plain = Jpeg::camera();
    let turned = Jpeg { exif: Some(files::exif(6)), ..Jpeg::camera() };
    for (name, bytes) in [
        ("plain.jpg", plain.write(&photo)),
        ("grey.jpg", plain.write_grey(&photo)),
        ("progressive.jpg", Jpeg { progressive: true, ..Jpeg::camera() }.write(&photo)),
        ("turned.jpg", turned.write(&photo)),
        ("halved.jpg", plain.write(&Scene::any(9).draw(1200, 900).photo)),
    ] {
        lab.put(&format!("photos/{name}"), &bytes);
    }
    lab.run(&[]).expect_code(0);
    assert_eq!(lab.run_file()["settings"]["full_decode"], false);
    let names = ["plain.jpg", "grey.jpg", "progressive.jpg", "turned.jpg", "halved.jpg"];
    let seen = || names.map(|name| (name, lab.mask(name), lab.record(name)["quality"]["sharpness"].clone()));
    let reduced = seen();
    // Other settings are not mixed with these.
    lab.run(&["--full-decode"]).expect_code(2);
    lab.run(&["--full-decode", "--overwrite"]).expect_code(0);
    assert_eq!(lab.run_file()["settings"]["full_decode"], true);
    for ((name, mask, sharpness), (_, full, all_sharpness)) in reduced.into_iter().zip(seen()) {
        assert_eq!((mask.width, mask.height), (full.width, full.height), "{name}");
        assert_ne!(sharpness, all_sharpness, "{name} was decoded in full");
        let far = difference(&mask, &full);
        assert!(far < 0.01, "{name}: {:.2} % of pixels differ", far * 100.0);
    }
}
