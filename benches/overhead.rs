//! CPU that `run` takes for a 12-megapixel photo against the sum of its stages, also with everything encrypted, and its peak of memory:
//! `cargo bench --bench overhead`. Aim: at most 1.15 times the sum.
//!
//! CPU time is counted, not time on the clock, so that a busy machine disturbs little. Linux only.
#![allow(clippy::unwrap_used, reason = "a failure here is a failed bench")]
#![allow(clippy::disallowed_methods, reason = "its own files, in folders of its own")]

use std::fs;
use std::fs::Permissions;
use std::hint::black_box;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};

use age::secrecy::ExposeSecret;
use age::x25519::Identity;
use derm_seg::disk::vault::Vault;
use derm_seg::inference::postprocess::closer_look;
use derm_seg::measure::measure;
use derm_seg::privacy::scan;
use derm_seg::store::encode_mask;
use rustix::time::{ClockId, clock_gettime};

use crate::desk::{Desk, jpeg};

mod desk;
#[path = "../tests/kit/mod.rs"]
mod kit;

/// Different scenes, so that one lucky mask does not decide.
const SCENES: u64 = 8;
const ROUNDS: usize = 3;

fn main() {
    let folder = tempfile::tempdir().unwrap();
    let photos: Vec<Vec<u8>> = (0..SCENES).map(|seed| jpeg(12.0, seed)).collect();
    let key = Identity::generate();
    fs::write(folder.path().join("key"), key.to_string().expose_secret()).unwrap();
    fs::set_permissions(folder.path().join("key"), Permissions::from_mode(0o600)).unwrap();
    for (name, copies) in [("few", 1), ("many", 3)] {
        for kind in ["clear", "encrypted"] {
            fs::create_dir_all(folder.path().join(kind).join(name)).unwrap();
        }
        for (i, bytes) in photos.iter().enumerate() {
            for copy in 0..copies {
                fs::write(folder.path().join(format!("clear/{name}/{i}-{copy}.jpg")), bytes).unwrap();
                let sealed = age::encrypt(&key.to_public(), bytes).unwrap();
                fs::write(folder.path().join(format!("encrypted/{name}/{i}-{copy}.jpg.age")), sealed).unwrap();
            }
        }
    }
    let floor = floor(folder.path(), &photos);
    let (recipient, identity) = (key.to_public().to_string(), folder.path().join("key"));
    let encrypted = ["--encrypt-to", &recipient, "--identity", identity.to_str().unwrap()];
    for (kind, jobs, more) in [("clear", 1, &[][..]), ("encrypted", 1, &encrypted), ("clear", 2, &[])] {
        // The difference of two runs is free of what a start costs.
        let best = |name: &str| -> (f64, f64) {
            let runs = (0..ROUNDS).map(|_| run(folder.path(), &format!("{kind}/{name}"), jobs, more));
            runs.min_by(|a, b| a.0.total_cmp(&b.0)).unwrap()
        };
        let ((few, _), (many, peak)) = (best("few"), best("many"));
        let each = (many - few) / (2.0 * SCENES as f64);
        println!(
            "{kind}, --jobs {jobs}: {:.1} ms CPU a photo, {:.3} times the sum of the stages; start {:.0} ms; peak {:.0} MiB",
            each * 1e3,
            each / floor,
            (few - each * SCENES as f64) * 1e3,
            peak / 1024.0
        );
    }
}

/// CPU seconds of this thread.
fn cpu() -> f64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 * 1e-9
}

/// Each stage by itself, the best of some rounds, added up: seconds a photo.
fn floor(folder: &Path, photos: &[Vec<u8>]) -> f64 {
    let desk = Desk::new();
    let (mut engine, faces) = (desk.engine(), desk.faces());
    let mut sums = [
        ("read", 0.0),
        ("hash", 0.0),
        ("privacy", 0.0),
        ("decode", 0.0),
        ("faces", 0.0),
        ("preprocess", 0.0),
        ("model", 0.0),
        ("interpret", 0.0),
        ("paint", 0.0),
        ("measure", 0.0),
        ("mask", 0.0),
        ("write", 0.0),
    ];
    for (i, bytes) in photos.iter().enumerate() {
        let (mut best, mut looks) = ([f64::INFINITY; 12], 1.0);
        for _ in 0..ROUNDS {
            let mut stage = 0;
            let mut lap = |from: f64| {
                best[stage] = best[stage].min(cpu() - from);
                stage += 1;
            };
            let t = cpu();
            black_box(fs::read(folder.join(format!("clear/few/{i}-0.jpg"))).unwrap());
            lap(t);
            let t = cpu();
            black_box(blake3::hash(bytes));
            lap(t);
            let t = cpu();
            black_box(scan(bytes, Path::new("a.jpg")));
            lap(t);
            let t = cpu();
            let photo = desk.decode(bytes).photo;
            lap(t);
            let t = cpu();
            black_box(faces.find(&photo).unwrap());
            lap(t);
            let t = cpu();
            let tensor = desk.preprocess(&photo);
            lap(t);
            let t = cpu();
            let raw = engine.infer(&tensor).unwrap();
            lap(t);
            let t = cpu();
            let map = desk.interpret(&raw, &tensor);
            lap(t);
            // Where the model takes a closer look, these three run twice.
            let again = |rule| closer_look(&map, &rule, photo.width, photo.height).is_some();
            looks = if desk.plan.second_look.is_some_and(again) { 2.0 } else { 1.0 };
            let t = cpu();
            let segmentation = desk.paint(&photo, vec![map]);
            lap(t);
            let t = cpu();
            let probability = |x, y| segmentation.lesion_probability(f64::from(x) + 0.5, f64::from(y) + 0.5);
            black_box(measure(&photo, &segmentation.labels, segmentation.has_skin_class, Some(&probability)));
            lap(t);
            let t = cpu();
            let mask = encode_mask(&segmentation.labels, 1).unwrap();
            lap(t);
            let t = cpu();
            derm_seg::disk::write(&Vault::default(), &folder.join("floor.png"), &mask).unwrap();
            lap(t);
        }
        for (s, (_, sum)) in sums.iter_mut().enumerate() {
            *sum += best[s] * if (5..8).contains(&s) { looks } else { 1.0 } / photos.len() as f64;
        }
    }
    let total: f64 = sums.iter().map(|(_, s)| s).sum();
    let parts: Vec<String> = sums.iter().map(|(name, s)| format!("{name} {:.1}", s * 1e3)).collect();
    println!("stages, ms CPU a photo of 12 megapixels: {}; sum {:.1}", parts.join(", "), total * 1e3);
    total
}

/// CPU seconds and the peak of memory in KiB of one run of the program.
fn run(folder: &Path, photos: &str, jobs: u32, more: &[&str]) -> (f64, f64) {
    let out = folder.join("out");
    let _ = fs::remove_dir_all(&out);
    let before = children();
    let mut program = Command::new(env!("CARGO_BIN_EXE_derm-seg"));
    program
        .arg("run")
        .arg(folder.join(photos))
        .arg("-o")
        .arg(&out)
        .args(["--jobs", &jobs.to_string(), "--quiet"])
        .args(more);
    let mut child = program.stdin(Stdio::null()).spawn().unwrap();
    let mut peak = 0.0;
    // The system forgets a process's peak when it ends, so it is asked while the process runs.
    while child.try_wait().unwrap().is_none() {
        let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
        let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:"));
        peak = line.and_then(|l| l.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(peak);
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    assert!(child.wait().unwrap().success());
    (children() - before, peak)
}

/// CPU seconds of all children that have ended: user and system, in ticks of a hundredth.
fn children() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap();
    let after_name: Vec<&str> = stat.rsplit(") ").next().unwrap().split(' ').collect();
    let ticks = |i: usize| after_name[i].parse::<f64>().unwrap();
    (ticks(13) + ticks(14)) / 100.0
}
