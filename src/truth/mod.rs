//! Reference masks of one annotator: which files there are, what their values mean, and reading one of them.

pub mod format;
pub mod raster;

use std::fs;
use std::path::{Path, PathBuf};

use image::metadata::Orientation;
use image::{DynamicImage, GrayImage};

pub use format::Format;

use crate::error::UsageError;
use crate::mask::LabelMap;
use format::Evidence;

const PICTURES: [&str; 8] = ["png", "bmp", "tif", "tiff", "jpg", "jpeg", "webp", "gif"];
/// How many files, spread over the folder, are looked at to guess their format.
const LOOK_AT: usize = 48;

/// A folder of mask files.
#[derive(Clone, Debug)]
pub struct MaskFolder {
    root: PathBuf,
    /// Paths inside the folder, with `/`, in order.
    pub names: Vec<String>,
}

impl MaskFolder {
    /// Lists the pictures of a folder and below; hidden files and links to folders are left out.
    pub fn open(root: &Path) -> Result<Self, UsageError> {
        let mut names = Vec::new();
        list(root, "", &mut names).map_err(|e| UsageError(format!("cannot list {}: {e}", root.display())))?;
        names.sort();
        if names.is_empty() {
            return Err(UsageError(format!(
                "there is no mask in {} (looked for {})",
                root.display(),
                PICTURES.join(", ")
            )));
        }
        Ok(MaskFolder { root: root.to_owned(), names })
    }

    /// What the values mean, from the files `of` (indices of `names`).
    pub fn guess(&self, of: &[usize]) -> Result<Format, String> {
        let mut evidence = Evidence::default();
        let step = of.len().div_ceil(LOOK_AT).max(1);
        // A file that cannot be read is told of when it is scored.
        of.iter().step_by(step).filter_map(|&i| raster::read(&self.path(i)).ok()).for_each(|r| evidence.add(r));
        evidence.guess()
    }

    pub fn read(&self, index: usize, format: &Format) -> Result<LabelMap, String> {
        read_mask(&self.path(index), format)
    }

    fn path(&self, index: usize) -> PathBuf {
        self.root.join(&self.names[index])
    }
}

pub fn read_mask(path: &Path, format: &Format) -> Result<LabelMap, String> {
    format::labels(raster::read(path)?, format)
}

fn list(folder: &Path, prefix: &str, names: &mut Vec<String>) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        // A name that is no UTF-8 cannot be written into a result; it is not a mask that anyone can pair.
        let Ok(name) = entry.file_name().into_string() else { continue };
        if name.starts_with('.') {
            continue;
        }
        let path = format!("{prefix}{name}");
        let kind = entry.file_type()?;
        if kind.is_dir() {
            list(&entry.path(), &format!("{path}/"), names)?;
        } else if !kind.is_symlink() || entry.path().is_file() {
            let extension = Path::new(&name).extension().map(|e| e.to_string_lossy().to_lowercase());
            if extension.is_some_and(|e| PICTURES.contains(&e.as_str())) {
                names.push(path);
            }
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
