//! The values of DICOM files as derm-seg reads them, for comparison with another reader (`tests/oracle/dicom.py`).
//!
//!     cargo run --example dicom_values -- OUT FILE...
//!
//! A line of JSON for each frame; its values go to `OUT/<file>.<frame>.raw`: 32-bit integers where grey, bytes where coloured,
//! and to `.shown` what a model would see, three bytes a pixel.

#![allow(clippy::disallowed_methods, reason = "scratch files for one comparison")]

use std::path::Path;
use std::{env, fs};

use derm_seg::input::decode::dicom::{Stored, describe, stored};
use derm_seg::input::decode::{Limits, decode, header};
use serde_json::json;

/// Of a film, the first ones will do.
const FRAMES: u32 = 4;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = env::args().skip(1);
    let out = args.next().ok_or("usage: dicom_values OUT FILE...")?;
    for (number, file) in args.enumerate() {
        let bytes = fs::read(&file)?;
        let frames = describe(&bytes, 1).map_or(1, |dicom| dicom.frames.min(FRAMES));
        for frame in 1..=frames {
            let line = match one(&bytes, frame, &Path::new(&out).join(format!("{number}.{frame}"))) {
                Ok(form) => json!({"file": file, "number": number, "frame": frame, "form": form}),
                Err(error) => {
                    json!({"file": file, "number": number, "frame": frame, "code": error.code(), "message": error.to_string()})
                }
            };
            println!("{line}");
        }
    }
    Ok(())
}

fn one(bytes: &[u8], frame: u32, out: &Path) -> Result<&'static str, derm_seg::error::PhotoError> {
    let mut header = header(bytes, &Limits::default())?;
    let (form, raw) = match stored(bytes, frame)? {
        Stored::Grey(values) => ("grey", values.iter().flat_map(|v| v.to_le_bytes()).collect()),
        Stored::Rgb(values) => ("rgb", values),
    };
    header.frame = Some(frame);
    let shown = decode(bytes, header, u32::MAX)?.photo.rgb;
    let written = fs::write(out.with_added_extension("raw"), raw)
        .and_then(|()| fs::write(out.with_added_extension("shown"), shown));
    written.map_err(|e| derm_seg::error::PhotoError::DecodeFailed(e.to_string()))?;
    Ok(form)
}
