//! Every command once, one after the other on the same photos: for the promises that all of them keep.

use std::process::Command;

use clap::CommandFactory;

use crate::support::{CODE_KEY, Lab, Ran};

/// The steps in their order; `codes` for results that carry codes instead of names. Photos with a person's name in the
/// folder `one` are withdrawn at the end.
fn steps(codes: bool) -> Vec<Vec<&'static str>> {
    const CODES: [&str; 4] = ["--names", "pseudonym", "--key-file", "study.key"];
    let named = |step: &[&'static str]| [step, if codes { &CODES } else { &[] }].concat();
    let coded = |step: &[&'static str]| [step, if codes { &["--key-file", "study.key"] } else { &[] }].concat();
    // Faces are looked for in one run: the search takes long in a test build.
    let run = |out| {
        named(&[
            "run",
            "photos",
            "-o",
            out,
            "--model",
            "model",
            "--overlay",
            "--probs",
            "--crops",
            "both",
            "--classify",
            "second",
            "--faces",
            if out == "out" { "warn" } else { "off" },
        ])
    };
    let mut steps = vec![
        vec!["model", "list"],
        vec!["model", "show", "--notices"],
        vec!["model", "check", "--model", "model", "--json"],
        vec!["model", "check", "second"],
        vec!["completions", "bash"],
        vec!["man", "run"],
        vec!["check", "photos", "--model", "model", "--json"],
        named(&["scrub", "photos", "-o", "clean"]),
        run("again"),
        [run("out"), vec!["--dry-run"]].concat(),
        run("out"),
        [run("half"), vec!["--shard", "1/1"]].concat(),
        vec!["merge", "half", "-o", "joined"],
        named(&["stress", "photos", "-o", "stressed", "--model", "model", "--kind", "blur", "--kind", "noise=20"]),
        vec!["eval", "out", "--truth", "again/masks", "-o", "scores"],
        vec!["eval", "out", "--crop-truth", "again/masks", "-o", "cropped"],
        coded(&["eval", "out", "--labels", "labels.csv", "-o", "judged"]),
        vec!["eval", "out", "--findings", "again/masks", "-o", "found"],
        vec!["compare", "again", "out", "-o", "changes"],
        vec!["report", "out", "-o", "page.html", "--scores", "scores/scores.json", "--compare", "changes/compare.json"],
        vec!["report", "out", "-o", "plots.html", "--figures", "figures"],
        vec!["export", "out", "-f", "coco", "-o", "coco.json"],
        vec!["export", "out", "-f", "labelme", "-o", "labelme"],
        vec!["export", "out", "-f", "geojson", "-o", "geojson"],
        vec!["export", "out", "-f", "csv", "-o", "lesions.csv"],
        vec!["calibrate", "out", "--truth", "again/masks"],
        coded(&["correct", "out", "--masks", "labelme", "--photos", "photos"]),
        coded(&["measure", "out", "--photos", "photos", "--crops", "both"]),
        coded(&["table", "out", "--subjects", "patients.csv", "--scores", "scores/scores.json"]),
        coded(&["track", "out", "--subjects", "patients.csv", "--photos", "photos"]),
        vec!["series", "out"],
        vec!["report", "out", "-o", "over_time.html"],
        vec!["withdraw", "out", "--ids", "list", "--dry-run"],
        vec!["withdraw", "out", "--ids", "list"],
    ];
    if codes {
        steps.iter_mut().filter(|step| step[0] == "withdraw").for_each(|step| step.extend(["--key-file", "study.key"]));
    } else {
        steps.push(vec!["report", "out", "-o", "photos.html", "--with-photos", "photos"]);
    }
    steps
}

/// What every step said, with its command line. `program` is how the program is started.
pub fn tour(lab: &Lab, codes: bool, program: impl Fn() -> Command) -> Vec<(String, Ran)> {
    lab.install_classifier("second", "lesion", false);
    lab.put("list", b"one\n");
    lab.put("patients.csv", b"path,patient,sex,day\none,one,f,0\n");
    lab.put("labels.csv", b"path,label\none,red\n");
    lab.put_private("study.key", CODE_KEY);
    let steps = steps(codes);
    for verb in derm_seg::commands::Cli::command().get_subcommands() {
        assert!(steps.iter().any(|step| step[0] == verb.get_name()), "{} is left out", verb.get_name());
    }
    let walk = |step: Vec<&str>| {
        let line = step.join(" ");
        let ran = Ran::from(program().args(&step).arg("-vvv").current_dir(lab.path("")).output().unwrap());
        assert_eq!(ran.code, 0, "{line}\n{}{}", ran.stdout, ran.stderr);
        (line, ran)
    };
    steps.into_iter().map(walk).collect()
}
