//! What the program is about, as plain data: a photo, its mask, its record, places, colours, and
//! which names mean the same photo, which photos are whose share. No files, no clock, no log.

pub(crate) mod changes;
pub mod colour;
pub mod crop;
pub mod days;
pub mod dicom;
pub mod frame;
pub mod geometry;
pub mod mask;
pub(crate) mod name;
pub(crate) mod pairing;
pub mod photo;
pub mod plane;
pub mod record;
pub(crate) mod sets;
pub(crate) mod shard;
pub mod source;
pub(crate) mod statistics;
pub mod values;
pub(crate) mod words;
