//! The class of every pixel: the one representation that postprocessing makes, measuring and scoring read, and files hold.

pub const BACKGROUND: u8 = 0;
pub const SKIN: u8 = 1;
pub const LESION: u8 = 2;
/// A pixel that a reference mask asks to leave out of every count.
pub const IGNORE: u8 = 255;

/// Class indices, row by row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LabelMap {
    pub width: u32,
    pub height: u32,
    pub data: Vec<u8>,
}

impl LabelMap {
    pub fn filled(width: u32, height: u32, class: u8) -> Self {
        Self { width, height, data: vec![class; width as usize * height as usize] }
    }

    pub fn row(&self, y: u32) -> &[u8] {
        let w = self.width as usize;
        &self.data[y as usize * w..(y as usize + 1) * w]
    }

    pub fn at(&self, x: u32, y: u32) -> u8 {
        self.data[y as usize * self.width as usize + x as usize]
    }

    /// Gives the pixels `start..end` of a row their class.
    pub fn paint(&mut self, y: u32, start: u32, end: u32, class: u8) {
        let row = y as usize * self.width as usize;
        self.data[row + start as usize..row + end as usize].fill(class);
    }

    pub fn count(&self, class: u8) -> u64 {
        // In blocks that a byte can count, which is what makes this fast.
        self.data.chunks(255).map(|block| u64::from(block.iter().map(|&c| u8::from(c == class)).sum::<u8>())).sum()
    }
}
