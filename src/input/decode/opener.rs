//! The one place where decoders of pictures are made. None is made without a bound on the picture, and what it may unpack
//! besides pixels (profiles, texts, tables) is bounded as well: all before memory is taken.
//!
//! JPEG photos, which `jpeg` reads with a decoder of its own, are held to the same bound there.

use std::io::Cursor;

use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits as DecoderLimits};

use super::PhotoFormat;
use crate::domain::record::Size;
use crate::input::walk::{png, riff};

/// The most that a picture may be.
#[derive(Clone, Copy, Debug)]
pub enum Bound {
    Pixels(u64),
    /// Of memory, as decoded.
    Bytes(u64),
}

/// Why a picture was not opened; whoever asked for it knows what it is called and what can be done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// With its size.
    #[error("{0}")]
    TooLarge(String),
    #[error("{0}")]
    Broken(String),
}

/// What a decoder may take besides the picture. An honest file has a hundredth of it.
const BESIDES: u64 = 64 << 20;
/// A JPEG cannot hold a larger profile, and no camera's comes near it.
pub const MAX_PROFILE: usize = 16 << 20;

impl Bound {
    pub fn check(self, size: Size, bytes: u64) -> Result<(), Refused> {
        let Size { width, height } = size;
        let pixels = u64::from(width) * u64::from(height);
        let mega = |n: u64| n as f64 / 1e6;
        match self {
            _ if pixels == 0 => Err(Refused::Broken("it has no pixels".into())),
            Bound::Pixels(most) if pixels > most => Err(Refused::TooLarge(format!(
                "{width} x {height} pixels ({:.1} megapixels), more than the limit of {:.1}",
                mega(pixels),
                mega(most)
            ))),
            Bound::Bytes(most) if bytes > most => Err(Refused::TooLarge(format!(
                "{width} x {height} pixels, which take {:.0} MB of memory, more than the limit of {:.0}",
                mega(bytes),
                mega(most)
            ))),
            _ => Ok(()),
        }
    }
}

/// A picture within its bound, of which nothing but the header was decoded.
pub struct Opened<'a> {
    decoder: Box<dyn ImageDecoder + 'a>,
    bytes: &'a [u8],
    format: PhotoFormat,
    pub size: Size,
}

pub fn open(bytes: &[u8], format: PhotoFormat, bound: Bound) -> Result<Opened<'_>, Refused> {
    let image_format = match format {
        PhotoFormat::Jpeg => ImageFormat::Jpeg,
        PhotoFormat::Png => ImageFormat::Png,
        PhotoFormat::Tiff => ImageFormat::Tiff,
        PhotoFormat::Bmp => ImageFormat::Bmp,
        PhotoFormat::WebP => ImageFormat::WebP,
        PhotoFormat::Gif => ImageFormat::Gif,
        // Read by decoders of its own, each frame under the same bound.
        PhotoFormat::Dicom => return Err(Refused::Broken("it is DICOM, not a plain picture".into())),
        #[cfg(feature = "heic")]
        PhotoFormat::Heic => return Err(Refused::Broken("it is HEIC, which is read elsewhere".into())),
    };
    let mut limits = DecoderLimits::no_limits();
    limits.max_alloc = Some(BESIDES);
    let mut reader = ImageReader::with_format(Cursor::new(bytes), image_format);
    reader.limits(limits.clone());
    let mut decoder = Box::new(reader.into_decoder().map_err(|e| refused(&e))?);
    let (width, height) = decoder.dimensions();
    let size = Size { width, height };
    bound.check(size, decoder.total_bytes())?;
    if format == PhotoFormat::WebP && webp_frame(bytes).is_some_and(|frame| frame != size) {
        return Err(Refused::Broken("the file tells two sizes of its picture".into()));
    }
    // What decoders need while they work is a multiple of the picture.
    limits.max_alloc = Some(decoder.total_bytes().saturating_mul(3).saturating_add(BESIDES));
    decoder.set_limits(limits).map_err(|e| refused(&e))?;
    Ok(Opened { decoder, bytes, format, size })
}

impl Opened<'_> {
    pub fn orientation(&mut self) -> Orientation {
        let found = match self.format {
            PhotoFormat::WebP => webp_chunk(self.bytes, *b"EXIF").and_then(Orientation::from_exif_chunk),
            _ => self.decoder.orientation().ok(),
        };
        found.unwrap_or(Orientation::NoTransforms)
    }

    /// The colour profile; empty where there is one that cannot be unpacked.
    pub fn profile(&mut self) -> Option<Vec<u8>> {
        let profile = match self.format {
            PhotoFormat::WebP => webp_chunk(self.bytes, *b"ICCP").map(<[u8]>::to_vec),
            _ => self.decoder.icc_profile().ok().flatten(),
        };
        let packed = || self.format == PhotoFormat::Png && png::has_before_picture(self.bytes, *b"iCCP");
        match profile {
            Some(profile) if profile.len() <= MAX_PROFILE => Some(profile),
            Some(_) => Some(Vec::new()),
            None => packed().then(Vec::new),
        }
    }

    /// At full depth, as stored.
    pub fn pixels(self) -> Result<DynamicImage, Refused> {
        DynamicImage::from_decoder(self.decoder).map_err(|e| refused(&e))
    }
}

/// The samples of a PNG as they are stored: for masks, where indices of the palette are classes.
pub struct StoredPng {
    pub size: Size,
    pub colour: ::png::ColorType,
    pub depth: ::png::BitDepth,
    pub palette: Vec<[u8; 3]>,
    /// Bytes of a row of `samples`.
    pub line: usize,
    pub samples: Vec<u8>,
}

pub fn stored_png(bytes: &[u8], bound: Bound) -> Result<StoredPng, Refused> {
    let broken = |e: ::png::DecodingError| Refused::Broken(one_line(&e));
    let limits = ::png::Limits { bytes: BESIDES as usize };
    let mut decoder = ::png::Decoder::new_with_limits(Cursor::new(bytes), limits);
    decoder.set_transformations(::png::Transformations::IDENTITY);
    decoder.set_ignore_text_chunk(true);
    decoder.set_ignore_iccp_chunk(true);
    let mut reader = decoder.read_info().map_err(broken)?;
    let info = reader.info();
    let (colour, depth, size) = (info.color_type, info.bit_depth, Size { width: info.width, height: info.height });
    let palette = info.palette.iter().flat_map(|p| p.as_chunks::<3>().0).copied().collect();
    let length = reader.output_buffer_size().unwrap_or(usize::MAX);
    bound.check(size, length as u64)?;
    let mut samples = vec![0; length];
    let frame = reader.next_frame(&mut samples).map_err(broken)?;
    samples.truncate(frame.buffer_size());
    Ok(StoredPng { size, colour, depth, palette, line: frame.line_size, samples })
}

/// The size of the frame inside a WebP file. Its header tells a size, too, and the decoder compares them only when it has
/// taken memory for the frame.
fn webp_frame(bytes: &[u8]) -> Option<Size> {
    let frame = webp_chunk(bytes, *b"VP8 ")?;
    let side = |at: usize| Some(u32::from(u16::from_le_bytes(frame.get(at..at + 2)?.try_into().ok()?) & 0x3fff));
    Some(Size { width: side(6)?, height: side(8)? })
}

/// A chunk of an extended WebP file; a simple one holds nothing but its picture.
fn webp_chunk(bytes: &[u8], wanted: [u8; 4]) -> Option<&[u8]> {
    let mut chunks = riff::parts(bytes).map_while(|part| match part {
        riff::Part::Chunk { kind, data, .. } => Some((kind, data)),
        _ => None,
    });
    let (first, _) = chunks.next()?;
    if first != *b"VP8X" {
        return None;
    }
    chunks.find(|(kind, _)| *kind == wanted).map(|(_, data)| data)
}

fn refused(error: &ImageError) -> Refused {
    Refused::Broken(match error {
        ImageError::Limits(_) => format!(
            "what it holds besides its pixels takes more than {} MB of memory; save it again without metadata",
            BESIDES >> 20
        ),
        other => one_line(other),
    })
}

/// Some decoders say more than one line.
pub fn one_line(why: &dyn std::fmt::Display) -> String {
    why.to_string().split_whitespace().collect::<Vec<_>>().join(" ")
}
