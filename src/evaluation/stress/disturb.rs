//! A photo made worse in memory, and how to get from a pixel of the good photo to the same place in the bad one. Pure: the
//! same photo, kind, strength and seed give the same pixels.

use std::io::Cursor;

use image::codecs::jpeg::JpegEncoder;
use image::{ExtendedColorType, ImageFormat, ImageReader, RgbImage};
use palette::{Clamp, LinSrgb, Srgb};

use super::kinds::Kind;
use crate::domain::geometry::Rect;
use crate::domain::mask::LabelMap;
use crate::domain::photo::{Photo, resize};
use crate::domain::statistics::median;
use crate::error::PhotoError;
use crate::evaluation::score::rng::SplitMix64;

/// The colour of what covers a part of a photo: a drape.
const DRAPE: [u8; 3] = [96, 120, 140];

/// A photo whose pixels are stored at their full size, made worse.
pub struct Disturbed {
    /// What the model sees.
    pub photo: Photo,
    /// Where a point (x, y) of the good photo is in it: `a * x + b * y + c` across, and the same down.
    place: [[f64; 3]; 2],
    /// Parts of the good photo that cannot be seen.
    covered: Vec<Rect>,
}

impl Disturbed {
    /// Every pixel in its place.
    fn in_place(photo: &Photo, rgb: Vec<u8>) -> Self {
        let photo = Photo { width: photo.width, height: photo.height, rgb };
        Self { photo, place: [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]], covered: Vec::new() }
    }

    /// What the mask of the disturbed photo says of every pixel of the good one; None where that cannot be seen.
    pub fn seen(&self, labels: &LabelMap, width: u32, height: u32) -> Vec<Option<u8>> {
        let frame = Rect::whole(labels.width, labels.height);
        let [across, down] = self.place;
        let mut seen = Vec::with_capacity(width as usize * height as usize);
        for y in 0..height {
            for x in 0..width {
                let (x, y) = (f64::from(x) + 0.5, f64::from(y) + 0.5);
                let (u, v) = (across[0] * x + across[1] * y + across[2], down[0] * x + down[1] * y + down[2]);
                let is_seen = frame.contains(u, v) && !self.covered.iter().any(|part| part.contains(x, y));
                seen.push(is_seen.then(|| labels.at(u as u32, v as u32)));
            }
        }
        seen
    }
}

/// `centre` is what `distance_in` goes nearer to. None where this strength means nothing for this photo.
pub fn disturb(
    photo: &Photo,
    kind: Kind,
    strength: f64,
    centre: [f64; 2],
    seed: u64,
) -> Result<Option<Disturbed>, PhotoError> {
    let long_side = f64::from(photo.width.max(photo.height));
    let in_place = |rgb| Disturbed::in_place(photo, rgb);
    Ok(Some(match kind {
        Kind::DistanceOut => farther(photo, strength)?,
        Kind::DistanceIn => nearer(photo, strength, centre)?,
        Kind::Rotation => turned(photo, strength),
        Kind::Blur => in_place(blurred(photo, (strength / 1000.0 * long_side) as f32)),
        Kind::Darker => in_place(lit(photo, [-strength; 3])),
        Kind::Brighter => in_place(lit(photo, [strength; 3])),
        Kind::Warmer => in_place(lit(photo, [strength, 0.0, -strength])),
        Kind::Cooler => in_place(lit(photo, [-strength, 0.0, strength])),
        Kind::Jpeg => in_place(through_jpeg(photo, strength as u8)?),
        Kind::Noise => in_place(noisy(photo, strength, seed)),
        Kind::Resolution if strength >= long_side => return Ok(None),
        Kind::Resolution => smaller(photo, strength / long_side)?,
        Kind::Occlusion => covered(photo, strength / 100.0, seed),
    }))
}

fn whole(photo: &Photo) -> Rect {
    Rect::whole(photo.width, photo.height)
}

fn scaled(side: u32, by: f64) -> u32 {
    ((f64::from(side) * by).round() as u32).max(1)
}

fn plain(width: u32, height: u32, colour: [u8; 3]) -> Vec<u8> {
    colour.repeat(width as usize * height as usize)
}

/// The median colour of the photo's outermost pixels.
fn border(photo: &Photo) -> [u8; 3] {
    let rows = (0..photo.width).flat_map(|x| [(x, 0), (x, photo.height - 1)]);
    let columns = (0..photo.height).flat_map(|y| [(0, y), (photo.width - 1, y)]);
    let pixels: Vec<[u8; 3]> = rows.chain(columns).map(|(x, y)| photo.pixel(x, y)).collect();
    std::array::from_fn(|c| median(pixels.iter().map(|p| f64::from(p[c])).collect()).map_or(0, |v| v as u8))
}

fn farther(photo: &Photo, times: f64) -> Result<Disturbed, PhotoError> {
    let (width, height) = (scaled(photo.width, 1.0 / times), scaled(photo.height, 1.0 / times));
    let small = resize(photo, whole(photo), width, height)?;
    let (left, top) = ((photo.width - width) / 2, (photo.height - height) / 2);
    let mut rgb = plain(photo.width, photo.height, border(photo));
    for (y, row) in small.chunks_exact(width as usize * 3).enumerate() {
        let start = ((top as usize + y) * photo.width as usize + left as usize) * 3;
        rgb[start..start + row.len()].copy_from_slice(row);
    }
    let (sx, sy) = (f64::from(width) / f64::from(photo.width), f64::from(height) / f64::from(photo.height));
    let place = [[sx, 0.0, f64::from(left)], [0.0, sy, f64::from(top)]];
    Ok(Disturbed { place, ..Disturbed::in_place(photo, rgb) })
}

fn nearer(photo: &Photo, times: f64, centre: [f64; 2]) -> Result<Disturbed, PhotoError> {
    let (width, height) = (f64::from(photo.width), f64::from(photo.height));
    let part = Rect {
        x: (centre[0] - width / times / 2.0).clamp(0.0, width - width / times),
        y: (centre[1] - height / times / 2.0).clamp(0.0, height - height / times),
        width: width / times,
        height: height / times,
    };
    let rgb = resize(photo, part, photo.width, photo.height)?;
    let place = [[times, 0.0, -part.x * times], [0.0, times, -part.y * times]];
    Ok(Disturbed { place, ..Disturbed::in_place(photo, rgb) })
}

/// Upright turns keep the whole photo; others keep the frame, and what leaves it is not seen.
fn turned(photo: &Photo, degrees: f64) -> Disturbed {
    let (sin, cos) = match degrees % 360.0 {
        90.0 => (1.0, 0.0),
        180.0 => (0.0, -1.0),
        270.0 => (-1.0, 0.0),
        other => other.to_radians().sin_cos(),
    };
    let lies = sin == 1.0 || sin == -1.0;
    let (width, height) = if lies { (photo.height, photo.width) } else { (photo.width, photo.height) };
    let half = |side: u32| f64::from(side) / 2.0;
    let (cx, cy, tx, ty) = (half(photo.width), half(photo.height), half(width), half(height));
    let ground = border(photo);
    let mut rgb = Vec::with_capacity(photo.rgb.len());
    for v in 0..height {
        for u in 0..width {
            let (dx, dy) = (f64::from(u) + 0.5 - tx, f64::from(v) + 0.5 - ty);
            rgb.extend(between(photo, cos * dx + sin * dy + cx, cos * dy - sin * dx + cy).unwrap_or(ground));
        }
    }
    let place = [[cos, -sin, tx - cos * cx + sin * cy], [sin, cos, ty - sin * cx - cos * cy]];
    Disturbed { photo: Photo { width, height, rgb }, place, covered: Vec::new() }
}

/// The colour at a point between pixels; None outside the photo.
fn between(photo: &Photo, x: f64, y: f64) -> Option<[u8; 3]> {
    if !whole(photo).contains(x, y) {
        return None;
    }
    let tap = |at: f64, side: u32| {
        let at = (at - 0.5).clamp(0.0, f64::from(side - 1));
        (at as u32, (at as u32 + 1).min(side - 1), at.fract())
    };
    let ((left, right, wx), (top, bottom, wy)) = (tap(x, photo.width), tap(y, photo.height));
    let corners = [(left, top), (right, top), (left, bottom), (right, bottom)].map(|(x, y)| photo.pixel(x, y));
    let mix = |c: usize| {
        let [a, b, d, e] = corners.map(|corner| f64::from(corner[c]));
        (a + (b - a) * wx) * (1.0 - wy) + (d + (e - d) * wx) * wy
    };
    Some([0, 1, 2].map(|c| mix(c).round() as u8))
}

fn picture(photo: &Photo) -> RgbImage {
    RgbImage::from_raw(photo.width, photo.height, photo.rgb.clone()).expect("a photo has all its pixels")
}

fn blurred(photo: &Photo, sigma: f32) -> Vec<u8> {
    image::imageops::blur(&picture(photo), sigma).into_raw()
}

/// So many stops more or less light in each channel.
fn lit(photo: &Photo, stops: [f64; 3]) -> Vec<u8> {
    let tables = stops.map(|stops| -> [u8; 256] {
        std::array::from_fn(|value| {
            let value = value as f64 / 255.0;
            let light: LinSrgb<f64> = Srgb::new(value, value, value).into_linear() * stops.exp2();
            let shown: Srgb<f64> = Srgb::from_linear(light.clamp());
            (shown.red * 255.0).round() as u8
        })
    });
    photo.rgb.chunks_exact(3).flat_map(|p| [0, 1, 2].map(|c| tables[c][usize::from(p[c])])).collect()
}

fn through_jpeg(photo: &Photo, quality: u8) -> Result<Vec<u8>, PhotoError> {
    let failed = |e: image::ImageError| PhotoError::EncodeFailed { what: "disturbed photo", why: e.to_string() };
    let mut jpeg = Vec::new();
    JpegEncoder::new_with_quality(&mut jpeg, quality)
        .encode(&photo.rgb, photo.width, photo.height, ExtendedColorType::Rgb8)
        .map_err(failed)?;
    let back = ImageReader::with_format(Cursor::new(jpeg), ImageFormat::Jpeg).decode().map_err(failed)?;
    Ok(back.into_rgb8().into_raw())
}

/// Sums of four even numbers are close to a normal one, and the same on every machine.
fn noisy(photo: &Photo, sd: f64, seed: u64) -> Vec<u8> {
    let mut rng = SplitMix64::new(seed);
    // The variance of the sum of four numbers between 0 and 1 is a third.
    let scale = sd * 3_f64.sqrt() / f64::from(1 << 16);
    let mut noise = || {
        let bits = rng.draw();
        let sum: u32 = (0..4).map(|i| (bits >> (16 * i)) as u32 & 0xffff).sum();
        (f64::from(sum) - f64::from(2 * 0xffff)) * scale
    };
    photo.rgb.iter().map(|&v| (f64::from(v) + noise()).round().clamp(0.0, 255.0) as u8).collect()
}

fn smaller(photo: &Photo, by: f64) -> Result<Disturbed, PhotoError> {
    let (width, height) = (scaled(photo.width, by), scaled(photo.height, by));
    let rgb = resize(photo, whole(photo), width, height)?;
    let (sx, sy) = (f64::from(width) / f64::from(photo.width), f64::from(height) / f64::from(photo.height));
    let place = [[sx, 0.0, 0.0], [0.0, sy, 0.0]];
    Ok(Disturbed { photo: Photo { width, height, rgb }, place, covered: Vec::new() })
}

/// A patch of the photo's own shape somewhere in each quarter, so that patches never lie on each other.
fn covered(photo: &Photo, share: f64, seed: u64) -> Disturbed {
    let mut rng = SplitMix64::new(seed);
    let mut anywhere = |room: f64| (rng.below(1 << 20) as f64 / f64::from(1 << 20) * room).floor();
    let (width, height) = (f64::from(photo.width) / 2.0, f64::from(photo.height) / 2.0);
    let (w, h) = ((width * share.sqrt()).round(), (height * share.sqrt()).round());
    let covered: Vec<Rect> = [(0.0, 0.0), (width, 0.0), (0.0, height), (width, height)]
        .map(|(x, y)| Rect {
            x: x.floor() + anywhere(width - w),
            y: y.floor() + anywhere(height - h),
            width: w,
            height: h,
        })
        .to_vec();
    let mut rgb = photo.rgb.clone();
    for part in &covered {
        for y in part.y as usize..(part.y + part.height) as usize {
            let start = (y * photo.width as usize + part.x as usize) * 3;
            rgb[start..start + part.width as usize * 3].copy_from_slice(&DRAPE.repeat(part.width as usize));
        }
    }
    Disturbed { covered, ..Disturbed::in_place(photo, rgb) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluation::stress::kinds::KINDS;

    /// Three bars of colour with some texture, and a label for each.
    fn bars(width: u32, height: u32) -> (Photo, LabelMap) {
        let mut rgb = Vec::new();
        let mut labels = LabelMap::filled(width, height, 0);
        for i in 0..width * height {
            let (x, y) = (i % width, i / width);
            let bar = (x * 2 / width + y * 2 / height) as u8;
            labels.data[i as usize] = bar;
            rgb.extend([60 + 60 * bar, 120, 200 - 60 * bar]);
        }
        (Photo { width, height, rgb }, labels)
    }

    /// The labels that the disturbed colours stand for.
    fn read_off(photo: &Photo) -> LabelMap {
        let nearest = |p: &[u8]| ((f64::from(p[0]) - 60.0) / 60.0).round().clamp(0.0, 2.0) as u8;
        LabelMap { width: photo.width, height: photo.height, data: photo.rgb.chunks_exact(3).map(nearest).collect() }
    }

    #[test]
    fn a_mask_of_the_moved_photo_comes_back_to_its_place() {
        let (photo, labels) = bars(90, 60);
        for (kind, strength) in [
            (Kind::DistanceOut, 1.4),
            (Kind::DistanceOut, 2.8),
            (Kind::DistanceIn, 2.0),
            (Kind::Rotation, 20.0),
            (Kind::Rotation, 90.0),
            (Kind::Rotation, 180.0),
            (Kind::Rotation, 270.0),
            (Kind::Resolution, 45.0),
            (Kind::Occlusion, 20.0),
        ] {
            let disturbed = disturb(&photo, kind, strength, [20.0, 40.0], 7).unwrap().unwrap();
            let seen = disturbed.seen(&read_off(&disturbed.photo), 90, 60);
            let known: Vec<(u8, u8)> = seen.iter().zip(&labels.data).filter_map(|(s, l)| Some(((*s)?, *l))).collect();
            let right = known.iter().filter(|(s, l)| s == l).count();
            assert!(right as f64 >= 0.93 * known.len() as f64, "{kind:?} {strength}: {right} of {}", known.len());
            let share = known.len() as f64 / seen.len() as f64;
            let expected = match kind {
                Kind::DistanceIn => 0.25,
                Kind::Occlusion => 0.8,
                Kind::Rotation if strength == 20.0 => 0.9,
                _ => 1.0,
            };
            assert!((share - expected).abs() < 0.06, "{kind:?} {strength}: {share} is seen");
        }
    }

    #[test]
    fn noise_has_the_spread_that_it_says_and_the_seed_decides() {
        let photo = Photo { width: 100, height: 100, rgb: vec![128; 30_000] };
        let noisy = |seed| disturb(&photo, Kind::Noise, 10.0, [0.0; 2], seed).unwrap().unwrap().photo.rgb;
        let (values, n) = (noisy(1), 30_000.0);
        let mean = values.iter().map(|v| f64::from(*v)).sum::<f64>() / n;
        let variance = values.iter().map(|v| (f64::from(*v) - mean).powi(2)).sum::<f64>() / n;
        assert!((mean - 128.0).abs() < 0.3 && (variance.sqrt() - 10.0).abs() < 0.3, "{mean} {variance}");
        assert!(noisy(1) == values && noisy(2) != values);
    }

    #[test]
    fn light_is_counted_in_stops() {
        let photo = Photo { width: 1, height: 1, rgb: vec![188, 188, 188] };
        let lit = |kind| disturb(&photo, kind, 1.0, [0.0; 2], 0).unwrap().unwrap().photo.rgb;
        // 188 is half of the light of 255.
        assert_eq!((lit(Kind::Brighter), lit(Kind::Darker)), (vec![255; 3], vec![137; 3]));
        assert_eq!(lit(Kind::Warmer), [255, 188, 137]);
        assert_eq!(lit(Kind::Cooler), [137, 188, 255]);
    }

    #[test]
    fn every_kind_changes_a_photo_of_any_shape() {
        for (width, height) in [(97, 41), (41, 97), (600, 30)] {
            let (photo, _) = bars(width, height);
            for about in &KINDS {
                for &strength in about.strengths {
                    match disturb(&photo, about.kind, strength, [10.0, 10.0], 3).unwrap() {
                        // A blur of less than a third of a pixel cannot be seen.
                        Some(bad) => {
                            assert!(bad.photo != photo || about.kind == Kind::Blur, "{} {strength}", about.name);
                        }
                        None => assert!(about.kind == Kind::Resolution && strength >= f64::from(width.max(height))),
                    }
                }
            }
        }
    }
}
