//! One photo through all stages, and the one loop that takes many photos through them side by side.
//!
//! `photo` is the way of one photo; `workers` is the parallel loop; `copy` is its way through `scrub`; `memory` bounds what all photos in flight may hold.

mod copy;
mod memory;
mod photo;
pub mod progress;
mod workers;

pub use copy::{Copied, Faces, copy_clean};
pub use memory::{MEMORY_PER_JOB, MemoryGate};
pub use photo::{PhotoPlan, contained, footprint, look, look_for_faces, process, read, unlock};
pub use workers::{Stop, parallel_map, quiet_worker_panics, run_all};
