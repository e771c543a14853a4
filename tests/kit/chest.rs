//! A drawn chest in slices: a body, two lungs, a heart, a spine, and nodules of known place and size. It knows nothing of real chests.

use std::fs;
use std::io;
use std::path::Path;

use super::dicom::{Dicom, Value};
use super::models;

pub const WIDTH: u32 = 160;
pub const HEIGHT: u32 = 128;
pub const PX_MM: f64 = 2.0;
pub const SLICE_MM: f64 = 5.0;
pub const SLICES: usize = 24;
/// Of the middle of the first pixel of the first slice.
pub const FIRST: [f64; 3] = [-159.0, -127.0, -60.0];

pub struct Nodule {
    /// Millimetres, in the patient's coordinates.
    pub centre: [f64; 3],
    pub radius: f64,
}

/// The last one goes on beyond the last slice.
pub const NODULES: [Nodule; 4] = [
    Nodule { centre: [-70.0, 0.0, -20.0], radius: 12.0 },
    Nodule { centre: [72.0, -5.0, 10.0], radius: 9.0 },
    Nodule { centre: [66.0, 25.0, 30.0], radius: 7.0 },
    Nodule { centre: [-75.0, 10.0, 55.0], radius: 9.0 },
];

pub fn z(slice: usize) -> f64 {
    FIRST[2] + SLICE_MM * slice as f64
}

fn place(slice: usize, pixel: usize) -> [f64; 3] {
    let (x, y) = (pixel % WIDTH as usize, pixel / WIDTH as usize);
    [FIRST[0] + PX_MM * x as f64, FIRST[1] + PX_MM * y as f64, z(slice)]
}

/// In a nodule, or so many millimetres around it.
fn is_nodule(at: [f64; 3], around: f64) -> bool {
    let within = |n: &Nodule| (0..3).map(|i| (at[i] - n.centre[i]).powi(2)).sum::<f64>() < (n.radius + around).powi(2);
    NODULES.iter().any(within)
}

/// In Hounsfield units, about.
fn density(at: [f64; 3], noise: i16) -> i16 {
    let [x, y, _] = at;
    let within = |cx: f64, cy: f64, rx: f64, ry: f64| ((x - cx) / rx).powi(2) + ((y - cy) / ry).powi(2) < 1.0;
    let is_lung = within(-65.0, 0.0, 45.0, 80.0) || within(65.0, 0.0, 45.0, 80.0);
    match () {
        () if is_nodule(at, 0.0) => 30 + noise,
        () if within(0.0, 85.0, 18.0, 18.0) => 500 + noise,
        () if within(10.0, -30.0, 35.0, 35.0) => 50 + noise,
        () if is_lung => -850 + noise,
        () if within(0.0, 0.0, 150.0, 115.0) => 40 + noise,
        () => -1000,
    }
}

pub fn truth(slice: usize) -> Vec<bool> {
    (0..(WIDTH * HEIGHT) as usize).map(|pixel| is_nodule(place(slice, pixel), 0.0)).collect()
}

/// What somebody marks is a little larger.
pub fn marked(slice: usize) -> Vec<bool> {
    (0..(WIDTH * HEIGHT) as usize).map(|pixel| is_nodule(place(slice, pixel), 1.0)).collect()
}

/// Stored values are Hounsfield units and 1000.
pub fn values(slice: usize) -> Vec<i16> {
    let noise = |pixel: usize| ((pixel * 7919 + slice * 104_729) % 41) as i16 - 20;
    (0..(WIDTH * HEIGHT) as usize).map(|pixel| density(place(slice, pixel), noise(pixel)) + 1000).collect()
}

fn uid(what: &str, number: usize) -> String {
    format!("1.2.826.0.1.3680043.8.498.{what}.{number}")
}

/// With a window for lungs.
pub fn slice(slice: usize) -> Dicom {
    Dicom::slice(WIDTH, HEIGHT, &values(slice))
        .text(0x0008_0018, b"UI", &uid("77", slice + 1))
        .text(0x0018_0050, b"DS", &SLICE_MM.to_string())
        .text(0x0020_0013, b"IS", &(slice + 1).to_string())
        .text(0x0020_0032, b"DS", &format!("{}\\{}\\{}", FIRST[0], FIRST[1], z(slice)))
        .text(0x0020_0052, b"UI", &uid("78", 1))
        .text(0x0028_0030, b"DS", &format!("{PX_MM}\\{PX_MM}"))
        .text(0x0028_1050, b"DS", "-300")
        .text(0x0028_1051, b"DS", "1400")
}

/// What somebody marked, as programs for doctors write it: one file for the whole series, and no frame where nothing is.
pub fn segmentation(label: &str) -> Dicom {
    let slices: Vec<usize> = (0..SLICES).filter(|i| marked(*i).contains(&true)).collect();
    let bits: Vec<bool> = slices.iter().flat_map(|i| marked(*i)).collect();
    let packed =
        bits.chunks(8).map(|eight| eight.iter().enumerate().fold(0, |byte, (i, bit)| byte | u8::from(*bit) << i));
    let one = |item: Dicom| Value::Items(vec![item], true);
    let refers = |i: usize| {
        Dicom::item().text(0x0008_1150, b"UI", "1.2.840.10008.5.1.4.1.1.2").text(0x0008_1155, b"UI", &uid("77", i + 1))
    };
    let frame = |i: &usize| {
        let derived = Dicom::item().with(0x0008_2112, b"SQ", one(refers(*i)));
        let place = format!("{}\\{}\\{}", FIRST[0], FIRST[1], z(*i));
        Dicom::item()
            .with(0x0008_9124, b"SQ", one(derived))
            .with(0x0020_9113, b"SQ", one(Dicom::item().text(0x0020_0032, b"DS", &place)))
            .with(0x0062_000A, b"SQ", one(Dicom::item().words(0x0062_000B, &[1])))
    };
    let shared = Dicom::item()
        .with(0x0020_9116, b"SQ", one(Dicom::item().text(0x0020_0037, b"DS", "1\\0\\0\\0\\1\\0")))
        .with(0x0028_9110, b"SQ", one(Dicom::item().text(0x0028_0030, b"DS", &format!("{PX_MM}\\{PX_MM}"))));
    let series = Dicom::item().with(0x0008_114A, b"SQ", Value::Items((0..SLICES).map(refers).collect(), true));
    let segment = Dicom::item().words(0x0062_0004, &[1]).text(0x0062_0005, b"LO", label);
    Dicom::item()
        .text(0x0008_0016, b"UI", "1.2.840.10008.5.1.4.1.1.66.4")
        .text(0x0008_0018, b"UI", &uid("79", 1))
        .text(0x0008_0060, b"CS", "SEG")
        .with(0x0008_1115, b"SQ", one(series))
        .words(0x0028_0002, &[1])
        .text(0x0028_0004, b"CS", "MONOCHROME2")
        .text(0x0028_0008, b"IS", &slices.len().to_string())
        .words(0x0028_0010, &[HEIGHT as u16])
        .words(0x0028_0011, &[WIDTH as u16])
        .words(0x0028_0100, &[1])
        .words(0x0028_0101, &[1])
        .words(0x0028_0102, &[0])
        .words(0x0028_0103, &[0])
        .text(0x0062_0001, b"CS", "BINARY")
        .with(0x0062_0002, b"SQ", one(segment))
        .with(0x5200_9229, b"SQ", one(shared))
        .with(0x5200_9230, b"SQ", Value::Items(slices.iter().map(frame).collect(), true))
        .with(0x7FE0_0010, b"OB", Value::Bytes(packed.collect()))
}

/// Of the model that finds the nodules: what it was given in training.
pub const MANIFEST: &str = r#"{
  "schema": "derm-seg/manifest/1",
  "name": "drawn-nodules",
  "version": "1",
  "licence": "Apache-2.0",
  "intended_use": "The drawn chest of the tests, and nothing else",
  "input": {
    "channels": "grey",
    "values": "stored",
    "range": [-1000, 400],
    "mean": [-1000],
    "std": [1400],
    "size": {"multiple_of": 16, "long_side": 160}
  },
  "output": {
    "classes": [{"name": "nodule", "role": "lesion"}],
    "values": "logits"
  }
}
"#;

/// The slices of a patient, the model, and what somebody marked, as files.
pub fn write(root: &Path) -> io::Result<()> {
    let put = |path: String, bytes: Vec<u8>| {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap_or(root))?;
        fs::write(path, bytes)
    };
    (0..SLICES).try_for_each(|i| put(format!("slices/P01/{:02}.dcm", i + 1), slice(i).bytes()))?;
    put("model/model.onnx".to_owned(), models::nodules())?;
    put("model/manifest.json".to_owned(), MANIFEST.as_bytes().to_vec())?;
    put("marked/P01/nodules.dcm".to_owned(), segmentation("nodule").bytes())
}
