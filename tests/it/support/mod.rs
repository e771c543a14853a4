//! What tests share: a folder with photos and a model, the program run in it, and what it said (`lab`); results made up in
//! code (`results_folder`); the published schemas (`published`).

mod lab;
pub mod published;
pub mod results_folder;

pub use lab::*;
