//! One parser of foreign bytes, fed with what coverage leads to. PARSER says which; `tests/kit/parsers.rs` has them all.
#![no_main]

#[allow(clippy::disallowed_methods, reason = "its own files, in a folder of its own")]
#[path = "../tests/kit/mod.rs"]
mod kit;

use std::path::Path;
use std::sync::LazyLock;

use kit::parsers::{PARSERS, Parser};
use libfuzzer_sys::fuzz_target;

static CHOSEN: LazyLock<&Parser> = LazyLock::new(|| {
    let name = std::env::var("PARSER").unwrap_or_default();
    let names: Vec<&str> = PARSERS.iter().map(|parser| parser.name).collect();
    PARSERS.iter().find(|parser| parser.name == name).unwrap_or_else(|| panic!("PARSER is one of {names:?}"))
});

/// The good bytes, which everything else grows from.
fn sow() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(CHOSEN.name);
    std::fs::create_dir_all(&corpus).expect("a folder for the corpus");
    for (i, bytes) in (CHOSEN.good)().iter().enumerate() {
        std::fs::write(corpus.join(format!("good-{i}")), bytes).expect("a file of the corpus");
    }
}

fuzz_target!(init: sow(), |bytes: &[u8]| (CHOSEN.parse)(bytes));
