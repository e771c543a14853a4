//! XMP packets: known properties by their names. The packet is not parsed as XML, so that damage hides nothing.

use super::Found;
use crate::domain::record::Severity;

const PLACE: &str = "xmp";
/// An honest packet is far smaller; what lies behind this is reported as unread.
const MAX_BYTES: usize = 16 << 20;

pub fn scan(packet: &[u8], found: &mut Found) {
    let looked_at = &packet[..packet.len().min(MAX_BYTES)];
    if looked_at.len() < packet.len() {
        found.add("unreadable_metadata", PLACE, Severity::Possible);
    }
    // Two-byte text becomes readable without its zeros.
    let plain: Vec<u8> = looked_at.iter().copied().filter(|&b| b != 0).collect();
    if plain.iter().all(u8::is_ascii_whitespace) {
        return;
    }
    // A packet may hold anything under names that nobody knows.
    found.add("xmp_packet", PLACE, Severity::Possible);
    for local_name in local_names(&plain) {
        if let Some((kind, severity)) = property(local_name) {
            found.add(kind, PLACE, severity);
        }
    }
}

/// What follows a namespace prefix and a colon.
fn local_names(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    memchr::memchr_iter(b':', text).map(|colon| {
        let rest = &text[colon + 1..];
        let length = rest.iter().take(64).take_while(|b| b.is_ascii_alphanumeric()).count();
        &rest[..length]
    })
}

fn property(name: &[u8]) -> Option<(&'static str, Severity)> {
    use Severity::{Identifying, Info, Possible};
    Some(match name {
        b"GPSLatitude"
        | b"GPSLongitude"
        | b"GPSDestLatitude"
        | b"GPSDestLongitude"
        | b"GPSAltitude"
        | b"GPSAreaInformation" => ("gps", Identifying),
        b"City" | b"Country" | b"State" | b"Location" | b"LocationShown" | b"LocationCreated" | b"Sublocation" => {
            ("location", Identifying)
        }
        b"creator"
        | b"Author"
        | b"Artist"
        | b"Owner"
        | b"OwnerName"
        | b"CameraOwnerName"
        | b"CaptionWriter"
        | b"Credit"
        | b"rights"
        | b"Copyright"
        | b"PersonInImage"
        | b"PersonInImageWDetails"
        | b"PersonDisplayName"
        | b"CreatorContactInfo"
        | b"contributor"
        | b"publisher"
        | b"Photographer"
        | b"ImageCreator"
        | b"CopyrightOwner" => ("person_name", Identifying),
        b"Regions" | b"RegionList" | b"RegionInfo" | b"ImageRegion" => ("face_region", Identifying),
        b"SerialNumber"
        | b"BodySerialNumber"
        | b"CameraSerialNumber"
        | b"InternalSerialNumber"
        | b"LensSerialNumber"
        | b"ImageNumber" => ("serial_number", Identifying),
        b"title"
        | b"description"
        | b"subject"
        | b"Headline"
        | b"Instructions"
        | b"UserComment"
        | b"Keywords"
        | b"Label"
        | b"hierarchicalSubject"
        | b"ImageDescription"
        | b"AltTextAccessibility"
        | b"ExtDescrAccessibility"
        | b"Event" => ("free_text", Identifying),
        b"MotionPhoto" | b"MicroVideo" => ("motion_video", Identifying),
        b"DocumentID"
        | b"InstanceID"
        | b"OriginalDocumentID"
        | b"ImageUniqueID"
        | b"DigitalImageGUID"
        | b"RawFileName"
        | b"PreservedFileName" => ("unique_id", Possible),
        b"CreateDate" | b"ModifyDate" | b"MetadataDate" | b"DateCreated" | b"DateTimeOriginal"
        | b"DateTimeDigitized" | b"DateTime" | b"GPSTimeStamp" | b"when" => ("date", Possible),
        b"Thumbnails" | b"image" => ("thumbnail", Possible),
        b"History" | b"Ingredients" | b"Pantry" => ("edit_history", Possible),
        b"CreatorTool" | b"Make" | b"Model" | b"Software" => ("device", Info),
        _ => return None,
    })
}
