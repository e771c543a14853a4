//! Masks held against each other: the figures (`score`), results against references (`eval`), lesion by lesion (`detection`),
//! labels that classifiers give against true ones (`labels`), a run against another (`compare`),
//! photos against worse ones of themselves (`stress`), settings of a model against all others (`calibrate`).

pub(crate) mod calibrate;
pub(crate) mod cohort;
pub(crate) mod compare;
pub(crate) mod detection;
pub(crate) mod eval;
pub(crate) mod labels;
pub mod score;
pub(crate) mod stress;
