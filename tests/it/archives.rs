//! Photos in archives and streams: what comes of them is what comes of the folder that they would unpack to.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::process::{Child, Command, Stdio};
use std::thread;

use serde_json::Value;

use crate::kit::archives::{Tar, files_of, gzip, tar_of, zip, zip_of, zstandard};
use crate::kit::files::{Jpeg, SENTINEL};
use crate::kit::photos::Scene;
use crate::kit::pngs::Png;
use crate::support::{CODE_KEY, Lab, Ran, assert_same, results};

fn photo(seed: u64) -> Vec<u8> {
    Jpeg::camera().write(&Scene::any(seed).draw(64, 48).photo)
}

/// Photos, and all else that lies in people's folders.
fn lab() -> Lab {
    let lab = Lab::with_photos(5);
    lab.put("photos/notes.txt", b"no photo");
    lab.put("photos/.hidden.jpg", &photo(1));
    lab.put("photos/sub/without-ending", &photo(2));
    lab.put("photos/sub/damaged.png", b"\x89PNG");
    lab.put("photos/subjekt/Ärm 写真.jpg", &photo(3));
    lab.put("photos/sub/older.zip", &zip(&[("a.jpg", &photo(4))]));
    lab.put("photos/results/.derm-seg.lock", b"");
    lab.put("photos/results/run.json", b"{}");
    lab.put("photos/results/masks/a.png", &Png::rgb8(&Scene::any(1).draw(20, 20).photo).bytes());
    lab
}

/// The program with bytes on its standard input, of which it may not want all.
fn piped(command: &mut Command, bytes: Vec<u8>) -> Ran {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let feeder = feed(&mut child, bytes);
    let ran = Ran::from(child.wait_with_output().unwrap());
    feeder.join().unwrap();
    ran
}

fn feed(child: &mut Child, bytes: Vec<u8>) -> thread::JoinHandle<()> {
    let mut input = child.stdin.take().unwrap();
    thread::spawn(move || _ = input.write_all(&bytes))
}

fn stream(lab: &Lab, bytes: Vec<u8>, more: &str) -> Ran {
    let line = format!("run --stdin tar -o out --model model --faces off {more}");
    piped(lab.program().args(line.split_whitespace()), bytes)
}

fn of(lab: &Lab, out: &str) -> BTreeMap<String, Vec<u8>> {
    results(&lab.path(out))
}

fn failures(records: &[Value]) -> Vec<(&str, &str)> {
    let failed = records.iter().filter(|record| record["status"] == "failed");
    failed.map(|r| (r["input"]["path"].as_str().unwrap(), r["failure"]["code"].as_str().unwrap())).collect()
}

#[test]
fn an_archive_gives_what_its_folder_gives() {
    let lab = lab();
    lab.put_private("study.key", CODE_KEY);
    lab.put("list", b"p002.jpg\n");
    let more = "--model model --faces off --overlay --probs --crops both --opt-out list --names pseudonym --key-file study.key";
    let folder = lab.say(&format!("run photos -o out {more}")).expect_code(3);
    folder.expect_error(&["1 archive inside folders or archives stayed closed"]);
    let (tar, zip) = (tar_of(&lab.path("photos")), zip_of(&lab.path("photos")));
    for (name, bytes) in [("a.tar", tar.clone()), ("b.tgz", gzip(&tar)), ("c.TAR.ZST", zstandard(&tar)), ("d.zip", zip)]
    {
        lab.put(&format!("packed/{name}"), &bytes);
        lab.say(&format!("run packed/{name} -o from-{name} {more}")).expect_code(3);
        assert_same(&lab.results(), &of(&lab, &format!("from-{name}")));
    }
    // Results inside are known only when all is seen.
    let plain: Vec<(String, Vec<u8>)> = files_of(&lab.path("photos"));
    let mut tar = Tar::default();
    for (name, bytes) in plain.iter().filter(|(name, _)| !name.starts_with("results/")) {
        tar.long(name, bytes);
    }
    let line = format!("run --stdin tar.gz -o streamed {more}");
    piped(lab.program().args(line.split_whitespace()), gzip(&tar.finish())).expect_code(3);
    assert_same(&lab.results(), &of(&lab, "streamed"));
}

#[test]
fn what_is_done_is_not_done_again_whether_it_lies_in_a_folder_or_in_an_archive() {
    let lab = Lab::with_photos(4);
    lab.run(&["--faces", "off"]).expect_code(0);
    let before = lab.results();
    lab.put("photos.zip", &zip_of(&lab.path("photos")));
    let again = |line: &str| {
        let ran = lab.say(line).expect_code(0);
        assert_eq!(ran.json()["processed"], 0, "{line}: {}", ran.stdout);
        assert_same(&before, &lab.results());
    };
    // By content, since the archive is newer than the records; then by its date.
    again("run photos.zip -o out --model model --faces off --json");
    let planned = lab.say("run photos.zip -o out --model model --faces off --dry-run --json").expect_code(0).json();
    assert_eq!((&planned["to_compare"], &planned["done"]), (&4.into(), &0.into()), "{planned}");
    again("run photos.zip -o out --model model --faces off --json --verify");
    again("run photos -o out --model model --faces off --json");
    // A photo that changed is done again.
    lab.put("photos/p000.jpg", &photo(77));
    lab.put("photos.zip", &zip_of(&lab.path("photos")));
    let ran = lab.say("run photos.zip -o out --model model --faces off --json").expect_code(0).json();
    assert_eq!((&ran["processed"], &ran["kept"]), (&1.into(), &3.into()), "{ran}");
    let mask_of_earlier = before["masks/p000.jpg.png"].clone();
    assert_ne!(lab.results()["masks/p000.jpg.png"], mask_of_earlier);
}

#[test]
fn several_inputs_keep_apart_and_parts_make_the_whole() {
    let lab = Lab::with_photos(4);
    lab.put("a/x.jpg", &photo(1));
    lab.put("in/one.zip", &zip(&[("x.jpg", &photo(2)), ("y.jpg", &photo(3))]));
    lab.put("in/one/x.jpg", &photo(4));
    lab.say("run a in/one.zip in/one -o out --model model --faces off").expect_code(0);
    let names: Vec<String> =
        lab.records().iter().map(|record| record["input"]["path"].as_str().unwrap().to_owned()).collect();
    assert_eq!(names, ["a/x.jpg", "in/one/x.jpg", "in/one/x~2.jpg", "in/one/y.jpg"]);
    lab.put("photos.tar", &tar_of(&lab.path("photos")));
    lab.say("run photos.tar -o whole --model model --faces off").expect_code(0);
    for part in ["1/2", "2/2"] {
        let out = format!("part{}", &part[..1]);
        lab.say(&format!("run photos.tar -o {out} --shard {part} --model model --faces off")).expect_code(0);
    }
    lab.say("merge part1 part2 -o joined").expect_code(0);
    let tables = |out: &str| ["records.jsonl", "summary.csv"].map(|name| fs::read(lab.path(out).join(name)).unwrap());
    assert_eq!(tables("joined"), tables("whole"));
}

#[test]
fn members_that_mean_harm_are_refused_one_by_one_and_their_names_go_nowhere() {
    let lab = Lab::new();
    let mut tar = Tar::default();
    let out = format!("../{SENTINEL}.jpg");
    tar.header(b'0', b"good.jpg", photo(1).len() as u64, SENTINEL);
    let mut bytes = tar.bytes().to_vec();
    bytes.extend(photo(1));
    bytes.resize(bytes.len().next_multiple_of(512), 0);
    let mut tar = Tar::default();
    tar.member(b'0', out.as_bytes(), &photo(2)).member(b'0', format!("/tmp/{SENTINEL}.jpg").as_bytes(), &photo(2));
    tar.header(b'2', b"link.jpg", 0, SENTINEL).header(b'1', b"hard.jpg", 4711, SENTINEL).header(
        b'3',
        b"device.jpg",
        0,
        "",
    );
    tar.member(b'0', b"good.jpg", &photo(3)).long(&format!("{SENTINEL}{}.jpg", "a".repeat(300)), &photo(3));
    tar.with_attributes(&[("comment", SENTINEL), ("path", &out)], "plain.jpg", &photo(4));
    tar.with_attributes(&[("uname", SENTINEL), ("size", &photo(4).len().to_string())], "also-good.jpg", &photo(4));
    tar.member(b'0', b"nested.tar", &tar_of(&lab.path("model")));
    bytes.extend(tar.finish());
    let ran = stream(&lab, bytes.clone(), "-vvv").expect_code(3);
    let records = lab.records();
    let mut found = failures(&records);
    found.sort_unstable();
    let name = "member_name";
    let expected = [
        ("device.jpg", "member_not_a_file"),
        ("good~2.jpg", "name_taken"),
        ("hard.jpg", "member_not_a_file"),
        ("link.jpg", "member_not_a_file"),
        ("member-2", name),
        ("member-3", name),
        ("member-8", name),
        ("member-9", name),
    ];
    assert_eq!(found, expected);
    assert_eq!(records.len() - found.len(), 2, "what is good is done");
    assert!(ran.stderr.contains("1 archive inside folders or archives stayed closed"), "{}", ran.stderr);
    let listed = zip(&[("good.jpg", &photo(1)), (&out, &photo(2))]);
    lab.put("photos.zip", &listed);
    let of_zip = lab.say("run photos.zip -o zipped --model model --faces off -vvv").expect_code(3);
    for (name, bytes) in lab.results().into_iter().chain(of(&lab, "zipped")) {
        assert!(!bytes.windows(SENTINEL.len()).any(|window| window == SENTINEL.as_bytes()), "{name}");
        assert!(!name.contains(SENTINEL));
    }
    for said in [ran.stdout, ran.stderr, of_zip.stdout, of_zip.stderr] {
        assert!(!said.contains(SENTINEL), "{said}");
    }
    assert!(!lab.path("../").join(format!("{SENTINEL}.jpg")).exists());
}

#[test]
fn a_stream_that_breaks_off_says_so_and_the_next_one_goes_on() {
    let lab = Lab::with_photos(6);
    lab.run(&["--faces", "off"]).expect_code(0);
    let whole = lab.results();
    let tar = tar_of(&lab.path("photos"));
    let fresh = |name: &str| fs::rename(lab.path("out"), lab.path(name)).unwrap();
    fresh("folder");
    // Within a photo, between two, before the end mark.
    let boundary = tar.len() - 1024;
    for (round, (bytes, code)) in
        [(&tar[..tar.len() / 2], 1), (&tar[..boundary], 1), (&tar[..], 0)].into_iter().enumerate()
    {
        let ran = stream(&lab, bytes.to_vec(), "");
        let ran = ran.expect_code(code);
        assert_eq!(ran.stderr.contains("standard input: it ends early"), code == 1, "{}", ran.stderr);
        assert_eq!(lab.run_file()["complete"], code == 0, "round {round}");
        assert!(round == 0 || lab.records().iter().all(|record| record["status"] == "done"));
    }
    assert_same(&whole, &lab.results());
    fresh("cut");
    // As a file; packed, too, where the end is inside the packing.
    for (name, bytes) in [("a.tar", tar.clone()), ("b.tgz", gzip(&tar)), ("c.tar.zst", zstandard(&tar))] {
        lab.put(name, &bytes[..bytes.len() * 2 / 3]);
        // So little is one piece to Zstandard: without its end there is nothing.
        let code = if name == "c.tar.zst" { 2 } else { 1 };
        let ran = lab.say(&format!("run {name} -o from-{name} --model model --faces off")).expect_code(code);
        assert!(ran.stderr.contains("it ends early: a part is missing"), "{}", ran.stderr);
        lab.put(name, &bytes);
        lab.say(&format!("run {name} -o from-{name} --model model --faces off")).expect_code(0);
        assert_same(&whole, &of(&lab, &format!("from-{name}")));
    }
    // A zip tells what is in it at its end.
    lab.put("d.zip", &zip_of(&lab.path("photos"))[..9000]);
    lab.say("run d.zip -o from-d --model model").expect_code(2).expect_error(&["d.zip: it ends early"]);
    lab.put("e.tar", b"no archive at all");
    lab.say("run e.tar -o from-e --model model").expect_code(2).expect_error(&["e.tar: it is no archive"]);
    for nothing in [b"".to_vec(), b"ssh: connect to host: Connection refused\n".repeat(30)] {
        stream(&lab, nothing, "").expect_code(2).expect_error(&["Standard input is no tar of photos"]);
        assert!(!lab.path("out").exists(), "nothing was begun");
    }
}

#[test]
fn what_a_stream_cannot_do_is_said() {
    let lab = Lab::with_photos(2);
    let tar = tar_of(&lab.path("photos"));
    for option in ["--shard 1/2", "--dry-run", "--prune"] {
        let name = option.split(' ').next().unwrap();
        stream(&lab, tar.clone(), option).expect_code(2).expect_error(&[name, "needs to know all photos"]);
    }
    lab.run(&["--faces", "off"]).expect_code(0);
    stream(&lab, tar.clone(), "").expect_code(2).expect_error(&["begin at another folder"]);
    stream(&lab, tar.clone(), "--base photos").expect_code(0);
    stream(&lab, tar, "--base photos --overwrite --privacy off").expect_code(2).expect_error(&["other settings"]);
}

#[test]
fn check_and_scrub_read_archives_as_folders() {
    let lab = Lab::with_photos(4);
    lab.put("photos.tgz", &gzip(&tar_of(&lab.path("photos"))));
    let check = |input: &str| {
        let mut json = lab.say(&format!("check {input} --faces off --json")).expect_code(0).json();
        json["survey"]["seconds"] = Value::Null;
        json["photos"].clone()
    };
    assert_eq!(check("photos"), check("photos.tgz"));
    lab.say("scrub photos -o clean --faces off").expect_code(0);
    lab.say("scrub photos.tgz -o unpacked --faces off").expect_code(0);
    assert_eq!(files_of(&lab.path("clean")), files_of(&lab.path("unpacked")));
    lab.run(&["--faces", "off"]).expect_code(0);
    let measured = lab.say("measure out --photos photos.tgz --crops both");
    measured.expect_code(2).expect_error(&["an archive has to be unpacked first"]);
}

#[test]
fn an_encrypted_archive_is_opened_with_its_key() {
    let lab = Lab::with_photos(3);
    let key = age::x25519::Identity::generate();
    lab.put_private("key.txt", age::secrecy::ExposeSecret::expose_secret(&key.to_string()).as_bytes());
    let sealed = age::encrypt(&key.to_public(), &tar_of(&lab.path("photos"))).unwrap();
    lab.put("photos.tar.age", &sealed);
    let more = format!("--model model --faces off --identity key.txt --encrypt-to {}", key.to_public());
    lab.say(&format!("run photos.tar.age -o out {more}")).expect_code(0);
    assert!(lab.path("out/masks/p000.jpg.png.age").is_file());
    lab.say("run photos.tar.age -o other --model model").expect_code(2).expect_error(&["photos.tar.age"]);
}

/// Limits on memory are the system's, so that nothing can be overlooked.
#[cfg(target_os = "linux")]
#[test]
fn archives_that_swell_are_stopped_within_bounded_memory() {
    let lab = Lab::new();
    let zeros = vec![0u8; 64 << 20];
    let mut tar = Tar::default();
    tar.member(b'0', b"a.jpg", &photo(1)).member(b'0', b"zeros.jpg", &zeros);
    let small = gzip(&tar.finish());
    let within = |args: &str, input: Vec<u8>| {
        let line = format!("ulimit -v 1500000 && exec \"$0\" {args} --model model --faces off --jobs 1");
        piped(Command::new("sh").args(["-c", &line, env!("CARGO_BIN_EXE_derm-seg")]).current_dir(lab.path("")), input)
    };
    within("run --stdin tar -o one --max-bytes 1000000", small).expect_code(3);
    let records = fs::read_to_string(lab.path("one/records.jsonl")).unwrap();
    assert!(records.contains("file_too_large") && records.contains("\"done\""), "{records}");
    // Headers that promise more than there is: a name of four gigabytes, a photo of many more.
    for kind in [b'L', b'x', b'0'] {
        let mut tar = Tar::default();
        tar.member(b'0', b"a.jpg", &photo(1)).header(kind, b"b.jpg", 4 << 30, "").member(b'0', b"c.jpg", &photo(2));
        within(&format!("run --stdin tar -o promised{kind}"), tar.finish()).expect_code(1);
        let records = fs::read_to_string(lab.path(&format!("promised{kind}/records.jsonl"))).unwrap();
        assert!(records.contains("\"done\""), "{records}");
    }
    // A gigabyte of nothing in a megabyte.
    let mut tar = Tar::default();
    tar.member(b'0', b"a.jpg", &photo(1)).header(b'0', b"zeros.jpg", 1 << 30, "");
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    packer.write_all(tar.bytes()).unwrap();
    (0..16).for_each(|_| packer.write_all(&zeros).unwrap());
    packer.write_all(&Tar::default().finish()).unwrap();
    let ran = within("run --stdin tar -o swells", packer.finish().unwrap()).expect_code(1);
    assert!(ran.stderr.contains("it swells to more than 200 times its size"), "{}", ran.stderr);
}

/// Highest memory of a process so far, in kB.
#[cfg(target_os = "linux")]
fn peak(child: &Child) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{}/status", child.id())).ok()?;
    status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?.split_whitespace().next()?.parse().ok()
}

/// Of as many members as `DERM_SEG_MEMBERS` says: docs/archives.md tells what came of 10 000.
#[cfg(target_os = "linux")]
#[test]
fn a_long_stream_needs_no_more_memory_than_a_short_one_and_is_resumed_when_it_is_killed() {
    let lab = Lab::new();
    let members: usize = std::env::var("DERM_SEG_MEMBERS").map_or(300, |n| n.parse().expect("a number"));
    let distinct: Vec<Vec<u8>> = (0..20).map(photo).collect();
    for i in 0..members {
        lab.put(&format!("photos/{:02}/p{i:06}.jpg", i % 50), &distinct[i % distinct.len()]);
    }
    let tar = tar_of(&lab.path("photos"));
    // Runs until the stream ends or so many photos are done; gives the highest memory that was seen.
    let run = |bytes: Vec<u8>, until: usize| {
        let line = "run --stdin tar -o out --model model --faces off --jobs 2 --quiet";
        let mut child = lab.program().args(line.split(' ')).stdin(Stdio::piped()).spawn().unwrap();
        let feeder = feed(&mut child, bytes);
        let mut most = 0;
        while child.try_wait().unwrap().is_none() {
            most = peak(&child).unwrap_or(0).max(most);
            if files_below(&lab, "out/metrics") >= until {
                child.kill().unwrap();
            }
            thread::sleep(std::time::Duration::from_millis(20));
        }
        feeder.join().unwrap();
        (most, child.wait().unwrap().code())
    };
    let (short, code) = run(tar_of(&lab.path("photos/07")), usize::MAX);
    assert_eq!(code, Some(0));
    fs::remove_dir_all(lab.path("out")).unwrap();
    assert_eq!(run(tar.clone(), members / 2).1, None, "killed");
    let done = files_below(&lab, "out/metrics");
    assert!(done >= members / 2 && done < members, "{done} of {members} were done");
    let (long, code) = run(tar, usize::MAX);
    assert_eq!(code, Some(0));
    println!("{} members: {short} kB at the most; {members} members: {long} kB", members / 50);
    assert!(long < short + 16_384, "{short} kB, and {long} kB for more members");
    let streamed = lab.results();
    fs::rename(lab.path("out"), lab.path("streamed")).unwrap();
    lab.run(&["--faces", "off", "--jobs", "2"]).expect_code(0);
    assert_same(&lab.results(), &streamed);
}

#[cfg(target_os = "linux")]
fn files_below(lab: &Lab, folder: &str) -> usize {
    let entries = walkdir::WalkDir::new(lab.path(folder)).into_iter().filter_map(Result::ok);
    entries.filter(|entry| entry.file_type().is_file()).count()
}
