//! Masks held against each other: the figures (`score`), results against references (`eval`), a run against another (`compare`),
//! photos against worse ones of themselves (`stress`).

pub(crate) mod cohort;
pub(crate) mod compare;
pub(crate) mod eval;
pub mod score;
pub(crate) mod stress;
