//! Finds a model's files: the built-in one, a folder, a manifest or a bare `.onnx` file; and says which bytes they are.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::{MANIFEST_SCHEMA, Manifest, external};
use crate::disk::describe;
use crate::domain::record::ModelId;
use crate::error::UsageError;

static BUILT_IN_GRAPH: &[u8] = include_bytes!("../../../models/derm-skin/model.onnx");
static BUILT_IN_MANIFEST: &str = include_str!("../../../models/derm-skin/manifest.json");
pub static BUILT_IN_CARD: &str = include_str!("../../../models/derm-skin/MODEL_CARD.md");

/// A model that was found and read, not yet run.
#[derive(Clone, Debug)]
pub struct Model {
    pub manifest: Manifest,
    pub id: ModelId,
    pub graph: Cow<'static, [u8]>,
    /// Where a manifest of it would be found; none where it is built in.
    pub manifest_place: Option<PathBuf>,
    /// The graph's file, for models whose weights lie in side files and so cannot be loaded from memory.
    pub file_with_side_files: Option<PathBuf>,
}

pub fn built_in() -> Result<Model, UsageError> {
    built_in_as(None)
}

/// The built-in model with another description of it, such as `calibrate` writes.
pub fn built_in_as(manifest: Option<&Path>) -> Result<Model, UsageError> {
    let manifest = manifest.map_or_else(|| parse(BUILT_IN_MANIFEST, "the built-in model"), read_manifest)?;
    finish(manifest, Cow::Borrowed(BUILT_IN_GRAPH), None, "derm-skin", None)
}

/// `path` is a folder, a `.onnx` file or a manifest; `manifest` overrides the one that would be found.
pub fn locate(path: &Path, manifest: Option<&Path>) -> Result<Model, UsageError> {
    let shown = path.display();
    let (graph_file, manifest_file) = if path.is_dir() {
        let found = path.join("manifest.json");
        let manifest_file = manifest.map(Path::to_path_buf).or_else(|| found.is_file().then_some(found));
        (path.join("model.onnx"), manifest_file)
    } else if path.extension().is_some_and(|e| e == "json") {
        (path.with_file_name("model.onnx"), Some(path.to_path_buf()))
    } else {
        let beside = path.with_extension("json");
        let in_folder = path.with_file_name("manifest.json");
        let names_it = |m: &Path| {
            read_manifest(m).is_ok_and(|m| {
                Some(m.file.as_deref().unwrap_or("model.onnx")) == path.file_name().and_then(|n| n.to_str())
            })
        };
        let found =
            [beside, in_folder].into_iter().find(|f| f.is_file() && (f.file_stem() == path.file_stem() || names_it(f)));
        (path.to_path_buf(), manifest.map(Path::to_path_buf).or(found))
    };
    let manifest = manifest_file.as_deref().map(read_manifest).transpose()?.unwrap_or_default();
    let graph_file = match &manifest.file {
        Some(name) if path.is_dir() || path.extension().is_some_and(|e| e == "json") => {
            if Path::new(name).components().count() != 1 {
                return Err(UsageError(format!("The manifest's file {name:?} must lie beside the manifest.")));
            }
            graph_file.with_file_name(name)
        }
        _ => graph_file,
    };
    let graph = std::fs::read(&graph_file).map_err(|e| cannot("model", &graph_file, &e))?;
    let folder = graph_file.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new(".")).to_path_buf();
    let side_files = external::side_files(&graph, &folder).map_err(|e| UsageError(format!("{shown}: {e}")))?;
    let stem = graph_file.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
    let stem = if stem == "model" {
        folder.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or(stem)
    } else {
        stem
    };
    let place = manifest_file.unwrap_or_else(|| match graph_file.file_stem() {
        Some(stem) if stem != "model" => graph_file.with_extension("json"),
        _ => graph_file.with_file_name("manifest.json"),
    });
    let side_files = (!side_files.is_empty()).then_some((graph_file, side_files));
    finish(manifest, Cow::Owned(graph), side_files, &stem, Some(place))
}

fn cannot(read: &str, file: &Path, why: &std::io::Error) -> UsageError {
    let out = "Name a folder with model.onnx and manifest.json, or an .onnx file.";
    UsageError(format!("The {read} {} cannot be read: {}. {out}", file.display(), describe(why)))
}

fn read_manifest(path: &Path) -> Result<Manifest, UsageError> {
    let text = std::fs::read_to_string(path).map_err(|e| cannot("manifest", path, &e))?;
    parse(&text, &path.display().to_string())
}

fn parse(text: &str, from: &str) -> Result<Manifest, UsageError> {
    let manifest: Manifest =
        serde_json::from_str(text).map_err(|e| UsageError(format!("The manifest {from} is not valid: {e}.")))?;
    match manifest.schema.as_deref() {
        None | Some(MANIFEST_SCHEMA) => Ok(manifest),
        Some(other) => Err(UsageError(format!(
            "The manifest {from} has schema {other:?}; this program reads {MANIFEST_SCHEMA:?}."
        ))),
    }
}

fn finish(
    manifest: Manifest,
    graph: Cow<'static, [u8]>,
    side: Option<(PathBuf, Vec<PathBuf>)>,
    fallback_name: &str,
    manifest_place: Option<PathBuf>,
) -> Result<Model, UsageError> {
    // One hash for the whole model: the graph, then its side files by name.
    let mut hasher = Sha256::new();
    hasher.update(&graph);
    for file in side.iter().flat_map(|(_, files)| files) {
        let mut reader = std::fs::File::open(file).map_err(|e| cannot("model's side file", file, &e))?;
        std::io::copy(&mut reader, &mut HashWriter(&mut hasher)).map_err(|e| cannot("model's side file", file, &e))?;
    }
    let sha256: String = hasher.finalize().iter().map(|b| format!("{b:02x}")).collect();
    if let Some(expected) = &manifest.sha256
        && !expected.eq_ignore_ascii_case(&sha256)
    {
        return Err(UsageError(format!(
            "The model's file has SHA-256 {sha256}, but its manifest says {expected}: it is damaged or not the one described. \
             Fetch it again, or correct the manifest if the change was meant."
        )));
    }
    let id = ModelId {
        name: manifest.name.clone().unwrap_or_else(|| fallback_name.to_owned()),
        version: manifest.version.clone().unwrap_or_else(|| "unversioned".to_owned()),
        sha256,
    };
    Ok(Model { manifest, id, graph, manifest_place, file_with_side_files: side.map(|(file, _)| file) })
}

struct HashWriter<'a>(&'a mut Sha256);

impl std::io::Write for HashWriter<'_> {
    fn write(&mut self, buf: &[u8]) -> std::io::Result<usize> {
        self.0.update(buf);
        Ok(buf.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
