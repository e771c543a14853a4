//! Masks as DICOM segmentations: the same to the pixel, the same bytes again, and the photo's own identifiers or their codes.

use std::fs;

use derm_seg::domain::mask::LabelMap;
use derm_seg::input::walk::dicom::{DataSet, Dicom as File, Element};
use derm_seg::people::Pseudonyms;
use serde_json::{Value, json};
use walkdir::WalkDir;

use crate::kit::dicom::Dicom;
use crate::kit::files::{Jpeg, SENTINEL};
use crate::kit::models::{Head, Variant};
use crate::kit::photos::Scene;
use crate::support::{CODE_KEY, Lab, read_mask};

fn scene(seed: u64) -> derm_seg::domain::photo::Photo {
    // 121 columns: rows do not end where bytes do.
    Scene::any(seed).draw(121, 90).photo
}

fn lab() -> Lab {
    let lab = Lab::new();
    lab.put("photos/a.dcm", &Dicom::photo(&scene(1)).identifying().bytes());
    lab.put("photos/P2/film.dcm", &Dicom::frames(&[&scene(2), &scene(3)]).bytes());
    let values: Vec<i16> = (0..64 * 48).map(|i| (i * 7 % 2000) as i16 - 500).collect();
    let slice = Dicom::slice(64, 48, &values).text(0x0020_0052, b"UI", "1.2.3.4").text(0x0018_0050, b"DS", "2.5");
    lab.put("photos/slice.dcm", &slice.text(0x0008_0020, b"DA", "20240131").identifying().bytes());
    lab.put_private("key", CODE_KEY);
    lab
}

fn text(bytes: &[u8], tag: u32) -> String {
    File::new(bytes).unwrap().data().get(tag).unwrap().text().unwrap()
}

fn first(element: Element<'_>) -> DataSet<'_> {
    element.items().next().unwrap().unwrap()
}

/// The bits of a segment, 1 or 0, as its frame holds them.
fn segment(bytes: &[u8], number: usize, pixels: usize) -> Vec<u8> {
    let file = File::new(bytes).unwrap();
    let packed = file.data().get(0x7FE0_0010).unwrap().value;
    (number * pixels..(number + 1) * pixels).map(|i| packed[i / 8] >> (i % 8) & 1).collect()
}

fn assert_is_the_mask(bytes: &[u8], mask: &LabelMap) {
    assert_eq!(text(bytes, 0x0028_0008), "2");
    for (number, class) in [1u8, 2].into_iter().enumerate() {
        let wanted: Vec<u8> = mask.data.iter().map(|label| u8::from(*label == class)).collect();
        assert!(segment(bytes, number, mask.data.len()) == wanted, "class {class}");
    }
}

#[test]
fn segments_are_the_masks_and_come_out_the_same_again() {
    let lab = lab();
    lab.run(&[]).expect_code(0);
    lab.say("export out --format dicom-seg --photos photos -o seg").expect_code(0);
    for (photo, file) in [
        ("a.dcm", "a.seg.dcm"),
        ("slice.dcm", "slice.seg.dcm"),
        ("P2/film.dcm#1", "P2/film.dcm#1.seg.dcm"),
        ("P2/film.dcm#2", "P2/film.dcm#2.seg.dcm"),
    ] {
        let bytes = fs::read(lab.path(&format!("seg/{file}"))).unwrap();
        assert_is_the_mask(&bytes, &lab.mask(photo));
        assert!(!bytes.windows(SENTINEL.len()).any(|w| w == SENTINEL.as_bytes()), "{file}");
        // The photo's own study, and nothing of the person.
        assert_eq!(text(&bytes, 0x0020_000D), "1.2.826.0.1.3680043.8.498.2");
        assert_eq!([text(&bytes, 0x0010_0010), text(&bytes, 0x0010_0020)], ["", ""]);
    }
    let slice = fs::read(lab.path("seg/slice.seg.dcm")).unwrap();
    let file = File::new(&slice).unwrap();
    let shared = first(file.data().get(0x5200_9229).unwrap());
    let measures = first(shared.get(0x0028_9110).unwrap());
    assert_eq!(measures.get(0x0028_0030).unwrap().text().unwrap(), "0.5\\0.5");
    let own = first(file.data().get(0x5200_9230).unwrap());
    let place = first(own.get(0x0020_9113).unwrap());
    assert_eq!(place.get(0x0020_0032).unwrap().text().unwrap(), "-120.5\\10\\-300.25");
    let source = first(first(own.get(0x0008_9124).unwrap()).get(0x0008_2112).unwrap());
    assert_eq!(source.get(0x0008_1155).unwrap().text().unwrap(), "1.2.826.0.1.3680043.8.498.1");

    lab.say("export out --format dicom-seg --photos photos -o again").expect_code(0);
    for entry in WalkDir::new(lab.path("seg")).into_iter().map(Result::unwrap).filter(|e| e.file_type().is_file()) {
        let relative = entry.path().strip_prefix(lab.path("seg")).unwrap();
        assert_eq!(
            fs::read(entry.path()).unwrap(),
            fs::read(lab.path("again").join(relative)).unwrap(),
            "{relative:?}"
        );
    }
    lab.say("export out --format dicom-seg --photos photos -o rooted --uid-root 1.2.826.0.1").expect_code(0);
    assert!(text(&fs::read(lab.path("rooted/a.seg.dcm")).unwrap(), 0x0008_0018).starts_with("1.2.826.0.1."));
}

#[test]
fn segments_come_back_as_the_truth_that_they_were() {
    let lab = lab();
    for head in [Head::Logits3, Head::Kinds4] {
        lab.install("model", &Variant { head, ..Variant::default() });
        lab.run(&["--overwrite"]).expect_code(0);
        lab.say("export out --format dicom-seg --photos photos -o seg --overwrite").expect_code(0);
        lab.say("eval out --truth seg").expect_code(0);
        let scores: Value = serde_json::from_slice(&fs::read(lab.path("out/scores.json")).unwrap()).unwrap();
        let images = scores["images"].as_array().unwrap();
        let names: Vec<&str> = images.iter().map(|image| image["truth"][0].as_str().unwrap()).collect();
        assert_eq!(names, ["P2/film.dcm#1.seg.dcm", "P2/film.dcm#2.seg.dcm", "a.seg.dcm", "slice.seg.dcm"]);
        for image in images {
            for metric in ["dice", "skin.dice"] {
                let dice = &image["scores"][metric];
                assert!(dice.is_null() || *dice == 1.0, "{} {metric}: {dice}", image["image"]);
            }
            assert_eq!((&image["counts"]["fp"], &image["counts"]["fn"]), (&json!(0), &json!(0)));
        }
        assert!(images.iter().filter(|image| image["scores"]["dice"] == 1.0).count() >= 3);
    }
    // One kind against its own segment.
    lab.say("eval out --truth seg --class erosion -o one").expect_code(0);
    let scores: Value = serde_json::from_slice(&fs::read(lab.path("one/scores.json")).unwrap()).unwrap();
    assert!(
        scores["images"]
            .as_array()
            .unwrap()
            .iter()
            .all(|image| image["counts"]["fp"] == 0 && image["counts"]["fn"] == 0)
    );
    // Where no segment is of skin, nothing is said of skin.
    lab.say("export out --format dicom-seg --photos photos -o lesions --only lesion").expect_code(0);
    lab.say("eval out --truth lesions -o two").expect_code(0);
    let scores: Value = serde_json::from_slice(&fs::read(lab.path("two/scores.json")).unwrap()).unwrap();
    let images = scores["images"].as_array().unwrap();
    assert!(images.len() == 4 && images.iter().all(|image| image["scores"]["skin.dice"].is_null()));
    // The page shows them, too.
    lab.say("report out --truth seg --with-photos photos -o page.html").expect_code(0);
}

#[test]
fn segments_of_coded_results_fit_the_copies_that_scrub_makes_with_the_key() {
    let lab = lab();
    let codes = Pseudonyms::from_key(CODE_KEY).unwrap();
    lab.run(&["--names", "pseudonym", "--key-file", "key"]).expect_code(0);
    lab.say("export out --format dicom-seg --photos photos --key-file key -o seg").expect_code(0);
    lab.say("scrub photos -o clean --names pseudonym --key-file key").expect_code(0);
    let name = codes.path("slice.dcm");
    let copy = fs::read(lab.path(&format!("clean/{name}"))).unwrap();
    let segmented = fs::read(lab.path(&format!("seg/{}", name.replace(".dcm", ".seg.dcm")))).unwrap();
    for tag in [0x0020_000D, 0x0010_0010, 0x0010_0020, 0x0008_0020, 0x0020_0052] {
        assert_eq!(text(&copy, tag), text(&segmented, tag), "{tag:08x}");
    }
    assert_eq!(text(&copy, 0x0010_0020), codes.code(SENTINEL));
    assert_is_the_mask(&segmented, &read_mask(&lab.path(&format!("out/masks/{name}.png"))));
    // Without the key, photos are not found again.
    lab.say("export out --format dicom-seg --photos photos -o other").expect_error(&["--key-file"]);
}

#[test]
fn photos_that_are_no_dicom_files_or_were_changed_are_counted_as_failed() {
    let lab = lab();
    lab.put("photos/b.jpg", &Jpeg::camera().write(&scene(5)));
    lab.run(&[]).expect_code(0);
    lab.put("photos/slice.dcm", &Dicom::photo(&scene(9)).bytes());
    let ran = lab.say("export out --format dicom-seg --photos photos -o seg").expect_code(3);
    assert!(ran.stdout.contains("b.jpg: the photo is no DICOM file"), "{}", ran.stdout);
    assert!(ran.stdout.contains("slice.dcm: the photo was changed since the run"), "{}", ran.stdout);
    assert!(ran.stdout.contains("3 files: seg") && ran.stdout.contains("2 failed"), "{}", ran.stdout);
    lab.say("export out --format dicom-seg -o seg2").expect_error(&["--photos DIR"]);
    lab.say("export out --format coco -o a.json --photos photos").expect_error(&["--photos"]);
}
