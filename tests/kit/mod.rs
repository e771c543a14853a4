//! The test kit: photos, files and models made by code, so that no patient's photo and no weights file is needed.
//!
//! Included by path where it is wanted (the one test binary, the benches, `examples/sample_photos.rs`).
#![allow(dead_code, reason = "every user of the kit takes a part of it")]
#![allow(clippy::unwrap_used, reason = "a failure here is a failed test")]

pub mod archives;
pub mod chest;
pub mod corpus;
pub mod dicom;
pub mod faces;
pub mod files;
pub mod graph;
pub mod icc;
pub mod lesions;
pub mod models;
pub mod noise;
pub mod parsers;
pub mod photos;
pub mod pngs;
pub mod spoil;
pub mod visits;
