//! `run --shard` and `derm-seg merge`: shared work gives what one machine would have given.

use std::fs;

use age::secrecy::ExposeSecret;
use age::x25519::Identity;

use crate::kit::files::Jpeg;
use crate::kit::photos::Scene;
use crate::support::published::{assert_valid, schema};
use crate::support::{CODE_KEY, Lab, Ran, assert_same, results};

/// Photos of different sizes, one that fails, one of a person who opted out, and two names that differ only in case.
fn lab() -> Lab {
    let lab = Lab::new();
    let photo = |seed: u64| Jpeg::camera().write(&Scene::any(seed).draw(60 + 20 * seed as u32, 60).photo);
    for seed in 0..6 {
        lab.put(&format!("photos/P{}/{seed}.jpg", seed % 3), &photo(seed));
    }
    lab.put("photos/P1/a.jpg", &photo(1));
    lab.put("photos/P1/A.jpg", &photo(2));
    lab.put("photos/P2/bad.jpg", b"no photo");
    lab.put("photos/P9/x.jpg", &photo(3));
    lab.put("list", b"P9\n");
    lab.put_private("study.key", CODE_KEY);
    lab
}

fn words(line: &str) -> Vec<&str> {
    line.split_whitespace().collect()
}

fn run(lab: &Lab, out: &str, more: &str) -> Ran {
    let ran = lab.say(&format!("run photos -o {out} --model model --overlay --opt-out list {more}"));
    assert!([0, 3].contains(&ran.code), "{}{}", ran.stdout, ran.stderr);
    ran
}

/// The parts, as arguments of `merge`.
fn parts(lab: &Lab, of: u32, more: &str) -> String {
    let part = |part: u32| {
        run(lab, &format!("part{part}"), &format!("--shard {part}/{of} {more}"));
        format!("part{part}")
    };
    (1..=of).map(part).collect::<Vec<_>>().join(" ")
}

#[test]
fn parts_joined_are_what_one_run_gives() {
    let lab = lab();
    run(&lab, "whole", "");
    // More parts than photos: some are empty.
    for of in [1, 3, 12] {
        let parts = parts(&lab, of, "");
        lab.say(&format!("merge {parts} -o out{of}")).expect_code(0);
        assert_same(&results(&lab.path("whole")), &results(&lab.path(&format!("out{of}"))));
        (1..=of).for_each(|part| fs::remove_dir_all(lab.path(&format!("part{part}"))).unwrap());
    }
    // Whoever opted out is known without the list, too.
    lab.say("run photos -o out12 --model model --overlay --quiet").expect_code(3);
    assert!(!lab.path("out12/masks/P9").exists());
    let again = lab.say("run photos -o out3 --model model --overlay --opt-out list --json").expect_code(3).json();
    assert_eq!(
        (again["kept"].as_u64(), again["processed"].as_u64()),
        (Some(8), Some(1)),
        "all but the bad one are done"
    );
    assert_same(&results(&lab.path("whole")), &results(&lab.path("out3")));
}

#[test]
fn parts_share_the_work_by_size_and_say_which_they_are() {
    let lab = lab();
    let said = run(&lab, "part2", "--shard 2/3 --json").json();
    assert_valid(&schema("summary"), &said);
    let file: serde_json::Value = serde_json::from_slice(&fs::read(lab.path("part2/run.json")).unwrap()).unwrap();
    assert_valid(&schema("run"), &file);
    assert_eq!(
        (&file["shard"]["part"], &file["shard"]["of"], &file["shard"]["photos"]),
        (&2.into(), &3.into(), &10.into())
    );
    assert_eq!(said["shard"], file["shard"]);
    let again = run(&lab, "part2", "--shard 2/3 --json").json();
    assert_eq!(again["totals"], said["totals"]);
    assert_eq!(again["kept"], said["totals"]["done"], "a part goes on where it was");
}

#[test]
fn slurm_says_which_part_it_is() {
    let lab = lab();
    let shard = |id: &str, min: &str| {
        let mut program = lab.program();
        program.args(words("run photos -o out --model model --shard slurm --dry-run --json"));
        program.env("SLURM_ARRAY_TASK_ID", id).env("SLURM_ARRAY_TASK_MIN", min).env("SLURM_ARRAY_TASK_COUNT", "2");
        Ran::from(program.output().unwrap())
    };
    let photos = |ran: Ran| ran.expect_code(0).json()["photos"].as_u64().unwrap();
    assert_eq!(photos(shard("0", "0")) + photos(shard("1", "0")), 10);
    assert_eq!(photos(shard("7", "6")), photos(shard("1", "0")));
    shard("9", "6").expect_code(2);
    lab.say("run photos -o out --model model --shard slurm").expect_code(2).expect_error(&["Slurm"]);
}

#[test]
fn encrypted_parts_and_codes_stay_what_they_are() {
    let lab = lab();
    let key = Identity::generate();
    lab.put_private("key", key.to_string().expose_secret().as_bytes());
    let at_rest = format!("--encrypt-to {} --identity key", key.to_public());
    let codes = "--names pseudonym --key-file study.key";
    run(&lab, "whole", codes);
    let parts = parts(&lab, 2, &format!("{codes} {at_rest}"));
    lab.say(&format!("merge {parts} -o out --identity key")).expect_code(2);
    lab.say(&format!("merge {parts} -o out {at_rest}")).expect_code(0);
    let (clear, merged) = (results(&lab.path("whole")), results(&lab.path("out")));
    let mut names: Vec<_> = clear.keys().map(|name| format!("{name}.age")).collect();
    names.sort();
    assert_eq!(merged.keys().cloned().collect::<Vec<_>>(), names);
    for (name, bytes) in merged {
        let name = name.trim_end_matches(".age");
        let text = age::decrypt(&key, &bytes).unwrap();
        assert!(name == "run.json" || text == clear[name], "{name}");
    }
}

#[test]
fn results_of_folders_that_were_run_one_by_one_are_joined() {
    let lab = lab();
    lab.say("run photos -o whole --model model").expect_code(3);
    for folder in ["P0", "P1", "P2", "P9"] {
        lab.say(&format!("run photos/{folder} --base photos -o by{folder} --model model"));
    }
    let said = lab.say("merge byP2 byP0 byP9 byP1 -o out").expect_code(0);
    assert!(said.stdout.contains("cannot be told"), "{}", said.stdout);
    assert_same(&results(&lab.path("whole")), &results(&lab.path("out")));
}

#[test]
fn parts_that_do_not_fit_are_refused_before_anything_is_written() {
    let lab = lab();
    parts(&lab, 3, "");
    run(&lab, "whole", "");
    lab.say("run photos/P0 --base photos -o p0 --model model").expect_code(0);
    lab.say("run photos/P0 --base photos -o p0-again --model model").expect_code(0);
    run(&lab, "other", "--shard 2/3 --privacy strict");
    run(&lab, "quarter", "--shard 1/4");
    let refused = |line: &str, words: &[&str]| {
        lab.say(&format!("merge {line} -o out")).expect_code(2).expect_error(words);
        assert!(!lab.path("out").exists(), "{line}");
    };
    refused("part1 part3", &["1 is missing: 2"]);
    refused("part1 part2 ./part2 part3", &["named twice"]);
    refused("part1 other part3", &["privacy", "\"strict\""]);
    refused("quarter part2 part3", &["not cut from the same photos"]);
    refused("part1 part2 p0", &["part1 was made with --shard and p0 was not"]);
    refused("p0 p0-again", &["2 photos are in more than one part", "P0/0.jpg"]);
    refused("part1 part2 photos", &["photos"]);
    lab.say("merge part1 part2 part3 -o whole").expect_code(2).expect_error(&["holds results already"]);
    lab.put("photos/P0/new.jpg", b"came later");
    lab.say("run photos -o part1 --model model --overlay --opt-out list --shard 1/3")
        .expect_code(2)
        .expect_error(&["they were 10, now they are 11", "--prune"]);
    lab.say("run photos -o part1 --model model --overlay --opt-out list").expect_code(2).expect_error(&["part 1 of 3"]);
    lab.say("run photos -o whole --model model --overlay --opt-out list --shard 1/3").expect_code(2);
    lab.put("list2", b"P1\n");
    lab.say("withdraw part2 --ids list2").expect_code(0);
    refused("part1 part2 part3", &["withdrawn", "--opt-out"]);
}

/// What is missing in a part is told, and the same merge goes on when it is there again.
#[test]
fn an_interrupted_merge_goes_on() {
    let lab = lab();
    run(&lab, "whole", "");
    let parts = parts(&lab, 2, "");
    let mask = "part1/masks/P0/0.jpg.png";
    let bytes = fs::read(lab.path(mask)).unwrap();
    fs::remove_file(lab.path(mask)).unwrap();
    lab.say(&format!("merge {parts} -o out")).expect_code(1).expect_error(&["masks/P0/0.jpg.png is missing", "part1"]);
    assert_eq!(lab.run_file()["complete"], false);
    fs::write(lab.path(mask), bytes).unwrap();
    let said = lab.say(&format!("merge {parts} -o out --json")).expect_code(0).json();
    assert_valid(&schema("merge"), &said);
    assert_same(&results(&lab.path("whole")), &results(&lab.path("out")));
    lab.put("out/masks/P0/0.jpg.png", b"corrected since");
    lab.say(&format!("merge {parts} -o out")).expect_code(0);
    assert_eq!(fs::read(lab.path("out/masks/P0/0.jpg.png")).unwrap(), b"corrected since");
}
