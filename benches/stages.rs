//! Every stage by itself, and all of them as `run` takes a photo through: `cargo bench --bench stages`.
#![allow(clippy::unwrap_used, reason = "a failure here is a failed bench")]
#![allow(clippy::disallowed_methods, reason = "its own files, in folders of its own")]

use std::path::Path;

use derm_seg::batch::{MemoryGate, Tools, Work, ask_model, process};
use derm_seg::disk::vault::Vault;
use derm_seg::domain::photo::Photo;
use derm_seg::domain::source::Source;
use derm_seg::inference::postprocess::Segmentation;
use derm_seg::input::decode::Limits;
use derm_seg::measure::measure;
use derm_seg::privacy::scan;
use derm_seg::store::{OutputFolder, Overlay, encode_mask, encode_overlay};
use divan::{Bencher, black_box};

use crate::desk::{Desk, MEGAPIXELS, jpeg};

mod desk;
#[path = "../tests/kit/mod.rs"]
mod kit;

fn main() {
    divan::main();
}

#[divan::bench(args = MEGAPIXELS)]
fn a_hash_of_the_file(bencher: Bencher, megapixels: f64) {
    let bytes = jpeg(megapixels, 9);
    bencher.bench_local(|| blake3::hash(black_box(&bytes)));
}

#[divan::bench(args = MEGAPIXELS)]
fn b_privacy_scan(bencher: Bencher, megapixels: f64) {
    let bytes = jpeg(megapixels, 9);
    bencher.bench_local(|| scan(black_box(&bytes), Path::new("a.jpg")));
}

#[divan::bench(args = MEGAPIXELS)]
fn c_decode(bencher: Bencher, megapixels: f64) {
    let (desk, bytes) = (Desk::new(), jpeg(megapixels, 9));
    bencher.bench_local(|| desk.decode(black_box(&bytes)));
}

#[divan::bench(args = MEGAPIXELS)]
fn c_faces(bencher: Bencher, megapixels: f64) {
    let desk = Desk::new();
    let (faces, photo) = (desk.faces(), desk.decode(&jpeg(megapixels, 9)).photo);
    bencher.bench_local(|| faces.find(black_box(&photo)).unwrap());
}

#[divan::bench(args = MEGAPIXELS)]
fn d_preprocess(bencher: Bencher, megapixels: f64) {
    let desk = Desk::new();
    let photo = desk.decode(&jpeg(megapixels, 9)).photo;
    bencher.bench_local(|| desk.preprocess(black_box(&photo)));
}

#[divan::bench]
fn e_model(bencher: Bencher) {
    let desk = Desk::new();
    let tensor = desk.preprocess(&desk.decode(&jpeg(1.0, 9)).photo);
    let mut engine = desk.engine();
    bencher.bench_local(|| engine.infer(black_box(&tensor)).unwrap());
}

#[divan::bench(args = MEGAPIXELS)]
fn f_interpret_and_paint(bencher: Bencher, megapixels: f64) {
    let desk = Desk::new();
    let photo = desk.decode(&jpeg(megapixels, 9)).photo;
    let tensor = desk.preprocess(&photo);
    let raw = desk.engine().infer(&tensor).unwrap();
    bencher.bench_local(|| desk.paint(&photo, vec![desk.interpret(black_box(&raw), &tensor)]));
}

#[divan::bench(args = MEGAPIXELS)]
fn g_measure(bencher: Bencher, megapixels: f64) {
    let (photo, segmentation) = segmented(megapixels);
    let probability = |x: u32, y: u32| segmentation.lesion_probability(f64::from(x) + 0.5, f64::from(y) + 0.5);
    bencher.bench_local(|| {
        measure(black_box(&photo), &segmentation.labels, segmentation.has_skin_class, Some(&probability))
    });
}

#[divan::bench(args = MEGAPIXELS)]
fn h_encode_mask(bencher: Bencher, megapixels: f64) {
    let (_, segmentation) = segmented(megapixels);
    bencher.bench_local(|| encode_mask(black_box(&segmentation.labels), 1).unwrap());
}

#[divan::bench(args = MEGAPIXELS)]
fn i_encode_overlay(bencher: Bencher, megapixels: f64) {
    let (photo, segmentation) = segmented(megapixels);
    bencher.bench_local(|| {
        encode_overlay(black_box(&photo), &segmentation.labels, Overlay { longest_side: 1600, filled: false }, &[])
            .unwrap()
    });
}

fn segmented(megapixels: f64) -> (Photo, Segmentation) {
    let desk = Desk::new();
    let photo = desk.decode(&jpeg(megapixels, 9)).photo;
    let segmentation = ask_model(&photo, None, &desk.plan, desk.engine().as_mut()).unwrap();
    (photo, segmentation)
}

#[divan::bench(args = MEGAPIXELS)]
fn whole_photo(bencher: Bencher, megapixels: f64) {
    let (desk, folder) = (Desk::new(), tempfile::tempdir().unwrap());
    let path = folder.path().join("a.jpg");
    std::fs::write(&path, jpeg(megapixels, 9)).unwrap();
    let source = Source { path, name: "a.jpg".into(), file_name: "a.jpg".into(), ..Source::default() };
    let out = OutputFolder::read_only(&folder.path().join("out"), &Vault::default()).unwrap();
    let (mut engines, faces, memory) = (desk.engines(), desk.faces(), MemoryGate::new(1 << 30));
    let tools =
        Tools { limits: &Limits::default(), vault: out.vault(), memory: &memory, faces: Some(&faces), patients: None };
    bencher
        .bench_local(|| process(&source, None, Work { plan: &desk.plan, tools, folder: &out }, &mut engines).unwrap());
}
