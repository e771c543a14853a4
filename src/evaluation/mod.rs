//! Masks held against each other: the figures (`score`), results against references (`eval`), a run against another (`compare`).

pub mod compare;
pub mod eval;
pub mod score;
