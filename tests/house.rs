//! The rules of the house (see `src/lib.rs`), read from the sources: who may use what, and what every file looks like.
//!
//! Tests inside `src` are exempt: neither what stands under `#[cfg(test)]` nor files named `*_tests.rs` are read.

#![allow(clippy::unwrap_used, reason = "a failure here is a failed test")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

struct Source {
    /// Relative to src, with `/`.
    path: String,
    whole: String,
    /// Without tests, comments and the content of text literals.
    code: String,
}

impl Source {
    fn room(&self) -> &str {
        let first = self.path.split('/').next().unwrap_or_default();
        first.strip_suffix(".rs").unwrap_or(first)
    }

    /// Lines of code that hold `needle` as a whole word or path.
    fn lines_with(&self, needle: &str) -> Vec<String> {
        let lines = self.code.lines().enumerate();
        lines
            .filter(|(_, line)| mentions(line, needle))
            .map(|(i, line)| format!("src/{}:{}: {}", self.path, i + 1, line.trim()))
            .collect()
    }
}

fn mentions(line: &str, needle: &str) -> bool {
    line.match_indices(needle).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let word = needle.starts_with(|c: char| c.is_alphanumeric());
        !word || before.is_none_or(|c| !c.is_alphanumeric() && c != '_')
    })
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    collect(&root, &mut files);
    let mut found: Vec<Source> = Vec::new();
    let mut tests_only = BTreeSet::new();
    for file in files {
        let whole = fs::read_to_string(&file).unwrap();
        let (code, modules) = without_tests(&blanked(&whole));
        let folder = match file.file_stem().and_then(|s| s.to_str()) {
            Some("mod" | "lib" | "main") => file.parent().unwrap().to_path_buf(),
            _ => file.with_extension(""),
        };
        tests_only
            .extend(modules.into_iter().flat_map(|m| [folder.join(format!("{m}.rs")), folder.join(m).join("mod.rs")]));
        let path = file.strip_prefix(&root).unwrap().to_str().unwrap().replace('\\', "/");
        found.push(Source { path, whole, code });
    }
    found.retain(|s| !tests_only.contains(&root.join(&s.path)) && !s.path.ends_with("_tests.rs"));
    assert!(found.len() > 15, "only {} files were found under {}", found.len(), root.display());
    found
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|e| e == "rs") {
            files.push(path);
        }
    }
}

/// Comments and the inside of text literals become nothing; line numbers stay.
fn blanked(text: &str) -> String {
    let (mut out, mut rest) = (String::new(), text);
    while let Some(c) = rest.chars().next() {
        let raw = rest.strip_prefix('r').map(|r| r.trim_start_matches('#')).filter(|r| r.starts_with('"'));
        let skipped = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if let (Some(_), false) = (raw, out.ends_with(|c: char| c.is_alphanumeric() || c == '_')) {
            let hashes = rest[1..].find('"').unwrap_or(0);
            let end = format!("\"{}", "#".repeat(hashes));
            let open = 2 + hashes;
            rest[open..].find(&end).map_or(rest.len(), |at| open + at + end.len())
        } else if c == '"' {
            let mut escaped = false;
            let end = rest[1..].find(|c| {
                let closes = c == '"' && !escaped;
                escaped = c == '\\' && !escaped;
                closes
            });
            end.map_or(rest.len(), |at| at + 2)
        } else if rest.starts_with("'\"'") || rest.starts_with("'\\'") {
            3
        } else {
            0
        };
        if skipped == 0 {
            out.push(c);
            rest = &rest[c.len_utf8()..];
            continue;
        }
        if rest.starts_with(['"', 'r']) {
            out.push_str("\"\"");
        }
        out.extend(rest[..skipped].matches('\n'));
        rest = &rest[skipped..];
    }
    out
}

/// Blanks `#[cfg(test)]` items; also returns the names of modules that exist for tests only.
fn without_tests(code: &str) -> (String, Vec<String>) {
    let (mut kept, mut modules) = (Vec::new(), Vec::new());
    let mut lines = code.lines();
    while let Some(line) = lines.next() {
        if !line.trim().starts_with("#[cfg(test)]") && !line.trim().starts_with("#[cfg(all(test") {
            kept.push(line);
            continue;
        }
        kept.push("");
        let indent = line.len() - line.trim_start().len();
        for item in lines.by_ref() {
            kept.push("");
            if let Some(name) = item.trim().strip_prefix("mod ").and_then(|m| m.strip_suffix(';')) {
                modules.push(name.to_owned());
            }
            let closes = item.len() > indent
                && item[indent..].starts_with('}')
                && item.trim_start().len() + indent == item.len();
            if item.trim_end().ends_with(';') && !item.starts_with(&" ".repeat(indent + 1)) || closes {
                break;
            }
        }
    }
    (kept.join("\n"), modules)
}

fn none(what: &str, offenders: Vec<String>) {
    assert!(offenders.is_empty(), "{what}\n  {}\n", offenders.join("\n  "));
}

/// `needles` may be used in `rooms` only, and are used there: a rule about nothing would hold for ever.
fn only_in(needles: &[&str], rooms: &[&str], why: &str) {
    let (home, away): (Vec<_>, Vec<_>) = sources().into_iter().partition(|s| rooms.contains(&s.room()));
    let uses = |sources: Vec<Source>| -> Vec<String> {
        sources.iter().flat_map(|s| needles.iter().flat_map(|n| s.lines_with(n))).collect()
    };
    assert!(!uses(home).is_empty(), "nothing in {rooms:?} uses {needles:?}: does this rule still read what it should?");
    none(&format!("{needles:?} only in {rooms:?}: {why}"), uses(away));
}

#[test]
fn the_command_line_parser_stays_at_the_door() {
    only_in(&["clap::", "clap;"], &["cli", "main", "settings"], "nothing behind the settings knows how it was asked");
}

#[test]
fn onnx_runtime_stays_in_the_engine() {
    only_in(&["ort::", "ort;"], &["engine"], "everything else is tested without a model");
}

#[test]
fn threads_stay_in_the_pipeline() {
    only_in(&["rayon::", "thread::spawn", "thread::scope"], &["pipeline"], "one loop, one bound on memory, one order");
}

#[test]
fn the_progress_bar_stays_in_progress() {
    only_in(&["indicatif::"], &["progress"], "what is shown is decided in one place");
}

#[test]
fn only_output_writes_files() {
    let writes = [
        "fs::write",
        "File::create",
        "File::options",
        "OpenOptions",
        "fs::rename",
        "fs::copy",
        "fs::hard_link",
        "fs::remove_file",
        "fs::remove_dir",
        "fs::remove_dir_all",
        "fs::create_dir",
        "fs::create_dir_all",
        "fs::set_permissions",
        "set_len(",
        "tempfile::",
    ];
    only_in(&writes, &["output"], "whole files or none, and inputs are never touched");
}

#[test]
fn the_pure_rooms_are_pure() {
    let pure = ["preprocess", "postprocess", "measure", "score", "geometry"];
    let impure = [
        "fs::",
        "File::",
        "io::",
        "stdin",
        "net::",
        "env::",
        "process::",
        "tracing::",
        "println!",
        "eprintln!",
        "Instant",
        "SystemTime",
        "thread::",
        "crate::output",
        "crate::progress",
        "crate::discover",
    ];
    let sources = sources();
    let rooms: Vec<&Source> = sources.iter().filter(|s| pure.contains(&s.room())).collect();
    assert!(rooms.len() >= 4, "only {} files of {pure:?} were found", rooms.len());
    let found = rooms.iter().flat_map(|s| impure.iter().flat_map(|n| s.lines_with(n))).collect();
    none(&format!("{pure:?} do no I/O, log nothing and read no clock"), found);
}

#[test]
fn nobody_imports_a_command() {
    let sources = sources();
    let outside = sources
        .iter()
        .filter(|s| !["commands", "main", "lib"].contains(&s.room()))
        .flat_map(|s| s.lines_with("commands::"));
    let verbs: Vec<String> = sources
        .iter()
        .filter_map(|s| s.path.strip_prefix("commands/")?.split(['/', '.']).next().map(str::to_owned))
        .filter(|verb| verb != "mod")
        .collect();
    assert!(verbs.contains(&"run".to_owned()), "{verbs:?}");
    let each_other = sources.iter().filter(|s| s.room() == "commands").flat_map(|s| {
        let own = s.path.split(['/', '.']).nth(1).unwrap_or_default().to_owned();
        let others = verbs.iter().filter(move |verb| **verb != own);
        // A verb with a folder of its own may say `super::` to its parts.
        let reach = if s.path.matches('/').count() > 1 { "super::super::" } else { "super::" };
        others
            .flat_map(|verb| [format!("commands::{verb}"), format!("{reach}{verb}")])
            .flat_map(|needle| s.lines_with(&needle))
            .collect::<Vec<_>>()
    });
    none(
        "commands are ends: only main calls them, and they do not call each other",
        outside.chain(each_other).collect(),
    );
}

#[test]
fn figures_are_made_without_a_model() {
    let verbs = ["eval", "compare", "report", "export", "track", "score", "scrub", "withdraw", "merge"];
    let sources = sources();
    let of_verb = |s: &&Source| s.path.split(['/', '.']).any(|part| verbs.contains(&part));
    let found = sources
        .iter()
        .filter(of_verb)
        .flat_map(|s| [s.lines_with("crate::engine"), s.lines_with("ort::")].concat())
        .collect();
    none("these commands never load ONNX Runtime", found);
}

#[test]
fn nothing_opens_a_socket() {
    let found = sources()
        .iter()
        .flat_map(|s| {
            ["std::net", "TcpStream", "UdpSocket", "UnixStream", "reqwest", "ureq"].map(|n| s.lines_with(n)).concat()
        })
        .collect();
    none("no network, ever", found);
}

#[test]
fn every_file_says_what_it_is_for_and_is_short() {
    let long = |s: &&Source| s.whole.lines().count() > 400;
    let sources = sources();
    none(
        "a file has at most 400 lines: split it by what its parts are for",
        sources.iter().filter(long).map(|s| format!("src/{} has {}", s.path, s.whole.lines().count())).collect(),
    );
    let silent = sources.iter().filter(|s| !s.whole.starts_with("//!")).map(|s| format!("src/{}", s.path)).collect();
    none("a file opens with `//!` and its purpose", silent);
}

#[test]
fn failures_are_handled_or_explained() {
    let mut found = Vec::new();
    for source in sources() {
        for needle in [".unwrap()", "todo!(", "unimplemented!(", "dbg!("] {
            found.extend(source.lines_with(needle));
        }
        // `expect` is for what cannot happen, and says why in words.
        let unexplained = source.whole.lines().enumerate().filter(|(i, line)| {
            let live = source.code.lines().nth(*i).is_some_and(|code| code.contains(".expect("));
            live && line.split(".expect(").skip(1).any(|reason| reason.split(' ').count() < 2)
        });
        found.extend(unexplained.map(|(i, line)| format!("src/{}:{}: {}", source.path, i + 1, line.trim())));
        found.extend(
            source
                .whole
                .lines()
                .filter(|l| l.contains("TODO") || l.contains("FIXME"))
                .map(|l| format!("src/{}: {}", source.path, l.trim())),
        );
    }
    none("no unwrap, no stub; `expect` with the reason why it holds", found);
}

#[test]
fn the_words_are_right() {
    // Split, so that this file does not hold them.
    let banned = [concat!("diag", "nos"), concat!("anony", "mous"), concat!("anony", "mis")];
    let found = sources()
        .iter()
        .flat_map(|s| {
            let hits = s.whole.lines().enumerate().filter(|(_, l)| banned.iter().any(|b| l.to_lowercase().contains(b)));
            // A clinical table may hold a column of that name.
            let hits = hits.filter(|(_, l)| !l.contains(concat!("\"diag", "nosis\"")));
            hits.map(|(i, l)| format!("src/{}:{}: {}", s.path, i + 1, l.trim())).collect::<Vec<_>>()
        })
        .collect();
    none("\"research use only\", \"best effort\"; never these words", found);
}
