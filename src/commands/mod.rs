//! One thin file a verb: settings → library → what the user sees. They never import each other.

pub mod check;
pub mod compare;
pub mod eval;
pub mod export;
pub mod model;
pub mod report;
pub mod run;
pub mod scrub;
pub mod shell;
pub mod withdraw;
