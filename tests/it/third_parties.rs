//! The bill of materials and the licence notices name every crate that is linked: `.ci/third-parties` was not forgotten.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::support::derm_seg;

/// Names and versions of what Cargo links into the program on this platform.
fn linked() -> BTreeSet<(String, String)> {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["tree", "--locked", "--offline", "--edges", "normal", "--prefix", "none", "--format", "{p}"]);
    let tree = cargo.current_dir(env!("CARGO_MANIFEST_DIR")).output().unwrap();
    assert!(tree.status.success(), "{}", String::from_utf8_lossy(&tree.stderr));
    let text = String::from_utf8(tree.stdout).unwrap();
    let package = |line: &str| {
        let (name, rest) = line.split_once(" v")?;
        Some((name.to_owned(), rest.split(' ').next()?.to_owned()))
    };
    let found: BTreeSet<_> = text.lines().filter_map(package).filter(|(name, _)| name != "derm-seg").collect();
    assert!(found.len() > 50, "{found:?}");
    found
}

#[test]
fn the_bill_of_materials_is_complete() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/sbom.cdx.json");
    let text = fs::read_to_string(file).unwrap();
    let bill: Value = serde_json::from_str(&text).unwrap();
    let word = |component: &Value, key: &str| component[key].as_str().unwrap_or_default().to_owned();
    let listed: BTreeSet<_> =
        bill["components"].as_array().unwrap().iter().map(|c| (word(c, "name"), word(c, "version"))).collect();
    let missing: Vec<_> = linked().into_iter().filter(|package| !listed.contains(package)).collect();
    assert!(missing.is_empty(), "run .ci/third-parties: {missing:?}");
    let model = derm_seg::inference::manifest::built_in().unwrap().id;
    assert!(text.contains(&model.sha256), "run .ci/third-parties: the model changed");
    assert!(listed.iter().any(|(name, _)| name == "onnxruntime"));
}

#[test]
fn every_licence_is_shown() {
    let shown = derm_seg(&["model", "show", "--notices"]).expect_code(0).stdout;
    let missing: Vec<_> =
        linked().into_iter().filter(|(name, version)| !shown.contains(&format!("{name} {version}"))).collect();
    assert!(missing.is_empty(), "run .ci/third-parties: {missing:?}");
    assert!(shown.contains("ONNX Runtime"));
}
