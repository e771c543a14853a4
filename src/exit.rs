//! What the process's exit code says.

/// Everything done; exclusions by declared policy count as done.
pub const OK: u8 = 0;
/// The run itself failed.
pub const RUN_FAILED: u8 = 1;
/// Usage, settings or model.
pub const USAGE: u8 = 2;
/// Some photos failed.
pub const SOME_FAILED: u8 = 3;
/// A gate did not hold (`eval --min`, `compare`).
pub const GATE: u8 = 4;

/// Interrupted by a signal, as shells report it.
pub fn signal(number: i32) -> u8 {
    (128 + number).clamp(0, 255) as u8
}
