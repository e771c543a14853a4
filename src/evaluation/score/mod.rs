//! How well a mask agrees with its reference, and what many such figures say together.
//!
//! Pure: masks and tables in, figures out. Definitions, to the edge case, are in `docs/eval.md`.

pub mod agreement;
pub mod boundary;
pub mod difference;
pub mod distance;
pub mod edges;
pub mod gate;
pub mod isic;
pub mod metric;
pub mod nearest;
pub mod overlap;
pub mod region;
pub mod rng;
pub mod strata;
pub mod summary;
#[cfg(test)]
pub mod testing;

pub use metric::{Better, Metric, Options, PairScore, metrics, score};
