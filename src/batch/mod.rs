//! One photo through all stages, and the one loop that takes many photos through them side by side.
//!
//! `feed` hands photos out; `open` is how every photo's way begins; `segment` is its way through `run`, and `photo` writes what
//! came of it; `copy` is its way through `scrub`; `workers` is the parallel loop; `memory` bounds what all photos in flight
//! may hold.

mod copy;
mod feed;
mod memory;
mod open;
mod photo;
pub mod progress;
mod segment;
mod workers;

pub use copy::{Copied, Faces, copy_clean};
pub use feed::{Feed, Flow};
pub use memory::{MEMORY_PER_JOB, MemoryGate, Share};
pub use open::{Content, Tools};
pub use photo::{Engines, PhotoPlan, Work, contained, footprint, look_for_faces, process};
pub use segment::ask_model;
pub use workers::{Stop, parallel_map, quiet_worker_panics, run_all};
