//! derm-seg turns photos of skin into masks (background, normal skin, lesion) and figures.
//!
//! Data flows one way: `discover` → `decode` → `preprocess` → `engine` → `postprocess` → `measure` → `record` → `output`.
//! Each arrow is one struct. `pipeline` runs the stages for one photo and loops over many; `commands` holds a thin file
//! for every verb. What looks at finished results (`eval`, `compare`, `export`, with `score` and `truth`) never loads the
//! model; `privacy` says what may be disclosed. The rules about who may use what are in `tests/house.rs`.
//! Research use only.

pub mod cli;
pub mod color;
pub mod commands;
pub mod compare;
pub mod decode;
pub mod discover;
pub mod engine;
pub mod error;
pub mod eval;
pub mod exit;
pub mod export;
pub mod faces;
pub mod geometry;
pub mod likeness;
pub mod manifest;
pub mod mask;
pub mod measure;
pub mod output;
pub mod photo;
pub mod pipeline;
pub mod polygons;
pub mod postprocess;
pub mod preprocess;
pub mod privacy;
pub mod progress;
pub mod record;
pub mod report;
pub mod results;
pub mod score;
pub mod settings;
pub mod subjects;
pub mod survey;
pub mod truth;
pub mod vault;
