//! Arguments become validated plans here; nothing behind this point sees the command line. One file a verb.

pub mod at_rest;
pub mod check;
pub mod compare;
pub mod eval;
pub mod export;
pub mod model;
pub mod people;
pub mod report;
pub mod run;
pub mod scrub;
