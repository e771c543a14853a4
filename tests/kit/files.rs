//! Writes a photo as every kind of file that people have: JPEG of all sorts, TIFF, BMP, WebP, GIF, with and without metadata.

use std::io::Cursor;

use derm_seg::domain::photo::Photo;
use image::ExtendedColorType;
use jpeg_encoder::{ColorType, Encoder, SamplingFactor};

use super::pngs::luma;

/// What a test searches the results for: none of it may ever be there.
pub const SENTINEL: &str = "Zx9SENTINELq";

#[derive(Clone, Debug)]
pub struct Jpeg {
    pub quality: u8,
    pub progressive: bool,
    pub sampling: SamplingFactor,
    /// A TIFF block, as `exif` makes it.
    pub exif: Option<Vec<u8>>,
    pub icc: Option<Vec<u8>>,
    pub comment: bool,
}

impl Default for Jpeg {
    fn default() -> Self {
        let sampling = SamplingFactor::F_1_1;
        Self { quality: 92, progressive: false, sampling, exif: None, icc: None, comment: false }
    }
}

impl Jpeg {
    /// As phones and cameras write it: chroma at half size.
    pub fn camera() -> Self {
        Self { sampling: SamplingFactor::F_2_2, ..Self::default() }
    }

    pub fn write(&self, photo: &Photo) -> Vec<u8> {
        self.encode(&photo.rgb, photo.width, photo.height, ColorType::Rgb)
    }

    pub fn write_grey(&self, photo: &Photo) -> Vec<u8> {
        let grey: Vec<u8> = photo.rgb.chunks_exact(3).map(|p| luma([p[0], p[1], p[2]]) as u8).collect();
        self.encode(&grey, photo.width, photo.height, ColorType::Luma)
    }

    /// With Adobe's marker the inks are stored inverted, as Photoshop does; without it they are stored as they are.
    pub fn write_cmyk(&self, photo: &Photo, adobe: bool) -> Vec<u8> {
        let inks = |p: &[u8]| {
            let k = 255 - p[0].max(p[1]).max(p[2]);
            let ink = |c: u8| ((u32::from(255 - k - c) * 255) / u32::from(255 - k).max(1)) as u8;
            [ink(p[0]), ink(p[1]), ink(p[2]), k].map(|v| if adobe { v } else { 255 - v })
        };
        let cmyk: Vec<u8> = photo.rgb.chunks_exact(3).flat_map(inks).collect();
        let file = self.encode(&cmyk, photo.width, photo.height, ColorType::Cmyk);
        if adobe { file } else { without_segment(&file, 0xee) }
    }

    fn encode(&self, pixels: &[u8], width: u32, height: u32, colour: ColorType) -> Vec<u8> {
        let mut file = Vec::new();
        let mut encoder = Encoder::new(&mut file, self.quality);
        encoder.set_progressive(self.progressive);
        encoder.set_sampling_factor(self.sampling);
        if let Some(exif) = &self.exif {
            encoder.add_exif_metadata(exif).unwrap();
        }
        if let Some(icc) = &self.icc {
            encoder.add_icc_profile(icc).unwrap();
        }
        if self.comment {
            let xmp =
                format!("http://ns.adobe.com/xap/1.0/\0<x:xmpmeta><dc:creator>{SENTINEL}</dc:creator></x:xmpmeta>");
            encoder.add_app_segment(1, xmp.into_bytes()).unwrap();
            let iptc = format!("Photoshop 3.0\x008BIM\x04\x04\0\0\0\x11\x1c\x02\x50\0\x0c{SENTINEL}\0");
            encoder.add_app_segment(13, iptc.into_bytes()).unwrap();
        }
        encoder.encode(pixels, width as u16, height as u16, colour).unwrap();
        if self.comment { with_segment(&file, 0xfe, SENTINEL.as_bytes()) } else { file }
    }
}

/// Inserts a segment right after the start of the file.
pub fn with_segment(jpeg: &[u8], marker: u8, content: &[u8]) -> Vec<u8> {
    let length = (content.len() as u16 + 2).to_be_bytes();
    [&jpeg[..2], &[0xff, marker], &length, content, &jpeg[2..]].concat()
}

fn without_segment(jpeg: &[u8], marker: u8) -> Vec<u8> {
    let at = jpeg.windows(2).position(|w| w == [0xff, marker]).unwrap();
    let length = usize::from(u16::from_be_bytes([jpeg[at + 2], jpeg[at + 3]]));
    [&jpeg[..at], &jpeg[at + 2 + length..]].concat()
}

/// An EXIF block that holds the orientation only.
pub fn exif(orientation: u8) -> Vec<u8> {
    tiff_block(&[(0x0112, Value::Short(orientation.into()))], &[])
}

/// An EXIF block as a phone writes it: owner, serial number, software, dates and a place.
pub fn identifying_exif(orientation: u8) -> Vec<u8> {
    let text = || Value::Text(SENTINEL.to_owned());
    let main = [
        (0x010f, text()),
        (0x0110, text()),
        (0x0112, Value::Short(orientation.into())),
        (0x0131, text()),
        (0x0132, Value::Text("2021:03:04 05:06:07".to_owned())),
        (0x013b, text()),
        (0x8298, text()),
    ];
    let place = [
        (0x0001, Value::Text("N".to_owned())),
        (0x0002, Value::Degrees([37, 33, 59])),
        (0x0003, Value::Text("E".to_owned())),
        (0x0004, Value::Degrees([126, 58, 41])),
    ];
    tiff_block(&main, &place)
}

enum Value {
    Short(u16),
    Text(String),
    Degrees([u32; 3]),
    Offset(u32),
}

fn tiff_block(main: &[(u16, Value)], gps: &[(u16, Value)]) -> Vec<u8> {
    let entries = main.len() + usize::from(!gps.is_empty());
    let mut block = b"II*\0\x08\0\0\0".to_vec();
    let main_end = 8 + 2 + entries * 12 + 4;
    let main_tail: usize = main.iter().map(|(_, v)| tail(v).len()).sum();
    let gps_at = (main_end + main_tail) as u32;
    let pointer = (0x8825, Value::Offset(gps_at));
    let all: Vec<_> = main.iter().chain((!gps.is_empty()).then_some(&pointer)).collect();
    write_directory(&mut block, &all);
    if !gps.is_empty() {
        write_directory(&mut block, &gps.iter().collect::<Vec<_>>());
    }
    block
}

fn write_directory(block: &mut Vec<u8>, entries: &[&(u16, Value)]) {
    let mut tails = Vec::new();
    let tails_at = block.len() + 2 + entries.len() * 12 + 4;
    block.extend((entries.len() as u16).to_le_bytes());
    for (tag, value) in entries {
        let (kind, count) = match value {
            Value::Short(_) => (3u16, 1),
            Value::Text(text) => (2, text.len() + 1),
            Value::Degrees(_) => (5, 3),
            Value::Offset(_) => (4, 1),
        };
        block.extend(tag.to_le_bytes());
        block.extend(kind.to_le_bytes());
        block.extend((count as u32).to_le_bytes());
        let content = tail(value);
        match value {
            Value::Short(v) => block.extend(u32::from(*v).to_le_bytes()),
            Value::Offset(v) => block.extend(v.to_le_bytes()),
            Value::Text(text) if content.is_empty() => block.extend([text.as_bytes()[0], 0, 0, 0]),
            _ => block.extend(((tails_at + tails.len()) as u32).to_le_bytes()),
        }
        tails.extend(content);
    }
    block.extend([0; 4]);
    block.extend(tails);
}

/// What does not fit into an entry's four bytes.
fn tail(value: &Value) -> Vec<u8> {
    match value {
        Value::Text(text) if text.len() > 3 => [text.as_bytes(), &[0]].concat(),
        Value::Degrees(parts) => parts.iter().flat_map(|p| [p.to_le_bytes(), 1u32.to_le_bytes()].concat()).collect(),
        _ => Vec::new(),
    }
}

/// The pixels to store so that a reader that obeys this EXIF orientation sees `photo`.
pub fn stored_for(photo: &Photo, orientation: u8) -> Photo {
    let (w, h) = (photo.width, photo.height);
    let (sw, sh) = if orientation >= 5 { (h, w) } else { (w, h) };
    let mut rgb = Vec::with_capacity(photo.rgb.len());
    for y in 0..sh {
        for x in 0..sw {
            // Where the stored pixel (x, y) is seen in the upright photo.
            let (ux, uy) = match orientation {
                1 => (x, y),
                2 => (w - 1 - x, y),
                3 => (w - 1 - x, h - 1 - y),
                4 => (x, h - 1 - y),
                5 => (y, x),
                6 => (w - 1 - y, x),
                7 => (w - 1 - y, h - 1 - x),
                8 => (y, h - 1 - x),
                other => panic!("no orientation {other}"),
            };
            rgb.extend(photo.pixel(ux, uy));
        }
    }
    Photo { width: sw, height: sh, rgb }
}

/// TIFF pages, 8 or 16 bits a channel.
pub fn tiff(pages: &[&Photo], deep: bool) -> Vec<u8> {
    let mut file = Cursor::new(Vec::new());
    let mut encoder = tiff::encoder::TiffEncoder::new(&mut file).unwrap();
    for page in pages {
        if deep {
            let samples: Vec<u16> = page.rgb.iter().map(|&c| u16::from(c) * 257).collect();
            encoder.write_image::<tiff::encoder::colortype::RGB16>(page.width, page.height, &samples).unwrap();
        } else {
            encoder.write_image::<tiff::encoder::colortype::RGB8>(page.width, page.height, &page.rgb).unwrap();
        }
    }
    file.into_inner()
}

pub fn bmp(photo: &Photo) -> Vec<u8> {
    let mut file = Cursor::new(Vec::new());
    let mut encoder = image::codecs::bmp::BmpEncoder::new(&mut file);
    encoder.encode(&photo.rgb, photo.width, photo.height, ExtendedColorType::Rgb8).unwrap();
    file.into_inner()
}

pub fn webp(photo: &Photo) -> Vec<u8> {
    let mut file = Vec::new();
    let encoder = image::codecs::webp::WebPEncoder::new_lossless(&mut file);
    encoder.encode(&photo.rgb, photo.width, photo.height, ExtendedColorType::Rgb8).unwrap();
    file
}

pub fn animated_gif(frames: &[&Photo]) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = image::codecs::gif::GifEncoder::new(&mut file);
    for frame in frames {
        encoder.encode(&frame.rgb, frame.width, frame.height, ExtendedColorType::Rgb8).unwrap();
    }
    drop(encoder);
    file
}

/// The container is written here: each frame is a lossless still's bitstream.
pub fn animated_webp(frames: &[&Photo]) -> Vec<u8> {
    let three = |n: u32| n.to_le_bytes()[..3].to_vec();
    let size = |p: &Photo| [three(p.width - 1), three(p.height - 1)].concat();
    let mut body = b"WEBP".to_vec();
    body.extend(riff(b"VP8X", &[vec![0x02, 0, 0, 0], size(frames[0])].concat()));
    body.extend(riff(b"ANIM", &[0; 6]));
    for frame in frames {
        let still = webp(frame);
        let head = [vec![0; 6], size(frame), three(100), vec![0x02]].concat();
        body.extend(riff(b"ANMF", &[head, still[12..].to_vec()].concat()));
    }
    riff(b"RIFF", &body)
}

fn riff(kind: &[u8; 4], content: &[u8]) -> Vec<u8> {
    let mut chunk = [kind.as_slice(), &(content.len() as u32).to_le_bytes(), content].concat();
    if content.len() % 2 == 1 {
        chunk.push(0);
    }
    chunk
}
