//! Where a graph keeps its weights when they are not inside the file: read from the ONNX message itself, so that a model
//! cannot make the runtime read outside the model's folder.
//!
//! Only the few fields on the way to `external_data` are followed (graphs, nodes, attributes, tensors); the rest is skipped.

use std::path::{Component, Path, PathBuf};

use crate::disk::describe;
use crate::error::UsageError;

/// The side files that the graph names, checked and in order.
pub fn side_files(graph: &[u8], folder: &Path) -> Result<Vec<PathBuf>, UsageError> {
    let mut names = Vec::new();
    walk(graph, Message::Model, &mut names, 0).ok_or_else(|| {
        UsageError("The model is not a readable ONNX file: it is damaged, truncated or something else.".into())
    })?;
    names.sort();
    names.dedup();
    names.iter().map(|name| inside(name, folder)).collect()
}

fn inside(name: &str, folder: &Path) -> Result<PathBuf, UsageError> {
    let outside = || UsageError(format!("The model wants to read {name:?}, which is outside its own folder: refused."));
    let relative = Path::new(name);
    if !relative.components().all(|c| matches!(c, Component::Normal(_) | Component::CurDir)) {
        return Err(outside());
    }
    let path = folder.join(relative);
    // A link inside the folder may lead out of it.
    let real = path
        .canonicalize()
        .map_err(|e| UsageError(format!("The model's side file {name:?} cannot be read: {}.", describe(&e))))?;
    let home = folder
        .canonicalize()
        .map_err(|e| UsageError(format!("The model's folder cannot be read: {}.", describe(&e))))?;
    if real.starts_with(home) { Ok(path) } else { Err(outside()) }
}

/// The ONNX messages on the way to `external_data`.
#[derive(Clone, Copy)]
enum Message {
    Model,
    Graph,
    Function,
    Node,
    Attribute,
    Tensor,
    SparseTensor,
    Entry,
}

impl Message {
    /// Field number and what it holds, from onnx.proto.
    fn child(self, field: u64) -> Option<Message> {
        use Message::{Attribute, Entry, Function, Graph, Model, Node, SparseTensor, Tensor};
        match (self, field) {
            (Model, 7) => Some(Graph),
            (Model, 25) => Some(Function),
            (Graph, 1) | (Function, 7) => Some(Node),
            (Function, 11) => Some(Attribute),
            (Graph, 5) => Some(Tensor),
            (Graph, 15) => Some(SparseTensor),
            (Node, 5) => Some(Attribute),
            (Attribute, 5 | 10) => Some(Tensor),
            (Attribute, 6 | 11) => Some(Graph),
            (Attribute, 22 | 23) => Some(SparseTensor),
            (SparseTensor, 1 | 2) => Some(Tensor),
            (Tensor, 13) => Some(Entry),
            _ => None,
        }
    }
}

/// Deeper graphs are refused rather than followed into a stack overflow.
const MAX_DEPTH: usize = 64;

fn walk(mut bytes: &[u8], message: Message, names: &mut Vec<String>, depth: usize) -> Option<()> {
    if depth > MAX_DEPTH {
        return None;
    }
    let (mut key, mut value) = (&b""[..], &b""[..]);
    while !bytes.is_empty() {
        let tag = varint(&mut bytes)?;
        let (field, wire) = (tag >> 3, tag & 7);
        let content = match wire {
            0 => {
                varint(&mut bytes)?;
                continue;
            }
            1 => {
                bytes = bytes.get(8..)?;
                continue;
            }
            5 => {
                bytes = bytes.get(4..)?;
                continue;
            }
            2 => {
                let length = usize::try_from(varint(&mut bytes)?).ok()?;
                let (content, rest) = bytes.split_at_checked(length)?;
                bytes = rest;
                content
            }
            _ => return None,
        };
        match (message, field) {
            (Message::Entry, 1) => key = content,
            (Message::Entry, 2) => value = content,
            _ => {
                if let Some(child) = message.child(field) {
                    walk(content, child, names, depth + 1)?;
                }
            }
        }
    }
    if key == b"location" {
        names.push(String::from_utf8(value.to_vec()).ok()?);
    }
    Some(())
}

fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0u64;
    for i in 0..10 {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(byte & 0x7f) << (7 * i);
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(number: u8, content: &[u8]) -> Vec<u8> {
        [&[number << 3 | 2, content.len() as u8][..], content].concat()
    }

    fn model_with(location: &str) -> Vec<u8> {
        let entry = [field(1, b"location"), field(2, location.as_bytes())].concat();
        field(7, &field(5, &field(13, &entry)))
    }

    #[test]
    fn a_side_file_outside_the_folder_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["../secret", "/etc/passwd", "a/../../b"] {
            let error = side_files(&model_with(name), folder.path()).unwrap_err();
            assert!(error.to_string().contains("outside its own folder"), "{error}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_link_out_of_the_folder_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink("/etc/passwd", folder.path().join("weights.bin")).unwrap();
        let error = side_files(&model_with("weights.bin"), folder.path()).unwrap_err();
        assert!(error.to_string().contains("outside its own folder"), "{error}");
    }

    #[test]
    fn a_side_file_inside_is_found() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("weights.bin"), b"x").unwrap();
        assert_eq!(side_files(&model_with("weights.bin"), folder.path()).unwrap(), [folder.path().join("weights.bin")]);
    }

    #[test]
    fn a_truncated_graph_is_an_error() {
        let bytes = model_with("weights.bin");
        assert!(side_files(&bytes[..bytes.len() - 3], Path::new(".")).is_err());
    }
}
