//! What commands print: files with a closing line, and a standard output that forgives a reader who has seen enough.

use std::io::Write;
use std::path::Path;

use anyhow::{Context, Result};

use crate::commands::shared::Global;
use crate::disk::private::make_folders;
use crate::disk::vault::Vault;
use crate::disk::{wait_for, write};
use crate::domain::words::counted;

/// Writes files, of which the first is JSON; then says all of that JSON, or else a table and where the files are.
pub(in crate::commands) fn write_and_print(
    vault: &Vault,
    folder: &Path,
    files: &[(&str, &[u8])],
    table: &str,
    as_json: bool,
    global: &Global,
) -> Result<()> {
    write_together(vault, folder, files)?;
    let names: Vec<&str> = files.iter().map(|(name, _)| *name).collect();
    let said = match names.as_slice() {
        [several @ .., last] if !several.is_empty() => format!("{} and {last} are", several.join(", ")),
        _ => format!("{} is", names.concat()),
    };
    let told = match files.first() {
        Some((_, json)) if as_json => json.to_vec(),
        _ if global.quiet => Vec::new(),
        _ => format!("{table}\n{said} in {}\n", folder.display()).into_bytes(),
    };
    Ok(stdout().write_all(&told)?)
}

/// Writes files that belong together: never some of one command and some of another.
pub(in crate::commands) fn write_together(vault: &Vault, folder: &Path, files: &[(&str, &[u8])]) -> Result<()> {
    let cannot = || format!("cannot write to {}", folder.display());
    make_folders(folder, vault.is_private()).with_context(cannot)?;
    let _lock = wait_for(folder).with_context(cannot)?;
    for (name, bytes) in files {
        let path = folder.join(name);
        write(vault, &path, bytes).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}

/// Gates that do not hold are always said: on stderr, where no table on stdout tells of them.
pub(in crate::commands) fn print_failed_gates(failed: impl Iterator<Item = String>, as_json: bool, global: &Global) {
    if as_json || global.quiet {
        failed.for_each(|sentence| eprintln!("{sentence}"));
    }
}

/// A line about things, if there are any: "removed: 2 earlier copies (opted out)".
pub(in crate::commands) fn print_count(
    out: &mut impl Write,
    what: &str,
    (count, thing): (usize, &str),
    more: &str,
) -> std::io::Result<()> {
    if count > 0 { writeln!(out, "{what}: {}{more}", counted(count, thing)) } else { Ok(()) }
}

/// Standard output. Who closed the pipe has seen enough (`| head`): what was asked for is done, and its exit code still counts.
pub(in crate::commands) fn stdout() -> impl Write {
    ToReader(std::io::stdout().lock())
}

struct ToReader(std::io::StdoutLock<'static>);

impl Write for ToReader {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        forgive(self.0.write(bytes), bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        forgive(self.0.flush(), ())
    }
}

fn forgive<T>(written: std::io::Result<T>, all: T) -> std::io::Result<T> {
    match written {
        Err(e) if e.kind() == std::io::ErrorKind::BrokenPipe => Ok(all),
        other => other,
    }
}
