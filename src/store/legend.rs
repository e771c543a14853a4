//! The legend on an overlay: the names of several kinds of lesion beside their colours, in small capitals of three by five.

/// A letter's five rows of three pixels, each row an octal digit.
const LETTERS: [(char, &[u8; 5]); 38] = [
    ('A', b"25755"),
    ('B', b"65656"),
    ('C', b"34443"),
    ('D', b"65556"),
    ('E', b"74647"),
    ('F', b"74644"),
    ('G', b"34553"),
    ('H', b"55755"),
    ('I', b"72227"),
    ('J', b"11152"),
    ('K', b"55655"),
    ('L', b"44447"),
    ('M', b"57755"),
    ('N', b"65555"),
    ('O', b"25552"),
    ('P', b"65644"),
    ('Q', b"25563"),
    ('R', b"65655"),
    ('S', b"34216"),
    ('T', b"72222"),
    ('U', b"55557"),
    ('V', b"55552"),
    ('W', b"55775"),
    ('X', b"55255"),
    ('Y', b"55222"),
    ('Z', b"71247"),
    ('0', b"75557"),
    ('1', b"26227"),
    ('2', b"61247"),
    ('3', b"61216"),
    ('4', b"55711"),
    ('5', b"74616"),
    ('6', b"34652"),
    ('7', b"71222"),
    ('8', b"25252"),
    ('9', b"25316"),
    ('-', b"00700"),
    ('_', b"00007"),
];
const UNKNOWN: &[u8; 5] = b"61202";
const ROWS: u32 = 5;
const STEP: u32 = 4;

/// Draws a dark box with a line for each name into the upper left corner, as much of it as fits.
pub fn draw(rgb: &mut [u8], (width, height): (u32, u32), entries: &[([u8; 3], &str)]) {
    let size = (width.max(height) / 300).max(1);
    let longest = entries.iter().map(|(_, name)| name.chars().count() as u32).max().unwrap_or(0);
    let line = (ROWS + 3) * size;
    let mut fill = |x: u32, y: u32, wide: u32, high: u32, colour: [u8; 3]| {
        for row in y.min(height)..(y + high).min(height) {
            for column in x.min(width)..(x + wide).min(width) {
                let at = (row as usize * width as usize + column as usize) * 3;
                rgb[at..at + 3].copy_from_slice(&colour);
            }
        }
    };
    let text_at = 11 * size;
    fill(0, 0, text_at + (longest * STEP + 2) * size, line * entries.len() as u32 + 2 * size, [16, 16, 16]);
    for (i, (colour, name)) in (0..).zip(entries) {
        let top = i * line + 2 * size;
        fill(2 * size, top, 6 * size, ROWS * size, *colour);
        for (place, letter) in (0..).zip(name.chars()) {
            for (row, digit) in (0..).zip(rows_of(letter)) {
                for column in (0..3).filter(|column| (digit - b'0') >> (2 - column) & 1 == 1) {
                    fill(text_at + (place * STEP + column) * size, top + row * size, size, size, [255; 3]);
                }
            }
        }
    }
}

fn rows_of(letter: char) -> &'static [u8; 5] {
    let letter = letter.to_ascii_uppercase();
    match LETTERS.iter().find(|(known, _)| *known == letter) {
        Some((_, rows)) => rows,
        None if letter == ' ' => b"00000",
        None => UNKNOWN,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_written_beside_their_colours_and_never_beyond_the_picture() {
        let mut rgb = vec![90; 60 * 20 * 3];
        draw(&mut rgb, (60, 20), &[([255, 0, 0], "TI"), ([0, 255, 0], "a name that is far too long for this")]);
        let at = |x: usize, y: usize| [rgb[(y * 60 + x) * 3], rgb[(y * 60 + x) * 3 + 1], rgb[(y * 60 + x) * 3 + 2]];
        assert_eq!((at(3, 3), at(3, 11)), ([255, 0, 0], [0, 255, 0]));
        // The bar of the T, and what is beside its stem.
        assert_eq!((at(11, 2), at(12, 4), at(11, 4)), ([255; 3], [255; 3], [16; 3]));
        draw(&mut rgb, (60, 20), &[]);
    }
}
