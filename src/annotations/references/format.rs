//! What the values of a mask file mean. Where nobody says, it is guessed from several files, and doubt is an error.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use super::raster::{Pixels, Raster};
use crate::annotations::error::{AnnotationError, Doubt, FormatError};
use crate::annotations::polygons::known_class;
use crate::domain::mask::{BACKGROUND, IGNORE, LESION, LabelMap, SKIN};

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReferenceFormat {
    /// Lesion is brighter than 128, as in the ISIC archive.
    Binary,
    /// 0 and 1, where 1 is lesion.
    ZeroOne,
    /// 0 background, 1 normal skin, 2 lesion, 255 ignore; indices of a palette or grey values.
    Index,
    /// Every class has its colour.
    Colours(Vec<([u8; 3], u8)>),
    /// Outlines with labels; these labels stand for these classes, besides the usual ones.
    Polygons(Vec<(String, u8)>),
}

const CLASSES: [(&str, u8); 4] = [("background", BACKGROUND), ("skin", SKIN), ("lesion", LESION), ("ignore", IGNORE)];

impl ReferenceFormat {
    /// Whether files of this format can mark normal skin.
    pub fn marks_skin(&self) -> bool {
        match self {
            ReferenceFormat::Binary | ReferenceFormat::ZeroOne => false,
            ReferenceFormat::Index | ReferenceFormat::Polygons(_) => true,
            ReferenceFormat::Colours(map) => map.iter().any(|(_, class)| *class == SKIN),
        }
    }
}

impl fmt::Display for ReferenceFormat {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            ReferenceFormat::Binary => f.write_str("binary"),
            ReferenceFormat::ZeroOne => f.write_str("zero-one"),
            ReferenceFormat::Index => f.write_str("index"),
            ReferenceFormat::Colours(map) => {
                let parts: Vec<String> = map.iter().map(|(c, class)| format!("{}={}", name(*class), hex(*c))).collect();
                f.write_str(&parts.join(","))
            }
            ReferenceFormat::Polygons(labels) if labels.is_empty() => f.write_str("polygons"),
            ReferenceFormat::Polygons(labels) => {
                let parts: Vec<String> =
                    labels.iter().map(|(label, class)| format!("{}={label}", name(*class))).collect();
                f.write_str(&parts.join(","))
            }
        }
    }
}

fn name(class: u8) -> &'static str {
    CLASSES.iter().find(|c| c.1 == class).map_or("", |c| c.0)
}

/// The class that a label of a polygon stands for.
pub fn class_of(format: &ReferenceFormat, label: &str) -> Option<u8> {
    let ReferenceFormat::Polygons(labels) = format else { return None };
    labels.iter().find(|(l, _)| l.eq_ignore_ascii_case(label)).map(|(_, class)| *class).or_else(|| known_class(label))
}

/// What a model calls its kinds of lesion, as labels; where one kind is scored alone, the others are skin.
pub fn labels_of_kinds(kinds: &[String], alone: Option<u8>) -> Vec<(String, u8)> {
    let class = |value: u8| if alone.is_none_or(|kind| kind == value) { LESION } else { SKIN };
    let named = kinds.iter().zip(LESION..).map(|(name, value)| (name.clone(), class(value)));
    named.filter(|(name, _)| known_class(name).is_none()).collect()
}

impl FromStr for ReferenceFormat {
    type Err = FormatError;

    fn from_str(text: &str) -> Result<Self, FormatError> {
        match text {
            "binary" => return Ok(ReferenceFormat::Binary),
            "zero-one" => return Ok(ReferenceFormat::ZeroOne),
            "index" => return Ok(ReferenceFormat::Index),
            "polygons" => return Ok(ReferenceFormat::Polygons(Vec::new())),
            _ => {}
        }
        let mut parts: Vec<(String, u8)> = Vec::new();
        for part in text.split(',') {
            let (name, value) =
                part.split_once('=').filter(|(_, value)| !value.trim().is_empty()).ok_or(FormatError::Usage)?;
            let class = CLASSES.iter().find(|c| c.0 == name.trim()).ok_or(FormatError::Usage)?.1;
            parts.push((value.trim().to_owned(), class));
        }
        if !parts.iter().any(|(_, class)| *class == LESION) {
            return Err(FormatError::NoLesion);
        }
        let colours: Option<Vec<([u8; 3], u8)>> =
            parts.iter().map(|(value, class)| Some((parse_hex(value)?, *class))).collect();
        let Some(mut map) = colours else { return Ok(ReferenceFormat::Polygons(parts)) };
        if !map.iter().any(|(colour, class)| *class == BACKGROUND || *colour == [0; 3]) {
            map.push(([0; 3], BACKGROUND));
        }
        Ok(ReferenceFormat::Colours(map))
    }
}

fn parse_hex(text: &str) -> Option<[u8; 3]> {
    let digits = text.trim_start_matches('#');
    let value = u32::from_str_radix(digits, 16).ok().filter(|_| digits.len() == 6)?;
    Some([(value >> 16) as u8, (value >> 8) as u8, value as u8])
}

fn hex([r, g, b]: [u8; 3]) -> String {
    format!("{r:02x}{g:02x}{b:02x}")
}

/// A file as classes. The error names the value that does not fit and where it is.
pub fn labels(raster: Raster, format: &ReferenceFormat) -> Result<LabelMap, AnnotationError> {
    let (width, height) = (raster.width, raster.height);
    let place = |i: usize| (i % width as usize, i / width as usize);
    let data = match (format, raster.pixels) {
        (ReferenceFormat::Binary, pixels) => binary(pixels),
        (ReferenceFormat::ZeroOne | ReferenceFormat::Index, Pixels::Rgb(rgb))
            if rgb.chunks_exact(3).any(|p| p[0] != p[1] || p[1] != p[2]) =>
        {
            return Err(AnnotationError::ColourPicture);
        }
        (ReferenceFormat::ZeroOne, pixels) => {
            let values = values(pixels);
            if let Some(i) = values.iter().position(|&v| v > 1) {
                let (x, y) = place(i);
                return Err(AnnotationError::NeitherZeroNorOne { value: values[i], x, y });
            }
            values.into_iter().map(|v| v * LESION).collect()
        }
        (ReferenceFormat::Index, pixels) => {
            let values = values(pixels);
            if let Some(i) = values.iter().position(|&v| v > LESION && v != IGNORE) {
                let (x, y) = place(i);
                return Err(AnnotationError::ValueWithoutClass { value: values[i], x, y });
            }
            values
        }
        (ReferenceFormat::Polygons(_), _) => return Err(AnnotationError::NoPolygons),
        (ReferenceFormat::Colours(map), pixels) => {
            let mut out = Vec::with_capacity(width as usize * height as usize);
            // Neighbours mostly share their colour: the last answer is tried first.
            let mut last = ([0; 3], None);
            for (i, colour) in colours(pixels).enumerate() {
                if last.1.is_none() || last.0 != colour {
                    last = (colour, map.iter().find(|(c, _)| *c == colour).map(|(_, class)| *class));
                }
                out.push(last.1.ok_or_else(|| {
                    let (x, y) = place(i);
                    AnnotationError::ColourWithoutClass { colour: hex(colour), x, y }
                })?);
            }
            out
        }
    };
    Ok(LabelMap { width, height, data })
}

fn binary(pixels: Pixels) -> Vec<u8> {
    let class = |bright: bool| if bright { LESION } else { BACKGROUND };
    match pixels {
        Pixels::Grey(values) => values.into_iter().map(|v| class(v > 128)).collect(),
        pixels => colours(pixels)
            .map(|[r, g, b]| class((u32::from(r) + u32::from(g) + u32::from(b)) as f32 / 3.0 > 128.0))
            .collect(),
    }
}

fn values(pixels: Pixels) -> Vec<u8> {
    match pixels {
        Pixels::Grey(values) | Pixels::Palette(values, _) => values,
        Pixels::Rgb(rgb) => rgb.chunks_exact(3).map(|p| p[0]).collect(),
    }
}

fn colours(pixels: Pixels) -> Box<dyn Iterator<Item = [u8; 3]>> {
    match pixels {
        Pixels::Grey(values) => Box::new(values.into_iter().map(|v| [v; 3])),
        Pixels::Palette(indices, palette) => {
            Box::new(indices.into_iter().map(move |i| palette.get(usize::from(i)).copied().unwrap_or_default()))
        }
        Pixels::Rgb(rgb) => Box::new((0..rgb.len() / 3).map(move |i| [rgb[3 * i], rgb[3 * i + 1], rgb[3 * i + 2]])),
    }
}

/// What several files of one folder hold: enough to say what they mean.
#[derive(Default)]
pub struct Evidence {
    /// Values of grey pictures and indices of palettes that mean more than black and white.
    values: BTreeSet<u8>,
    /// Colours of pictures that are not grey.
    colours: BTreeSet<[u8; 3]>,
}

/// More colours than this are no classes.
const MAX_COLOURS: usize = 12;

impl Evidence {
    pub fn add(&mut self, raster: Raster) {
        let is_grey = |c: &[u8; 3]| c[0] == c[1] && c[1] == c[2];
        match raster.pixels {
            Pixels::Grey(values) => self.values.extend(used(&values)),
            Pixels::Palette(indices, palette) => {
                let indices = used(&indices);
                let shown = |i: &u8| palette.get(usize::from(*i)).copied().unwrap_or_default();
                // A palette of black and white is a black and white picture.
                if !indices.is_empty() && indices.iter().map(shown).all(|c| c == [0; 3] || c == [255; 3]) {
                    self.values.extend(indices.iter().map(|i| shown(i)[0]));
                } else {
                    self.values.extend(indices);
                }
            }
            Pixels::Rgb(rgb) => {
                let mut last = None;
                for p in rgb.chunks_exact(3) {
                    let colour = [p[0], p[1], p[2]];
                    if last != Some(colour) && self.colours.len() <= MAX_COLOURS {
                        last = Some(colour);
                        if is_grey(&colour) {
                            self.values.insert(colour[0]);
                        } else {
                            self.colours.insert(colour);
                        }
                    }
                }
            }
        }
    }

    /// The format that the files leave no doubt about; otherwise what to do.
    pub fn guess(&self) -> Result<ReferenceFormat, Doubt> {
        if !self.colours.is_empty() {
            return self.guess_colours();
        }
        let all_in = |allowed: &[u8]| self.values.iter().all(|v| allowed.contains(v));
        if all_in(&[0, 255]) {
            Ok(ReferenceFormat::Binary)
        } else if all_in(&[0, 1, 2, 255]) && self.values.contains(&2) {
            Ok(ReferenceFormat::Index)
        } else if all_in(&[0, 1]) {
            Err(Doubt::ZeroAndOne)
        } else if self.values.iter().any(|v| (64..192).contains(v)) || self.values.len() > 32 {
            Ok(ReferenceFormat::Binary)
        } else {
            let values: Vec<String> = self.values.iter().map(u8::to_string).collect();
            Err(Doubt::Values(values.join(", ")))
        }
    }

    fn guess_colours(&self) -> Result<ReferenceFormat, Doubt> {
        let (red, green) = ([255, 0, 0], [0, 255, 0]);
        let colours: Vec<[u8; 3]> = self.colours.iter().copied().collect();
        let plain_background = self.values.iter().all(|v| *v == 0);
        match colours.as_slice() {
            [only] if plain_background => Ok(ReferenceFormat::Colours(vec![(*only, LESION), ([0; 3], BACKGROUND)])),
            [a, b] if plain_background && *a == green && *b == red => {
                Ok(ReferenceFormat::Colours(vec![(red, LESION), (green, SKIN), ([0; 3], BACKGROUND)]))
            }
            many if many.len() > MAX_COLOURS => Err(Doubt::Photos),
            some => {
                let greys = self.values.iter().map(|v| hex([*v; 3]));
                let list: Vec<String> = some.iter().map(|c| hex(*c)).chain(greys).collect();
                Err(Doubt::Colours { all: list.join(", "), first: list[0].clone() })
            }
        }
    }
}

fn used(values: &[u8]) -> BTreeSet<u8> {
    let mut seen = [false; 256];
    values.iter().for_each(|v| seen[usize::from(*v)] = true);
    (0..=255).filter(|v| seen[usize::from(*v)]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grey(values: &[u8]) -> Raster {
        Raster { width: values.len() as u32, height: 1, pixels: Pixels::Grey(values.to_vec()) }
    }

    fn rgb(colours: &[[u8; 3]]) -> Raster {
        Raster { width: colours.len() as u32, height: 1, pixels: Pixels::Rgb(colours.concat()) }
    }

    fn palette(indices: &[u8], colours: &[[u8; 3]]) -> Raster {
        Raster { width: indices.len() as u32, height: 1, pixels: Pixels::Palette(indices.to_vec(), colours.to_vec()) }
    }

    fn guess(rasters: Vec<Raster>) -> Result<ReferenceFormat, Doubt> {
        let mut evidence = Evidence::default();
        rasters.into_iter().for_each(|r| evidence.add(r));
        evidence.guess()
    }

    const BLACK: [u8; 3] = [0; 3];
    const RED: [u8; 3] = [255, 0, 0];
    const GREEN: [u8; 3] = [0, 255, 0];

    #[test]
    fn clear_files_are_guessed() {
        assert_eq!(guess(vec![grey(&[0, 255])]), Ok(ReferenceFormat::Binary));
        assert_eq!(guess(vec![grey(&[0])]), Ok(ReferenceFormat::Binary));
        assert_eq!(guess(vec![grey(&[0, 3, 127, 128, 255])]), Ok(ReferenceFormat::Binary));
        assert_eq!(guess(vec![grey(&[0, 1]), grey(&[1, 2]), grey(&[255])]), Ok(ReferenceFormat::Index));
        assert_eq!(guess(vec![palette(&[0, 1], &[BLACK, [255; 3]])]), Ok(ReferenceFormat::Binary));
        assert_eq!(guess(vec![palette(&[0, 1, 2], &[BLACK, GREEN, RED])]), Ok(ReferenceFormat::Index));
        assert_eq!(guess(vec![rgb(&[BLACK, [255; 3]])]), Ok(ReferenceFormat::Binary));
        assert_eq!(guess(vec![rgb(&[BLACK, [9, 8, 7]])]).unwrap().to_string(), "lesion=090807,background=000000");
        assert!(guess(vec![rgb(&[BLACK, RED]), rgb(&[GREEN])]).unwrap().marks_skin());
    }

    #[test]
    fn doubt_is_an_error_that_says_what_to_write() {
        assert!(guess(vec![grey(&[0, 1])]).unwrap_err().to_string().contains("zero-one"));
        assert!(guess(vec![palette(&[0, 1], &[BLACK, RED])]).unwrap_err().to_string().contains("zero-one"));
        assert!(guess(vec![grey(&[0, 1, 2, 3])]).unwrap_err().to_string().contains("0, 1, 2, 3"));
        assert!(guess(vec![rgb(&[[1, 2, 3], [4, 5, 6]])]).unwrap_err().to_string().contains("lesion=010203"));
        let photo: Vec<[u8; 3]> = (0..40).map(|i| [i, 2 * i, 100]).collect();
        assert!(guess(vec![rgb(&photo)]).unwrap_err().to_string().contains("photos"));
    }

    #[test]
    fn a_positive_pixel_is_strictly_brighter_than_128() {
        assert_eq!(labels(grey(&[0, 127, 128, 129, 255]), &ReferenceFormat::Binary).unwrap().data, [0, 0, 0, 2, 2]);
        assert_eq!(labels(rgb(&[[128; 3], [129; 3]]), &ReferenceFormat::Binary).unwrap().data, [0, 2]);
        assert_eq!(labels(palette(&[0, 1], &[[255; 3], BLACK]), &ReferenceFormat::Binary).unwrap().data, [2, 0]);
    }

    #[test]
    fn classes_are_read_as_they_are_and_nothing_else_is_accepted() {
        assert_eq!(labels(grey(&[0, 1, 2, 255]), &ReferenceFormat::Index).unwrap().data, [0, 1, 2, 255]);
        assert_eq!(labels(grey(&[0, 1]), &ReferenceFormat::ZeroOne).unwrap().data, [0, 2]);
        assert_eq!(labels(rgb(&[[2; 3], [0; 3]]), &ReferenceFormat::Index).unwrap().data, [2, 0]);
        assert!(labels(grey(&[0, 3]), &ReferenceFormat::Index).unwrap_err().to_string().contains("3 at (1, 0)"));
        assert!(labels(grey(&[2]), &ReferenceFormat::ZeroOne).unwrap_err().to_string().contains("neither 0 nor 1"));
        assert!(labels(rgb(&[RED]), &ReferenceFormat::Index).unwrap_err().to_string().contains("colour picture"));
    }

    #[test]
    fn colours_stand_for_classes() {
        let format: ReferenceFormat = "lesion=#ff0000,skin=00ff00,ignore=808080".parse().unwrap();
        assert_eq!(labels(rgb(&[BLACK, RED, GREEN, [128; 3]]), &format).unwrap().data, [0, 2, 1, 255]);
        assert_eq!(labels(palette(&[1, 0], &[GREEN, RED]), &format).unwrap().data, [2, 1]);
        assert!(labels(rgb(&[[1, 2, 3]]), &format).unwrap_err().to_string().contains("010203 at (0, 0)"));
        assert_eq!(format.to_string().parse::<ReferenceFormat>().unwrap(), format);
    }

    #[test]
    fn a_format_that_is_none_is_explained() {
        let labels: ReferenceFormat = "lesion=psoriasis,lesion=plaque".parse().unwrap();
        assert_eq!((class_of(&labels, "Plaque"), class_of(&labels, "skin")), (Some(LESION), Some(SKIN)));
        assert_eq!((class_of(&labels, "hair"), labels.to_string()), (None, "lesion=psoriasis,lesion=plaque".into()));
        for text in ["", "png", "lesion", "lesion=", "nevus=ff0000", "skin=00ff00"] {
            let error = text.parse::<ReferenceFormat>().unwrap_err().to_string();
            assert!(error.contains("lesion"), "{text}: {error}");
        }
    }
}
