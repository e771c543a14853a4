//! Draws faces that nobody has: an oval with hair, brows, eyes, a nose and a mouth; light or dark, bare or covered.

use derm_seg::domain::photo::Photo;

/// Whose face is drawn.
#[derive(Clone, Copy)]
pub struct Sitter {
    skin: [f64; 3],
    lips: [u8; 3],
    hair: [u8; 3],
    covered: Covered,
}

#[derive(Clone, Copy, PartialEq)]
enum Covered {
    Nothing,
    /// A mask from the nose to the chin.
    Mouth,
    /// A bar, as journals put it over eyes.
    Eyes,
}

/// Nothing else in these pictures has such a colour.
pub const HAIR: [[u8; 3]; 3] = [[50, 35, 28], [25, 20, 18], [22, 18, 16]];

pub const LIGHT: Sitter =
    Sitter { skin: [214.0, 170.0, 140.0], lips: [150, 70, 70], hair: HAIR[0], covered: Covered::Nothing };
pub const BROWN: Sitter =
    Sitter { skin: [120.0, 80.0, 58.0], lips: [105, 55, 55], hair: HAIR[1], covered: Covered::Nothing };
pub const DARK: Sitter =
    Sitter { skin: [84.0, 56.0, 42.0], lips: [88, 48, 48], hair: HAIR[2], covered: Covered::Nothing };
pub const MASKED: Sitter = Sitter { covered: Covered::Mouth, ..LIGHT };
pub const BARRED: Sitter = Sitter { covered: Covered::Eyes, ..LIGHT };

/// The face is about a third of the shorter side wide, in the middle of a plain wall.
pub fn draw(width: u32, height: u32) -> Photo {
    LIGHT.draw(width, height, 1.0)
}

/// Every kind of face that a test asks for, by name.
pub fn gallery() -> Vec<(&'static str, Photo)> {
    let upright = LIGHT.draw(400, 500, 1.0);
    let quarter = turned(&upright);
    let half = turned(&quarter);
    vec![
        ("three_quarters", turned(&half)),
        ("upright", upright),
        ("quarter", quarter),
        ("half", half),
        ("small", LIGHT.draw(640, 480, 0.27)),
        ("small_turned", turned(&LIGHT.draw(640, 480, 0.27))),
        ("brown", BROWN.draw(640, 480, 0.53)),
        ("dark", DARK.draw(640, 480, 0.53)),
        ("dark_turned", turned(&DARK.draw(400, 500, 1.0))),
        ("masked", MASKED.draw(640, 480, 0.27)),
        ("masked_turned", turned(&MASKED.draw(640, 480, 0.27))),
        ("barred", BARRED.draw(640, 480, 0.27)),
    ]
}

/// A quarter turn against the clock.
pub fn turned(photo: &Photo) -> Photo {
    let pixels = (0..photo.width).rev().flat_map(|x| (0..photo.height).flat_map(move |y| photo.pixel(x, y)));
    Photo { width: photo.height, height: photo.width, rgb: pixels.collect() }
}

impl Sitter {
    /// In the middle of a plain wall; at a `size` of 1 the face is about a third of the shorter side wide.
    pub fn draw(&self, width: u32, height: u32, size: f64) -> Photo {
        let unit = size * f64::from(width.min(height)) / 512.0;
        let (middle_x, middle_y) = (f64::from(width) / 2.0, f64::from(height) / 2.0);
        let mut rgb = Vec::new();
        for (y, x) in (0..height).flat_map(|y| (0..width).map(move |x| (y, x))) {
            rgb.extend(self.colour((f64::from(x) - middle_x) / unit, (f64::from(y) - middle_y) / unit));
        }
        Photo { width, height, rgb }
    }

    fn colour(&self, x: f64, y: f64) -> [u8; 3] {
        let side = x.abs();
        let within =
            |x: f64, cx: f64, cy: f64, rx: f64, ry: f64| ((x - cx) / rx).powi(2) + ((y - cy) / ry).powi(2) <= 1.0;
        let skin = |light: f64| self.skin.map(|c| (c * light) as u8);
        let face = within(x, 0.0, 0.0, 88.0, 118.0);
        let bar = self.covered == Covered::Eyes && side <= 62.0 && (y + 20.0).abs() <= 16.0;
        let mask = self.covered == Covered::Mouth && face && (14.0..=105.0).contains(&y);
        // From the front to the back.
        let parts = [
            (bar, [20, 20, 20]),
            (mask, [190, 215, 230]),
            (within(x, 0.0, 63.0, 32.0, 2.0), self.lips.map(|c| c / 2)),
            (within(x, 0.0, 64.0, 32.0, 9.0), self.lips),
            (within(side, 9.0, 32.0, 4.0, 3.0), skin(0.4)),
            (within(x, 0.0, 20.0, 9.0, 26.0), skin(1.06)),
            (within(x, 0.0, 26.0, 15.0, 9.0), skin(0.78)),
            (within(side, 36.0, -46.0, 22.0, 5.0), self.hair),
            (within(side, 36.0, -18.0, 8.0, 8.0), [45, 30, 25]),
            (within(side, 36.0, -18.0, 17.0, 8.0), [235, 232, 228]),
            (within(side, 36.0, -22.0, 24.0, 14.0), skin(0.7)),
            (face, skin(1.04 - 0.42 * ((x / 88.0).powi(2) + (y / 118.0).powi(2)).sqrt())),
            (within(x, 0.0, 120.0, 50.0, 90.0), skin(0.8)),
            (within(x, 0.0, -20.0, 105.0, 135.0), self.hair),
        ];
        parts.into_iter().find_map(|(here, colour)| here.then_some(colour)).unwrap_or([120, 140, 150])
    }
}
