//! The directories of a TIFF file, classic and Big, and of an EXIF block, which is one.

/// The tag of the entry that leads from the first directory to the one about the shot, and from there to the one about
/// interoperability.
const EXIF: u16 = 0x8769;
const INTEROPERABILITY: u16 = 0xA005;
const ASCII: u16 = 2;

#[derive(Clone, Copy)]
pub struct Tiff<'a> {
    bytes: &'a [u8],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry<'a> {
    pub tag: u16,
    pub kind: u16,
    pub value: &'a [u8],
}

impl<'a> Tiff<'a> {
    pub fn new(bytes: &'a [u8]) -> Option<Self> {
        matches!(bytes.get(..4), Some(b"II*\0" | b"MM\0*" | b"II+\0" | b"MM\0+")).then_some(Self { bytes })
    }

    fn is_big(self) -> bool {
        self.bytes[if self.is_little() { 2 } else { 3 }] == b'+'
    }

    fn is_little(self) -> bool {
        self.bytes[0] == b'I'
    }

    /// Where the first directory is.
    pub fn first(self) -> Option<usize> {
        if self.is_big() { self.number(8, 8) } else { self.number(4, 4) }
    }

    pub fn directory(self, at: usize) -> Option<Directory<'a>> {
        let (count_size, entry_size) = if self.is_big() { (8, 20) } else { (2, 12) };
        let count = self.number(at, count_size)?;
        Some(Directory { tiff: self, entries: at.checked_add(count_size)?, entry_size, count })
    }

    /// One of the numbers of an entry, as entries that lead to a directory have it.
    pub fn value(self, entry: &Entry, index: usize) -> Option<usize> {
        let size = size_of_kind(entry.kind)?;
        self.fold(entry.value.get(index.checked_mul(size)?..)?.get(..size)?)
    }

    fn find(self, directory: usize, tag: u16) -> Option<Entry<'a>> {
        self.directory(directory)?.entries().flatten().find(|entry| entry.tag == tag)
    }

    fn led_to(self, directory: usize, tag: u16) -> Option<usize> {
        self.value(&self.find(directory, tag)?, 0)
    }

    fn number(self, at: usize, size: usize) -> Option<usize> {
        self.fold(self.bytes.get(at..at.checked_add(size)?)?)
    }

    fn fold(self, bytes: &[u8]) -> Option<usize> {
        let join = |sum: u64, byte: &u8| sum << 8 | u64::from(*byte);
        let number = if self.is_little() { bytes.iter().rev().fold(0, join) } else { bytes.iter().fold(0, join) };
        usize::try_from(number).ok()
    }

    fn entry(self, at: usize) -> Option<Entry<'a>> {
        let (tag, kind) = (self.number(at, 2)? as u16, self.number(at + 2, 2)? as u16);
        let (count, inline) = if self.is_big() { (self.number(at + 4, 8)?, 8) } else { (self.number(at + 4, 4)?, 4) };
        let length = count.checked_mul(size_of_kind(kind)?)?;
        let field = at + 4 + inline;
        let start = if length <= inline { field } else { self.number(field, inline)? };
        let value = self.bytes.get(start..start.checked_add(length)?)?;
        Some(Entry { tag, kind, value })
    }
}

#[derive(Clone, Copy)]
pub struct Directory<'a> {
    tiff: Tiff<'a>,
    /// Where its entries begin, and how long each is.
    entries: usize,
    entry_size: usize,
    count: usize,
}

impl<'a> Directory<'a> {
    /// As many as the file has; none for one whose value cannot be read.
    pub fn entries(self) -> impl Iterator<Item = Option<Entry<'a>>> {
        let places = (0..self.count).map(move |index| self.place(index));
        let inside = move |at: &usize| self.tiff.bytes.get(*at..at.saturating_add(self.entry_size)).is_some();
        places.take_while(inside).map(move |at| self.tiff.entry(at))
    }

    /// Whether the file has as many entries as the directory says.
    pub fn is_whole(self) -> bool {
        self.place(self.count) <= self.tiff.bytes.len()
    }

    /// Where the next directory is; 0 after the last.
    pub fn next(self) -> Option<usize> {
        self.tiff.number(self.place(self.count), if self.tiff.is_big() { 8 } else { 4 })
    }

    fn place(self, index: usize) -> usize {
        index.saturating_mul(self.entry_size).saturating_add(self.entries)
    }
}

pub fn has_second_page(bytes: &[u8]) -> bool {
    let next = || {
        let tiff = Tiff::new(bytes)?;
        tiff.directory(tiff.first()?)?.next()
    };
    next().is_some_and(|next| next != 0)
}

/// Cameras name Adobe RGB by the interoperability index R03, without a profile.
pub fn says_adobe_rgb(exif: &[u8]) -> bool {
    let index = || {
        let tiff = Tiff::new(exif)?;
        let shot = tiff.led_to(tiff.first()?, EXIF)?;
        tiff.find(tiff.led_to(shot, INTEROPERABILITY)?, 1)
    };
    index().is_some_and(|index| index.kind == ASCII && index.value.starts_with(b"R03"))
}

/// Bytes of one value of a field type.
pub fn size_of_kind(kind: u16) -> Option<usize> {
    Some(match kind {
        1 | 2 | 6 | 7 => 1,
        3 | 8 => 2,
        4 | 9 | 11 | 13 => 4,
        5 | 10 | 12 | 16..=18 => 8,
        129 => 1,
        _ => return None,
    })
}
