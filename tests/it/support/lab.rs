//! A folder with photos and a model in it, the program run on them, and the results as data.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::{LazyLock, Mutex};

use derm_seg::domain::mask::LabelMap;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::kit::files::Jpeg;
use crate::kit::models::{self, Head, Side, Variant};
use crate::kit::photos::Scene;

/// `photos/`, `model/` and, once run, `out/`.
pub struct Lab {
    folder: TempDir,
}

/// What the program said, and how it ended: its exit code, or minus the signal that ended it.
pub struct Ran {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Lab {
    pub fn new() -> Self {
        let lab = Self { folder: tempfile::tempdir().unwrap() };
        fs::create_dir(lab.path("photos")).unwrap();
        lab.install("model", &Variant::default());
        lab
    }

    /// With a few small photos, some in a sub-folder.
    pub fn with_photos(count: u64) -> Self {
        let lab = Self::new();
        for i in 0..count {
            let name = if i % 2 == 0 { format!("photos/p{i:03}.jpg") } else { format!("photos/sub/p{i:03}.jpg") };
            lab.put(&name, &small_photo(i));
        }
        lab
    }

    /// With a model of few pixels, for tests to which its masks are all the same.
    pub fn with_quick_model() -> Self {
        let lab = Self::new();
        lab.install("model", &Variant { side: Side::Fixed(64), ..Variant::default() });
        lab
    }

    /// Another folder with the same in it, dates too.
    pub fn copy(&self) -> Self {
        let copy = Self { folder: tempfile::tempdir().unwrap() };
        for entry in walkdir::WalkDir::new(self.folder.path()) {
            let entry = entry.unwrap();
            let to = copy.folder.path().join(entry.path().strip_prefix(self.folder.path()).unwrap());
            if entry.file_type().is_dir() {
                fs::create_dir_all(to).unwrap();
            } else {
                fs::copy(entry.path(), &to).unwrap();
                let modified = entry.metadata().unwrap().modified().unwrap();
                fs::OpenOptions::new().write(true).open(to).unwrap().set_modified(modified).unwrap();
            }
        }
        copy
    }

    pub fn path(&self, relative: &str) -> PathBuf {
        self.folder.path().join(relative)
    }

    pub fn put(&self, relative: &str, bytes: &[u8]) {
        let path = self.path(relative);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    /// A file that only its owner can open, as keys must be.
    pub fn put_private(&self, relative: &str, bytes: &[u8]) {
        self.put(relative, bytes);
        #[cfg(unix)]
        fs::set_permissions(self.path(relative), std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    }

    /// Writes a model's folder with the manifest that it needs.
    pub fn install(&self, folder: &str, variant: &Variant) {
        let files = variant.build();
        self.put(&format!("{folder}/model.onnx"), &files.model);
        self.put(&format!("{folder}/manifest.json"), manifest(variant).to_string().as_bytes());
        if let (Some(name), Some(bytes)) = (variant.weights_at, files.weights) {
            self.put(&format!("{folder}/{name}"), &bytes);
        }
    }

    /// The small classifier, which looks at `part` ("photo", "lesion" or "union"); it gets the mask where `mask` says so.
    pub fn install_classifier(&self, folder: &str, part: &str, mask: bool) {
        self.put(&format!("{folder}/model.onnx"), &models::classifier(mask));
        let mut manifest = json!({
            "schema": "derm-seg/manifest/1", "name": folder, "version": "1", "kind": "classifier",
            "input": {"scale": 1.0 / 255.0}, "applies_to": part,
            "output": {"labels": models::KINDS, "values": "logits"},
        });
        if mask {
            manifest["input"]["mask"] = json!(true);
        } else {
            manifest["output"]["activation"] = json!("sigmoid");
        }
        self.put(&format!("{folder}/manifest.json"), manifest.to_string().as_bytes());
    }

    /// `derm-seg run photos -o out --model model`, and more.
    pub fn run(&self, more: &[&str]) -> Ran {
        self.ran(&[&RUN[..], more].concat())
    }

    /// The program, in this folder.
    pub fn program(&self) -> Command {
        let mut program = program();
        program.current_dir(self.folder.path());
        program
    }

    /// The program in this folder, with the words of a line.
    pub fn say(&self, line: &str) -> Ran {
        self.ran(&line.split_whitespace().collect::<Vec<_>>())
    }

    /// The same with words that may hold spaces; without a search for faces.
    pub fn ran(&self, words: &[&str]) -> Ran {
        self.program().args(words).args(no_faces(words)).output().unwrap().into()
    }

    pub fn record(&self, photo: &str) -> Value {
        let path = self.path(&format!("out/metrics/{photo}.json"));
        serde_json::from_slice(&fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))).unwrap()
    }

    pub fn mask(&self, photo: &str) -> LabelMap {
        read_mask(&self.path(&format!("out/masks/{photo}.png")))
    }

    pub fn records(&self) -> Vec<Value> {
        let text = fs::read_to_string(self.path("out/records.jsonl")).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    pub fn run_file(&self) -> Value {
        serde_json::from_slice(&fs::read(self.path("out/run.json")).unwrap()).unwrap()
    }

    pub fn results(&self) -> BTreeMap<String, Vec<u8>> {
        results(&self.path("out"))
    }
}

/// A key of codes, for `--key-file`.
pub const CODE_KEY: &[u8] = b"0123456789abcdefghijklmnopqrstuv";

pub const RUN: [&str; 6] = ["run", "photos", "-o", "out", "--model", "model"];

/// What has to be added to a command so that it looks for faces only where `--faces` is named: in a test build, the search takes
/// longer than all else.
pub fn no_faces(words: &[&str]) -> &'static [&'static str] {
    let could_look = words.first().is_some_and(|verb| ["run", "check", "scrub"].contains(verb));
    if could_look && !words.contains(&"--faces") { &["--faces", "off"] } else { &[] }
}

pub fn program() -> Command {
    let mut program = Command::new(env!("CARGO_BIN_EXE_derm-seg"));
    program.stdin(Stdio::null()).env("ORT_DYLIB_PATH", &*ONNX_RUNTIME).env_remove("NO_COLOR");
    program
}

/// Unpacked once for all tests: the program does it at every start, which takes longer than what most tests ask for. Documents
/// are run with what the program brings.
static ONNX_RUNTIME: LazyLock<PathBuf> = LazyLock::new(|| {
    let packed = fs::read(concat!(env!("OUT_DIR"), "/onnxruntime.zst")).unwrap();
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(concat!("onnxruntime-", env!("DERM_SEG_ORT_SHA256")));
    if !path.exists() {
        let mut file = tempfile::NamedTempFile::new_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        zstd::stream::copy_decode(packed.as_slice(), &mut file).unwrap();
        file.persist(&path).unwrap();
    }
    path
});

/// The small photo of a number, drawn once for all tests.
fn small_photo(number: u64) -> Vec<u8> {
    static DRAWN: LazyLock<Mutex<BTreeMap<u64, Vec<u8>>>> = LazyLock::new(Mutex::default);
    let mut drawn = DRAWN.lock().unwrap();
    drawn.entry(number).or_insert_with(|| Jpeg::camera().write(&Scene::any(number).draw(160, 120).photo)).clone()
}

/// Where a shell looks for programs, this one first.
pub fn path_with_program() -> String {
    let own = Path::new(program().get_program()).parent().unwrap().to_owned();
    format!("{}:{}", own.display(), std::env::var("PATH").unwrap())
}

/// For a test that needs a program or a right that this machine lacks. In CI that is a failure: there no promise goes untested.
pub fn skipped(why: &str) {
    assert!(std::env::var_os("CI").is_none_or(|v| v.is_empty()), "nothing may be skipped in CI: {why}");
    println!("skipped: {why}");
}

pub fn derm_seg(args: &[&str]) -> Ran {
    program().args(args).output().unwrap().into()
}

pub fn derm_seg_in(folder: &Path, args: &[&str]) -> Ran {
    program().args(args).current_dir(folder).output().unwrap().into()
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("the program writes UTF-8");
        #[cfg(unix)]
        let signal = std::os::unix::process::ExitStatusExt::signal(&output.status);
        #[cfg(not(unix))]
        let signal = None;
        let code = output.status.code().unwrap_or_else(|| -signal.unwrap_or(1));
        Self { code, stdout: text(output.stdout), stderr: text(output.stderr) }
    }
}

impl Ran {
    /// Fails with everything that was said.
    #[track_caller]
    pub fn expect_code(self, code: i32) -> Self {
        assert_eq!(self.code, code, "exit code\n--- stdout\n{}\n--- stderr\n{}", self.stdout, self.stderr);
        self
    }

    #[track_caller]
    pub fn expect_error(self, words: &[&str]) -> Self {
        for word in words {
            assert!(self.stderr.contains(word), "{word:?} is missing in:\n{}", self.stderr);
        }
        self
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|e| panic!("{e} in:\n{}", self.stdout))
    }
}

/// All files of a results folder; of run.json all but the timings, which may differ.
pub fn results(out: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    gather(out, out, &mut files);
    // What the program notes for itself depends on where the folder is.
    files.remove(".derm-seg.lock");
    files.remove(".derm-seg.base");
    files.remove(".derm-seg.opted-out");
    files.remove(".derm-seg.opted-out.age");
    if let Some(bytes) = files.get_mut("run.json") {
        let mut run: Value = serde_json::from_slice(bytes).unwrap();
        run["timings"] = Value::Null;
        *bytes = serde_json::to_vec(&run).unwrap();
    }
    files
}

fn gather(root: &Path, folder: &Path, files: &mut BTreeMap<String, Vec<u8>>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries {
        let path = entry.unwrap().path();
        if path.is_dir() {
            gather(root, &path, files);
        } else {
            files.insert(path.strip_prefix(root).unwrap().to_string_lossy().into_owned(), fs::read(&path).unwrap());
        }
    }
}

/// Names of the files that differ, so that a failure says where to look.
#[track_caller]
pub fn assert_same(left: &BTreeMap<String, Vec<u8>>, right: &BTreeMap<String, Vec<u8>>) {
    assert!(left.len() > 3, "there are results to compare: {:?}", left.keys());
    let all: std::collections::BTreeSet<&String> = left.keys().chain(right.keys()).collect();
    let differing: Vec<_> = all.into_iter().filter(|name| left.get(*name) != right.get(*name)).collect();
    assert!(differing.is_empty(), "these differ, or are on one side only: {differing:?}");
}

/// Read with another decoder than the one the program writes with would choose: class indices, not colours.
pub fn read_mask(path: &Path) -> LabelMap {
    let file = std::io::BufReader::new(fs::File::open(path).unwrap_or_else(|e| panic!("{}: {e}", path.display())));
    let mut reader = png::Decoder::new(file).read_info().unwrap();
    let (width, height) = reader.info().size();
    assert_eq!((reader.info().color_type, reader.info().bit_depth), (png::ColorType::Indexed, png::BitDepth::Two));
    let mut data = Vec::with_capacity(width as usize * height as usize);
    while let Some(row) = reader.next_row().unwrap() {
        let indices = row.data().iter().flat_map(|byte| [byte >> 6, byte >> 4 & 3, byte >> 2 & 3, byte & 3]);
        data.extend(indices.take(width as usize));
    }
    LabelMap { width, height, data }
}

/// Share of pixels that differ.
pub fn difference(a: &LabelMap, b: &LabelMap) -> f64 {
    assert_eq!((a.width, a.height), (b.width, b.height), "the masks have one size");
    a.data.iter().zip(&b.data).filter(|(a, b)| a != b).count() as f64 / a.data.len() as f64
}

fn kind(name: &str) -> Value {
    json!({"name": name, "role": "lesion"})
}

/// What a user would have to say about a variant; no more.
pub fn manifest(variant: &Variant) -> Value {
    let mut manifest =
        json!({"schema": "derm-seg/manifest/1", "name": "colour-rule", "version": "1", "input": {}, "output": {}});
    if variant.elem != crate::kit::graph::Elem::U8 {
        manifest["input"] = json!({"scale": 1.0 / 255.0});
    }
    match variant.head {
        Head::Logits5 => {
            manifest["output"]["classes"] = json!(["background", "background", "skin", "lesion", "lesion"]);
        }
        Head::Kinds4 => {
            manifest["output"]["classes"] = json!(["background", "skin", kind("erythema"), kind("erosion")]);
        }
        Head::Kinds2 => {
            manifest["output"] =
                json!({"classes": [kind("erythema"), kind("erosion")], "values": "logits", "activation": "sigmoid"});
        }
        Head::ArgMax => manifest["output"]["classes"] = json!(["background", "skin", "lesion"]),
        _ => {}
    }
    if !matches!(variant.side, Side::Fixed(_)) {
        manifest["input"]["size"] = json!({"multiple_of": 32, "long_side": 192});
    }
    manifest
}

/// A shared folder of good photos, drawn once: enough that a run of it can be met half-way.
pub const MANY_PHOTOS: usize = 42;
pub static MANY: LazyLock<PathBuf> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("many-photos");
    let _ = fs::remove_dir_all(&folder);
    crate::kit::corpus::write(&folder, MANY_PHOTOS, 0, 77);
    folder
});
