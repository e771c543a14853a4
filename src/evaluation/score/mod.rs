//! How well a mask agrees with its reference, and what many such figures say together.
//!
//! Pure: masks and tables in, figures out. Definitions, to the edge case, are in `docs/eval.md`.

pub(crate) mod agreement;
pub(crate) mod boundary;
pub(crate) mod detection;
pub(crate) mod difference;
pub(crate) mod distance;
pub(crate) mod edges;
pub mod gate;
pub(crate) mod isic;
pub mod labels;
pub(crate) mod metric;
pub(crate) mod nearest;
pub(crate) mod overlap;
pub(crate) mod region;
pub(crate) mod rng;
pub(crate) mod strata;
pub(crate) mod summary;
#[cfg(test)]
pub(crate) mod testing;

pub use metric::{Better, Metric, Options, PairScore, metrics, score};
