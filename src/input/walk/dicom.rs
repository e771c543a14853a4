//! The elements of a DICOM file, in order, without copying: explicit and implicit, little- and big-endian, with and without the
//! preamble. Nothing is believed of a length but what the file holds.

use std::borrow::Cow;
use std::io::Read;

use flate2::read::DeflateDecoder;

pub const PREAMBLE: usize = 128;
pub const PIXEL_DATA: u32 = 0x7FE0_0010;
const ITEM: u32 = 0xFFFE_E000;
const ITEM_END: u32 = 0xFFFE_E00D;
const SEQUENCE_END: u32 = 0xFFFE_E0DD;
const UNDEFINED: u32 = u32::MAX;
/// No honest file nests deeper.
const MAX_DEPTH: u8 = 24;
/// What a deflated file may unpack to.
const MAX_INFLATED: u64 = 256 << 20;

/// How a file's pixels are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Syntax {
    ImplicitLittle,
    ExplicitLittle,
    ExplicitBig,
    Deflated,
    Rle,
    /// Baseline and extended, which lose a little.
    Jpeg,
    JpegLossless,
    Jpeg2000,
    /// Not read here.
    Other(&'static str),
}

impl Syntax {
    pub fn of(uid: &str) -> Self {
        let Some(kind) = uid.strip_prefix("1.2.840.10008.1.2") else { return Self::Other("unknown") };
        match kind {
            "" => Self::ImplicitLittle,
            ".1" => Self::ExplicitLittle,
            ".2" => Self::ExplicitBig,
            ".1.99" => Self::Deflated,
            ".5" => Self::Rle,
            ".4.50" | ".4.51" => Self::Jpeg,
            ".4.57" | ".4.70" => Self::JpegLossless,
            ".4.80" | ".4.81" => Self::Other("JPEG-LS"),
            ".4.90" | ".4.91" => Self::Jpeg2000,
            ".4.92" | ".4.93" => Self::Other("JPEG 2000 of several components"),
            ".4.201" | ".4.202" | ".4.203" => Self::Other("High-Throughput JPEG 2000"),
            ".4.110" | ".4.111" | ".4.112" => Self::Other("JPEG XL"),
            kind if matches!(kind.get(..5), Some(".4.10")) => Self::Other("video"),
            _ => Self::Other("unknown"),
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::ImplicitLittle => "implicit little endian",
            Self::ExplicitLittle => "explicit little endian",
            Self::ExplicitBig => "explicit big endian",
            Self::Deflated => "deflated",
            Self::Rle => "RLE",
            Self::Jpeg => "JPEG",
            Self::JpegLossless => "lossless JPEG",
            Self::Jpeg2000 => "JPEG 2000",
            Self::Other(name) => name,
        }
    }

    /// Whether the pixels lie there as they are.
    pub fn is_native(self) -> bool {
        matches!(self, Self::ImplicitLittle | Self::ExplicitLittle | Self::ExplicitBig | Self::Deflated)
    }
}

/// How elements are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Coding {
    pub explicit: bool,
    pub big: bool,
}

impl Coding {
    const META: Self = Self { explicit: true, big: false };
    const IMPLICIT: Self = Self { explicit: false, big: false };

    fn u16(self, bytes: &[u8], at: usize) -> Option<u16> {
        let bytes = bytes.get(at..at.checked_add(2)?)?.try_into().ok()?;
        Some(if self.big { u16::from_be_bytes(bytes) } else { u16::from_le_bytes(bytes) })
    }

    fn u32(self, bytes: &[u8], at: usize) -> Option<u32> {
        let bytes = bytes.get(at..at.checked_add(4)?)?.try_into().ok()?;
        Some(if self.big { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) })
    }

    fn tag(self, bytes: &[u8], at: usize) -> Option<u32> {
        Some(u32::from(self.u16(bytes, at)?) << 16 | u32::from(self.u16(bytes, at + 2)?))
    }
}

/// A part that runs past its end, or that is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Broken;

/// A file that says of itself how it is written.
#[derive(Debug)]
pub struct Dicom<'a> {
    pub syntax: Syntax,
    /// The elements of group 2; empty where there are none.
    pub meta: DataSet<'a>,
    /// As the file says it; empty where it does not.
    pub syntax_uid: String,
    data: Cow<'a, [u8]>,
    coding: Coding,
}

impl<'a> Dicom<'a> {
    pub fn new(bytes: &'a [u8]) -> Result<Self, Broken> {
        let start = if bytes.get(PREAMBLE..PREAMBLE + 4) == Some(b"DICM") { PREAMBLE + 4 } else { 0 };
        let bytes = &bytes[start..];
        let mut meta_end = 0;
        let mut syntax = None;
        let mut syntax_uid = String::new();
        let is_meta = |at: usize| bytes.get(at..at + 2) == Some(&[2, 0]);
        while is_meta(meta_end) {
            let (element, next) = read(bytes, meta_end, Coding::META, 0)?;
            if element.tag == 0x0002_0010 {
                syntax_uid = element.text().ok_or(Broken)?;
                syntax = Some(Syntax::of(&syntax_uid));
            }
            meta_end = next;
        }
        let (meta, data) = bytes.split_at(meta_end);
        let data = if syntax == Some(Syntax::Deflated) { Cow::Owned(inflate(data)?) } else { Cow::Borrowed(data) };
        // Whether value representations are written is seen: some files say it wrong, and those of old do not say it.
        let explicit = matches!(data.get(4..6), Some([b'A'..=b'Z', b'A'..=b'Z']));
        let syntax = syntax.unwrap_or(if explicit { Syntax::ExplicitLittle } else { Syntax::ImplicitLittle });
        let coding = Coding { explicit, big: syntax == Syntax::ExplicitBig };
        let meta = DataSet { bytes: meta, coding: Coding::META, depth: 0 };
        Ok(Self { syntax, meta, syntax_uid, data, coding })
    }

    pub fn data(&self) -> DataSet<'_> {
        DataSet { bytes: &self.data, coding: self.coding, depth: 0 }
    }

    /// Bytes of the elements after group 2, unpacked.
    pub fn length(&self) -> usize {
        self.data.len()
    }
}

/// A file that ends early is read as far as it goes: what is missing is missed later.
fn inflate(packed: &[u8]) -> Result<Vec<u8>, Broken> {
    let mut data = Vec::new();
    let read = DeflateDecoder::new(packed).take(MAX_INFLATED + 1).read_to_end(&mut data);
    match read {
        Ok(length) if length as u64 <= MAX_INFLATED => Ok(data),
        _ => Err(Broken),
    }
}

/// Whether a file without the preamble begins as DICOM files do.
pub fn is_bare(bytes: &[u8]) -> bool {
    let explicit = || {
        bytes.get(4..6).is_some_and(|vr| [b"UL", b"CS", b"UI", b"OB", b"SH"].contains(&vr.try_into().unwrap_or(b"  ")))
    };
    let implicit = || Coding::IMPLICIT.u32(bytes, 4).is_some_and(|length| (2..=64).contains(&length));
    match Coding::META.tag(bytes, 0) {
        Some(0x0002_0000 | 0x0002_0001 | 0x0002_0002 | 0x0002_0010) => explicit(),
        Some(0x0008_0000 | 0x0008_0001 | 0x0008_0005 | 0x0008_0008 | 0x0008_0012 | 0x0008_0016 | 0x0008_0018) => {
            explicit() || implicit()
        }
        _ => false,
    }
}

/// Elements that lie together: a file's, or those of an item of a sequence.
#[derive(Clone, Copy, Debug)]
pub struct DataSet<'a> {
    bytes: &'a [u8],
    coding: Coding,
    depth: u8,
}

#[derive(Clone, Copy, Debug)]
pub struct Element<'a> {
    pub tag: u32,
    /// Two letters; spaces where the file does not say it.
    pub vr: [u8; 2],
    /// The value; of a sequence or of encapsulated pixels what lies between its delimiters.
    pub value: &'a [u8],
    /// All of it, from its tag to its end.
    pub whole: &'a [u8],
    pub is_sequence: bool,
    /// Its pixels are in pieces, each with a length.
    pub is_encapsulated: bool,
    coding: Coding,
    depth: u8,
}

impl<'a> DataSet<'a> {
    /// In order; the last one is broken where something is.
    pub fn elements(self) -> impl Iterator<Item = Result<Element<'a>, Broken>> {
        let mut at = Some(0);
        std::iter::from_fn(move || {
            let from = at.filter(|&from| from < self.bytes.len())?;
            // What is left after the last element, as padding to a whole sector.
            if self.bytes.len() - from < 8 && self.bytes[from..].iter().all(|&b| b == 0) {
                return None;
            }
            let read = read(self.bytes, from, self.coding, self.depth);
            at = read.as_ref().ok().map(|(_, next)| *next);
            Some(read.map(|(element, _)| element))
        })
    }

    /// The elements are in order, so that what comes after the wanted one need not be read.
    pub fn get(self, tag: u32) -> Option<Element<'a>> {
        self.elements().map_while(Result::ok).take_while(|element| element.tag <= tag).find(|e| e.tag == tag)
    }
}

impl<'a> Element<'a> {
    pub fn group(&self) -> u16 {
        (self.tag >> 16) as u16
    }

    pub fn is_private(&self) -> bool {
        self.group() % 2 == 1
    }

    /// The items of a sequence.
    pub fn items(self) -> impl Iterator<Item = Result<DataSet<'a>, Broken>> {
        let (coding, depth) = (self.coding, self.depth + 1);
        let mut at = Some(0);
        std::iter::from_fn(move || {
            let from = at.filter(|&from| from < self.value.len() && self.is_sequence)?;
            let item = item(self.value, from, coding, depth);
            at = item.as_ref().ok().map(|(_, next)| *next);
            Some(item.map(|(bytes, _)| DataSet { bytes, coding, depth }))
        })
    }

    /// The pieces of encapsulated pixels; the first is the table of offsets.
    pub fn fragments(self) -> impl Iterator<Item = Result<&'a [u8], Broken>> {
        let mut at = Some(0);
        std::iter::from_fn(move || {
            let from = at.filter(|&from| from < self.value.len() && self.is_encapsulated)?;
            let fragment = item(self.value, from, Coding::IMPLICIT, MAX_DEPTH);
            at = fragment.as_ref().ok().map(|(_, next)| *next);
            Some(fragment.map(|(bytes, _)| bytes))
        })
    }

    /// The value as plain text without the padding; none where it is no ASCII.
    pub fn text(&self) -> Option<String> {
        let text = std::str::from_utf8(self.value).ok().filter(|text| text.is_ascii())?;
        Some(text.trim_matches(['\0', ' ']).to_owned())
    }

    /// Numbers, written as text or as 16 bits.
    pub fn numbers(&self) -> Vec<f64> {
        let words = || (0..self.value.len() / 2).map_while(|i| self.coding.u16(self.value, 2 * i));
        match &self.vr {
            b"US" => words().map(f64::from).collect(),
            b"SS" => words().map(|v| f64::from(v as i16)).collect(),
            b"UL" => {
                (0..self.value.len() / 4).map_while(|i| self.coding.u32(self.value, 4 * i)).map(f64::from).collect()
            }
            b"FD" => {
                let doubles = self.value.as_chunks::<8>().0.iter();
                doubles.map(|b| if self.coding.big { f64::from_be_bytes(*b) } else { f64::from_le_bytes(*b) }).collect()
            }
            _ => {
                let Some(text) = self.text() else { return Vec::new() };
                let numbers = text.split('\\').map_while(|part| part.trim().parse::<f64>().ok());
                numbers.filter(|number| number.is_finite()).collect()
            }
        }
    }

    /// A number of 16 bits without a sign, whatever the file calls it.
    pub fn word(&self) -> Option<u16> {
        self.coding.u16(self.value, 0)
    }

    /// All of them.
    pub fn words(&self) -> Vec<u16> {
        (0..self.value.len() / 2).map_while(|i| self.coding.u16(self.value, 2 * i)).collect()
    }
}

/// The element at this place, and where the next one begins.
fn read(bytes: &[u8], at: usize, coding: Coding, depth: u8) -> Result<(Element<'_>, usize), Broken> {
    if depth > MAX_DEPTH {
        return Err(Broken);
    }
    let tag = coding.tag(bytes, at).ok_or(Broken)?;
    if tag >> 16 == 0xFFFE {
        return Err(Broken);
    }
    let (vr, length, start) = if coding.explicit {
        let vr: [u8; 2] = bytes.get(at + 4..at + 6).and_then(|vr| vr.try_into().ok()).ok_or(Broken)?;
        match &vr {
            b"OB" | b"OW" | b"OF" | b"OD" | b"OL" | b"OV" | b"SQ" | b"UC" | b"UR" | b"UT" | b"UN" | b"SV" | b"UV" => {
                (vr, coding.u32(bytes, at + 8).ok_or(Broken)?, at + 12)
            }
            [b'A'..=b'Z', b'A'..=b'Z'] => (vr, u32::from(coding.u16(bytes, at + 6).ok_or(Broken)?), at + 8),
            _ => return Err(Broken),
        }
    } else {
        (*b"  ", coding.u32(bytes, at + 4).ok_or(Broken)?, at + 8)
    };
    // What another program wrote without knowing it is implicit inside.
    let inner = if vr == *b"UN" { Coding::IMPLICIT } else { coding };
    let is_encapsulated = tag == PIXEL_DATA && length == UNDEFINED;
    let (end, next) = if length == UNDEFINED {
        let inner = if is_encapsulated { Coding::IMPLICIT } else { inner };
        end_of_sequence(bytes, start, inner, depth)?
    } else {
        let end = start.checked_add(length as usize).filter(|&end| end <= bytes.len()).ok_or(Broken)?;
        (end, end)
    };
    let value = &bytes[start..end];
    let begins_an_item = || inner.tag(value, 0) == Some(ITEM);
    let is_sequence = !is_encapsulated
        && (vr == *b"SQ"
            || length == UNDEFINED
            || (matches!(&vr, b"  " | b"UN") && tag != PIXEL_DATA && begins_an_item()));
    let whole = &bytes[at..next];
    Ok((Element { tag, vr, value, whole, is_sequence, is_encapsulated, coding: inner, depth }, next))
}

/// Where the items of a sequence without a length end, and where what follows it begins.
fn end_of_sequence(bytes: &[u8], mut at: usize, coding: Coding, depth: u8) -> Result<(usize, usize), Broken> {
    loop {
        if coding.tag(bytes, at) == Some(SEQUENCE_END) {
            return Ok((at, at + 8));
        }
        (_, at) = item(bytes, at, coding, depth + 1)?;
    }
}

/// What is in the item at this place, and where the next one begins.
fn item(bytes: &[u8], at: usize, coding: Coding, depth: u8) -> Result<(&[u8], usize), Broken> {
    if coding.tag(bytes, at) != Some(ITEM) || depth > MAX_DEPTH {
        return Err(Broken);
    }
    let start = at + 8;
    let length = coding.u32(bytes, at + 4).ok_or(Broken)?;
    if length != UNDEFINED {
        let end = start.checked_add(length as usize).filter(|&end| end <= bytes.len()).ok_or(Broken)?;
        return Ok((&bytes[start..end], end));
    }
    let mut at = start;
    while coding.tag(bytes, at) != Some(ITEM_END) {
        (_, at) = read(bytes, at, coding, depth)?;
    }
    Ok((&bytes[start..at], at + 8))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transfer_syntaxes_are_known_by_their_uid() {
        for (uid, syntax) in [
            ("1.2.840.10008.1.2", Syntax::ImplicitLittle),
            ("1.2.840.10008.1.2.1.99", Syntax::Deflated),
            ("1.2.840.10008.1.2.4.70", Syntax::JpegLossless),
            ("1.2.840.10008.1.2.4.102", Syntax::Other("video")),
            ("1.2.3", Syntax::Other("unknown")),
        ] {
            assert_eq!(Syntax::of(uid), syntax, "{uid}");
        }
    }

    #[test]
    fn a_sequence_that_nests_for_ever_is_broken() {
        // (0008,1140) of undefined length, and an item of undefined length, again and again.
        let layer =
            [&[0x08, 0, 0x40, 0x11, 0xff, 0xff, 0xff, 0xff][..], &[0xfe, 0xff, 0, 0xe0, 0xff, 0xff, 0xff, 0xff]]
                .concat();
        let file = Dicom::new(&layer.repeat(5000)).map(|file| file.data().elements().filter(Result::is_ok).count());
        assert_eq!(file, Ok(0));
    }
}
