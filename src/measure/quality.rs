//! How far a photo can be trusted: sharpness, exposure, and what makes its figures incomplete.
//!
//! The thresholds were chosen on real clinical and dermoscopic photos and blurred, darkened and brightened copies of them;
//! `docs/measurements.md` has the figures.

use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};

use super::MIN_SKIN_FRACTION_OF_FRAME;
use super::region::Lattice;
use crate::domain::mask::{BACKGROUND, LabelMap, SKIN};
use crate::domain::photo::Photo;
use crate::domain::record::{Area, Lesion, Quality, QualityFlag};

/// Sharpness is measured on a copy with this longer side, so that photos of any resolution can be compared.
const SHARPNESS_LONGER_SIDE: u32 = 512;
const BLURRED_BELOW: f64 = 5.0;
/// A pixel whose brightest channel is no more than this is lost in the dark.
const DARK_AT_MOST: u8 = 24;
/// A pixel with a channel of at least this has lost its colour to the light.
const BRIGHT_AT_LEAST: u8 = 254;
const CLIPPED_ABOVE: f64 = 0.25;
/// A photo in which next to nothing is this bright was underexposed. Asked of the whole frame, whose highlights do not depend
/// on the skin's tone: a limit on the brightness of the skin would call dark skin a fault.
const LIT_AT_LEAST: u8 = 80;
const LIT_FRACTION_OF_FRAME: f64 = 0.01;
const TINY_SHORTER_SIDE: u32 = 256;
const MAX_EXPOSURE_SAMPLES: u64 = 262_144;

/// Without a photo, only what the mask tells.
pub fn quality(photo: Option<&Photo>, labels: &LabelMap, area: &Area, lesions: &[Lesion]) -> Quality {
    let of_mask = [
        (QualityFlag::NoLesion, area.lesion_px.is_some() && lesions.is_empty()),
        (QualityFlag::LesionTouchesBorder, lesions.iter().any(|l| l.touches_border)),
    ];
    let Some(photo) = photo else { return Quality { flags: raised(&of_mask), ..Quality::default() } };
    let sharpness = sharpness(photo);
    let Exposure { clipped_dark, clipped_bright, lit } = exposure(photo, labels);
    let frame = labels.data.len() as f64;
    let is_bare = |skin_px: u64| (skin_px as f64) < MIN_SKIN_FRACTION_OF_FRAME * frame;
    let of_photo = [
        (QualityFlag::Blurred, sharpness < BLURRED_BELOW),
        (QualityFlag::Underexposed, clipped_dark > CLIPPED_ABOVE || lit < LIT_FRACTION_OF_FRAME),
        (QualityFlag::Overexposed, clipped_bright > CLIPPED_ABOVE),
        (QualityFlag::TinyPhoto, photo.width.min(photo.height) < TINY_SHORTER_SIDE),
        (QualityFlag::NoSkin, area.skin_px.is_some_and(is_bare)),
    ];
    Quality {
        sharpness: Some(sharpness),
        clipped_dark: Some(clipped_dark),
        clipped_bright: Some(clipped_bright),
        flags: raised(&[&of_photo[..], &of_mask].concat()),
    }
}

fn raised(flags: &[(QualityFlag, bool)]) -> Vec<QualityFlag> {
    flags.iter().filter_map(|(flag, holds)| holds.then_some(*flag)).collect()
}

/// What can be said before there is a mask: sharpness, exposure of the whole frame, size.
pub fn quality_of_photo(photo: &Photo) -> Quality {
    let (width, height) = (photo.width, photo.height);
    let everything = LabelMap::filled(width, height, SKIN);
    let area = Area {
        background_px: 0,
        skin_px: None,
        lesion_px: None,
        lesion_fraction_of_frame: None,
        lesion_fraction_of_skin: None,
        ..Area::default()
    };
    quality(Some(photo), &everything, &area, &[])
}

/// Variance of the four-neighbour Laplacian of the luma, of the photo reduced by area averaging. Smaller photos are taken as
/// they are. 0 for a photo that has no pixel with four neighbours.
fn sharpness(photo: &Photo) -> f64 {
    let (stored_width, stored_height) = photo.stored_size();
    let longer = stored_width.max(stored_height);
    if longer <= SHARPNESS_LONGER_SIDE {
        return laplacian_variance(&photo.rgb, stored_width as usize);
    }
    let scaled = |side: u32| (u64::from(side) * u64::from(SHARPNESS_LONGER_SIDE)).div_ceil(u64::from(longer)) as u32;
    let (width, height) = (scaled(stored_width), scaled(stored_height));
    let mut reduced = Image::new(width, height, PixelType::U8x3);
    let source = ImageRef::new(stored_width, stored_height, &photo.rgb, PixelType::U8x3);
    let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::Box));
    let source = source.expect("a photo holds three bytes a pixel");
    Resizer::new().resize(&source, &mut reduced, &options).expect("both images are RGB");
    laplacian_variance(reduced.buffer(), width as usize)
}

fn laplacian_variance(rgb: &[u8], width: usize) -> f64 {
    let luma: Vec<f64> = rgb
        .as_chunks::<3>()
        .0
        .iter()
        .map(|&[r, g, b]| 0.299 * f64::from(r) + 0.587 * f64::from(g) + 0.114 * f64::from(b))
        .collect();
    let height = luma.len() / width.max(1);
    if width < 3 || height < 3 {
        return 0.0;
    }
    let (mut sum, mut squares) = (0.0, 0.0);
    for y in 1..height - 1 {
        for x in 1..width - 1 {
            let i = y * width + x;
            let laplacian = luma[i - 1] + luma[i + 1] + luma[i - width] + luma[i + width] - 4.0 * luma[i];
            sum += laplacian;
            squares += laplacian * laplacian;
        }
    }
    let n = ((width - 2) * (height - 2)) as f64;
    (squares / n - (sum / n).powi(2)).max(0.0)
}

struct Exposure {
    clipped_dark: f64,
    clipped_bright: f64,
    /// Share of the frame that is not dark.
    lit: f64,
}

/// Clipping is that of the visible skin, normal or not, because a dark backdrop or a white sheet is no fault of the exposure;
/// of the whole frame where the mask shows too little skin.
fn exposure(photo: &Photo, labels: &LabelMap) -> Exposure {
    let mut skin = Brightness::default();
    let mut frame = Brightness::default();
    for (x, y) in Lattice::over_frame(labels, MAX_EXPOSURE_SAMPLES).points() {
        let rgb = photo.pixel(x, y);
        frame.add(rgb);
        if labels.at(x, y) != BACKGROUND {
            skin.add(rgb);
        }
    }
    let enough = skin.pixels as f64 >= MIN_SKIN_FRACTION_OF_FRAME * frame.pixels as f64;
    let judged = if enough { &skin } else { &frame };
    Exposure {
        clipped_dark: judged.share(judged.dark),
        clipped_bright: judged.share(judged.bright),
        lit: frame.share(frame.lit),
    }
}

/// Counts of pixels.
#[derive(Default)]
struct Brightness {
    pixels: u64,
    dark: u64,
    bright: u64,
    lit: u64,
}

impl Brightness {
    fn add(&mut self, rgb: [u8; 3]) {
        let brightest = rgb[0].max(rgb[1]).max(rgb[2]);
        self.pixels += 1;
        self.dark += u64::from(brightest <= DARK_AT_MOST);
        self.bright += u64::from(brightest >= BRIGHT_AT_LEAST);
        self.lit += u64::from(brightest >= LIT_AT_LEAST);
    }

    fn share(&self, count: u64) -> f64 {
        if self.pixels == 0 { 0.0 } else { count as f64 / self.pixels as f64 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::mask::LESION;

    fn photo(width: u32, height: u32, pixel: impl Fn(u32, u32) -> [u8; 3]) -> Photo {
        let rgb = (0..height).flat_map(|y| (0..width).map(move |x| (x, y))).flat_map(|(x, y)| pixel(x, y)).collect();
        Photo { width, height, rgb }
    }

    fn judged(photo: &Photo, labels: &LabelMap, skin_px: Option<u64>, lesions: &[Lesion]) -> Quality {
        let area = Area {
            background_px: 0,
            skin_px,
            lesion_px: Some(0),
            lesion_fraction_of_frame: Some(0.0),
            lesion_fraction_of_skin: None,
            ..Area::default()
        };
        quality(Some(photo), labels, &area, lesions)
    }

    #[test]
    fn a_flat_photo_has_no_sharpness_and_a_checkerboard_has_all() {
        assert_eq!(sharpness(&photo(20, 10, |_, _| [90, 90, 90])), 0.0);
        // Laplacian ±4 · 100 everywhere.
        let checkers = photo(20, 10, |x, y| if (x + y) % 2 == 0 { [100; 3] } else { [0; 3] });
        assert!((sharpness(&checkers) - 160_000.0).abs() < 1e-6);
    }

    #[test]
    fn photos_without_an_inner_pixel_have_no_sharpness() {
        for (width, height) in [(1, 1), (2, 9), (9, 2)] {
            assert_eq!(sharpness(&photo(width, height, |x, _| [(x * 50) as u8; 3])), 0.0);
        }
    }

    #[test]
    fn sharpness_does_not_depend_on_the_resolution() {
        let wave = |scale: f64| {
            move |x: u32, y: u32| {
                let (u, v) = ((f64::from(x) + 0.5) / scale, (f64::from(y) + 0.5) / scale);
                [(128.0 + 60.0 * (u * 0.05).sin() + 60.0 * (v * 0.07).cos()) as u8; 3]
            }
        };
        let (once, thrice) = (sharpness(&photo(512, 384, wave(1.0))), sharpness(&photo(1536, 1152, wave(3.0))));
        assert!((once / thrice - 1.0).abs() < 0.25, "{once} {thrice}");
    }

    #[test]
    fn exposure_is_judged_on_the_skin() {
        let half_black = photo(400, 400, |x, _| if x < 200 { [0; 3] } else { [180, 140, 120] });
        let mut labels = LabelMap::filled(400, 400, SKIN);
        let dark = judged(&half_black, &labels, Some(160_000), &[]);
        assert_eq!((dark.clipped_dark, dark.clipped_bright), (Some(0.5), Some(0.0)));
        assert!(dark.flags.contains(&QualityFlag::Underexposed));
        (0..400).for_each(|y| labels.data[y * 400..y * 400 + 200].fill(BACKGROUND));
        assert_eq!(judged(&half_black, &labels, Some(80_000), &[]).clipped_dark, Some(0.0));
        let no_skin = judged(&half_black, &LabelMap::filled(400, 400, BACKGROUND), Some(0), &[]);
        assert_eq!(no_skin.clipped_dark, Some(0.5));
        assert!(no_skin.flags.contains(&QualityFlag::NoSkin));
    }

    #[test]
    fn dark_skin_is_no_fault_but_a_dark_photo_is() {
        let labels = LabelMap::filled(300, 300, SKIN);
        let highlights =
            |x: u32, y: u32| if (x * 31 + y * 17).is_multiple_of(50) { [150, 140, 130] } else { [70, 50, 40] };
        let underexposed = |q: Quality| q.flags.contains(&QualityFlag::Underexposed);
        assert!(!underexposed(judged(&photo(300, 300, highlights), &labels, Some(90_000), &[])));
        assert!(underexposed(judged(&photo(300, 300, |_, _| [70, 50, 40]), &labels, Some(90_000), &[])));
    }

    #[test]
    fn one_channel_at_its_end_is_overexposed() {
        let q = judged(&photo(300, 300, |_, _| [255, 180, 150]), &LabelMap::filled(300, 300, LESION), None, &[]);
        assert_eq!((q.clipped_bright, q.clipped_dark), (Some(1.0), Some(0.0)));
        assert_eq!(q.flags, [QualityFlag::Blurred, QualityFlag::Overexposed, QualityFlag::NoLesion]);
    }

    #[test]
    fn a_photo_may_be_tiny_and_a_lesion_may_touch_the_border() {
        let lesion = Lesion { touches_border: true, ..Lesion::default() };
        let noisy = photo(255, 300, |x, y| [(x * 7 + y * 13) as u8, 100, 90]);
        let q = judged(&noisy, &LabelMap::filled(255, 300, SKIN), Some(76_500), &[lesion]);
        assert!(q.flags.ends_with(&[QualityFlag::TinyPhoto, QualityFlag::LesionTouchesBorder]), "{q:?}");
    }
}
