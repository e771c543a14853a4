//! The class of every pixel: the one representation that postprocessing makes, measuring and scoring read, and files hold.

pub const BACKGROUND: u8 = 0;
pub const SKIN: u8 = 1;
pub const LESION: u8 = 2;
/// A pixel that a reference mask asks to leave out of every count.
pub const IGNORE: u8 = 255;

/// A model may tell so many kinds of lesion apart; the first is `LESION` in its masks, the next one more, and so on.
pub const MAX_KINDS: usize = 14;

pub fn is_lesion(class: u8) -> bool {
    (LESION..IGNORE).contains(&class)
}

/// What a model can tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kinds {
    /// Of lesions, in the order of their values in masks; empty where the model knows none.
    pub names: Vec<String>,
    pub has_skin_class: bool,
}

impl Kinds {
    /// Lesions, and no more is said of them.
    pub fn plain(has_skin_class: bool) -> Self {
        Self { names: vec!["lesion".to_owned()], has_skin_class }
    }

    /// The name of a class of lesions; none where all are just lesions.
    pub fn name(&self, class: u8) -> Option<&str> {
        let name = self.names.get(usize::from(class.checked_sub(LESION)?))?;
        (self.names.len() > 1 || name != "lesion").then_some(name)
    }

    /// Their values in masks.
    pub fn values(&self) -> std::ops::Range<u8> {
        LESION..LESION + self.names.len() as u8
    }
}

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

    /// At a smaller size: the classes at the centres of the reduced pixels.
    pub fn reduced(&self, width: u32, height: u32) -> Self {
        let at =
            |to: u32, from: u32, size: u32| ((2 * u64::from(to) + 1) * u64::from(from) / (2 * u64::from(size))) as u32;
        let columns: Vec<u32> = (0..width).map(|x| at(x, self.width, width)).collect();
        let rows = (0..height).map(|y| at(y, self.height, height));
        let data = rows.flat_map(|y| columns.iter().map(move |&x| self.at(x, y))).collect();
        Self { width, height, data }
    }

    /// Every kind of lesion as a lesion.
    pub fn with_one_kind(mut self) -> Self {
        self.data.iter_mut().filter(|class| is_lesion(**class)).for_each(|class| *class = LESION);
        self
    }

    /// One kind of lesion as a lesion, and the others as skin.
    pub fn of_kind(mut self, kind: u8) -> Self {
        for class in self.data.iter_mut().filter(|class| is_lesion(**class)) {
            *class = if *class == kind { LESION } else { SKIN };
        }
        self
    }

    pub fn count(&self, class: u8) -> u64 {
        // In blocks that a byte can count, which is what makes this fast.
        self.data.chunks(255).map(|block| u64::from(block.iter().map(|&c| u8::from(c == class)).sum::<u8>())).sum()
    }
}
