//! Which parts of a photo are cut out: the rule, and the boxes that it gives for the lesions of one photo. Pure geometry.
//!
//! All that a rule says of lengths is a share of the lesion's own size, so that the same lesion is cut in the same way from near
//! and from far.

use serde::{Deserialize, Serialize};

use super::record::{CropBox, CropOf, Lesion, Size};
use super::sets::Sets;

/// How a box is laid around lesions.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Frame {
    pub shape: Shape,
    /// Added on every side, as a share of the lesion's longer side.
    pub margin: f64,
    /// No box is smaller than so many pixels of the photo.
    pub min_side: u32,
    /// Lesions nearer to each other than this share of the larger one's longer side share a box; 0 for never.
    pub merge: f64,
    pub border: Border,
}

impl Default for Frame {
    fn default() -> Self {
        Self { shape: Shape::Square, margin: 0.25, min_side: 32, merge: 0.0, border: Border::Shift }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shape {
    #[default]
    Square,
    /// As wide and as high as the lesion, and its margin.
    Tight,
}

/// What becomes of a box that reaches beyond the photo.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Border {
    /// The lesion stays in the middle, and what is beyond the photo is black.
    Pad,
    /// The box is moved inside; only where it is larger than the photo, the rest is black.
    #[default]
    Shift,
}

/// What `--crops` asks for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CropRule {
    pub of: CropsOf,
    pub frame: Frame,
    /// Longer side of the picture; none for the photo's own pixels.
    pub size: Option<u32>,
    pub without_lesion: WithoutLesion,
    pub encoding: Encoding,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CropsOf {
    Lesion,
    /// One for all lesions of the photo.
    Photo,
    Both,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WithoutLesion {
    Nothing,
    /// The whole photo.
    Photo,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Encoding {
    /// Of this quality, 1 to 100.
    Jpeg(u8),
    Png,
}

impl Encoding {
    pub fn ending(self) -> &'static str {
        if self == Encoding::Png { "png" } else { "jpg" }
    }
}

/// A part of the photo, and the lesions that it was made for, the largest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    pub lesions: Vec<u32>,
    pub area: CropBox,
}

impl Part {
    pub fn whole(photo: Size) -> Self {
        Self { lesions: Vec::new(), area: CropBox { x: 0, y: 0, width: photo.width, height: photo.height } }
    }
}

impl CropRule {
    /// Everything to be cut out of a photo with these lesions, which come largest first.
    pub fn parts(&self, lesions: &[Lesion], photo: Size) -> Vec<(CropOf, Part)> {
        if lesions.is_empty() {
            let whole = (self.without_lesion == WithoutLesion::Photo).then(|| (CropOf::Photo, Part::whole(photo)));
            return whole.into_iter().collect();
        }
        let each = if self.of == CropsOf::Photo { Vec::new() } else { self.frame.each(lesions, photo) };
        let all = if self.of == CropsOf::Lesion { None } else { self.frame.all(lesions, photo) };
        let each = each.into_iter().map(|part| (CropOf::Lesion, part));
        each.chain(all.map(|part| (CropOf::Photo, part))).collect()
    }
}

impl Frame {
    /// A part for each lesion, or for each group of lesions that lie together; in the order of the lesions.
    pub fn each(&self, lesions: &[Lesion], photo: Size) -> Vec<Part> {
        let mut groups = Sets::new(lesions.len());
        if self.merge > 0.0 {
            for (i, one) in lesions.iter().enumerate() {
                for (j, other) in lesions.iter().enumerate().skip(i + 1) {
                    let reach = self.merge * f64::from(longer(one.bbox).max(longer(other.bbox)));
                    if f64::from(gap(one.bbox, other.bbox)) <= reach {
                        groups.join(i, j);
                    }
                }
            }
        }
        let mut parts: Vec<(usize, Vec<&Lesion>)> = Vec::new();
        for (i, lesion) in lesions.iter().enumerate() {
            let root = groups.root(i);
            match parts.iter_mut().find(|(of, _)| self.merge > 0.0 && *of == root) {
                Some((_, together)) => together.push(lesion),
                None => parts.push((root, vec![lesion])),
            }
        }
        parts.into_iter().filter_map(|(_, together)| self.around(together.into_iter(), photo)).collect()
    }

    /// One part for all lesions; none where there is no lesion.
    pub fn all(&self, lesions: &[Lesion], photo: Size) -> Option<Part> {
        self.around(lesions.iter(), photo)
    }

    fn around<'a>(&self, lesions: impl Iterator<Item = &'a Lesion> + Clone, photo: Size) -> Option<Part> {
        let ids: Vec<u32> = lesions.clone().map(|lesion| lesion.id).collect();
        let bbox = lesions.map(|lesion| lesion.bbox).reduce(union)?;
        Some(Part { lesions: ids, area: self.lay(bbox, photo) })
    }

    /// The box around a lesion's own box (x, y, width, height).
    fn lay(&self, [x, y, width, height]: [u32; 4], photo: Size) -> CropBox {
        let (width, height) = (f64::from(width), f64::from(height));
        let centre = (f64::from(x) + width / 2.0, f64::from(y) + height / 2.0);
        let grown = |side: f64| side + 2.0 * self.margin * width.max(height);
        let (wide, high) = match self.shape {
            Shape::Square => (grown(width.max(height)), grown(width.max(height))),
            Shape::Tight => (grown(width), grown(height)),
        };
        let longest = photo.width.max(photo.height);
        // A tight box that is moved inside has nothing beyond the photo.
        let inside = self.shape == Shape::Tight && self.border == Border::Shift;
        let limits = if inside { (photo.width, photo.height) } else { (longest, longest) };
        let side = |wanted: f64, limit: u32| (wanted.round() as u32).max(self.min_side).clamp(1, limit.max(1));
        let (wide, high) = (side(wide, limits.0), side(high, limits.1));
        let start = |centre: f64, side: u32, limit: u32| {
            let start = (centre - f64::from(side) / 2.0).round() as i64;
            let room = i64::from(limit) - i64::from(side);
            if self.border == Border::Pad { start } else { start.clamp(room.min(0), room.max(0)) }
        };
        CropBox {
            x: start(centre.0, wide, photo.width),
            y: start(centre.1, high, photo.height),
            width: wide,
            height: high,
        }
    }
}

impl CropBox {
    /// The same box in a photo of the size `stored` that is turned upright by an EXIF orientation.
    pub fn stored(self, orientation: u8, stored: Size) -> Self {
        let CropBox { x, y, width, height } = self;
        let from_right = |start: i64, side: u32, limit: u32| i64::from(limit) - start - i64::from(side);
        let (w, h) = (stored.width, stored.height);
        match orientation {
            2 => Self { x: from_right(x, width, w), ..self },
            3 => Self { x: from_right(x, width, w), y: from_right(y, height, h), ..self },
            4 => Self { y: from_right(y, height, h), ..self },
            5 => Self { x: y, y: x, width: height, height: width },
            6 => Self { x: y, y: from_right(x, width, h), width: height, height: width },
            7 => Self { x: from_right(y, height, w), y: from_right(x, width, h), width: height, height: width },
            8 => Self { x: from_right(y, height, w), y: x, width: height, height: width },
            _ => self,
        }
    }
}

fn longer([_, _, width, height]: [u32; 4]) -> u32 {
    width.max(height)
}

/// Pixels between two boxes, along the axis where they are farther apart; 0 where they touch.
fn gap(a: [u32; 4], b: [u32; 4]) -> u32 {
    let along = |axis: usize| {
        let (end, start) = (a[axis] + a[axis + 2], b[axis]);
        start.saturating_sub(end).max(a[axis].saturating_sub(b[axis] + b[axis + 2]))
    };
    along(0).max(along(1))
}

fn union(a: [u32; 4], b: [u32; 4]) -> [u32; 4] {
    let (x, y) = (a[0].min(b[0]), a[1].min(b[1]));
    let (right, bottom) = ((a[0] + a[2]).max(b[0] + b[2]), (a[1] + a[3]).max(b[1] + b[3]));
    [x, y, right - x, bottom - y]
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::metadata::Orientation;
    use image::{DynamicImage, GenericImageView, GrayImage};

    const PHOTO: Size = Size { width: 400, height: 300 };

    fn lesions(boxes: &[[u32; 4]]) -> Vec<Lesion> {
        boxes.iter().zip(1..).map(|(&bbox, id)| Lesion { id, bbox, ..Lesion::default() }).collect()
    }

    fn area(x: i64, y: i64, width: u32, height: u32) -> CropBox {
        CropBox { x, y, width, height }
    }

    #[test]
    fn shapes_margins_and_borders() {
        let one = lesions(&[[100, 100, 80, 40]]);
        let frame = Frame::default();
        let tight = Frame { shape: Shape::Tight, ..frame };
        assert_eq!(frame.each(&one, PHOTO)[0].area, area(80, 60, 120, 120));
        assert_eq!(tight.each(&one, PHOTO)[0].area, area(80, 80, 120, 80));
        let corner = lesions(&[[0, 280, 40, 20]]);
        assert_eq!(frame.each(&corner, PHOTO)[0].area, area(0, 240, 60, 60));
        let pad = Frame { border: Border::Pad, ..frame };
        assert_eq!(pad.each(&corner, PHOTO)[0].area, area(-10, 260, 60, 60));
        let speck = lesions(&[[10, 10, 3, 2]]);
        assert_eq!(frame.each(&speck, PHOTO)[0].area, area(0, 0, 32, 32));
    }

    #[test]
    fn what_fills_the_photo_is_never_cut_larger_than_its_longer_side() {
        let full = lesions(&[[0, 0, 400, 300]]);
        let frame = Frame::default();
        assert_eq!(frame.each(&full, PHOTO)[0].area, area(0, -50, 400, 400));
        let tight = Frame { shape: Shape::Tight, ..frame };
        assert_eq!(tight.each(&full, PHOTO)[0].area, area(0, 0, 400, 300));
    }

    #[test]
    fn lesions_that_lie_together_share_a_crop() {
        // The first and the third are 20 pixels apart, which is half the larger one.
        let all = lesions(&[[100, 100, 40, 40], [300, 200, 30, 30], [160, 110, 10, 10]]);
        let merge = |merge| Frame { merge, ..Frame::default() }.each(&all, PHOTO);
        let ids = |parts: &[Part]| parts.iter().map(|p| p.lesions.clone()).collect::<Vec<_>>();
        assert_eq!(ids(&merge(0.0)), [vec![1], vec![2], vec![3]]);
        assert_eq!(ids(&merge(0.5)), [vec![1, 3], vec![2]]);
        assert_eq!(ids(&merge(0.49)), [vec![1], vec![2], vec![3]]);
        assert_eq!(ids(&merge(9.0)), [vec![1, 2, 3]]);
    }

    #[test]
    fn nothing_or_the_whole_photo_where_there_is_no_lesion() {
        let rule = |of, without_lesion| CropRule {
            of,
            frame: Frame::default(),
            size: None,
            without_lesion,
            encoding: Encoding::Png,
        };
        assert!(rule(CropsOf::Both, WithoutLesion::Nothing).parts(&[], PHOTO).is_empty());
        let whole = rule(CropsOf::Lesion, WithoutLesion::Photo).parts(&[], PHOTO);
        assert_eq!(whole, [(CropOf::Photo, Part { lesions: vec![], area: area(0, 0, 400, 300) })]);
        let two = lesions(&[[10, 10, 40, 40], [200, 100, 30, 30]]);
        let of =
            |of| rule(of, WithoutLesion::Nothing).parts(&two, PHOTO).into_iter().map(|(of, _)| of).collect::<Vec<_>>();
        assert_eq!(of(CropsOf::Both), [CropOf::Lesion, CropOf::Lesion, CropOf::Photo]);
        assert_eq!(of(CropsOf::Photo), [CropOf::Photo]);
    }

    #[test]
    fn a_lesion_is_cut_alike_from_near_and_from_far() {
        let (near, photo) = ([300, 500, 640, 411], Size { width: 2400, height: 1800 });
        for (frame, far) in [Frame::default(), Frame { shape: Shape::Tight, margin: 0.5, ..Frame::default() }]
            .into_iter()
            .flat_map(|frame| [2, 3, 5, 8].map(|far| (frame, far)))
        {
            let cut = |bbox, photo| frame.each(&lesions(&[bbox]), photo)[0].area;
            let from_near = cut(near, photo);
            let small = Size { width: photo.width / far, height: photo.height / far };
            let from_far = cut(near.map(|length| length / far), small);
            // In pixels of the near photo.
            let edges = |b: CropBox, by: i64| {
                [b.x * by, b.y * by, (b.x + i64::from(b.width)) * by, (b.y + i64::from(b.height)) * by]
            };
            let (a, b) = (edges(from_near, 1), edges(from_far, i64::from(far)));
            let area = |e: [i64; 4]| (e[2] - e[0]).max(0) * (e[3] - e[1]).max(0);
            let both = area([a[0].max(b[0]), a[1].max(b[1]), a[2].min(b[2]), a[3].min(b[3])]);
            let iou = both as f64 / (area(a) + area(b) - both) as f64;
            assert!(iou > 0.93, "{far} times farther: {iou}");
        }
    }

    #[test]
    fn the_stored_box_holds_the_same_pixels_for_every_orientation() {
        let stored = Size { width: 7, height: 5 };
        let lying = GrayImage::from_fn(7, 5, |x, y| image::Luma([(y * 7 + x) as u8]));
        for orientation in 1..=8 {
            let mut upright = DynamicImage::ImageLuma8(lying.clone());
            upright.apply_orientation(Orientation::from_exif(orientation).unwrap());
            let cut = area(1, 2, 3, 2);
            let there = cut.stored(orientation, stored);
            let sorted = |picture: DynamicImage, b: CropBox| {
                let part = picture.view(b.x as u32, b.y as u32, b.width, b.height).to_image();
                let mut values: Vec<u8> = part.pixels().map(|p| p.0[0]).collect();
                values.sort_unstable();
                values
            };
            let (here, there) = (sorted(upright, cut), sorted(lying.clone().into(), there));
            assert_eq!(here, there, "orientation {orientation}");
        }
    }
}
