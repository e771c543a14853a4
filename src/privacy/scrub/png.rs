//! PNG without its metadata: only the chunks of the picture are copied.

use std::io::{Read, Write};

use flate2::Compression;
use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;

use super::{exif, icc};
use crate::input::decode::opener::MAX_PROFILE;
use crate::input::walk::png::{PICTURE, Part, SIGNATURE, parts};

pub fn scrub(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut clean = SIGNATURE.to_vec();
    for part in parts(bytes) {
        let Part::Chunk { kind, data, whole } = part else { continue };
        match &kind {
            b"iCCP" => {
                if let Some(packed) = unpack_profile(data).and_then(|profile| pack_profile(&icc::cleaned(&profile)?)) {
                    chunk(&mut clean, *b"iCCP", &packed)?;
                }
            }
            b"eXIf" => {
                if let Some(block) = exif::minimal(data.strip_prefix(b"Exif\0\0".as_slice()).unwrap_or(data)) {
                    chunk(&mut clean, *b"eXIf", &block)?;
                }
            }
            _ if PICTURE.contains(&kind) => clean.extend_from_slice(whole),
            _ => {}
        }
    }
    Some(clean)
}

fn unpack_profile(data: &[u8]) -> Option<Vec<u8>> {
    let name = memchr::memchr(0, data)?;
    let mut profile = Vec::new();
    ZlibDecoder::new(data.get(name + 2..)?).take(MAX_PROFILE as u64 + 1).read_to_end(&mut profile).ok()?;
    Some(profile).filter(|profile| profile.len() <= MAX_PROFILE)
}

fn pack_profile(profile: &[u8]) -> Option<Vec<u8>> {
    let mut packer = ZlibEncoder::new(b"icc\0\0".to_vec(), Compression::default());
    packer.write_all(profile).ok()?;
    packer.finish().ok()
}

fn chunk(to: &mut Vec<u8>, kind: [u8; 4], data: &[u8]) -> Option<()> {
    to.extend(u32::try_from(data.len()).ok()?.to_be_bytes());
    let start = to.len();
    to.extend(kind);
    to.extend_from_slice(data);
    let checksum = crc32fast::hash(&to[start..]);
    to.extend(checksum.to_be_bytes());
    Some(())
}
