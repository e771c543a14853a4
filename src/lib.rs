//! derm-seg turns photos of skin into masks (background, normal skin, lesion) and figures.
//!
//! Data flows one way: `input` → `inference` → `measure` → `store`. `batch` takes one photo along that way and loops over
//! many; `commands` holds a folder for every verb. What looks at finished results (`annotations`, `evaluation`, `report`)
//! never loads the model; `privacy` and `people` say what may be disclosed, and of whom. CONTRIBUTING.md has the map.
//! Research use only.

#![cfg_attr(test, allow(clippy::disallowed_methods, reason = "tests make their own files in folders of their own"))]

pub mod annotations;
pub mod batch;
pub mod commands;
pub mod disk;
pub mod domain;
pub mod error;
pub mod evaluation;
pub mod exit;
pub mod inference;
pub mod input;
pub mod measure;
pub mod people;
pub mod privacy;
mod report;
pub mod slices;
pub mod store;
mod survey;
pub mod track;
