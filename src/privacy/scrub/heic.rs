//! HEIC without its metadata: a new container with the coded picture, its tiles and its transparency, and of their
//! properties those that it cannot be shown right without. Remarks of the encoder are left out of the coded data.

use std::collections::{BTreeMap, BTreeSet};

use heifer::heifer_isobmff::ItemId;
use heifer::{EncodeOptions, encode_rgb8};

use super::icc;
use crate::domain::photo::Photo;
use crate::error::PhotoError;
use crate::input::walk::heic::{Heic, TRANSPARENCY};

/// Kinds of coded data up to the parameter sets; those behind them are remarks and fillings.
const LAST_OF_THE_PICTURE: u8 = 34;
const BRANDS: [&[u8; 4]; 8] = [b"heic", b"heix", b"heim", b"heis", b"mif1", b"mif2", b"miaf", b"MiHB"];

/// `None` for what is no single still picture of HEVC.
pub fn scrub(bytes: &[u8]) -> Option<Vec<u8>> {
    let heic = Heic::new(bytes).ok()?;
    let boxes = heic.property_boxes()?;
    let numbers: BTreeMap<ItemId, u16> = heic
        .picture
        .iter()
        .enumerate()
        .map(|(i, id)| Some((*id, u16::try_from(i + 1).ok()?)))
        .collect::<Option<_>>()?;
    let mut items = Vec::new();
    let mut properties: Vec<Vec<u8>> = Vec::new();
    for id in &heic.picture {
        let number = numbers.get(id)?;
        let item = heic.item(*id).ok()?;
        let mut theirs = Vec::new();
        let mut length_size = None;
        for association in item.properties.iter().filter(|association| association.index > 0) {
            let (kind, content) = boxes.get(usize::from(association.index) - 1)?;
            if kind == b"hvcC" {
                length_size = Some(usize::from(content.get(21)? & 3) + 1);
            }
            let Some(clean) = property(kind, content) else { continue };
            let place = properties.iter().position(|there| *there == clean).unwrap_or_else(|| {
                properties.push(clean);
                properties.len() - 1
            });
            theirs.push((u16::try_from(place + 1).ok()?, association.essential));
        }
        let content = heic.file.item_data(*id).ok()?;
        let data = match &item.item_type.0 {
            b"hvc1" => coded(&content, length_size?)?,
            b"grid" => content.get(..if content.get(1)? & 1 == 1 { 12 } else { 8 })?.to_vec(),
            b"iden" => Vec::new(),
            _ => return None,
        };
        items.push(Item { number: *number, kind: item.item_type.0, properties: theirs, data });
    }
    let mut references = Vec::new();
    for reference in &heic.file.references {
        let Some(from) =
            numbers.get(&reference.from).filter(|_| [*b"dimg", *b"auxl", *b"prem"].contains(&reference.ref_type.0))
        else {
            continue;
        };
        let to: Vec<u16> = reference.to.iter().filter_map(|id| numbers.get(id)).copied().collect();
        if !to.is_empty() {
            references.push(part(&reference.ref_type.0, &[&[*from, to.len() as u16], to.as_slice()].concat().bytes()));
        }
    }
    let named = &heic.file.file_type;
    let known = |brand: &[u8; 4]| BRANDS.contains(&brand);
    let mut brands: Vec<[u8; 4]> = named.compatible_brands.iter().map(|brand| brand.0).filter(known).collect();
    let mut seen = BTreeSet::new();
    brands.retain(|brand| seen.insert(*brand));
    let own = Some(named.major_brand.0).filter(known)?;
    Some(container(&own, &brands, items, &properties, &references))
}

/// A picture whose pixels had to change, as a new file.
pub fn encode(photo: &Photo, quality: u8) -> Result<Vec<u8>, PhotoError> {
    let options = EncodeOptions { quality, max_threads: 1 };
    encode_rgb8(photo.width, photo.height, &photo.rgb, &options)
        .map_err(|e| PhotoError::EncodeFailed { what: "changed picture", why: e.to_string() })
}

struct Item {
    number: u16,
    kind: [u8; 4],
    /// Places in the list of properties, from 1 on, and whether a reader must know them.
    properties: Vec<(u16, bool)>,
    data: Vec<u8>,
}

trait Bytes {
    fn bytes(&self) -> Vec<u8>;
}

impl Bytes for [u16] {
    fn bytes(&self) -> Vec<u8> {
        self.iter().flat_map(|number| number.to_be_bytes()).collect()
    }
}

/// A property with nothing in it but what it must have; `None` for those that are not needed.
fn property(kind: &[u8; 4], content: &[u8]) -> Option<Vec<u8>> {
    let clean = match kind {
        b"hvcC" => configuration(content)?,
        b"ispe" => content.get(..12)?.to_vec(),
        b"pixi" => content.get(..5 + usize::from(*content.get(4)?))?.to_vec(),
        b"irot" | b"imir" => vec![content.first()? & 3],
        b"clap" => content.get(..32)?.to_vec(),
        b"pasp" => content.get(..8)?.to_vec(),
        b"auxC" => {
            let name = content.get(4..)?.split(|&b| b == 0).next()?;
            let known = TRANSPARENCY.iter().find(|known| known.as_bytes() == name)?;
            [&[0; 4], known.as_bytes(), &[0]].concat()
        }
        b"colr" => match content.get(..4)? {
            b"nclx" => content.get(..11)?.to_vec(),
            profile @ (b"prof" | b"rICC") => [profile, &icc::cleaned(&content[4..])?].concat(),
            _ => return None,
        },
        _ => return None,
    };
    Some(part(kind, &clean))
}

/// The decoder's configuration, with parameter sets and nothing else.
fn configuration(content: &[u8]) -> Option<Vec<u8>> {
    let mut clean = content.get(..22)?.to_vec();
    let mut rest = content.get(23..)?;
    let mut arrays: Vec<Vec<u8>> = Vec::new();
    for _ in 0..*content.get(22)? {
        let (kind, count) = (rest[..].first()? & 0x3f, u16::from_be_bytes([*rest.get(1)?, *rest.get(2)?]));
        let mut array = rest.get(..3)?.to_vec();
        rest = &rest[3..];
        for _ in 0..count {
            let unit = 2 + usize::from(u16::from_be_bytes([*rest.first()?, *rest.get(1)?]));
            array.extend(rest.get(..unit)?);
            rest = &rest[unit..];
        }
        if kind <= LAST_OF_THE_PICTURE {
            arrays.push(array);
        }
    }
    clean.push(arrays.len() as u8);
    clean.extend(arrays.concat());
    Some(clean)
}

/// Coded data without remarks: units, each behind its length.
fn coded(mut rest: &[u8], length_size: usize) -> Option<Vec<u8>> {
    let mut clean = Vec::with_capacity(rest.len());
    while !rest.is_empty() {
        let length = rest.get(..length_size)?.iter().fold(0_usize, |sum, &b| sum << 8 | usize::from(b));
        let unit = rest.get(..length_size.checked_add(length)?)?;
        let kind = unit.get(length_size)? >> 1 & 0x3f;
        if kind <= LAST_OF_THE_PICTURE {
            clean.extend(unit);
        }
        rest = &rest[unit.len()..];
    }
    Some(clean)
}

fn container(
    brand: &[u8; 4],
    brands: &[[u8; 4]],
    items: Vec<Item>,
    properties: &[Vec<u8>],
    references: &[Vec<u8>],
) -> Vec<u8> {
    let kind = part(b"ftyp", &[brand.as_slice(), &[0; 4], brands.as_flattened()].concat());
    let hidden = |item: &Item| u8::from(item.number != 1);
    let entry = |item: &Item| {
        part(b"infe", &[&[2, 0, 0, hidden(item)], &[item.number, 0].bytes()[..], &item.kind, &[0]].concat())
    };
    let infos =
        [&[0; 4], &[items.len() as u16].bytes()[..], &items.iter().flat_map(entry).collect::<Vec<_>>()].concat();
    let associations = items.iter().flat_map(|item| {
        let theirs: Vec<u16> = item.properties.iter().map(|(at, essential)| at | u16::from(*essential) << 15).collect();
        [&[item.number].bytes()[..], &[theirs.len() as u8], &theirs.bytes()].concat()
    });
    let associations: Vec<u8> = associations.collect();
    let associated = [&[0, 0, 0, 1], &(items.len() as u32).to_be_bytes()[..], &associations].concat();
    let list = part(b"iprp", &[part(b"ipco", &properties.concat()), part(b"ipma", &associated)].concat());
    let handler = [&[0; 8], b"pict".as_slice(), &[0; 13]].concat();
    // How long the list of places is, does not depend on the places.
    let meta = |start: u32| {
        let mut at = start;
        let mut places = [&[0; 4], &[0x44, 0][..], &[items.len() as u16].bytes()].concat();
        for item in &items {
            places.extend(
                [&[item.number, 0, 1].bytes()[..], &at.to_be_bytes(), &(item.data.len() as u32).to_be_bytes()].concat(),
            );
            at += item.data.len() as u32;
        }
        let mut all = [&[0; 4], &part(b"hdlr", &handler)[..], &part(b"pitm", &[0, 0, 0, 0, 0, 1])].concat();
        all.extend([part(b"iloc", &places), part(b"iinf", &infos)].concat());
        if !references.is_empty() {
            all.extend(part(b"iref", &[&[0; 4], references.concat().as_slice()].concat()));
        }
        all.extend(&list);
        part(b"meta", &all)
    };
    let data: Vec<u8> = items.iter().flat_map(|item| item.data.iter().copied()).collect();
    let start = kind.len() + meta(0).len() + 8;
    [kind, meta(start as u32), part(b"mdat", &data)].concat()
}

fn part(kind: &[u8; 4], content: &[u8]) -> Vec<u8> {
    [&(content.len() as u32 + 8).to_be_bytes(), kind.as_slice(), content].concat()
}
