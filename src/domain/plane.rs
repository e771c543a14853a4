//! Where the pixels of a slice lie in the patient.

use super::record::DicomInput;

/// Directions and spacings that differ by less are the same.
const SAME: f64 = 1e-3;
/// What is nearer to each other than this, in millimetres, is at the same place.
pub const SAME_PLACE: f64 = 0.01;

pub type Vector = [f64; 3];

pub fn dot(a: Vector, b: Vector) -> f64 {
    (0..3).map(|i| a[i] * b[i]).sum()
}

/// How the pixels of a slice lie in the patient.
#[derive(Clone, Debug, PartialEq)]
pub struct Plane {
    /// Where the middle of the first pixel is.
    pub corner: Vector,
    /// Along a row, along a column, and from slice to slice.
    pub axes: [Vector; 3],
    /// Between columns and between rows, in millimetres.
    pub pixel: [f64; 2],
}

impl Plane {
    /// Nothing where the file does not say it, or says what cannot be.
    pub fn of(dicom: &DicomInput) -> Option<Self> {
        let [a, b, c, d, e, f] = dicom.orientation?;
        let (row, column) = ([a, b, c], [d, e, f]);
        let is_right = (dot(row, row) - 1.0).abs() < SAME && (dot(column, column) - 1.0).abs() < SAME;
        let normal = [b * f - c * e, c * d - a * f, a * e - b * d];
        let [rows, columns] = dicom.pixel_spacing_mm?;
        let corner = dicom.position_mm?;
        (is_right && dot(row, column).abs() < SAME).then_some(Self {
            corner,
            axes: [row, column, normal],
            pixel: [columns, rows],
        })
    }

    /// Whether both lie the same way, with pixels of the same size.
    pub fn is_beside(&self, other: &Self) -> bool {
        let near = |a: f64, b: f64| (a - b).abs() < SAME;
        let same_axes = self.axes.iter().zip(&other.axes).all(|(a, b)| (0..3).all(|i| near(a[i], b[i])));
        same_axes && (0..2).all(|i| near(self.pixel[i] / other.pixel[i], 1.0))
    }

    /// The place of a point of the slice, in pixels from the middle of the first.
    pub fn place(&self, x: f64, y: f64) -> Vector {
        let [row, column, _] = self.axes;
        std::array::from_fn(|i| self.corner[i] + row[i] * x * self.pixel[0] + column[i] * y * self.pixel[1])
    }

    /// How far the slice lies along the normal.
    pub fn depth(&self) -> f64 {
        dot(self.corner, self.axes[2])
    }

    /// Whether it is the same slice.
    pub fn is_same(&self, other: &Self) -> bool {
        let near = (0..3).all(|i| (self.corner[i] - other.corner[i]).abs() < SAME_PLACE);
        near && self.is_beside(other)
    }
}
