//! References of one annotator: which there are, what their values mean, and reading one of them.
//!
//! A folder of mask pictures, a folder of LabelMe files (photos may lie beside them), one COCO file, or a folder of DICOM
//! segmentations.

pub mod format;
pub mod raster;
mod segments;

use std::fs;
use std::path::{Path, PathBuf};

use image::metadata::Orientation;
use image::{DynamicImage, GrayImage};

pub use format::{ReferenceFormat, labels_of_kinds};
pub use segments::{PhotoPlace, places};

use crate::annotations::AnnotationError;
use crate::annotations::error::Doubt;
use crate::annotations::polygons::{CocoSet, is_untouched, read_labelme};
use crate::disk::describe;
use crate::disk::vault;
use crate::disk::vault::{Vault, clear_name};
use crate::domain::mask::{LabelMap, MAX_KINDS};
use crate::error::UsageError;
use crate::store::palette;
use format::{Evidence, class_of};
use raster::{Pixels, Raster};
use segments::Segments;

const PICTURES: [&str; 8] = ["png", "bmp", "tif", "tiff", "jpg", "jpeg", "webp", "gif"];
/// How many files, spread over the folder, are looked at to guess their format.
const LOOK_AT: usize = 48;

pub struct References {
    /// Paths inside the folder or the COCO file, with `/`.
    pub names: Vec<String>,
    kind: Kind,
    vault: Vault,
}

enum Kind {
    Pictures(PathBuf),
    Labelme(PathBuf),
    Coco(CocoSet),
    Segments(Box<Segments>),
}

impl References {
    /// `format` decides where a folder holds both pictures and polygons; without it, polygons win: pictures beside them are photos.
    pub fn open(root: &Path, format: Option<&ReferenceFormat>, vault: &Vault) -> Result<Self, UsageError> {
        let shown = root.display();
        let wrong = |why: &dyn std::fmt::Display| UsageError(format!("{shown}: {why}"));
        if !root.is_dir() && vault::exists(root) {
            return Self::coco(root, format, vault).map_err(|e| wrong(&e));
        }
        if !root.is_dir() {
            let what = "name a folder of masks, a COCO file, or results of `derm-seg run`";
            return Err(UsageError(format!("{shown} does not exist; {what}")));
        }
        let (mut pictures, mut polygons, mut dicom) = (Vec::new(), Vec::new(), Vec::new());
        list(root, "", &mut |name, extension| match extension {
            "json" => polygons.push(name),
            "dcm" => dicom.push(name),
            e if PICTURES.contains(&e) => pictures.push(name),
            _ => {}
        })
        .map_err(|e| wrong(&format!("the folder cannot be listed: {}", describe(&e))))?;
        pictures.sort();
        polygons.sort();
        dicom.sort();
        let asked = format.map(|f| matches!(f, ReferenceFormat::Polygons(_)));
        let kind =
            polygons.first().filter(|_| asked != Some(false)).and_then(|first| polygon_kind(&root.join(first), vault));
        match (kind, polygons.as_slice()) {
            (Some("annotations"), [only]) => Self::coco(&root.join(only), format, vault).map_err(|e| wrong(&e)),
            (Some("shapes"), _) => {
                Ok(References { names: polygons, kind: Kind::Labelme(root.to_owned()), vault: vault.clone() })
            }
            _ if asked != Some(false) && (pictures.is_empty() || asked == Some(true)) && !dicom.is_empty() => {
                let segments = Segments::open(root, &dicom, vault).map_err(|e| wrong(&e))?;
                let segments = segments.ok_or_else(|| wrong(&"it holds no mask and no DICOM segmentation"))?;
                Ok(References {
                    names: segments.names(),
                    kind: Kind::Segments(Box::new(segments)),
                    vault: vault.clone(),
                })
            }
            _ if asked == Some(true) => {
                Err(wrong(&"it holds neither LabelMe files nor one COCO file nor DICOM segmentations"))
            }
            _ if pictures.is_empty() => {
                let looked_for = PICTURES.join(", ");
                Err(wrong(&format!(
                    "it holds no mask (looked for {looked_for}, polygons in json, segmentations in dcm)"
                )))
            }
            _ => Ok(References { names: pictures, kind: Kind::Pictures(root.to_owned()), vault: vault.clone() }),
        }
    }

    fn coco(file: &Path, format: Option<&ReferenceFormat>, vault: &Vault) -> Result<Self, AnnotationError> {
        if format.is_some_and(|f| !matches!(f, ReferenceFormat::Polygons(_))) {
            return Err(AnnotationError::OnlyPolygons);
        }
        let labels = format.cloned().unwrap_or(ReferenceFormat::Polygons(Vec::new()));
        let set = CocoSet::read(&vault.read(file)?, &|name| class_of(&labels, name))?;
        Ok(References { names: set.names().map(str::to_owned).collect(), kind: Kind::Coco(set), vault: vault.clone() })
    }

    /// Photos that have no name in common with a segmentation are found by their frame or place.
    pub fn place<E>(&mut self, photos: impl FnOnce() -> Result<Vec<PhotoPlace>, E>) -> Result<(), E> {
        if let Kind::Segments(segments) = &mut self.kind {
            segments.place(&photos()?);
            self.names = segments.names();
        }
        Ok(())
    }

    /// Whether what is marked has labels, and no values or colours.
    pub fn has_labels(&self) -> bool {
        !matches!(self.kind, Kind::Pictures(_))
    }

    /// Whether normal skin can be marked in them.
    pub fn marks_skin(&self, format: &ReferenceFormat) -> bool {
        match &self.kind {
            Kind::Segments(segments) => segments.marks_skin(format),
            _ => format.marks_skin(),
        }
    }

    /// Names to pair by: a COCO file calls images as the photos are called.
    pub fn keys(&self) -> Vec<String> {
        match &self.kind {
            Kind::Segments(segments) => segments.keys(),
            Kind::Coco(_) => self.names.iter().map(|name| format!("{name}.json")).collect(),
            _ => self.names.clone(),
        }
    }

    /// What the values mean, from the files `of` (indices of `names`).
    pub fn guess(&self, of: &[usize]) -> Result<ReferenceFormat, Doubt> {
        let Kind::Pictures(root) = &self.kind else { return Ok(ReferenceFormat::Polygons(Vec::new())) };
        let mut evidence = Evidence::default();
        let step = of.len().div_ceil(LOOK_AT).max(1);
        // A file that cannot be read is told of when it is scored.
        let some = of.iter().step_by(step).filter_map(|&i| raster::read(&root.join(&self.names[i]), &self.vault).ok());
        some.for_each(|raster| evidence.add(raster));
        evidence.guess()
    }

    /// Whether a mask is in the colours that this program writes.
    pub fn is_in_own_colours(&self, index: usize) -> bool {
        let Kind::Pictures(root) = &self.kind else { return false };
        raster::read(&root.join(&self.names[index]), &self.vault).is_ok_and(|raster| own_colours(&raster).is_some())
    }

    /// A mask, and whether it is in the colours that this program writes; one in other colours is read by `format`.
    pub fn read_own_or(
        &self,
        index: usize,
        format: Option<&ReferenceFormat>,
    ) -> Result<(LabelMap, bool), AnnotationError> {
        let format = format.ok_or(AnnotationError::ColourPicture);
        let Kind::Pictures(root) = &self.kind else { return Ok((self.read(index, format?)?, false)) };
        let raster = raster::read(&root.join(&self.names[index]), &self.vault)?;
        match own_colours(&raster) {
            Some(labels) => Ok((labels, true)),
            None => Ok((format::labels(raster, format?)?, false)),
        }
    }

    /// Whether it is an exported file whose shapes nobody has moved.
    pub fn is_untouched(&self, index: usize) -> bool {
        let Kind::Labelme(root) = &self.kind else { return false };
        self.vault.read(&root.join(&self.names[index])).is_ok_and(|bytes| is_untouched(&bytes))
    }

    pub fn read(&self, index: usize, format: &ReferenceFormat) -> Result<LabelMap, AnnotationError> {
        let name = &self.names[index];
        match &self.kind {
            Kind::Pictures(root) => read_mask(&root.join(name), format, &self.vault),
            Kind::Labelme(root) => {
                let bytes = self.vault.read(&root.join(name))?;
                read_labelme(&bytes, &|label| class_of(format, label))
            }
            Kind::Coco(set) => set.mask(index),
            Kind::Segments(segments) => segments.read(index, format),
        }
    }
}

/// What a json file's polygons are under: `shapes` in LabelMe's, `annotations` in COCO's; nothing in other json.
fn polygon_kind(file: &Path, vault: &Vault) -> Option<&'static str> {
    let value: serde_json::Value = serde_json::from_slice(&vault.read(file).ok()?).ok()?;
    ["shapes", "annotations"].into_iter().find(|key| value.get(key).is_some_and(serde_json::Value::is_array))
}

/// The classes of a mask that has no other colours than this program's own.
fn own_colours(raster: &Raster) -> Option<LabelMap> {
    let own = palette(MAX_KINDS);
    let own = own.chunks_exact(3).zip(0..).map(|(colour, class)| ([colour[0], colour[1], colour[2]], class));
    match raster.pixels {
        Pixels::Grey(_) => None,
        _ => format::labels(raster.clone(), &ReferenceFormat::Colours(own.collect())).ok(),
    }
}

fn read_mask(path: &Path, format: &ReferenceFormat, vault: &Vault) -> Result<LabelMap, AnnotationError> {
    format::labels(raster::read(path, vault)?, format)
}

/// Files of a folder and below, under the names that they have when they are not encrypted, with their extension in small letters; hidden files and links to folders are left out.
fn list(folder: &Path, prefix: &str, found: &mut dyn FnMut(String, &str)) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        // A name that is no UTF-8 cannot be written into a result; it is not a mask that anyone can pair.
        let Ok(name) = entry.file_name().into_string() else { continue };
        if name.starts_with('.') {
            continue;
        }
        let kind = entry.file_type()?;
        if kind.is_dir() {
            list(&entry.path(), &format!("{prefix}{name}/"), found)?;
        } else if !kind.is_symlink() || entry.path().is_file() {
            let name = clear_name(&name);
            let extension = Path::new(name).extension().unwrap_or_default().to_string_lossy().to_lowercase();
            found(format!("{prefix}{name}"), &extension);
        }
    }
    Ok(())
}

/// A mask drawn on the stored pixels of a photo, turned as the photo is shown (EXIF orientation 1 to 8).
pub fn upright(map: LabelMap, orientation: u8) -> LabelMap {
    let turn = Orientation::from_exif(orientation).unwrap_or(Orientation::NoTransforms);
    let grey = GrayImage::from_raw(map.width, map.height, map.data).expect("a label map holds width × height values");
    let mut image = DynamicImage::ImageLuma8(grey);
    image.apply_orientation(turn);
    LabelMap { width: image.width(), height: image.height(), data: image.into_luma8().into_raw() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stored_mask_is_turned_as_its_photo() {
        let map = LabelMap { width: 3, height: 1, data: vec![0, 1, 2] };
        assert_eq!(upright(map.clone(), 1), map);
        assert_eq!(upright(map.clone(), 3).data, [2, 1, 0]);
        let turned = upright(map, 6);
        assert_eq!((turned.width, turned.height, turned.data), (1, 3, vec![0, 1, 2]));
    }
}
