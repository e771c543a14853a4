//! LabelMe's JSON: a list of shapes, where a later one is painted over an earlier one. Holes are written as shapes of what is in them.

use std::collections::HashSet;

use serde::Deserialize;
use serde_json::{Value, json};

use super::simplify::simplify;
use super::trace::{doubled_area, outlines};
use super::{Ring, fill, kind_name};
use crate::annotations::AnnotationError;
use crate::domain::mask::{BACKGROUND, LabelMap, is_lesion};
use crate::measure::components::components;

/// The `shapes` of these classes of a mask. Painted in this order they give the mask again, to the pixel unless they are
/// simplified.
pub fn labelme_shapes(labels: &LabelMap, classes: &[u8], kinds: &[String], tolerance: Option<f64>) -> Vec<Value> {
    let mut shapes: Vec<(u8, Ring, Option<usize>)> = Vec::new();
    for &class in classes {
        for (group, component) in components(labels, class).iter().enumerate() {
            for polygon in outlines(component) {
                shapes.push((class, polygon.outer, is_lesion(class).then_some(group + 1)));
                shapes.extend(polygon.holes.into_iter().map(|hole| (BACKGROUND, hole, None)));
            }
        }
    }
    // Whatever lies in a hole is smaller than the hole; what fills it exactly comes after it, and makes it needless.
    let filled: HashSet<Ring> =
        shapes.iter().filter(|(class, ..)| *class != BACKGROUND).map(|s| sorted(&s.1)).collect();
    shapes.retain(|(class, ring, _)| *class != BACKGROUND || !filled.contains(&sorted(ring)));
    shapes.sort_by_key(|(_, ring, _)| std::cmp::Reverse(doubled_area(ring).abs()));
    if let Some(tolerance) = tolerance {
        shapes.iter_mut().for_each(|(_, ring, _)| *ring = simplify(ring, tolerance));
        shapes.retain(|(_, ring, _)| !ring.is_empty());
    }
    let shape = |(class, ring, group): (u8, Ring, Option<usize>)| {
        let points: Vec<[f64; 2]> = ring.iter().map(|p| p.map(f64::from)).collect();
        json!({"label": kind_name(class, kinds), "points": points, "group_id": group, "description": "", "shape_type": "polygon", "flags": {}})
    };
    shapes.into_iter().map(shape).collect()
}

/// By this, written into the file beside the shapes, a file is known whose shapes nobody has moved: simplified outlines are not
/// the mask, and would change it. LabelMe keeps what it does not know.
pub fn fingerprint(shapes: &[Value]) -> String {
    let point = |point: &Value| [point[0].as_f64(), point[1].as_f64()];
    let points = |shape: &Value| shape["points"].as_array().into_iter().flatten().map(point).collect::<Vec<_>>();
    let all: Vec<_> = shapes.iter().map(|shape| json!([shape["label"], points(shape)])).collect();
    blake3::hash(json!(all).to_string().as_bytes()).to_hex().to_string()
}

pub fn is_untouched(json: &[u8]) -> bool {
    let file: Value = serde_json::from_slice(json).unwrap_or_default();
    file["shapes"].as_array().is_some_and(|shapes| file["derm_seg"] == fingerprint(shapes))
}

/// The corners without their order: no two areas of one mask have the same.
fn sorted(ring: &Ring) -> Ring {
    let mut corners = ring.clone();
    corners.sort_unstable();
    corners
}

#[derive(Deserialize)]
struct File {
    #[serde(rename = "imageWidth")]
    width: u32,
    #[serde(rename = "imageHeight")]
    height: u32,
    shapes: Vec<Shape>,
}

#[derive(Deserialize)]
struct Shape {
    label: String,
    points: Vec<[f64; 2]>,
    #[serde(default = "polygon")]
    shape_type: String,
}

fn polygon() -> String {
    "polygon".to_owned()
}

/// A LabelMe file as a mask. `class_of` says what a label stands for; a label without a class is an error that names it.
pub fn read_labelme(json: &[u8], class_of: &dyn Fn(&str) -> Option<u8>) -> Result<LabelMap, AnnotationError> {
    let file: File =
        serde_json::from_slice(json).map_err(|e| AnnotationError::WrongJson { kind: "LabelMe", why: e.to_string() })?;
    let mut labels = super::coco::empty(file.width, file.height)?;
    for shape in file.shapes {
        let class = class_of(&shape.label)
            .ok_or_else(|| AnnotationError::NameWithoutClass { what: "label", name: shape.label.clone() })?;
        let ring = match (shape.shape_type.as_str(), shape.points.as_slice()) {
            ("polygon", [_, _, _, ..]) => shape.points,
            ("rectangle", &[[a, b], [c, d]]) => vec![[a, b], [c, b], [c, d], [a, d]],
            ("circle", &[[x, y], [u, v]]) => circle([x, y], f64::hypot(u - x, v - y)),
            ("polygon" | "rectangle" | "circle", _) => {
                return Err(AnnotationError::TooFewPoints(shape.label));
            }
            (other, _) => return Err(AnnotationError::ShapeWithoutArea(other.to_owned())),
        };
        fill(&[ring], (file.width, file.height), |y, start, end| labels.paint(y, start, end, class));
    }
    Ok(labels)
}

fn circle([x, y]: [f64; 2], radius: f64) -> Vec<[f64; 2]> {
    let corner = |i: u32| (f64::from(i) * std::f64::consts::TAU / 360.0).sin_cos();
    (0..360).map(corner).map(|(sin, cos)| [x + radius * cos, y + radius * sin]).collect()
}
