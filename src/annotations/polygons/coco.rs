//! COCO's JSON: one file for many images, each thing on them as polygons or as runs.

use std::collections::HashMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{Rle, fill, outlines};
use crate::annotations::AnnotationError;
use crate::domain::mask::{BACKGROUND, IGNORE, LabelMap};
use crate::measure::components::Component;

/// A component as a `segmentation`: polygons, or runs where it has holes, which COCO's polygons cannot have.
pub fn coco_segmentation(component: &Component, width: u32, height: u32) -> Value {
    let polygons = outlines(component);
    if polygons.iter().all(|polygon| polygon.holes.is_empty()) {
        return polygons.iter().map(|polygon| polygon.outer.concat()).collect();
    }
    json!({"size": [height, width], "counts": Rle::of(component, width, height).to_text()})
}

/// Annotations of many images, read as masks one at a time.
pub struct CocoSet {
    images: Vec<Image>,
    annotations: HashMap<u64, Vec<Annotation>>,
    classes: HashMap<u64, u8>,
}

#[derive(Deserialize)]
struct File {
    images: Vec<Image>,
    annotations: Vec<Annotation>,
    categories: Vec<Category>,
}

#[derive(Deserialize)]
struct Image {
    id: u64,
    file_name: String,
    width: u32,
    height: u32,
}

#[derive(Deserialize)]
struct Annotation {
    image_id: u64,
    category_id: u64,
    segmentation: Segmentation,
}

#[derive(Deserialize)]
struct Category {
    id: u64,
    name: String,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Segmentation {
    Polygons(Vec<Vec<f64>>),
    Text { size: [u32; 2], counts: String },
    Counts { size: [u32; 2], counts: Vec<u64> },
}

impl CocoSet {
    /// `class_of` says what a category stands for; a category without a class is an error that names it, if it is used.
    pub fn read(json: &[u8], class_of: &dyn Fn(&str) -> Option<u8>) -> Result<Self, AnnotationError> {
        let file: File = serde_json::from_slice(json)
            .map_err(|e| AnnotationError::WrongJson { kind: "COCO", why: e.to_string() })?;
        let mut annotations: HashMap<u64, Vec<Annotation>> = HashMap::new();
        let mut classes = HashMap::new();
        for annotation in file.annotations {
            let id = annotation.category_id;
            if let std::collections::hash_map::Entry::Vacant(slot) = classes.entry(id) {
                let category = file.categories.iter().find(|category| category.id == id);
                let name = &category.ok_or(AnnotationError::NoCategory(id))?.name;
                let class = class_of(name);
                slot.insert(
                    class.ok_or_else(|| AnnotationError::NameWithoutClass { what: "category", name: name.clone() })?,
                );
            }
            annotations.entry(annotation.image_id).or_default().push(annotation);
        }
        Ok(Self { images: file.images, annotations, classes })
    }

    /// The images' file names, in the order of the file; the index asks for a mask.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.images.iter().map(|image| image.file_name.as_str())
    }

    /// Lesions are painted over normal skin, their kinds in order, and what is to be ignored over all.
    pub fn mask(&self, index: usize) -> Result<LabelMap, AnnotationError> {
        let Image { id, width, height, .. } = self.images[index];
        let mut labels = empty(width, height)?;
        let annotations = self.annotations.get(&id).map_or(&[][..], Vec::as_slice);
        for class in BACKGROUND..=IGNORE {
            for annotation in annotations.iter().filter(|a| self.classes[&a.category_id] == class) {
                paint(&mut labels, &annotation.segmentation, class)?;
            }
        }
        Ok(labels)
    }
}

fn paint(labels: &mut LabelMap, segmentation: &Segmentation, class: u8) -> Result<(), AnnotationError> {
    let size = (labels.width, labels.height);
    let runs = match segmentation {
        Segmentation::Polygons(polygons) => {
            for polygon in polygons {
                let (points, rest) = polygon.as_chunks::<2>();
                if points.len() < 3 || !rest.is_empty() {
                    return Err(AnnotationError::NoArea(polygon.len()));
                }
                fill(&[points.to_vec()], size, |y, start, end| labels.paint(y, start, end, class));
            }
            return Ok(());
        }
        Segmentation::Text { size: [height, width], counts } => Rle::from_text(counts, *width, *height)?,
        Segmentation::Counts { size: [height, width], counts } => Rle::from_counts(counts.clone(), *width, *height)?,
    };
    if (runs.width, runs.height) != size {
        return Err(AnnotationError::OtherSize { runs: (runs.width, runs.height), image: size });
    }
    runs.pixels(|x, y| labels.paint(y, x, x + 1, class));
    Ok(())
}

/// More pixels than any photo that is accepted has.
const MAX_PIXELS: u64 = 1 << 30;

pub(super) fn empty(width: u32, height: u32) -> Result<LabelMap, AnnotationError> {
    match u64::from(width) * u64::from(height) {
        1..=MAX_PIXELS => Ok(LabelMap::filled(width, height, BACKGROUND)),
        _ => Err(AnnotationError::ImpossibleSize { width, height }),
    }
}
