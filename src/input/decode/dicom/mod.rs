//! DICOM: photographs, dermoscopy, endoscopy, secondary captures, X-rays, slices of CT and MR. A frame is a photo.
//!
//! `attributes` reads what the file says of its pixels, `frames` finds a frame's bytes, `stored` makes values of them, `window`
//! maps grey values to what is shown.

mod attributes;
mod frames;
mod origin;
pub mod picture;
mod segments;
mod stored;
mod window;

use std::fs::File;
use std::io::Read;
use std::path::Path;

pub use origin::Origin;
pub use segments::{Segmentation, segmentation};
pub use stored::Stored;
use window::brightness;
pub use window::shown;

use super::{Header, Limits, Raw, broken};
use crate::domain::colour::{Samples, Space};
use crate::domain::dicom::METHOD;
use crate::domain::record::{DicomInput, Size, Window, WindowSource};
use crate::domain::values::GreyValues;
use crate::error::PhotoError;
use crate::input::walk::dicom::{Broken, Dicom};
use crate::people::is_code;
use attributes::{Attributes, NUMBER_OF_FRAMES, Place};

impl From<Broken> for PhotoError {
    fn from(_: Broken) -> Self {
        PhotoError::Truncated
    }
}

/// The size of a frame, how many bytes the file takes besides itself, and whether it is a photograph.
pub fn header(bytes: &[u8], limits: &Limits) -> Result<(Size, u64, bool), PhotoError> {
    let file = Dicom::new(bytes)?;
    let attributes = Attributes::of(&file)?;
    limits.bound().check(attributes.size, 0)?;
    let unpacked = if file.length() > bytes.len() { file.length() as u64 } else { 0 };
    Ok((attributes.size, unpacked, attributes.is_photograph()))
}

/// What records say of the file besides its pixels. The window that was applied is known when they are decoded.
pub fn describe(bytes: &[u8], frame: u32) -> Result<DicomInput, PhotoError> {
    let file = Dicom::new(bytes)?;
    let attributes = Attributes::of(&file)?;
    let place = Place::of(&file, frame);
    Ok(DicomInput {
        frame,
        frames: attributes.frames,
        modality: attributes.modality,
        transfer_syntax: file.syntax.name().to_owned(),
        window: None,
        pixel_spacing_mm: place.spacing.map(|(spacing, _)| spacing),
        spacing_source: place.spacing.map(|(_, source)| source.to_owned()),
        position_mm: place.position,
        orientation: place.orientation,
        patient: None,
        study: None,
    })
}

/// Whose file it is, as it says itself. It gets into no record as it is, unless it is a code already.
pub struct Identity {
    pub patient: Vec<u8>,
    pub study: Option<String>,
    /// The file is a copy by `scrub`: what it has in place of the number and the identifier was made with a key.
    pub is_coded: bool,
}

pub fn identity(bytes: &[u8]) -> Result<Identity, PhotoError> {
    let file = Dicom::new(bytes)?;
    let text = |tag| file.data().get(tag).and_then(|element| element.text()).filter(|text| !text.is_empty());
    let patient = file.data().get(PATIENT_ID).map(|element| element.value.trim_ascii().to_vec()).unwrap_or_default();
    let says_so =
        text(IDENTITY_REMOVED).as_deref() == Some("YES") && text(METHOD_OF_REMOVAL).as_deref() == Some(METHOD);
    let study = text(STUDY);
    let is_uid = |uid: &String| uid.len() <= 64 && uid.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    let is_coded = says_so && (patient.is_empty() || is_code(&patient)) && study.as_ref().is_none_or(is_uid);
    Ok(Identity { patient, study, is_coded })
}

const PATIENT_ID: u32 = 0x0010_0020;
const STUDY: u32 = 0x0020_000D;
const IDENTITY_REMOVED: u32 = 0x0012_0062;
const METHOD_OF_REMOVAL: u32 = 0x0012_0063;

/// The values of a frame before any window, for comparison with other readers.
pub fn stored(bytes: &[u8], frame: u32) -> Result<Stored, PhotoError> {
    let file = Dicom::new(bytes)?;
    stored::stored(&file, &Attributes::of(&file)?, frame)
}

pub(super) fn decode(bytes: &[u8], header: Header) -> Result<(Raw, Option<Window>), PhotoError> {
    let file = Dicom::new(bytes)?;
    let attributes = Attributes::of(&file)?;
    let frame = match header.frame {
        Some(frame) => frame,
        None if attributes.frames == 1 => 1,
        None => return Err(PhotoError::FramesUnknown(attributes.frames)),
    };
    let space = attributes.profile.clone().map_or(Space::Srgb, Space::Icc);
    let (samples, values, window) = match stored::stored(&file, &attributes, frame)? {
        Stored::Rgb(rgb) => (Samples::Rgb(rgb), None, None),
        Stored::Grey(stored) => {
            let grey = attributes::Grey::of(&file, &attributes, frame);
            let asked = header.window.map(|rule| Window { source: WindowSource::Manifest, ..rule });
            let (steps, window) = shown(&stored, &grey, asked);
            let values = header.values.map(|wanted| match wanted {
                GreyValues::Window => brightness(&stored, &grey, window),
                GreyValues::Stored => stored.iter().map(|v| grey.in_units(*v) as f32).collect(),
            });
            (Samples::Grey(steps), values, window)
        }
    };
    Ok((Raw { samples, space, warnings: Vec::new(), values }, window))
}

/// More frames than a photo has in any study.
const MOST_FRAMES: u32 = 65_536;

/// How many frames there are in a file, if it is DICOM with several. Only the beginning of the file is read.
pub fn count_frames(path: &Path) -> Option<u32> {
    let mut file = File::open(path).ok()?;
    let length = file.metadata().ok()?.len();
    let mut bytes = Vec::new();
    let mut wanted = 1u64 << 16;
    loop {
        let missing = wanted - bytes.len() as u64;
        Read::by_ref(&mut file).take(missing).read_to_end(&mut bytes).ok()?;
        super::sniff(&bytes).ok().filter(|format| *format == super::PhotoFormat::Dicom)?;
        let is_all = bytes.len() as u64 >= length;
        // What is cut off here is broken; a deflated file has to be there as a whole.
        if let Ok(file) = Dicom::new(&bytes) {
            let mut elements = file.data().elements().map_while(Result::ok);
            if let Some(element) = elements.find(|element| element.tag >= NUMBER_OF_FRAMES) {
                let frames = element.numbers().first().copied().filter(|_| element.tag == NUMBER_OF_FRAMES)?;
                // A frame takes more than its share of so many bytes.
                let most = (length / 8).min(u64::from(MOST_FRAMES)) as f64;
                return (frames > 1.0 && frames <= most).then_some(frames as u32);
            }
        }
        if is_all || wanted > 64 << 20 {
            return None;
        }
        wanted *= 4;
    }
}

fn unsupported(what: &'static str) -> PhotoError {
    PhotoError::UnsupportedPixels(what)
}

fn too_short() -> PhotoError {
    broken("its pixels are fewer than its header says")
}
