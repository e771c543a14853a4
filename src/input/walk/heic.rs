//! The container of HEIC: which of its items are the picture that is shown, and how large they are. `heifer` reads the boxes.

use heifer::heifer_isobmff::boxes::{ColorInfo, ConstructionMethod, Property};
use heifer::heifer_isobmff::{BoxIter, HeifFile, Item, ItemId};

/// More than the largest camera's picture has tiles.
const MOST_ITEMS: usize = 4096;
/// Codes of the auxiliary picture that says how transparent each pixel is.
pub const TRANSPARENCY: [&str; 2] = ["urn:mpeg:hevc:2015:auxid:1", "urn:mpeg:mpegB:cicp:systems:auxiliary:alpha"];

pub struct Heic<'a> {
    pub bytes: &'a [u8],
    pub file: HeifFile<'a>,
    /// The picture, the tiles that it is made of, and its transparency: the picture itself first.
    pub picture: Vec<ItemId>,
}

impl<'a> Heic<'a> {
    pub fn new(bytes: &'a [u8]) -> Result<Self, String> {
        let file = HeifFile::parse(bytes).map_err(|e| e.to_string())?;
        let mut picture = vec![file.primary_id];
        let mut next = 0;
        while let Some(&item) = picture.get(next) {
            let tiles = file.referenced_items(item, b"dimg").iter().copied();
            let transparency =
                file.referencing_items(item, b"auxl").into_iter().filter(|&id| is_transparency(&file, id));
            let parts: Vec<ItemId> = tiles.chain(transparency).filter(|id| !picture.contains(id)).collect();
            picture.extend(parts);
            next += 1;
            if picture.len() > MOST_ITEMS {
                return Err(format!("it is made of more than {MOST_ITEMS} parts"));
            }
        }
        Ok(Self { bytes, file, picture })
    }

    pub fn item(&self, id: ItemId) -> Result<&Item, String> {
        self.file.item(id).map_err(|e| e.to_string())
    }

    pub fn properties(&self, id: ItemId) -> impl Iterator<Item = &Property> {
        self.file.item_properties(id).into_iter().flatten()
    }

    /// What is said of the picture's colours, by itself or by its first tile.
    pub fn colours(&self) -> impl Iterator<Item = &ColorInfo> {
        let first_tile = self.file.referenced_items(self.file.primary_id, b"dimg").first().copied();
        let said = [Some(self.file.primary_id), first_tile].into_iter().flatten().flat_map(|id| self.properties(id));
        said.filter_map(|property| match property {
            Property::Color(colours) => Some(colours),
            _ => None,
        })
    }

    /// The contents of the boxes that properties come in, in their order.
    pub fn property_boxes(&self) -> Option<Vec<([u8; 4], &'a [u8])>> {
        let inside = |bytes: &'a [u8], kind: &[u8; 4]| {
            BoxIter::new(bytes).map_while(Result::ok).find(|b| b.header.box_type.0 == *kind).map(|b| b.content)
        };
        let meta = inside(self.bytes, b"meta")?.get(4..)?;
        let boxes = BoxIter::new(inside(inside(meta, b"iprp")?, b"ipco")?).map_while(Result::ok);
        Some(boxes.map(|b| (b.header.box_type.0, b.content)).collect())
    }

    /// Bytes of the data boxes that no item lays claim to.
    pub fn unclaimed(&self) -> Vec<&'a [u8]> {
        let in_file = |item: &&Item| {
            item.location.as_ref().is_some_and(|place| place.construction_method == ConstructionMethod::File)
        };
        let places = self.file.items.iter().filter(in_file).filter_map(|item| item.location.as_ref());
        let mut claimed: Vec<(u64, u64)> = places
            .flat_map(|place| &place.extents)
            .map(|extent| match extent.length {
                0 => (extent.offset, u64::MAX),
                length => (extent.offset, extent.offset.saturating_add(length)),
            })
            .collect();
        claimed.sort_unstable();
        let mut gaps = Vec::new();
        for data in BoxIter::new(self.bytes).map_while(Result::ok).filter(|b| b.header.box_type.0 == *b"mdat") {
            // Boxes are slices of the file.
            let start = data.content.as_ptr() as usize - self.bytes.as_ptr() as usize;
            let (mut at, end) = (start as u64, (start + data.content.len()) as u64);
            for &(from, to) in claimed.iter().chain([&(end, end)]) {
                if from > at {
                    gaps.extend(self.bytes.get(at as usize..from.min(end) as usize));
                }
                at = at.max(to).min(end);
            }
        }
        gaps
    }
}

fn is_transparency(file: &HeifFile, id: ItemId) -> bool {
    let kinds = file.item_properties(id).into_iter().flatten();
    kinds.into_iter().any(|p| matches!(p, Property::AuxiliaryType(kind) if TRANSPARENCY.contains(&kind.as_str())))
}
