//! Every parser of foreign bytes, with good bytes to begin with: what `tests/it/fuzz.rs` feeds with blindly spoilt ones and
//! `fuzz/` with ones that coverage leads. Whatever comes, there is an answer or an error, never a panic.

use std::hint::black_box;
use std::io::Cursor;
use std::path::Path;

use derm_seg::annotations::polygons::{CocoSet, Rle, known_class, read_labelme};
use derm_seg::annotations::references::{ReferenceFormat, raster};
use derm_seg::disk::vault::recipient;
use derm_seg::domain::colour::{Samples, Space as ColourSpace, to_srgb};
use derm_seg::domain::mask::{LESION, LabelMap, SKIN};
use derm_seg::domain::record::{Record, Severity, Size};
use derm_seg::evaluation::score::gate::{Gate, Side};
use derm_seg::inference::manifest::{
    Element, GraphInfo, Layout, Manifest, Observed, TensorInfo, fill_in_input, fill_in_output, resolve_input,
    resolve_output, side_files,
};
use derm_seg::input::archive::Archive;
use derm_seg::input::decode::dicom as decode_dicom;
use derm_seg::input::decode::{Limits, PhotoFormat, decode, header, sniff};
use derm_seg::input::discover::read_list;
use derm_seg::input::walk::{dicom, gif, icc, jpeg, png, riff, tiff};
use derm_seg::people::subjects::{Subjects, SubjectsPlan};
use derm_seg::people::{Pseudonyms, Remembered};
use derm_seg::privacy::findings::{scan_bytes, scan_path};
use derm_seg::privacy::scrub::{DicomRule, scrub};
use derm_seg::store::{Review, decode_mask, encode_mask};

use super::archives::{Tar, gzip, zip, zstandard};
use super::chest;
use super::dicom::{Coding, Dicom};
use super::files::{self, Jpeg};
use super::icc::Space;
use super::models;
use super::photos::Scene;
use super::pngs::Png;

pub struct Parser {
    pub name: &'static str,
    /// How many times as long an execution takes as one of the cheapest.
    pub cost: u64,
    pub good: fn() -> Vec<Vec<u8>>,
    pub parse: fn(&[u8]),
}

pub const PARSERS: [Parser; 21] = [
    Parser { name: "metadata", cost: 2, good: photos, parse: |bytes| _ = black_box(scan_bytes(bytes)) },
    Parser { name: "walks", cost: 1, good: photos, parse: walks },
    Parser { name: "headers", cost: 8, good: photos, parse: headers },
    Parser { name: "pictures", cost: 40, good: photos, parse: pictures },
    Parser { name: "clean-copies", cost: 100, good: photos, parse: clean_copies },
    Parser { name: "archives", cost: 2, good: archives, parse: archive },
    Parser { name: "profiles", cost: 20, good: profiles, parse: colour_profiles },
    Parser {
        name: "masks-of-others",
        cost: 20,
        good: masks_of_others,
        parse: |b| _ = black_box(raster::raster(b).is_ok()),
    },
    Parser { name: "segmentations", cost: 8, good: segmentations, parse: segments },
    Parser { name: "own-masks", cost: 8, good: own_masks, parse: own_mask },
    Parser { name: "manifests", cost: 4, good: manifests, parse: manifest },
    Parser { name: "side-files", cost: 2, good: graphs, parse: graph },
    Parser { name: "people", cost: 4, good: tables_of_people, parse: people },
    Parser {
        name: "reviews",
        cost: 4,
        good: reviews,
        parse: |bytes| _ = black_box(Review::parse(&text(bytes)).is_ok()),
    },
    Parser { name: "lists", cost: 2, good: lists, parse: list },
    Parser { name: "words", cost: 1, good: words, parse: word },
    Parser { name: "keys", cost: 2, good: keys, parse: |bytes| _ = black_box(recipient(&text(bytes)).is_ok()) },
    Parser { name: "coco-runs", cost: 1, good: runs, parse: run_lengths },
    Parser { name: "outlines", cost: 4, good: outlines, parse: outline },
    Parser { name: "records", cost: 2, good: records, parse: record },
    Parser { name: "withdrawn", cost: 2, good: withdrawn, parse: |bytes| _ = black_box(Remembered::read(bytes)) },
];

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Small files with all that a format can carry.
fn photos() -> Vec<Vec<u8>> {
    let photo = Scene::any(9).draw(16, 12).photo;
    let (exif, profile) = (files::identifying_exif(6), Space::DisplayP3.profile());
    let jpeg = Jpeg { exif: Some(exif.clone()), icc: Some(profile.clone()), comment: true, ..Jpeg::camera() };
    let iptc = b"Photoshop 3.0\08BIM\x04\x04\0\0\0\0\0\x0e\x1c\x02\x50\0\x04Name\x1c\x02\x19\0\0".to_vec();
    #[allow(unused_mut, reason = "some formats are not always built in")]
    let mut photos = vec![
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
        Dicom::photo(&photo).identifying().bytes(),
        Dicom::jpeg(&[&photo, &photo]).bytes(),
        Dicom::slice(16, 12, &[40; 192]).identifying().coded(Coding::Big).bytes(),
        Dicom::photo(&photo).identifying().coded(Coding::Implicit).bare(),
        exif,
    ];
    #[cfg(feature = "heic")]
    photos.extend([
        include_bytes!("../golden/heic/turned.heic").to_vec(),
        include_bytes!("../golden/heic/see-through.heic").to_vec(),
    ]);
    photos
}

fn walks(bytes: &[u8]) {
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
    black_box(dicom::Dicom::new(bytes).map(|file| deep(file.data()))).ok();
}

/// All elements of a DICOM file, also those inside others.
fn deep(data: dicom::DataSet) -> usize {
    let inside = |element: dicom::Element| element.items().flatten().map(deep).sum::<usize>();
    data.elements().flatten().map(|element| 1 + inside(element) + element.fragments().count()).sum()
}

fn headers(bytes: &[u8]) {
    black_box((sniff(bytes).is_ok(), header(bytes, &Limits::default()).is_ok()));
}

/// Photos of a few pixels: larger ones take their time.
fn small() -> Limits {
    Limits { max_pixels: 1 << 16, ..Limits::default() }
}

fn pictures(bytes: &[u8]) {
    if let Ok(mut header) = header(bytes, &small()) {
        header.frame = (header.format == PhotoFormat::Dicom).then_some(1);
        black_box(decode(bytes, header, u32::MAX).is_ok());
    }
}

fn segmentations() -> Vec<Vec<u8>> {
    vec![chest::segmentation("nodule").bytes(), chest::segmentation("nodule").coded(Coding::Implicit).bytes()]
}

/// What a segmentation says, and one of its frames.
fn segments(bytes: &[u8]) {
    let frames = decode_dicom::segmentation(bytes).ok().flatten().map(|about| about.frames.len());
    black_box(frames.map(|frames| decode_dicom::stored(bytes, frames as u32).is_ok()));
}

/// The key of a test.
fn codes() -> Pseudonyms {
    Pseudonyms::from_key(b"0123456789abcdefghijklmnopqrstuv").unwrap()
}

fn clean_copies(bytes: &[u8]) {
    let rule = DicomRule { codes: &codes(), uid_root: None, keep_burned_in: false };
    if let Ok(clean) = scrub(bytes, &small(), Some(&rule)) {
        let found = scan_bytes(&clean);
        let is_dicom = sniff(&clean) == Ok(PhotoFormat::Dicom);
        assert!(found.is_empty() || is_dicom && found.iter().all(|f| f.severity < Severity::Identifying), "{found:?}");
    }
}

/// With all that headers can say.
fn archives() -> Vec<Vec<u8>> {
    let mut tar = Tar::default();
    tar.member(b'5', b"./", b"").member(b'0', b"./a.jpg", &[7; 700]).member(b'2', b"link.jpg", b"");
    tar.long(&"long/".repeat(40), b"content").with_attributes(&[("path", "b.jpg"), ("size", "3")], "c.jpg", b"abc");
    tar.member(b'g', b"global", b"").member(b'S', b"holes", &[0; 512]).member(b'0', b"../out.jpg", b"out");
    let tar = tar.finish();
    vec![zip(&[("a.jpg", &[7; 300]), ("b/c.png", b"c"), ("d/", b"")]), gzip(&tar), zstandard(&tar), tar]
}

/// As a file and as it comes over a pipe.
fn archive(bytes: &[u8]) {
    let opened =
        [Archive::of(Box::new(Cursor::new(bytes.to_vec()))), Archive::flow(Box::new(Cursor::new(bytes.to_vec())))];
    for mut archive in opened.into_iter().flatten() {
        while let Ok(Some(member)) = archive.next_member() {
            black_box(archive.start(132).is_ok());
            if member.bytes < 1 << 20 {
                let content = archive.content();
                assert!(content.is_err() || content.is_ok_and(|content| content.len() as u64 == member.bytes));
            }
        }
    }
}

fn profiles() -> Vec<Vec<u8>> {
    vec![Space::DisplayP3.profile(), Space::AdobeRgb.profile()]
}

fn colour_profiles(bytes: &[u8]) {
    let pixels = Samples::Rgb(vec![200, 80, 60]);
    assert_eq!(to_srgb(pixels, &ColourSpace::Icc(bytes.to_vec())).0.len(), 3);
}

fn masks_of_others() -> Vec<Vec<u8>> {
    let photo = Scene::any(3).draw(16, 12).photo;
    vec![
        Png::palette(&photo, false).bytes(),
        Png::grey(&photo, 1).bytes(),
        files::bmp(&photo),
        files::tiff(&[&photo], false),
    ]
}

const MASK: Size = Size { width: 16, height: 12 };

fn own_masks() -> Vec<Vec<u8>> {
    let mut mask = LabelMap::filled(MASK.width, MASK.height, SKIN);
    mask.paint(4, 3, 9, LESION);
    vec![
        encode_mask(&mask, 1).unwrap(),
        encode_mask(&mask, 3).unwrap(),
        Png::rgb8(&Scene::any(3).draw(16, 12).photo).bytes(),
    ]
}

/// With one kind of lesion, and with three.
fn own_mask(bytes: &[u8]) {
    for kinds in [1, 3] {
        if let Ok(mask) = decode_mask(bytes, MASK, kinds) {
            let again = encode_mask(&mask, kinds).unwrap();
            assert_eq!(decode_mask(&again, MASK, kinds).unwrap().data, mask.data);
        }
    }
}

fn manifests() -> Vec<Vec<u8>> {
    vec![
        include_bytes!("../../models/derm-skin/manifest.json").to_vec(),
        br#"{"input":{"size":{"multiple_of":32,"long_side":512},"layout":"nhwc","channels":"bgr","resize":"letterbox",
        "pad":[1,2,3],"scale":0.1,"mean":[1,2,3],"std":[1,2,3]},"output":{"layout":"nchw","values":"probabilities",
        "activation":"softmax","classes":["background","skin","lesion"],"temperature":2,"thresholds":{"lesion":0.4}}}"#
            .to_vec(),
    ]
}

/// Read, completed and filled in by graphs of some shapes.
fn manifest(bytes: &[u8]) {
    let Ok(manifest) = serde_json::from_slice::<Manifest>(bytes) else { return };
    for (channels, side, classes) in [(Some(3), None, 3), (Some(1), Some(64), 1), (None, Some(64), 2)] {
        let tensor = |name: &str, channels| TensorInfo {
            name: name.into(),
            element: Element::Float32,
            dims: vec![Some(1), channels, side, side],
        };
        let graph =
            GraphInfo { inputs: vec![tensor("image", channels)], outputs: vec![tensor("map", Some(classes as u32))] };
        let seen = Observed {
            shape: vec![1, classes, 64, 64],
            element: Element::Float32,
            min: -3.0,
            max: 4.0,
            sums_to_one: false,
        };
        let input = resolve_input(&manifest.input, &graph);
        black_box(resolve_output(&manifest.output, &graph, Layout::Nchw, &seen).is_ok());
        let filled = fill_in_output(fill_in_input(&manifest, &graph), &graph, Some(&seen));
        black_box((input.is_ok(), serde_json::to_string(&filled).is_ok()));
    }
}

fn graphs() -> Vec<Vec<u8>> {
    let tensor = |location: &[u8]| {
        let field = |tag: u8, content: &[u8]| [&[tag << 3 | 2, content.len() as u8], content].concat();
        let entry = field(13, &[field(1, b"location"), field(2, location)].concat());
        field(7, &field(5, &entry))
    };
    vec![models::colour_rule(), tensor(b"weights.bin"), tensor(b"../weights.bin")]
}

fn graph(bytes: &[u8]) {
    black_box(side_files(bytes, Path::new("no-such-folder")).is_ok());
}

fn tables_of_people() -> Vec<Vec<u8>> {
    vec![
        b"image,patient_id,sex,age\na/1.jpg,P01,f,40\na/2.jpg,P01,f,40\n\"b,1.jpg\",P02,m,n/a\n".to_vec(),
        "bild;person;größe\nä.jpg;1;2\n".as_bytes().to_vec(),
    ]
}

fn people(bytes: &[u8]) {
    black_box(Subjects::parse(&text(bytes), &SubjectsPlan::default()).is_ok());
}

fn reviews() -> Vec<Vec<u8>> {
    vec![
        b"path,result,mark,note,mm_per_px\na.jpg,00ff,good,,\nsub/b.jpg,,redo,\"too, dark\",0.05\n".to_vec(),
        b"\"path\";\"mark\";\"mm_per_px\"\n'=a.jpg;poor;1e-2\n".to_vec(),
    ]
}

fn lists() -> Vec<Vec<u8>> {
    vec![b"a/b.jpg\nc d.png\r\n\n../e.tif\n".to_vec(), b"a\0b/\xff.jpg\0".to_vec()]
}

fn list(bytes: &[u8]) {
    for path in read_list(bytes, "test").unwrap_or_default() {
        black_box(scan_path(&path));
    }
}

/// Of the command line: formats of masks, and gates.
fn words() -> Vec<Vec<u8>> {
    let words =
        ["lesion=ff0000,skin=00ff00", "zero-one", "lesion=nevus", "dice_lesion=0.8", "tone:dark/iou_lesion:p05=1e-1"];
    words.map(|word| word.as_bytes().to_vec()).to_vec()
}

fn word(bytes: &[u8]) {
    let text = text(bytes);
    if let Ok(format) = text.parse::<ReferenceFormat>() {
        black_box(format.to_string());
    }
    black_box((Gate::parse(Side::Min, &text).is_ok(), Gate::parse(Side::Max, &text).is_ok()));
}

fn keys() -> Vec<Vec<u8>> {
    vec![b"age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj".to_vec(), b"ssh-ed25519 AAAA".to_vec()]
}

fn runs() -> Vec<Vec<u8>> {
    vec![b"04".to_vec(), b"1203oo:3".to_vec(), b"`ZZZ0[kkk".to_vec()]
}

fn run_lengths(bytes: &[u8]) {
    if let Ok(runs) = Rle::from_text(&text(bytes), 40, 30) {
        assert_eq!(Rle::from_text(&runs.to_text(), 40, 30), Ok(runs));
    }
}

/// COCO and LabelMe.
fn outlines() -> Vec<Vec<u8>> {
    let coco =
        br#"{"images":[{"id":1,"file_name":"a.jpg","width":40,"height":30}],"categories":[{"id":2,"name":"lesion"}],
        "annotations":[{"image_id":1,"category_id":2,"segmentation":[[1,1,9,1,9,9]]},
        {"image_id":1,"category_id":2,"segmentation":{"size":[30,40],"counts":[2,3,1]}},
        {"image_id":1,"category_id":2,"segmentation":{"size":[30,40],"counts":"1203"}}]}"#;
    let labelme = br#"{"imageWidth":40,"imageHeight":30,"shapes":[{"label":"lesion","points":[[1,1],[9,1],[9.5,1e1]]},
        {"label":"skin","points":[[5,5],[6,6]],"shape_type":"circle"},{"label":"lesion","points":[[5,5],[6,6]],"shape_type":"rectangle"}]}"#;
    vec![coco.to_vec(), labelme.to_vec()]
}

fn outline(bytes: &[u8]) {
    // An image of a thousand megapixels is within bounds, and takes its time.
    if bytes.windows(4).any(|four| four.iter().all(u8::is_ascii_digit)) {
        return;
    }
    black_box(read_labelme(bytes, &known_class).is_ok());
    if let Ok(set) = CocoSet::read(bytes, &known_class) {
        (0..set.names().count()).for_each(|image| _ = black_box(set.mask(image).is_ok()));
    }
}

fn records() -> Vec<Vec<u8>> {
    let failed = r#"{"schema":"derm-seg/record/1","status":"failed","input":{"path":"sub/a.jpg","format":"jpeg","bytes":3,"blake3":"00",
        "width":4,"height":3,"orientation":6},"failure":{"stage":"decode","code":"truncated","message":"cut"}}"#;
    let done = r#"{"schema":"derm-seg/record/1","status":"done","input":{"path":"arm/plaques.jpg","format":"jpeg",
        "bytes":36407,"blake3":"00ff","width":800,"height":600,"orientation":1},"photo":{"width":800,
        "height":600},"model":{"name":"derm-skin","version":"1.3.0","sha256":"00ff"},
        "mask":{"path":"masks/arm/plaques.jpg.png","blake3":"00ff"},"area":{"background_px":244940,
        "skin_px":206614,"lesion_px":28446,"lesion_fraction_of_frame":0.06,"lesion_fraction_of_skin":0.12,
        "mm_per_px":null},"lesions":[{"id":1,"area_px":11679,"fraction_of_frame":0.02,
        "fraction_of_skin":0.05,"bbox":[165,68,137,119],"centroid":[233.65,128.31],"perimeter_px":417.2,
        "equivalent_diameter_px":121.94,"major_axis_px":138.7,"minor_axis_px":107.62,"orientation_rad":-1.14,
        "eccentricity":0.63,"solidity":0.98,"extent":0.72,"circularity":0.84,"feret_diameter_px":140.77,
        "euler_number":1,"asymmetry":[0.04,0.04],"touches_border":false,"confidence":0.97}],
        "specks":{"count":0,"area_px":0},"colour":{"lesion":{"lab_mean":[56.62,29.64,13.2],"lab_sd":[7.64,
        6.96,3.11],"erythema_index":49.27,"melanin_index":29.04},"perilesional":{"lab_mean":[74.8,9.45,10.8],
        "lab_sd":[7.41,2.65,1.79],"erythema_index":16.02,"melanin_index":19.91},"difference":{"dl":-18.18,
        "da":20.19,"db":2.4,"ciede2000":19.39,"erythema_index":33.25,"melanin_index":9.13},"ita":64.86,
        "tone_bin":"very_light"},"quality":{"sharpness":188.86,"clipped_dark":0.0,"clipped_bright":0.0,
        "flags":[]},"confidence":{"lesion_mean":0.97,"lesion_entropy":0.09,"undecided_fraction":0.0},
        "privacy":{"findings":[]},"warnings":[]}"#;
    vec![failed.as_bytes().to_vec(), done.as_bytes().to_vec()]
}

fn record(bytes: &[u8]) {
    if let Ok(record) = serde_json::from_slice::<Record>(bytes) {
        black_box(record.to_json().is_ok());
    }
}

fn withdrawn() -> Vec<Vec<u8>> {
    vec![br#"{"schema":"derm-seg/withdrawn/1","key":"00ff","marks":["00","ff"]}"#.to_vec()]
}
