//! A PNG writer for what the usual encoders do not write: every depth, interlacing, chosen extra chunks, false headers.

use std::io::Write;

use derm_seg::domain::photo::Photo;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colour {
    Grey = 0,
    Rgb = 2,
    Palette = 3,
    GreyAlpha = 4,
    Rgba = 6,
}

pub struct Png {
    pub width: u32,
    pub height: u32,
    pub depth: u8,
    pub colour: Colour,
    pub interlaced: bool,
    /// Row by row, channels interleaved, each sample in the range of `depth`.
    pub samples: Vec<u16>,
    /// Written after the header: kind and content.
    pub chunks: Vec<([u8; 4], Vec<u8>)>,
}

impl Png {
    pub fn rgb8(photo: &Photo) -> Self {
        Self::of(photo, 8, Colour::Rgb, |p| p.map(u16::from).to_vec())
    }

    /// Each pixel of a photo becomes the samples that `convert` makes of it.
    pub fn of(photo: &Photo, depth: u8, colour: Colour, convert: impl Fn([u8; 3]) -> Vec<u16>) -> Self {
        let samples = photo.rgb.chunks_exact(3).flat_map(|p| convert([p[0], p[1], p[2]])).collect();
        let Photo { width, height, .. } = *photo;
        Self { width, height, depth, colour, interlaced: false, samples, chunks: Vec::new() }
    }

    /// Grey of any depth; 16-bit samples use their full range.
    pub fn grey(photo: &Photo, depth: u8) -> Self {
        let most = (1u64 << depth) - 1;
        Self::of(photo, depth, Colour::Grey, |p| vec![(luma(p) * most / 255) as u16])
    }

    pub fn rgb16(photo: &Photo) -> Self {
        Self::of(photo, 16, Colour::Rgb, |p| p.map(|c| u16::from(c) * 257).to_vec())
    }

    /// Sixteen greys; entry 0 can be fully transparent.
    pub fn palette(photo: &Photo, transparent_first: bool) -> Self {
        let mut png = Self::of(photo, 4, Colour::Palette, |p| vec![(luma(p) / 16) as u16]);
        png.chunks.push((*b"PLTE", (0..16u8).flat_map(|i| [i * 17; 3]).collect()));
        if transparent_first {
            png.chunks.push((*b"tRNS", vec![0]));
        }
        png
    }

    /// Opaque on the left half, half transparent on the right.
    pub fn rgba(photo: &Photo) -> Self {
        let mut png = Self::of(photo, 8, Colour::Rgba, |p| vec![p[0].into(), p[1].into(), p[2].into(), 255]);
        let width = png.width as usize;
        for (i, pixel) in png.samples.chunks_exact_mut(4).enumerate() {
            if i % width >= width / 2 {
                pixel[3] = 128;
            }
        }
        png
    }

    pub fn interlaced(self) -> Self {
        Self { interlaced: true, ..self }
    }

    pub fn with(mut self, kind: &[u8; 4], content: &[u8]) -> Self {
        self.chunks.push((*kind, content.to_vec()));
        self
    }

    pub fn with_icc(self, profile: &[u8]) -> Self {
        let content = [b"profile\0\0".as_slice(), &deflate(profile)].concat();
        self.with(b"iCCP", &content)
    }

    pub fn bytes(&self) -> Vec<u8> {
        let mut rows = Vec::new();
        let whole = [(0, 0, 1, 1)];
        let adam7 = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)];
        for &(x0, y0, dx, dy) in if self.interlaced { &adam7[..] } else { &whole[..] } {
            for y in (y0..self.height).step_by(dy).filter(|_| x0 < self.width) {
                rows.push(0);
                self.pack((x0..self.width).step_by(dx).map(|x| (x, y)), &mut rows);
            }
        }
        let mut file = header(self.width, self.height, self.depth, self.colour, self.interlaced);
        for (kind, content) in &self.chunks {
            file.extend(chunk(kind, content));
        }
        file.extend(chunk(b"IDAT", &deflate(&rows)));
        file.extend(chunk(b"IEND", &[]));
        file
    }

    /// One row's samples as bytes, high bits first.
    fn pack(&self, pixels: impl Iterator<Item = (u32, u32)>, out: &mut Vec<u8>) {
        let channels = self.samples.len() / (self.width as usize * self.height as usize);
        let (mut held, mut bits) = (0u32, 0);
        for (x, y) in pixels {
            let at = (y as usize * self.width as usize + x as usize) * channels;
            for &sample in &self.samples[at..at + channels] {
                (held, bits) = (held << self.depth | u32::from(sample), bits + u32::from(self.depth));
                while bits >= 8 {
                    bits -= 8;
                    out.push((held >> bits) as u8);
                    held &= (1 << bits) - 1;
                }
            }
        }
        if bits > 0 {
            out.push((held << (8 - bits)) as u8);
        }
    }
}

pub fn luma(p: [u8; 3]) -> u64 {
    (u64::from(p[0]) * 299 + u64::from(p[1]) * 587 + u64::from(p[2]) * 114) / 1000
}

/// The signature and an IHDR that may claim any size.
pub fn header(width: u32, height: u32, depth: u8, colour: Colour, interlaced: bool) -> Vec<u8> {
    let mut ihdr = [width.to_be_bytes(), height.to_be_bytes()].concat();
    ihdr.extend([depth, colour as u8, 0, 0, interlaced.into()]);
    [b"\x89PNG\r\n\x1a\n".to_vec(), chunk(b"IHDR", &ihdr)].concat()
}

pub fn chunk(kind: &[u8; 4], content: &[u8]) -> Vec<u8> {
    let mut crc = flate2::Crc::new();
    crc.update(kind);
    crc.update(content);
    [&(content.len() as u32).to_be_bytes(), kind.as_slice(), content, &crc.sum().to_be_bytes()].concat()
}

pub fn deflate(content: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}
