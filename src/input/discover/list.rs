//! Lists of paths: one a line, or separated by NUL as `find -print0` writes them.

use std::io::Read;
use std::path::PathBuf;

use crate::disk::describe;
use crate::error::UsageError;

/// `what` names the list in messages.
pub fn read_list(mut reader: impl Read, what: &str) -> Result<Vec<PathBuf>, UsageError> {
    let mut bytes = Vec::new();
    reader
        .read_to_end(&mut bytes)
        .map_err(|e| UsageError(format!("The list of photos ({what}) cannot be read: {}.", describe(&e))))?;
    let separator = if bytes.contains(&0) { 0 } else { b'\n' };
    let trim = |line: &'_ [u8]| -> Vec<u8> {
        let line = if separator == b'\n' { line.strip_suffix(b"\r").unwrap_or(line) } else { line };
        line.to_vec()
    };
    bytes.split(|&b| b == separator).map(trim).filter(|line| !line.is_empty()).map(|line| path(line, what)).collect()
}

#[cfg(unix)]
fn path(bytes: Vec<u8>, _what: &str) -> Result<PathBuf, UsageError> {
    use std::os::unix::ffi::OsStringExt;
    Ok(PathBuf::from(std::ffi::OsString::from_vec(bytes)))
}

#[cfg(not(unix))]
fn path(bytes: Vec<u8>, what: &str) -> Result<PathBuf, UsageError> {
    String::from_utf8(bytes)
        .map(PathBuf::from)
        .map_err(|_| UsageError(format!("The list of photos ({what}) is not in UTF-8.")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_or_nul() {
        let lines = read_list(&b"a b.jpg\r\n\nc.png\n"[..], "test").unwrap();
        assert_eq!(lines, [PathBuf::from("a b.jpg"), PathBuf::from("c.png")]);
        let nul = read_list(&b"a\nb.jpg\0c.png\0"[..], "test").unwrap();
        assert_eq!(nul, [PathBuf::from("a\nb.jpg"), PathBuf::from("c.png")]);
    }
}
