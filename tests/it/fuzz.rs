//! Every parser of foreign bytes, fed with spoilt ones: whatever comes, there is an answer or an error, never a panic.
//!
//! A usual test run tries each parser for a moment. `DERM_SEG_FUZZ=1000000 cargo test --test it fuzz::` gives each as many
//! executions, and `docs/reliability.md` says how many there were. What fails names its seed, which gives the same bytes again.

use std::hint::black_box;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use derm_seg::annotations::polygons::{CocoSet, Rle, known_class, read_labelme};
use derm_seg::annotations::references::{ReferenceFormat, raster};
use derm_seg::domain::colour::{Samples, Space as ColourSpace, to_srgb};
use derm_seg::domain::record::Record;
use derm_seg::inference::manifest::{Manifest, side_files};
use derm_seg::input::decode::{Limits, header, sniff};
use derm_seg::input::discover::read_list;
use derm_seg::input::walk::{gif, icc, jpeg, png, riff, tiff};
use derm_seg::people::subjects::{Subjects, SubjectsPlan};
use derm_seg::privacy::findings::{scan_bytes, scan_path};
use derm_seg::privacy::scrub::scrub;

use crate::kit::files::{self, Jpeg};
use crate::kit::icc::Space;
use crate::kit::models;
use crate::kit::photos::Scene;
use crate::kit::pngs::Png;
use crate::kit::spoil::corrupted;

/// Executions of the cheapest parsers, if nobody says how many.
const USUAL: u64 = 3000;

/// `cost`: how many times as long an execution takes as one of the cheapest.
fn fuzz(cost: u64, good: &[Vec<u8>], parse: impl Fn(&[u8])) {
    let wanted = std::env::var("DERM_SEG_FUZZ").ok().map(|n| n.parse().expect("DERM_SEG_FUZZ is a number"));
    let executions = (wanted.unwrap_or(USUAL) / cost).max(1);
    for seed in 0..executions {
        let bytes = corrupted(&good[seed as usize % good.len()], seed);
        let survived = catch_unwind(AssertUnwindSafe(|| parse(&bytes)));
        assert!(survived.is_ok(), "seed {seed}: {} bytes: {}", bytes.len(), bytes.escape_ascii());
    }
    if wanted.is_some() {
        println!("{}: {executions} executions", std::thread::current().name().unwrap_or_default());
    }
}

/// Small files with all that a format can carry.
fn photos() -> Vec<Vec<u8>> {
    let photo = Scene::any(9).draw(16, 12).photo;
    let (exif, profile) = (files::identifying_exif(6), Space::DisplayP3.profile());
    let jpeg = Jpeg { exif: Some(exif.clone()), icc: Some(profile.clone()), comment: true, ..Jpeg::camera() };
    let iptc = b"Photoshop 3.0\08BIM\x04\x04\0\0\0\0\0\x0e\x1c\x02\x50\0\x04Name\x1c\x02\x19\0\0".to_vec();
    vec![
        jpeg.write(&photo),
        files::with_segment(&Jpeg::default().write(&photo), 0xed, &iptc),
        Png::rgb8(&photo).with_icc(&profile).with(b"eXIf", &exif).with(b"tEXt", b"Author\0Name").bytes(),
        Png::palette(&photo, true)
            .with(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0<x:xmpmeta dc:creator=\"Name\"/>")
            .bytes(),
        files::tiff(&[&photo, &photo], false),
        files::bmp(&photo),
        files::webp(&photo),
        files::animated_webp(&[&photo, &photo]),
        files::animated_gif(&[&photo, &photo]),
        exif,
    ]
}

#[test]
fn metadata() {
    fuzz(2, &photos(), |bytes| _ = black_box(scan_bytes(bytes)));
}

#[test]
fn walks() {
    fuzz(1, &photos(), |bytes| {
        let jpeg: usize = jpeg::parts(bytes)
            .map(|part| match part {
                jpeg::Part::Segment { whole, .. } => whole.len(),
                jpeg::Part::Scan(b) | jpeg::Part::Stray(b) | jpeg::Part::Trailer(b) => b.len(),
            })
            .sum();
        assert_eq!(jpeg, bytes.len(), "the parts of a JPEG are the whole file");
        black_box((png::parts(bytes).count(), riff::parts(bytes).count(), gif::parts(bytes).count()));
        black_box((tiff::has_second_page(bytes), tiff::says_adobe_rgb(bytes), jpeg::is_complete(bytes)));
        black_box(icc::tags(bytes).map(Iterator::count));
    });
}

#[test]
fn first_bytes_and_headers() {
    let limits = Limits::default();
    fuzz(8, &photos(), |bytes| _ = black_box((sniff(bytes).is_ok(), header(bytes, &limits).is_ok())));
}

#[test]
fn clean_copies() {
    let limits = Limits { max_pixels: 1 << 20, ..Limits::default() };
    fuzz(100, &photos(), |bytes| {
        if let Ok(clean) = scrub(bytes, &limits) {
            assert_eq!(scan_bytes(&clean), []);
        }
    });
}

#[test]
fn colour_profiles() {
    let profiles = [Space::DisplayP3.profile(), Space::AdobeRgb.profile()];
    fuzz(20, &profiles, |bytes| {
        let pixels = Samples::Rgb(vec![200, 80, 60]);
        assert_eq!(to_srgb(pixels, &ColourSpace::Icc(bytes.to_vec())).0.len(), 3);
    });
}

#[test]
fn masks_of_other_tools() {
    let photo = Scene::any(3).draw(16, 12).photo;
    let masks = [
        Png::palette(&photo, false).bytes(),
        Png::grey(&photo, 1).bytes(),
        files::bmp(&photo),
        files::tiff(&[&photo], false),
    ];
    fuzz(20, &masks, |bytes| _ = black_box(raster::raster(bytes).is_ok()));
}

#[test]
fn manifests() {
    let manifest = std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("models/derm-skin/manifest.json")).unwrap();
    fuzz(4, &[manifest], |bytes| _ = black_box(serde_json::from_slice::<Manifest>(bytes).is_ok()));
}

#[test]
fn side_files_of_graphs() {
    let graph = models::colour_rule();
    let tensor = |location: &[u8]| {
        let field = |tag: u8, content: &[u8]| [&[tag << 3 | 2, content.len() as u8], content].concat();
        let entry = field(13, &[field(1, b"location"), field(2, location)].concat());
        field(7, &field(5, &entry))
    };
    let good = [graph, tensor(b"weights.bin"), tensor(b"../weights.bin")];
    fuzz(2, &good, |bytes| _ = black_box(side_files(bytes, Path::new("no-such-folder")).is_ok()));
}

#[test]
fn tables_of_subjects() {
    let tables = [
        b"image,patient_id,sex,age\na/1.jpg,P01,f,40\na/2.jpg,P01,f,40\n\"b,1.jpg\",P02,m,n/a\n".to_vec(),
        "bild;person;größe\nä.jpg;1;2\n".as_bytes().to_vec(),
    ];
    fuzz(4, &tables, |bytes| {
        let text = String::from_utf8_lossy(bytes);
        black_box(Subjects::parse(&text, &SubjectsPlan::default()).is_ok());
    });
}

#[test]
fn lists_and_names() {
    fuzz(2, &[b"a/b.jpg\nc d.png\r\n\n../e.tif\n".to_vec(), b"a\0b/\xff.jpg\0".to_vec()], |bytes| {
        for path in read_list(bytes, "test").unwrap_or_default() {
            black_box(scan_path(&path));
        }
    });
}

#[test]
fn formats_of_masks() {
    let words = [b"lesion=ff0000,skin=00ff00".to_vec(), b"zero-one".to_vec(), b"lesion=nevus".to_vec()];
    fuzz(1, &words, |bytes| {
        if let Ok(format) = String::from_utf8_lossy(bytes).parse::<ReferenceFormat>() {
            black_box(format.to_string());
        }
    });
}

#[test]
fn runs_of_coco() {
    fuzz(1, &[b"04".to_vec(), b"1203oo:3".to_vec(), b"`ZZZ0[kkk".to_vec()], |bytes| {
        if let Ok(runs) = Rle::from_text(&String::from_utf8_lossy(bytes), 40, 30) {
            assert_eq!(Rle::from_text(&runs.to_text(), 40, 30), Ok(runs));
        }
    });
}

#[test]
fn coco_and_labelme() {
    let coco =
        br#"{"images":[{"id":1,"file_name":"a.jpg","width":40,"height":30}],"categories":[{"id":2,"name":"lesion"}],
        "annotations":[{"image_id":1,"category_id":2,"segmentation":[[1,1,9,1,9,9]]},
        {"image_id":1,"category_id":2,"segmentation":{"size":[30,40],"counts":[2,3,1]}},
        {"image_id":1,"category_id":2,"segmentation":{"size":[30,40],"counts":"1203"}}]}"#;
    let labelme = br#"{"imageWidth":40,"imageHeight":30,"shapes":[{"label":"lesion","points":[[1,1],[9,1],[9.5,1e1]]},
        {"label":"skin","points":[[5,5],[6,6]],"shape_type":"circle"},{"label":"lesion","points":[[5,5],[6,6]],"shape_type":"rectangle"}]}"#;
    fuzz(4, &[coco.to_vec(), labelme.to_vec()], |bytes| {
        // An image of a thousand megapixels is within bounds, and takes its time.
        if bytes.windows(4).any(|four| four.iter().all(u8::is_ascii_digit)) {
            return;
        }
        black_box(read_labelme(bytes, &known_class).is_ok());
        if let Ok(set) = CocoSet::read(bytes, &known_class) {
            (0..set.names().count()).for_each(|image| _ = black_box(set.mask(image).is_ok()));
        }
    });
}

#[test]
fn records() {
    let record = r#"{"schema":"derm-seg/record/1","status":"failed","input":{"path":"sub/a.jpg","format":"jpeg","bytes":3,"blake3":"00",
        "width":4,"height":3,"orientation":6},"failure":{"stage":"decode","code":"truncated","message":"cut"}}"#;
    fuzz(2, &[record.as_bytes().to_vec()], |bytes| {
        if let Ok(record) = serde_json::from_slice::<Record>(bytes) {
            black_box(record.to_json().is_ok());
        }
    });
}
