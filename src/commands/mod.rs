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

use std::io::Write;
use std::path::Path;

use anyhow::{Context, Result};

use crate::cli::Global;
use crate::vault::Vault;

/// Writes files, of which the first is JSON; then says all of that JSON, or else a table and where the files are.
fn deliver(
    vault: &Vault,
    folder: &Path,
    files: &[(&str, &[u8])],
    table: &str,
    as_json: bool,
    global: &Global,
) -> Result<()> {
    for (name, bytes) in files {
        let path = folder.join(name);
        crate::output::write(vault, &path, bytes).with_context(|| format!("cannot write {}", path.display()))?;
    }
    let names: Vec<&str> = files.iter().map(|(name, _)| *name).collect();
    let are = if names.len() > 1 { "are" } else { "is" };
    let told = match files.first() {
        Some((_, json)) if as_json => json.to_vec(),
        _ if global.quiet => Vec::new(),
        _ => format!("{table}\n{} {are} in {}\n", names.join(" and "), folder.display()).into_bytes(),
    };
    match std::io::stdout().lock().write_all(&told) {
        // Who reads on has seen enough (`| head`); the files are whole, and the exit code still counts.
        Err(e) if e.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        other => Ok(other?),
    }
}
