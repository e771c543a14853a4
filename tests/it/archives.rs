//! Photos in archives and streams: what comes of them is what comes of the folder that they would unpack to.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Cursor, Write};
use std::process::{Child, Command, Stdio};
use std::thread;

use serde_json::Value;

use crate::kit::archives::{Tar, files_of, gzip, tar_of, zip, zip_of, zstandard};
use crate::kit::files::{Jpeg, SENTINEL, bmp};
use crate::kit::noise::Rng;
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
    let lab = Lab::with_quick_model();
    let members: usize = std::env::var("DERM_SEG_MEMBERS").map_or(200, |n| n.parse().expect("a number"));
    // 90 kB each: all of them together are three times what the longer stream may take more than the short one.
    let distinct: Vec<Vec<u8>> = (0..20).map(|seed| bmp(&Scene::any(seed).draw(200, 150).photo)).collect();
    for i in 0..members {
        lab.put(&format!("photos/{:02}/p{i:06}.bmp", i % 50), &distinct[i % distinct.len()]);
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
    assert!(long < short + 6_144, "{short} kB, and {long} kB for more members");
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

/// Runs with `-o -` and unpacks what came, without the tool of the system.
fn sent(lab: &Lab, line: &str, input: Option<Vec<u8>>) -> (Ran, BTreeMap<String, (u32, Vec<u8>)>) {
    let mut command = lab.program();
    command.args(line.split_whitespace()).stdout(Stdio::piped()).stderr(Stdio::piped()).env("TMPDIR", lab.path("tmp"));
    fs::create_dir_all(lab.path("tmp")).unwrap();
    let mut child = command.stdin(if input.is_some() { Stdio::piped() } else { Stdio::null() }).spawn().unwrap();
    let feeder = input.map(|bytes| feed(&mut child, bytes));
    let mut output = child.wait_with_output().unwrap();
    if let Some(feeder) = feeder {
        feeder.join().unwrap();
    }
    assert_eq!(fs::read_dir(lab.path("tmp")).unwrap().count(), 0, "nothing is left behind");
    let archive = std::mem::take(&mut output.stdout);
    let mut files = BTreeMap::new();
    for entry in tar::Archive::new(archive.as_slice()).entries().unwrap() {
        let mut entry = entry.unwrap();
        let header = entry.header();
        assert_eq!((header.uid().unwrap(), header.username().unwrap()), (0, Some("")), "no owner");
        let end = if header.entry_type().is_dir() { "/" } else { "" };
        let (mode, name) = (header.mode().unwrap(), format!("{}{end}", entry.path().unwrap().to_str().unwrap()));
        let mut bytes = Vec::new();
        std::io::Read::read_to_end(&mut entry, &mut bytes).unwrap();
        let before = files.insert(name.clone(), (mode, bytes));
        assert!(before.is_none(), "{name} came twice");
    }
    (Ran::from(output), files)
}

/// The same for what a tar brought and for a folder, without folders themselves and but for the times in run.json.
fn without_times(files: impl IntoIterator<Item = (String, Vec<u8>)>) -> BTreeMap<String, Vec<u8>> {
    let plain = |(name, mut bytes): (String, Vec<u8>)| {
        if name == "run.json" {
            let mut run: Value = serde_json::from_slice(&bytes).unwrap();
            assert!(run["timings"].is_object());
            run["timings"] = Value::Null;
            bytes = serde_json::to_vec(&run).unwrap();
        }
        (name, bytes)
    };
    files.into_iter().filter(|(name, _)| !name.ends_with('/')).map(plain).collect()
}

fn assert_sent_is(lab: &Lab, out: &str, sent: &BTreeMap<String, (u32, Vec<u8>)>) {
    let folder = without_times(files_of(&lab.path(out)));
    let sent = without_times(sent.iter().map(|(name, (_, bytes))| (name.clone(), bytes.clone())));
    let names = |files: &BTreeMap<String, Vec<u8>>| files.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&folder), names(&sent));
    assert_same(&folder, &sent);
}

#[test]
fn results_on_standard_output_are_those_that_a_folder_gets() {
    let lab = lab();
    let more = "--model model --faces off --overlay --probs --crops both --jobs 2";
    lab.say(&format!("run photos -o out {more}")).expect_code(3);
    let line = format!("run photos -o - {more}");
    let (ran, files) = sent(&lab, &line, None);
    assert_eq!(ran.code, 3, "{}", ran.stderr);
    assert!(ran.stderr.contains("results: on standard output, as a tar"), "{}", ran.stderr);
    assert_sent_is(&lab, "out", &files);
    assert_eq!(files["masks/p000.jpg.png"].0, 0o644);
    // From a stream, closed to others, nothing left behind.
    let mut tar = Tar::default();
    for (name, bytes) in files_of(&lab.path("photos")).iter().filter(|(name, _)| !name.starts_with("results/")) {
        tar.long(name, bytes);
    }
    let tar = tar.finish();
    let more = "--model model --faces off --private --jobs 2";
    piped(lab.program().args(format!("run --stdin tar -o streamed {more}").split(' ')), tar.clone()).expect_code(3);
    let (ran, files) = sent(&lab, &format!("run --stdin tar -o - {more} --quiet"), Some(tar));
    assert_eq!((ran.code, ran.stderr.as_str()), (3, ""));
    assert_sent_is(&lab, "streamed", &files);
    assert!(files.iter().all(|(name, (mode, _))| *mode == if name.ends_with('/') { 0o700 } else { 0o600 }));
}

#[test]
fn encrypted_results_leave_encrypted() {
    let lab = Lab::with_photos(2);
    let key = age::x25519::Identity::generate();
    let line = format!("run photos -o - --model model --faces off --encrypt-to {}", key.to_public());
    let (ran, files) = sent(&lab, &line, None);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let clear = |name: &String| !name.ends_with('/') && !name.ends_with(".age");
    let clear: Vec<&String> = files.keys().filter(|name| clear(name)).collect();
    assert!(clear.iter().all(|name| name.starts_with(".derm-seg")), "{clear:?}");
    for name in ["masks/p000.jpg.png.age", "metrics/sub/p001.jpg.json.age", "records.jsonl.age", "run.json.age"] {
        let inside = age::decrypt(&key, &files[name].1).unwrap();
        assert!(!inside.is_empty(), "{name}");
    }
}

#[test]
fn what_cannot_be_sent_is_said() {
    let lab = Lab::with_photos(3);
    for option in ["--json", "--dry-run"] {
        let ran = lab.say(&format!("run photos -o - --model model {option}"));
        ran.expect_code(2).expect_error(&[option, "standard output"]);
    }
    // Nobody reads.
    let mut command = lab.program();
    command.args("run photos -o - --model model --faces off".split(' ')).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    drop(child.stdout.take());
    let ran = Ran::from(child.wait_with_output().unwrap());
    ran.expect_code(1).expect_error(&["Not all results were sent", "the program that was to take them stopped"]);
}

/// Cut or with bytes flipped, at places of a fixed seed: what comes of it ends, within bounds, and no content that is not
/// the original's is taken for whole where the archive was only cut.
#[test]
fn archives_that_are_cut_or_damaged_anywhere_come_to_an_end_within_bounds() {
    let members: Vec<(String, Vec<u8>)> = (0..6).map(|i| (format!("sub/p{i}.jpg"), photo(i))).collect();
    let mut tar = Tar::default();
    for (name, bytes) in &members {
        tar.with_attributes(&[("comment", SENTINEL)], name, bytes);
    }
    let tar = tar.finish();
    let listed: Vec<(&str, &[u8])> = members.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect();
    let formats = [("zip", zip(&listed)), ("gzip", gzip(&tar)), ("zstd", zstandard(&tar)), ("tar", tar)];
    let mut rng = Rng::new(200);
    for (format, whole) in formats {
        let originals = seen(&whole);
        assert_eq!(originals.0.len(), 6, "{format}");
        for round in 0..400 {
            let mut bytes = whole.clone();
            let is_cut = round % 2 == 0;
            if is_cut {
                bytes.truncate(rng.below(whole.len()));
            } else {
                let at = rng.below(whole.len());
                bytes[at] ^= 1 << rng.below(8);
            }
            let (contents, ended_well) = seen(&bytes);
            let total: usize = contents.iter().map(Vec::len).sum();
            assert!(contents.len() <= 20 && total <= 4 * whole.len() + (1 << 20), "{format} {round}: {total} bytes");
            if is_cut {
                assert!(contents.iter().all(|content| originals.0.contains(content)), "{format} {round}");
                // Behind the last member a tar has nothing but its mark, of which half is enough.
                assert!(!ended_well || contents.len() == 6, "{format} {round}: it was not noticed");
            }
        }
    }
}

/// The contents of members that came whole, as from a file and, of a tar, as from a pipe; and whether the end was reached.
fn seen(bytes: &[u8]) -> (Vec<Vec<u8>>, bool) {
    use derm_seg::input::archive::{Archive, Broken};
    let walk = |archive: Result<Archive, Broken>| {
        let mut contents = Vec::new();
        let Ok(mut archive) = archive else { return (contents, false) };
        for _ in 0..1000 {
            match archive.next_member() {
                Ok(Some(_)) => {
                    let start = archive.start(132);
                    let content = archive.content();
                    if let (Ok(start), Ok(content)) = (start, &content) {
                        assert!(content.starts_with(&start));
                    }
                    contents.extend(content);
                }
                Ok(None) => return (contents, true),
                Err(_) => return (contents, false),
            }
        }
        panic!("it has no end");
    };
    let file = walk(Archive::of(Box::new(Cursor::new(bytes.to_vec()))));
    let flow = walk(Archive::flow(Box::new(Cursor::new(bytes.to_vec()))));
    if !bytes.starts_with(b"PK") {
        assert!(file == flow, "a file and a pipe give the same");
    }
    file
}

#[test]
fn remarks_of_archives_are_in_no_output() {
    let lab = Lab::new();
    let mut commented = zip(&[("a.jpg", &photo(1))]);
    let length = commented.len();
    commented[length - 2..].copy_from_slice(&(SENTINEL.len() as u16).to_le_bytes());
    commented.extend(SENTINEL.as_bytes());
    let mut tar = Tar::default();
    tar.member(b'V', SENTINEL.as_bytes(), b"").member(
        b'g',
        b"global",
        format!("30 comment={SENTINEL}.....\n").as_bytes(),
    );
    tar.with_attributes(&[("uname", SENTINEL), ("SCHILY.xattr.user", SENTINEL)], "a.jpg", &photo(1));
    let tar = tar.finish();
    let mut packer = flate2::GzBuilder::new()
        .filename(SENTINEL)
        .comment(SENTINEL)
        .extra(SENTINEL)
        .write(Vec::new(), flate2::Compression::default());
    packer.write_all(&tar).unwrap();
    let named = packer.finish().unwrap();
    for (name, bytes) in [("a.zip", commented), ("b.tar", tar), ("c.tgz", named)] {
        assert!(bytes.windows(SENTINEL.len()).any(|window| window == SENTINEL.as_bytes()));
        lab.put(name, &bytes);
        let ran = lab.say(&format!("run {name} -o of-{name} --model model --faces off -vvv --jobs 1")).expect_code(0);
        let checked = lab.say(&format!("check {name} --faces off --json")).expect_code(0);
        for said in [ran.stdout, ran.stderr, checked.stdout, checked.stderr] {
            assert!(!said.contains(SENTINEL), "{name}: {said}");
        }
        for (file, bytes) in of(&lab, &format!("of-{name}")) {
            assert!(!bytes.windows(SENTINEL.len()).any(|window| window == SENTINEL.as_bytes()), "{name}: {file}");
        }
    }
}
