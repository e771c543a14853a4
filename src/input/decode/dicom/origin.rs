//! What a file that is made of a frame says of where it comes from.

use super::attributes::{Attributes, Place, numbers};
use crate::error::PhotoError;
use crate::input::walk::dicom::Dicom;

#[derive(Clone, Debug)]
pub struct Origin {
    pub class: String,
    pub instance: String,
    pub series: String,
    pub study: String,
    pub frame_of_reference: Option<String>,
    pub frames: u32,
    /// The number as it is written, in whatever characters.
    pub patient: Vec<u8>,
    /// The file says that names and numbers in it are codes.
    pub is_coded: bool,
    pub date: Option<String>,
    pub spacing: Option<[f64; 2]>,
    pub thickness: Option<f64>,
    pub position: Option<[f64; 3]>,
    pub orientation: Option<[f64; 6]>,
}

impl Origin {
    pub fn of(bytes: &[u8], frame: u32) -> Result<Self, PhotoError> {
        let file = Dicom::new(bytes)?;
        let data = file.data();
        let text = |tag| data.get(tag).and_then(|element| element.text()).filter(|text| !text.is_empty());
        let is_uid = |uid: &String| uid.len() <= 64 && uid.bytes().all(|b| b.is_ascii_digit() || b == b'.');
        let uid = |tag| text(tag).filter(is_uid).ok_or(PhotoError::UnsupportedPixels("no identifiers"));
        let place = Place::of(&file, frame);
        let is_date = |date: &String| date.len() == 8 && date.bytes().all(|b| b.is_ascii_digit());
        Ok(Self {
            class: uid(0x0008_0016)?,
            instance: uid(0x0008_0018)?,
            series: uid(0x0020_000E)?,
            study: uid(0x0020_000D)?,
            frame_of_reference: text(0x0020_0052).filter(is_uid),
            frames: Attributes::of(&file)?.frames,
            patient: data.get(0x0010_0020).map(|element| element.value.trim_ascii().to_vec()).unwrap_or_default(),
            is_coded: text(0x0012_0062).as_deref() == Some("YES"),
            date: text(0x0008_0020).filter(is_date),
            spacing: place.spacing.map(|(spacing, _)| spacing),
            thickness: numbers(&file, frame, 0x0018_0050).first().copied().filter(|thickness| *thickness > 0.0),
            position: place.position,
            orientation: place.orientation,
        })
    }
}
