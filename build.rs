//! Puts ONNX Runtime and the built-in model where the crate can embed them.
//!
//! ONNX Runtime is Microsoft's CPU build, taken from the pinned wheel on PyPI by `pip download` and checked against its
//! SHA-256, or from the file that DERM_SEG_ORT_LIB names (a shared library, or the wheel itself) for offline builds.
#![allow(clippy::disallowed_methods, reason = "its own files, in folders of its own")]

use std::error::Error;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use sha2::{Digest, Sha256};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const VERSION: &str = "1.28.0";
/// Licences of the crates that are linked; `.ci/third-parties` writes it.
const CRATES: &str = "docs/third-parties.txt";
const LIBRARY_VARIABLE: &str = "DERM_SEG_ORT_LIB";

/// One wheel: what pip is asked for, what must arrive, and the library inside.
struct Wheel {
    platforms: &'static [&'static str],
    sha256: &'static str,
    library: &'static str,
}

/// The wheel for a target triple's system and processor; none where no CPU build is published.
fn pinned_wheel(os: &str, arch: &str) -> Option<Wheel> {
    let (platforms, sha256, library): (&[&str], _, _) = match (os, arch) {
        ("linux", "x86_64") => (
            &["manylinux_2_27_x86_64", "manylinux_2_28_x86_64"],
            "0a83bdb70d143cede762b677789bf2a7acca54b3fb82565601d5c30695aa933c",
            "onnxruntime/capi/libonnxruntime.so.1.28.0",
        ),
        ("linux", "aarch64") => (
            &["manylinux_2_27_aarch64", "manylinux_2_28_aarch64"],
            "4e81a23df16e7acb9d51b06d30cc098e49315ef9180f97bc2221d167b4b04d9c",
            "onnxruntime/capi/libonnxruntime.so.1.28.0",
        ),
        ("macos", "aarch64") => (
            &["macosx_14_0_arm64"],
            "26ff0fdd06efb6c155bae95387a09db1a2be89c7a03e4d0bffd5a171cc2826da",
            "onnxruntime/capi/libonnxruntime.1.28.0.dylib",
        ),
        _ => return None,
    };
    Some(Wheel { platforms, sha256, library })
}

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-env-changed={LIBRARY_VARIABLE}");
    println!("cargo:rerun-if-changed={CRATES}");
    println!("cargo:rerun-if-changed=models/derm-skin/model.onnx");
    println!("cargo:rerun-if-changed=models/derm-skin/manifest.json");
    if let Err(error) = embed_runtime() {
        // A panic of a build script prints a backtrace hint; a plain message and an exit code read better.
        eprintln!("\nderm-seg cannot be built: {error}\n");
        std::process::exit(1);
    }
}

fn embed_runtime() -> Result<()> {
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let (os, arch) = (env::var("CARGO_CFG_TARGET_OS")?, env::var("CARGO_CFG_TARGET_ARCH")?);
    let (library, notices, origin) = if let Some(path) = env::var_os(LIBRARY_VARIABLE) {
        named_library(Path::new(&path))?
    } else if let Some(wheel) = pinned_wheel(&os, &arch) {
        let file = download(&wheel, &out)?;
        let (library, notices) = unpack(&file, wheel.library)?;
        (library, notices, format!("onnxruntime {VERSION} from PyPI"))
    } else {
        println!(
            "cargo:warning=no pinned ONNX Runtime for {os} on {arch}: the program will need --ort-lib at run time \
             (or set {LIBRARY_VARIABLE} at build time)"
        );
        (Vec::new(), String::new(), "none".to_owned())
    };
    // The strongest level costs ten seconds: worth it in what is shipped only.
    let level = if env::var("PROFILE")? == "release" { 19 } else { 3 };
    let packed = if library.is_empty() { Vec::new() } else { zstd::bulk::compress(&library, level)? };
    fs::write(out.join("onnxruntime.zst"), packed)?;
    let notices = notices + "\n" + &fs::read_to_string(CRATES)?;
    fs::write(out.join("notices.zst"), zstd::bulk::compress(notices.as_bytes(), level)?)?;
    println!("cargo:rustc-env=DERM_SEG_ORT_ORIGIN={origin}");
    println!("cargo:rustc-env=DERM_SEG_ORT_SIZE={}", library.len());
    println!("cargo:rustc-env=DERM_SEG_ORT_SHA256={}", hex(&Sha256::digest(&library)));
    Ok(())
}

/// The builder's own library, or a wheel kept for builds without a network.
fn named_library(path: &Path) -> Result<(Vec<u8>, String, String)> {
    println!("cargo:rerun-if-changed={}", path.display());
    let read = |e| format!("{LIBRARY_VARIABLE} names {}, which cannot be read: {e}", path.display());
    if path.extension().is_some_and(|e| e == "whl") {
        let library = if path.to_string_lossy().contains("macosx") {
            "onnxruntime/capi/libonnxruntime.1.28.0.dylib"
        } else {
            "onnxruntime/capi/libonnxruntime.so.1.28.0"
        };
        let (library, notices) = unpack(path, library)?;
        return Ok((library, notices, format!("wheel named by {LIBRARY_VARIABLE}")));
    }
    let library = fs::read(path).map_err(read)?;
    let notices = ["ThirdPartyNotices.txt", "../ThirdPartyNotices.txt"]
        .iter()
        .find_map(|name| fs::read_to_string(path.parent()?.join(name)).ok())
        .unwrap_or_else(|| {
            "ONNX Runtime was supplied by whoever built this program; see the notices of that build.\n".into()
        });
    Ok((library, notices, format!("library named by {LIBRARY_VARIABLE}")))
}

/// Fetches the wheel with whichever pip is there, unless an earlier build left it, and checks its hash.
fn download(wheel: &Wheel, out: &Path) -> Result<PathBuf> {
    let folder = out.join("wheel");
    if let Some(found) = find_wheel(&folder)
        && sha256(&found)? == wheel.sha256
    {
        return Ok(found);
    }
    fs::create_dir_all(&folder)?;
    let mut tried = Vec::new();
    for program in [&["python3", "-m", "pip"][..], &["python", "-m", "pip"], &["pip3"], &["pip"]] {
        let mut command = Command::new(program[0]);
        command.args(&program[1..]).args(["download", "--quiet", "--no-deps", "--only-binary=:all:"]);
        command.args(["--disable-pip-version-check", "--python-version", "3.12", "--implementation", "cp"]);
        wheel.platforms.iter().for_each(|platform| {
            command.args(["--platform", platform]);
        });
        match command.arg("--dest").arg(&folder).arg(format!("onnxruntime=={VERSION}")).output() {
            Ok(output) if output.status.success() => {
                let file = find_wheel(&folder).ok_or("pip reported success but left no wheel")?;
                let found = sha256(&file)?;
                if found != wheel.sha256 {
                    fs::remove_file(&file)?;
                    return Err(format!(
                        "the onnxruntime {VERSION} wheel has SHA-256 {found}, expected {}: it is not the pinned file",
                        wheel.sha256
                    )
                    .into());
                }
                return Ok(file);
            }
            Ok(output) => {
                let said = String::from_utf8_lossy(&output.stderr);
                let last = said.lines().rev().find(|l| !l.trim().is_empty()).unwrap_or("no message");
                tried.push(format!("  {}: {}", program.join(" "), last.trim()));
            }
            Err(error) => tried.push(format!("  {}: {error}", program.join(" "))),
        }
    }
    Err(format!(
        "ONNX Runtime {VERSION} could not be fetched with pip:\n{}\n\
         Install Python 3 with pip and allow it to reach PyPI, or set {LIBRARY_VARIABLE} to a libonnxruntime \
         of version {VERSION} (or to its wheel) for an offline build.",
        tried.join("\n")
    )
    .into())
}

fn find_wheel(folder: &Path) -> Option<PathBuf> {
    fs::read_dir(folder).ok()?.flatten().map(|e| e.path()).find(|p| p.extension().is_some_and(|e| e == "whl"))
}

/// The library in a wheel, and the licence texts that must travel with it.
fn unpack(wheel: &Path, library: &str) -> Result<(Vec<u8>, String)> {
    let file = fs::File::open(wheel).map_err(|e| format!("{} cannot be read: {e}", wheel.display()))?;
    let mut archive = zip::ZipArchive::new(file)?;
    let mut bytes = Vec::new();
    archive
        .by_name(library)
        .map_err(|e| format!("{} holds no {library}: {e}", wheel.display()))?
        .read_to_end(&mut bytes)?;
    let mut notices = String::from("ONNX Runtime\n============\n\n");
    for name in ["onnxruntime/LICENSE", "onnxruntime/ThirdPartyNotices.txt"] {
        archive.by_name(name)?.read_to_string(&mut notices)?;
        notices.push('\n');
    }
    Ok((bytes, notices))
}

fn sha256(file: &Path) -> Result<String> {
    Ok(hex(&Sha256::digest(fs::read(file)?)))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}
