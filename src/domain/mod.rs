//! What the program is about, as plain data: a photo, its mask, its record, places and colours. No files, no clock, no log.

pub mod colour;
pub mod geometry;
pub mod mask;
pub mod photo;
pub mod record;
