//! One photo through all stages, and the one loop that takes many photos through them side by side.
//!
//! `feed` hands photos out; `open` is how every photo's way begins; `photo` is its way through `run`, `copy` through `scrub`;
//! `workers` is the parallel loop; `memory` bounds what all photos in flight may hold.

mod copy;
mod feed;
mod memory;
mod open;
mod photo;
pub mod progress;
mod workers;

pub use copy::{Copied, Faces, copy_clean};
pub use feed::{Feed, Flow};
pub use memory::{MEMORY_PER_JOB, MemoryGate, Share};
pub use open::{Content, Tools};
pub use photo::{Engines, PhotoPlan, contained, footprint, look, look_for_faces, process};
pub use workers::{Stop, parallel_map, quiet_worker_panics, run_all};
