//! Why an annotation cannot be used. Every message says what to do, where something can be done.

use crate::disk::describe;
use crate::input::decode::opener::Refused;

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AnnotationError {
    #[error("it cannot be read: {0}")]
    File(String),
    #[error("{0}")]
    NoPicture(String),
    #[error("it has {0}; save it in grey or palette values of 8 bits")]
    TooLarge(String),
    #[error("it is damaged: {0}; save it again")]
    Damaged(String),
    #[error("it is a colour picture, not one of class values; give its colours, such as lesion=ff0000")]
    ColourPicture,
    #[error("it is a picture, and polygons were expected")]
    NoPolygons,
    #[error("it is a file of polygons: their format is `polygons`, or labels such as lesion=nevus")]
    OnlyPolygons,
    #[error("the value {value} at ({x}, {y}) is neither 0 nor 1")]
    NeitherZeroNorOne { value: u8, x: usize, y: usize },
    #[error("the value {value} at ({x}, {y}) is not a class (0, 1, 2 or 255)")]
    ValueWithoutClass { value: u8, x: usize, y: usize },
    #[error("the colour {colour} at ({x}, {y}) has no class; say which, such as lesion={colour}")]
    ColourWithoutClass { colour: String, x: usize, y: usize },
    #[error("it is a segmentation of the kind {0:?}; save it as BINARY")]
    KindOfSegments(String),
    /// A label of LabelMe or of a DICOM segment, a category of COCO.
    #[error("the {what} {name:?} has no class; say which, such as --truth-format lesion=LABEL")]
    NameWithoutClass { what: &'static str, name: String },
    #[error("it is not a {kind} file: {why}")]
    WrongJson { kind: &'static str, why: String },
    #[error("there is no category {0}")]
    NoCategory(u64),
    #[error("a polygon has {0} numbers, which make no area")]
    NoArea(usize),
    #[error("a shape labelled {0:?} has too few points")]
    TooFewPoints(String),
    #[error("the shape type {0:?} has no area that could be filled; draw it as a polygon")]
    ShapeWithoutArea(String),
    #[error("runs of {} x {} pixels are in an image of {} x {}", .runs.0, .runs.1, .image.0, .image.1)]
    OtherSize { runs: (u32, u32), image: (u32, u32) },
    #[error("an image of {width} x {height} pixels cannot be")]
    ImpossibleSize { width: u32, height: u32 },
    #[error("the run-length text {0}")]
    RunText(&'static str),
    #[error("the runs are longer than the {width} x {height} pixels of the image")]
    RunsTooLong { width: u32, height: u32 },
}

/// A format that somebody wrote and that is not known.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FormatError {
    #[error(
        "write binary, zero-one, index, polygons, colours such as lesion=ff0000,skin=00ff00, or labels of polygons such as lesion=nevus"
    )]
    Usage,
    #[error("say what the lesion is, such as lesion=ff0000")]
    NoLesion,
}

/// Files that leave in doubt what their values mean.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Doubt {
    #[error("the files looked at hold only 0 and 1: say `zero-one` if 1 is lesion, or `index` if 1 is normal skin")]
    ZeroAndOne,
    #[error("the files looked at hold the values {0}: say `binary`, `zero-one` or `index`")]
    Values(String),
    #[error("the files looked at hold the colours {all}: say which is which, such as lesion={first}")]
    Colours { all: String, first: String },
    #[error("the files looked at hold many colours, like photos and not like masks")]
    Photos,
}

impl From<Refused> for AnnotationError {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::TooLarge(size) => Self::TooLarge(size),
            Refused::Broken(why) => Self::Damaged(why),
        }
    }
}

impl From<std::io::Error> for AnnotationError {
    fn from(error: std::io::Error) -> Self {
        Self::File(describe(&error))
    }
}
