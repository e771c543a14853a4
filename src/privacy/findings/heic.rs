//! HEIC: what is in the container besides the picture that is shown.

use heifer::heifer_isobmff::BoxIter;
use heifer::heifer_isobmff::boxes::{ColorInfo, Property};

use super::{Found, icc, tiff, xmp};
use crate::domain::record::Severity;
use crate::input::walk::be32;
use crate::input::walk::heic::Heic;

const PLACE: &str = "heic";
/// Properties that say nothing but how a picture is shown.
const HARMLESS: [&[u8; 4]; 10] =
    [b"pasp", b"clli", b"mdcv", b"amve", b"rloc", b"lsel", b"a1op", b"a1lx", b"tols", b"iscl"];

pub fn scan(bytes: &[u8], found: &mut Found) {
    let Ok(heic) = Heic::new(bytes) else { return found.add("unreadable_metadata", PLACE, Severity::Possible) };
    for item in &heic.file.items {
        if !item.name.is_empty() {
            found.add("free_text", PLACE, Severity::Possible);
        }
        if heic.picture.contains(&item.id) {
            continue;
        }
        let content = heic.file.item_data(item.id).unwrap_or_default();
        match (&item.item_type.0, item.content_type.as_deref()) {
            (b"Exif", _) => tiff::scan(exif(&content), "exif", found),
            (b"mime", Some("application/rdf+xml")) => xmp::scan(&content, found),
            (b"hvc1" | b"grid" | b"iden" | b"iovl" | b"jpeg" | b"av01" | b"tmap", _) => {
                let is_small = !heic.file.referenced_items(item.id, b"thmb").is_empty();
                found.add(if is_small { "thumbnail" } else { "further_image" }, PLACE, Severity::Possible);
            }
            _ => found.add("unknown_chunk", PLACE, Severity::Possible),
        }
    }
    for property in &heic.file.properties {
        match property {
            Property::Color(ColorInfo::Icc(profile)) => icc::scan(profile, found),
            Property::Unknown(kind, _) if kind.0 == *b"udes" => found.add("free_text", PLACE, Severity::Identifying),
            Property::Unknown(kind, _) if !HARMLESS.contains(&&kind.0) => {
                found.add("unknown_chunk", PLACE, Severity::Possible);
            }
            _ => {}
        }
    }
    for part in BoxIter::new(bytes).map_while(Result::ok) {
        match &part.header.box_type.0 {
            b"ftyp" | b"meta" | b"mdat" => {}
            b"moov" | b"mpvd" => found.add("motion_video", PLACE, Severity::Identifying),
            b"free" | b"skip" if part.content.iter().all(|&b| b == 0) => {}
            _ => found.add("unknown_chunk", PLACE, Severity::Possible),
        }
    }
    heic.unclaimed().into_iter().for_each(|gap| found.trailer(gap));
}

/// A TIFF block behind the way to it.
fn exif(content: &[u8]) -> &[u8] {
    let start = be32(content, 0).and_then(|offset| usize::try_from(offset).ok()?.checked_add(4));
    let block = start.and_then(|start| content.get(start..)).unwrap_or(content);
    block.strip_prefix(b"Exif\0\0".as_slice()).unwrap_or(block)
}
