//! docs/python.md and docs/r.md: results read in other languages. Their blocks run in order, as one session, and what each
//! prints stands in the block of text below it. `SNAPSHOTS=overwrite` writes it anew, as for the other documents.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::documents::held;
use crate::support::{Lab, Ran, path_with_program, skipped};

/// Printed between a block and what comes before it, which runs again.
const HERE: &str = "--- here ---";

#[test]
fn results_in_python() {
    let interpreters = ["python3", "/usr/bin/python3"];
    let Some(python) = interpreters.into_iter().find(|python| runs(python, &["-c", "import pandas, PIL"])) else {
        return skipped("no python3 with pandas and pillow is installed");
    };
    let script = |before: &str, block: &str| format!("{before}\nprint({HERE:?}, flush=True)\n{block}");
    holds("docs/python.md", "python", &[python, "-c"], script);
}

#[test]
fn results_in_r() {
    if !runs("Rscript", &["-e", "library(jsonlite); library(png)"]) {
        return skipped("no R with jsonlite and png is installed");
    }
    let script = |before: &str, block: &str| format!("{before}\ncat({HERE:?}, \"\\n\")\n{block}");
    holds("docs/r.md", "r", &["Rscript", "-e"], script);
}

fn runs(interpreter: &str, arguments: &[&str]) -> bool {
    Command::new(interpreter).args(arguments).output().is_ok_and(|ran| ran.status.success())
}

fn holds(document: &str, language: &str, interpreter: &[&str], script: impl Fn(&str, &str) -> String) {
    let lab = Lab::new();
    let project = Path::new(env!("CARGO_MANIFEST_DIR"));
    for photo in walkdir::WalkDir::new(project.join("samples")).into_iter().map(Result::unwrap) {
        if photo.file_type().is_file() {
            lab.put(photo.path().strip_prefix(project).unwrap().to_str().unwrap(), &fs::read(photo.path()).unwrap());
        }
    }
    let (mut now, mut before, mut block) = (String::new(), String::new(), None::<String>);
    let mut shown = None;
    for line in fs::read_to_string(project.join(document)).unwrap().lines() {
        match (&mut block, line) {
            (Some(code), "```") => {
                shown = Some(said(&lab, interpreter, &script(&before, code)));
                before += code;
                block = None;
            }
            (Some(code), line) => *code += &format!("{line}\n"),
            (None, "```") => now += &shown.take().unwrap_or_default(),
            // What was printed last time.
            (None, _) if now.ends_with("```text\n") => continue,
            (None, line) if line == format!("```{language}") => block = Some(String::new()),
            (None, _) => {}
        }
        now += &format!("{line}\n");
    }
    held(document, now);
}

fn said(lab: &Lab, interpreter: &[&str], script: &str) -> String {
    let mut command = Command::new(interpreter[0]);
    command.args(&interpreter[1..]).arg(script).current_dir(lab.path("")).env("PATH", path_with_program());
    let ran = Ran::from(command.output().unwrap());
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let (_, shown) = ran.stdout.rsplit_once(HERE).unwrap().1.split_once('\n').unwrap();
    shown.lines().map(|line| format!("{}\n", line.trim_end())).collect()
}
