//! What neither the compiler nor clippy can say about the house: its arrows go one way, its words are right, and every
//! file opens with its purpose. Files and modules of tests are not read.

#![allow(clippy::unwrap_used, reason = "a failure here is a failed test")]

use std::fs;
use std::path::Path;

use walkdir::WalkDir;

/// From the ground up: a room may use those before it, never those after it.
const ROOMS: [&str; 19] = [
    "exit",
    "error",
    "domain",
    "measure",
    "disk",
    "people",
    "inference",
    "store",
    "input",
    "privacy",
    "batch",
    "survey",
    "annotations",
    "evaluation",
    "track",
    "slices",
    "report",
    "commands",
    "main",
];

struct Source {
    /// Relative to `src`.
    path: String,
    text: String,
}

impl Source {
    fn room(&self) -> &str {
        self.path.split(['/', '.']).next().unwrap()
    }
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let files = WalkDir::new(&root).sort_by_file_name().into_iter().map(|entry| entry.unwrap().into_path());
    let rust = files.filter(|path| path.extension().is_some_and(|e| e == "rs"));
    let live = rust.filter(|path| !["tests.rs", "testing.rs", "samples.rs"].iter().any(|name| path.ends_with(name)));
    let read = live.map(|path| {
        let text = fs::read_to_string(&path).unwrap();
        let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap().to_owned();
        Source { path: path.strip_prefix(&root).unwrap().to_str().unwrap().to_owned(), text }
    });
    read.collect()
}

#[test]
fn arrows_go_one_way() {
    let floor = |room: &str| ROOMS.iter().position(|r| *r == room);
    let mut up = Vec::new();
    for source in sources().iter().filter(|s| s.room() != "lib") {
        let own = floor(source.room()).unwrap_or_else(|| panic!("ROOMS does not know the room of {}", source.path));
        for mention in source.text.split("crate::").skip(1) {
            let room = mention.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap();
            if floor(room).is_some_and(|other| other > own) {
                up.push(format!("{} uses {room}", source.path));
            }
        }
    }
    assert!(up.is_empty(), "{up:#?}");
}

#[test]
fn the_walks_of_the_map_are_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let map = fs::read_to_string(root.join("CONTRIBUTING.md")).unwrap();
    let steps: Vec<(&str, &str)> = map.split('`').filter_map(|words| words.split_once(".rs:")).collect();
    let lost = |(file, name): &&(&str, &str)| {
        let text = fs::read_to_string(root.join("src").join(format!("{file}.rs"))).unwrap_or_default();
        let name = name.rsplit("::").next().unwrap();
        !["fn", "struct"].iter().any(|kind| text.contains(&format!("{kind} {name}")))
    };
    let lost: Vec<_> = steps.iter().filter(lost).collect();
    assert!(steps.len() > 15 && lost.is_empty(), "CONTRIBUTING.md names what is not there: {lost:?}");
}

#[test]
fn every_file_opens_with_its_purpose() {
    let silent: Vec<String> = sources().into_iter().filter(|s| !s.text.starts_with("//!")).map(|s| s.path).collect();
    assert!(silent.is_empty(), "{silent:?}");
}

#[test]
fn the_words_are_right() {
    // "Research use only", "best effort". A clinical table may have a column named after what these stand for.
    let banned = ["diagnos", "anonymous", "anonymis"];
    let found: Vec<String> = sources()
        .iter()
        .flat_map(|s| s.text.lines().map(|line| format!("{}: {}", s.path, line.trim())).collect::<Vec<_>>())
        .filter(|line| banned.iter().any(|word| line.to_lowercase().contains(word)) && !line.contains("\"diagnosis\""))
        .collect();
    assert!(found.is_empty(), "{found:#?}");
}
