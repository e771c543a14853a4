//! Draws a face that nobody has: an oval with hair, brows, eyes, a nose and a mouth.

use derm_seg::domain::photo::Photo;

/// The face is about a third of the shorter side wide, in the middle of a plain wall.
pub fn draw(width: u32, height: u32) -> Photo {
    let unit = f64::from(width.min(height)) / 512.0;
    let (middle_x, middle_y) = (f64::from(width) / 2.0, f64::from(height) / 2.0);
    let mut rgb = Vec::new();
    for (y, x) in (0..height).flat_map(|y| (0..width).map(move |x| (y, x))) {
        rgb.extend(colour((f64::from(x) - middle_x) / unit, (f64::from(y) - middle_y) / unit));
    }
    Photo { width, height, rgb }
}

fn colour(x: f64, y: f64) -> [u8; 3] {
    let side = x.abs();
    let within = |x: f64, cx: f64, cy: f64, rx: f64, ry: f64| ((x - cx) / rx).powi(2) + ((y - cy) / ry).powi(2) <= 1.0;
    let skin = |light: f64| [214.0, 170.0, 140.0].map(|c| (c * light) as u8);
    // From the front to the back.
    let parts = [
        (within(x, 0.0, 63.0, 32.0, 2.0), [90, 40, 40]),
        (within(x, 0.0, 64.0, 32.0, 9.0), [150, 70, 70]),
        (within(side, 9.0, 32.0, 4.0, 3.0), [90, 55, 45]),
        (within(x, 0.0, 20.0, 9.0, 26.0), skin(1.06)),
        (within(x, 0.0, 26.0, 15.0, 9.0), skin(0.78)),
        (within(side, 36.0, -46.0, 22.0, 5.0), [55, 38, 30]),
        (within(side, 36.0, -18.0, 8.0, 8.0), [45, 30, 25]),
        (within(side, 36.0, -18.0, 17.0, 8.0), [235, 232, 228]),
        (within(side, 36.0, -22.0, 24.0, 14.0), skin(0.7)),
        (within(x, 0.0, 0.0, 88.0, 118.0), skin(1.04 - 0.42 * ((x / 88.0).powi(2) + (y / 118.0).powi(2)).sqrt())),
        (within(x, 0.0, 120.0, 50.0, 90.0), skin(0.8)),
        (within(x, 0.0, -20.0, 105.0, 135.0), [50, 35, 28]),
    ];
    parts.into_iter().find_map(|(here, colour)| here.then_some(colour)).unwrap_or([120, 140, 150])
}
