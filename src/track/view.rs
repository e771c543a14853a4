//! A photo as alignment sees it: reduced, its lesions marked, and the points of its skin that are known again elsewhere.
//!
//! Points are SIFT's (crate `lowe-sift`), found in the logarithm of the grey, where another light is only another offset.
//! None lies in or near a lesion, because lesions change; but small ones, such as moles, are the best marks that skin has: what
//! counts is where they are, and many of them.

use lowe_sift::{Feature, GrayImage, Sift, SiftConfig};

use super::transform::Point;
use crate::domain::geometry::Rect;
use crate::domain::mask::{BACKGROUND, LESION, LabelMap, SKIN};
use crate::domain::photo::{Photo, luma, resize};
use crate::domain::record::Size;
use crate::error::PhotoError;
use crate::measure::components::{Component, components};

/// Longer side of the reduced picture.
const LONGER_SIDE: u32 = 640;
/// Strongest points that are kept, spread over a grid of cells.
const MOST_POINTS: usize = 1200;
const CELLS: usize = 8;
/// In logarithmic grey; less is noise.
const LEAST_CONTRAST: f32 = 0.006;
/// Distance to a lesion, in scales of the point.
const REACH_OF_LESIONS: f32 = 4.0;
/// Lesions that cover less of the frame than this are marks.
const SMALL: f64 = 0.003;
/// Where less of the frame is known to be skin, the mask does not tell what is, and all that is no lesion counts.
const LEAST_SKIN: f64 = 0.1;
/// Half the side of the square whose mean is taken away to leave detail.
const DETAIL: usize = 6;

pub struct View {
    /// Of the photo itself.
    pub size: Size,
    pub photo: Photo,
    pub labels: LabelMap,
    /// With coordinates of the photo itself.
    pub points: Vec<Feature>,
    /// Logarithmic grey without its local mean.
    detail: Vec<f32>,
}

impl View {
    /// `labels` are of the photo's size.
    pub fn new(photo: &Photo, labels: &LabelMap) -> Result<Self, PhotoError> {
        let size = Size { width: photo.width, height: photo.height };
        let (width, height) = reduced(size, LONGER_SIDE);
        let rgb = resize(photo, Rect::whole(photo.width, photo.height), width, height)?;
        let labels = labels.reduced(width, height);
        let grey: Vec<f32> = rgb.chunks_exact(3).map(|p| logarithm(luma(p))).collect();
        let detail = detail(&grey, width as usize, height as usize);
        let points = points(grey, &labels, size);
        Ok(Self { size, photo: Photo { width, height, rgb }, labels, points, detail })
    }

    /// From the photo's own coordinates to those of the reduced picture.
    pub fn reduce(&self, [x, y]: Point) -> Point {
        let factor = |own: u32, small: u32| f64::from(small) / f64::from(own);
        [x * factor(self.size.width, self.photo.width), y * factor(self.size.height, self.photo.height)]
    }

    /// The other way.
    pub fn enlarge(&self, [x, y]: Point) -> Point {
        let factor = |own: u32, small: u32| f64::from(own) / f64::from(small);
        [x * factor(self.size.width, self.photo.width), y * factor(self.size.height, self.photo.height)]
    }

    /// Index of the reduced pixel at a point of the photo; nothing outside.
    pub fn pixel_at(&self, point: Point) -> Option<usize> {
        let [x, y] = self.reduce(point);
        let inside = x >= 0.0 && y >= 0.0 && x < f64::from(self.photo.width) && y < f64::from(self.photo.height);
        inside.then(|| y as usize * self.photo.width as usize + x as usize)
    }

    /// Index and place, in the photo's own coordinates, of every `step`th reduced pixel in both directions.
    pub fn pixels(&self, step: usize) -> impl Iterator<Item = (usize, Point)> {
        let (width, height) = (self.photo.width as usize, self.photo.height as usize);
        let place = move |x: usize, y: usize| (y * width + x, self.enlarge([x as f64 + 0.5, y as f64 + 0.5]));
        (step / 2..height).step_by(step).flat_map(move |y| (step / 2..width).step_by(step).map(move |x| place(x, y)))
    }

    pub fn detail_at(&self, pixel: usize) -> f32 {
        self.detail[pixel]
    }
}

fn reduced(size: Size, longer: u32) -> (u32, u32) {
    let own = size.width.max(size.height);
    let side = |s: u32| ((f64::from(s) * f64::from(longer) / f64::from(own)).round() as u32).max(1);
    if own <= longer { (size.width, size.height) } else { (side(size.width), side(size.height)) }
}

fn logarithm(grey: u8) -> f32 {
    const FLOOR: f32 = 0.04;
    (f32::from(grey) / 255.0 + FLOOR).ln() / ((1.0 + FLOOR) / FLOOR).ln() + 1.0
}

fn points(grey: Vec<f32>, labels: &LabelMap, size: Size) -> Vec<Feature> {
    let (width, height) = (labels.width as usize, labels.height as usize);
    let config = SiftConfig { contrast_threshold: LEAST_CONTRAST, ..SiftConfig::default() };
    let found = GrayImage::new(width, height, grey).ok().zip(Sift::new(config).ok());
    let mut found = found.map(|(image, sift)| sift.detect_and_compute(&image)).unwrap_or_default();
    let place = Usable::of(labels);
    found.retain(|feature| place.is_usable(&feature.keypoint));
    found.sort_by(|a, b| b.keypoint.response.total_cmp(&a.keypoint.response));
    let mut cells = [0; CELLS * CELLS];
    found.retain(|feature| {
        let cell = |at: f32, side: usize| ((at / side as f32 * CELLS as f32) as usize).min(CELLS - 1);
        let count = &mut cells[cell(feature.keypoint.y, height) * CELLS + cell(feature.keypoint.x, width)];
        *count += 1;
        *count <= 4 * MOST_POINTS / (CELLS * CELLS)
    });
    found.truncate(MOST_POINTS);
    let (across, down) = (size.width as f32 / width as f32, size.height as f32 / height as f32);
    for feature in &mut found {
        let point = &mut feature.keypoint;
        (point.x, point.y, point.scale) = ((point.x + 0.5) * across, (point.y + 0.5) * down, point.scale * across);
    }
    found
}

/// Where points count.
struct Usable<'a> {
    labels: &'a LabelMap,
    /// Large ones.
    lesions: Sums,
    only_skin: bool,
}

impl<'a> Usable<'a> {
    fn of(labels: &'a LabelMap) -> Self {
        let mut large = vec![0.0; labels.data.len()];
        let is_large = |lesion: &Component| lesion.area as f64 > SMALL * labels.data.len() as f64;
        for run in components(labels, LESION).into_iter().filter(is_large).flat_map(|lesion| lesion.runs) {
            let row = run.y as usize * labels.width as usize;
            large[row + run.start as usize..row + run.end as usize].fill(1.0);
        }
        let (lesion, skin) = (labels.count(LESION), labels.count(SKIN));
        let known = (lesion + skin) as f64 / labels.data.len().max(1) as f64;
        let lesions = Sums::of(&large, labels.width as usize);
        Self { labels, lesions, only_skin: skin > 0 && known >= LEAST_SKIN }
    }

    fn is_usable(&self, point: &lowe_sift::Keypoint) -> bool {
        let (x, y) = (point.x.max(0.0) as usize, point.y.max(0.0) as usize);
        let Some(class) = self.labels.data.get(y * self.labels.width as usize + x) else { return false };
        let reach = (REACH_OF_LESIONS * point.scale).ceil() as usize + 1;
        let is_place = matches!(*class, SKIN | LESION) || *class == BACKGROUND && !self.only_skin;
        is_place && self.lesions.mean(x, y, reach) == 0.0
    }
}

fn detail(grey: &[f32], width: usize, height: usize) -> Vec<f32> {
    let sums = Sums::of(&grey.iter().copied().map(f64::from).collect::<Vec<_>>(), width);
    let at = |(x, y): (usize, usize)| grey[y * width + x] - sums.mean(x, y, DETAIL) as f32;
    (0..height).flat_map(|y| (0..width).map(move |x| (x, y))).map(at).collect()
}

/// Sums over any rectangle at once.
struct Sums {
    width: usize,
    height: usize,
    /// Of all values above and left, with a row and a column of zeros before them.
    total: Vec<f64>,
}

impl Sums {
    fn of(values: &[f64], width: usize) -> Self {
        let height = values.len().checked_div(width).unwrap_or(0);
        let mut total = vec![0.0; (width + 1) * (height + 1)];
        for y in 0..height {
            let mut row = 0.0;
            for x in 0..width {
                row += values[y * width + x];
                total[(y + 1) * (width + 1) + x + 1] = total[y * (width + 1) + x + 1] + row;
            }
        }
        Self { width, height, total }
    }

    /// Of the square that reaches so far from a pixel, cut at the frame.
    fn mean(&self, x: usize, y: usize, reach: usize) -> f64 {
        let (left, top) = (x.saturating_sub(reach), y.saturating_sub(reach));
        let (right, bottom) = ((x + reach + 1).min(self.width), (y + reach + 1).min(self.height));
        let at = |x: usize, y: usize| self.total[y * (self.width + 1) + x];
        let sum = at(right, bottom) - at(left, bottom) - at(right, top) + at(left, top);
        sum / ((right - left) * (bottom - top)).max(1) as f64
    }
}
