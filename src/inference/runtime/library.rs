//! Gets ONNX Runtime into the process: the embedded build, loaded from memory where the system allows, or the user's own.

use std::path::{Path, PathBuf};

use ort::environment::Environment;
use ort::logging::LogLevel;
use serde::Serialize;

use super::Device;
use crate::disk::scratch_library;
use crate::error::UsageError;

static PACKED: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/onnxruntime.zst"));
static PACKED_NOTICES: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/notices.zst"));
const ORIGIN: &str = env!("DERM_SEG_ORT_ORIGIN");
const SHA256: &str = env!("DERM_SEG_ORT_SHA256");

/// Which ONNX Runtime ran, and on what; part of run.json.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RuntimeInfo {
    pub onnxruntime: String,
    pub source: String,
    /// Of the embedded library; null for the user's own.
    pub library_sha256: Option<String>,
    pub device: Device,
    /// What the library says it was built from and with.
    pub build: String,
}

/// ONNX Runtime, loaded. One a process; a clone is the same one.
#[derive(Clone)]
pub struct Runtime {
    pub(super) environment: Environment,
    pub info: RuntimeInfo,
}

impl Runtime {
    /// `library` is the user's own build (`--ort-lib`); otherwise ORT_DYLIB_PATH, otherwise the embedded one.
    pub fn load(library: Option<&Path>, device: Device) -> Result<Self, UsageError> {
        let named = library.map(Path::to_path_buf).or_else(|| std::env::var_os("ORT_DYLIB_PATH").map(PathBuf::from));
        let (environment, onnxruntime, source, library_sha256) = match named {
            Some(path) => {
                let source = if library.is_some() { "--ort-lib" } else { "ORT_DYLIB_PATH" };
                if !path.is_file() {
                    return Err(UsageError(format!("{source} names {}, which is not a file.", path.display())));
                }
                let (environment, version) = initialise(&path, source)?;
                (environment, version, source, None)
            }
            None => {
                let (environment, version) = embedded()?;
                (environment, version, ORIGIN, Some(SHA256.to_owned()))
            }
        };
        if !device.available().unwrap_or(false) {
            return Err(UsageError(format!(
                "--device {} was asked for, but this ONNX Runtime ({source}) was built without it. \
                 Name a build that has it with --ort-lib or ORT_DYLIB_PATH, or leave --device out to run on the CPU.",
                device.name()
            )));
        }
        let info = RuntimeInfo {
            onnxruntime,
            source: source.to_owned(),
            library_sha256,
            device,
            build: ort::info().to_owned(),
        };
        Ok(Self { environment, info })
    }
}

/// Also returns the library's version.
fn initialise(path: &Path, source: &str) -> Result<(Environment, String), UsageError> {
    let failed = |e: String| {
        UsageError(format!(
            "ONNX Runtime ({source}) could not be loaded: {e}. It must be version 1.24 or later, for this system."
        ))
    };
    let builder = ort::init_from(path).map_err(|e| failed(e.to_string()))?;
    let environment = builder.with_name("derm-seg").with_telemetry(false).build().map_err(|e| failed(e.to_string()))?;
    environment.set_log_level(what_is_heard());
    Ok((environment, version(path).unwrap_or_else(|| "unknown".to_owned())))
}

/// Messages that nobody will read are not made.
fn what_is_heard() -> LogLevel {
    if tracing::enabled!(target: "ort::logging", tracing::Level::TRACE) {
        LogLevel::Verbose
    } else if tracing::enabled!(target: "ort::logging", tracing::Level::WARN) {
        LogLevel::Warning
    } else {
        LogLevel::Fatal
    }
}

fn embedded() -> Result<(Environment, String), UsageError> {
    if PACKED.is_empty() {
        return Err(UsageError(
            "This build of derm-seg carries no ONNX Runtime (none is published for its platform): name one with --ort-lib or ORT_DYLIB_PATH."
                .into(),
        ));
    }
    let size: usize = env!("DERM_SEG_ORT_SIZE").parse().unwrap_or(0);
    let library = zstd::bulk::decompress(PACKED, size).map_err(|e| {
        UsageError(format!("The embedded ONNX Runtime cannot be unpacked: {e}. The program's file is damaged."))
    })?;
    let scratch = scratch_library(&library).map_err(|e| {
        UsageError(format!(
            "There is no place to load ONNX Runtime from: neither memory nor the temporary folder allows programs ({e}). \
             Set TMPDIR to a folder that does, or name a library with --ort-lib."
        ))
    })?;
    // Once loaded, the mapping keeps the file alive; `scratch` removes every trace of it when it goes.
    initialise(scratch.path(), "embedded")
}

/// The licences of what is embedded.
pub fn notices() -> String {
    zstd::stream::decode_all(PACKED_NOTICES).ok().and_then(|b| String::from_utf8(b).ok()).unwrap_or_default()
}

/// The library's own word for its version.
#[expect(unsafe_code, reason = "the library's C entry point")]
fn version(path: &Path) -> Option<String> {
    // SAFETY: the library was loaded from this path a moment ago, so no new code runs; `OrtGetApiBase` and the table that it
    // returns are ONNX Runtime's stable entry point.
    unsafe {
        let library = libloading::Library::new(path).ok()?;
        let base = library.get::<unsafe extern "C" fn() -> *const ort::sys::OrtApiBase>(b"OrtGetApiBase\0").ok()?();
        let text = std::ffi::CStr::from_ptr(((*base).GetVersionString)());
        Some(text.to_str().ok()?.to_owned())
    }
}
