//! What the program is about, as plain data: a photo, its mask, its record, places, colours, and
//! which names mean the same photo. No files, no clock, no log.

pub mod changes;
pub mod colour;
pub mod geometry;
pub mod mask;
pub mod name;
pub mod pairing;
pub mod photo;
pub mod record;
pub mod sets;
pub mod source;
pub mod statistics;
