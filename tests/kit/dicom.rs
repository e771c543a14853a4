//! Writes DICOM files: photographs, slices, several frames, with attributes that tell who it is; explicit, implicit and
//! big-endian.

use std::collections::BTreeMap;

use derm_seg::domain::photo::Photo;

use super::files::{Jpeg, SENTINEL};

const PIXEL_DATA: u32 = 0x7FE0_0010;
pub const JPEG_BASELINE: &str = "1.2.840.10008.1.2.4.50";
pub const JPEG_LS: &str = "1.2.840.10008.1.2.4.80";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coding {
    Explicit,
    Implicit,
    Big,
}

#[derive(Clone, Debug)]
pub enum Value {
    Bytes(Vec<u8>),
    /// Numbers of two bytes, written in the order of the file.
    Words(Vec<u16>),
    /// Items of a sequence; with lengths or without.
    Items(Vec<Dicom>, bool),
    /// Compressed frames.
    Pieces(Vec<Vec<u8>>),
}

#[derive(Clone, Debug)]
pub struct Dicom {
    pub coding: Coding,
    pub syntax: &'static str,
    pub elements: BTreeMap<u32, ([u8; 2], Value)>,
}

impl Dicom {
    pub fn item() -> Self {
        Self { coding: Coding::Explicit, syntax: "1.2.840.10008.1.2.1", elements: BTreeMap::new() }
    }

    /// What all pictures have, and nothing of a person.
    fn picture(width: u32, height: u32, samples: u16, photometric: &str, bits: u16) -> Self {
        Self::item()
            .text(0x0008_0016, b"UI", "1.2.840.10008.5.1.4.1.1.77.1.4")
            .text(0x0008_0018, b"UI", "1.2.826.0.1.3680043.8.498.1")
            .text(0x0008_0060, b"CS", "XC")
            .text(0x0020_000D, b"UI", "1.2.826.0.1.3680043.8.498.2")
            .text(0x0020_000E, b"UI", "1.2.826.0.1.3680043.8.498.3")
            .words(0x0028_0002, &[samples])
            .text(0x0028_0004, b"CS", photometric)
            .words(0x0028_0010, &[height as u16])
            .words(0x0028_0011, &[width as u16])
            .words(0x0028_0100, &[bits])
            .words(0x0028_0101, &[bits])
            .words(0x0028_0102, &[bits - 1])
            .words(0x0028_0103, &[0])
    }

    pub fn photo(photo: &Photo) -> Self {
        Self::frames(&[photo])
    }

    pub fn frames(photos: &[&Photo]) -> Self {
        let all = photos.iter().flat_map(|photo| photo.rgb.clone()).collect();
        let file = Self::picture(photos[0].width, photos[0].height, 3, "RGB", 8).words(0x0028_0006, &[0]);
        let file = file.with(PIXEL_DATA, b"OB", Value::Bytes(all));
        if photos.len() > 1 { file.text(0x0028_0008, b"IS", &photos.len().to_string()) } else { file }
    }

    pub fn jpeg(photos: &[&Photo]) -> Self {
        let pieces = photos.iter().map(|photo| Jpeg::camera().write(photo)).collect();
        let mut file = Self::frames(photos).text(0x0028_0004, b"CS", "YBR_FULL_422");
        file.syntax = JPEG_BASELINE;
        file.with(PIXEL_DATA, b"OB", Value::Pieces(pieces))
    }

    /// Grey values with a sign, as CT has them: rescaled by an intercept of -1000 with a window of 40 and 400, and square pixels.
    pub fn slice(width: u32, height: u32, values: &[i16]) -> Self {
        Self::picture(width, height, 1, "MONOCHROME2", 16)
            .text(0x0008_0060, b"CS", "CT")
            .words(0x0028_0103, &[1])
            .text(0x0020_0032, b"DS", "-120.5\\10\\-300.25")
            .text(0x0020_0037, b"DS", "1\\0\\0\\0\\1\\0")
            .text(0x0028_0030, b"DS", "0.5\\0.5")
            .text(0x0028_1050, b"DS", "40\\300")
            .text(0x0028_1051, b"DS", "400\\1500")
            .text(0x0028_1052, b"DS", "-1000")
            .text(0x0028_1053, b"DS", "1")
            .with(PIXEL_DATA, b"OW", Value::Words(values.iter().map(|v| *v as u16).collect()))
    }

    /// What hospitals write, and more: a person's name, numbers, texts, private and nested attributes, an overlay.
    pub fn identifying(self) -> Self {
        let inside = Self::item().text(0x0010_0010, b"PN", SENTINEL).text(0x0008_1080, b"LO", SENTINEL);
        let deeper = Self::item().with(0x0040_0275, b"SQ", Value::Items(vec![inside.clone()], false));
        self.text(0x0008_0020, b"DA", "20240131")
            .text(0x0008_0050, b"SH", SENTINEL)
            .text(0x0008_0080, b"LO", SENTINEL)
            .text(0x0008_0090, b"PN", SENTINEL)
            .text(0x0008_1030, b"LO", SENTINEL)
            .text(0x0010_0010, b"PN", &format!("{SENTINEL}^Hanako"))
            .text(0x0010_0020, b"LO", SENTINEL)
            .text(0x0010_0030, b"DA", "19600402")
            .text(0x0010_4000, b"LT", SENTINEL)
            .text(0x0018_1000, b"LO", SENTINEL)
            .text(0x0009_0010, b"LO", "VENDOR")
            .text(0x0009_1001, b"LO", SENTINEL)
            .with(0x0008_1110, b"SQ", Value::Items(vec![inside], true))
            .with(0x0040_A730, b"SQ", Value::Items(vec![deeper], false))
            .with(0x6000_3000, b"OW", Value::Bytes(vec![0xa5; 8]))
    }

    pub fn with(mut self, tag: u32, vr: &[u8; 2], value: Value) -> Self {
        self.elements.insert(tag, (*vr, value));
        self
    }

    pub fn text(self, tag: u32, vr: &[u8; 2], text: &str) -> Self {
        let mut bytes = text.as_bytes().to_vec();
        if bytes.len() % 2 == 1 {
            bytes.push(if vr == b"UI" { 0 } else { b' ' });
        }
        self.with(tag, vr, Value::Bytes(bytes))
    }

    pub fn words(self, tag: u32, words: &[u16]) -> Self {
        self.with(tag, b"US", Value::Words(words.to_vec()))
    }

    pub fn without(mut self, tag: u32) -> Self {
        self.elements.remove(&tag);
        self
    }

    pub fn coded(mut self, coding: Coding) -> Self {
        self.coding = coding;
        self.syntax = match coding {
            Coding::Explicit => "1.2.840.10008.1.2.1",
            Coding::Implicit => "1.2.840.10008.1.2",
            Coding::Big => "1.2.840.10008.1.2.2",
        };
        self
    }

    pub fn syntax(mut self, uid: &'static str) -> Self {
        self.syntax = uid;
        self
    }

    pub fn bytes(&self) -> Vec<u8> {
        let meta = Self::item()
            .with(0x0002_0001, b"OB", Value::Bytes(vec![0, 1]))
            .text(0x0002_0010, b"UI", self.syntax)
            .text(0x0002_0016, b"AE", SENTINEL);
        [&[0; 128], b"DICM".as_slice(), &meta.body(Coding::Explicit), &self.body(self.coding)].concat()
    }

    /// Without the preamble and the file's own group.
    pub fn bare(&self) -> Vec<u8> {
        self.body(self.coding)
    }

    fn body(&self, coding: Coding) -> Vec<u8> {
        self.elements.iter().flat_map(|(tag, (vr, value))| element(*tag, *vr, value, coding)).collect()
    }
}

fn word(v: u16, coding: Coding) -> [u8; 2] {
    if coding == Coding::Big { v.to_be_bytes() } else { v.to_le_bytes() }
}

fn double(v: u32, coding: Coding) -> [u8; 4] {
    if coding == Coding::Big { v.to_be_bytes() } else { v.to_le_bytes() }
}

fn tagged(tag: u32, coding: Coding) -> Vec<u8> {
    [word((tag >> 16) as u16, coding), word(tag as u16, coding)].concat()
}

fn item(content: &[u8], coding: Coding, has_length: bool) -> Vec<u8> {
    let length = if has_length { content.len() as u32 } else { u32::MAX };
    let mut item = [tagged(0xFFFE_E000, coding), double(length, coding).to_vec(), content.to_vec()].concat();
    if !has_length {
        item.extend([tagged(0xFFFE_E00D, coding), vec![0; 4]].concat());
    }
    item
}

fn element(tag: u32, vr: [u8; 2], value: &Value, coding: Coding) -> Vec<u8> {
    let (mut content, has_length) = match value {
        Value::Bytes(bytes) => (bytes.clone(), true),
        Value::Words(words) => (words.iter().flat_map(|w| word(*w, coding)).collect(), true),
        Value::Items(items, has_length) => {
            (items.iter().flat_map(|one| item(&one.body(coding), coding, *has_length)).collect(), *has_length)
        }
        Value::Pieces(pieces) => {
            let even = |piece: &Vec<u8>| [piece.as_slice(), &vec![0; piece.len() % 2]].concat();
            let pieces = std::iter::once(Vec::new()).chain(pieces.iter().map(even));
            (pieces.flat_map(|piece| item(&piece, Coding::Explicit, true)).collect(), false)
        }
    };
    if content.len() % 2 == 1 {
        content.push(0);
    }
    let length = if has_length { content.len() as u32 } else { u32::MAX };
    let mut bytes = tagged(tag, coding);
    match coding {
        Coding::Implicit => bytes.extend(double(length, coding)),
        _ if matches!(&vr, b"OB" | b"OW" | b"SQ" | b"UN" | b"UT") => {
            bytes.extend([vr.as_slice(), &[0, 0], &double(length, coding)].concat());
        }
        _ => bytes.extend([vr, word(length as u16, coding)].concat()),
    }
    bytes.extend(content);
    if !has_length {
        bytes.extend([tagged(0xFFFE_E0DD, coding), vec![0; 4]].concat());
    }
    bytes
}
