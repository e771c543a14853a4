//! Small files that claim or unpack to much: they are refused, or told of, within a limit on memory that the system enforces.
#![cfg(target_os = "linux")]

use std::io::Write;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::kit::files::animated_gif;
use crate::kit::photos::Scene;
use crate::kit::pngs::{self, Colour, Png};
use crate::support::{Lab, Ran};

/// The program with this much address space, in MB: what it takes beyond that ends it.
fn within(lab: &Lab, megabytes: u64, args: &[&str]) -> Ran {
    let limit = format!("ulimit -v {} && exec \"$0\" \"$@\"", megabytes * 1024);
    let mut shell = Command::new("sh");
    shell.args(["-c", &limit, env!("CARGO_BIN_EXE_derm-seg")]).args(args).current_dir(lab.path(""));
    shell.stdin(Stdio::null()).output().unwrap().into()
}

/// As many zeros, packed to a thousandth.
fn packed_zeros(bytes: usize) -> Vec<u8> {
    let mut packer = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    let block = vec![0; 1 << 20];
    (0..bytes >> 20).for_each(|_| packer.write_all(&block).unwrap());
    packer.finish().unwrap()
}

#[test]
fn a_profile_that_unpacks_to_a_gigabyte_is_told_of_and_left_out() {
    let lab = Lab::new();
    let photo = Scene::any(1).draw(160, 120).photo;
    let profile = [b"profile\0\0".as_slice(), &packed_zeros(1536 << 20)].concat();
    lab.put("photos/bomb.png", &Png::rgb8(&photo).with(b"iCCP", &profile).bytes());
    let check = within(&lab, 1500, &["check", "photos", "--json"]).expect_code(0);
    let check: Value = serde_json::from_str(&check.stdout).unwrap();
    assert_eq!(check["survey"]["warnings"]["colour_profile_unusable"], 1, "{}", check["survey"]);
    within(&lab, 1500, &["run", "photos", "-o", "out", "--model", "model", "--jobs", "1"]).expect_code(0);
    assert_eq!(lab.record("bomb.png")["warnings"][0]["code"], "colour_profile_unusable");
    within(&lab, 500, &["scrub", "photos", "-o", "clean"]).expect_code(0);
}

#[test]
fn photos_that_claim_more_than_they_hold_are_failed_records() {
    let lab = Lab::new();
    let photo = Scene::any(1).draw(160, 120).photo;
    // The frame of a WebP file that its header calls 10 x 10.
    let picture = [&[0x10, 0, 0, 0x9d, 0x01, 0x2a, 0xff, 0x3f, 0xff, 0x3f], [0; 90].as_slice()].concat();
    let frame = [b"VP8 ".as_slice(), &100u32.to_le_bytes(), &picture].concat();
    let header = [b"VP8X\x0a\0\0\0\0\0\0\0".as_slice(), &[9, 0, 0, 9, 0, 0]].concat();
    let length = (4 + header.len() + frame.len()) as u32;
    lab.put("photos/frame.webp", &[b"RIFF", length.to_le_bytes().as_slice(), b"WEBP", &header, &frame].concat());
    // The second picture of a GIF file is larger than its screen.
    let mut gif = animated_gif(&[&photo, &photo]);
    let second =
        (0..gif.len() - 9).filter(|&i| gif[i] == 0x2c && gif[i + 1..i + 9] == [0, 0, 0, 0, 160, 0, 120, 0]).nth(1);
    let second = second.expect("the second picture has the size of the first");
    gif[second + 5..second + 9].fill(0xff);
    lab.put("photos/second.gif", &gif);
    lab.put(
        "photos/texts.png",
        &Png::rgb8(&photo).with(b"zTXt", &[b"a\0\0".as_slice(), &packed_zeros(1 << 30)].concat()).bytes(),
    );
    let ran = within(&lab, 1500, &["check", "photos", "--json"]).expect_code(3);
    let check: Value = serde_json::from_str(&ran.stdout).unwrap();
    let code = |i: usize| check["photos"][i]["failure"]["code"].as_str();
    assert_eq!([code(0), code(1), code(2)], [Some("decode_failed"), None, None], "{check:#}");
    assert_eq!(check["survey"]["warnings"]["first_picture_only"], 1);
}

#[test]
fn a_reference_that_claims_more_pixels_than_can_be_fails_alone() {
    let lab = Lab::new();
    let mask = |name: &str, bytes: &[u8]| lab.put(name, bytes);
    let sound = Png::of(&Scene::any(1).draw(40, 30).photo, 8, Colour::Grey, |_| vec![0]).bytes();
    let claims =
        [pngs::header(200_000, 200_000, 8, Colour::Grey, false), pngs::chunk(b"IDAT", &packed_zeros(1 << 20))].concat();
    for name in ["a.png", "b.png"] {
        mask(&format!("predictions/{name}"), &sound);
    }
    mask("truth/a.png", &sound);
    mask("truth/b.png", &claims);
    let args = ["eval", "predictions", "--truth", "truth", "--truth-format", "binary", "--prediction-format", "binary"];
    let ran = within(&lab, 1000, &[&args[..], &["-o", "scores.json"]].concat()).expect_code(3);
    assert!(ran.stdout.contains("200000 x 200000 pixels"), "{}{}", ran.stdout, ran.stderr);
}

/// White, in 16 bits and four channels, packed to a sixty-fourth.
fn white_tiff(width: u32, height: u32) -> Vec<u8> {
    let packed = [0x81, 0xff].repeat((width * height / 16) as usize);
    let (depths, strip) = (8 + 2 + 10 * 12 + 4, 8 + 2 + 10 * 12 + 4 + 8);
    let entries: [(u16, u16, u32, u32); 10] = [
        (256, 4, 1, width),
        (257, 4, 1, height),
        (258, 3, 4, depths),
        (259, 3, 1, 32773),
        (262, 3, 1, 2),
        (273, 4, 1, strip),
        (277, 3, 1, 4),
        (278, 4, 1, height),
        (279, 4, 1, packed.len() as u32),
        (338, 3, 1, 2),
    ];
    let mut file = b"II*\0\x08\0\0\0\x0a\0".to_vec();
    for (tag, kind, count, value) in entries {
        file.extend([tag.to_le_bytes(), kind.to_le_bytes()].concat());
        file.extend([count.to_le_bytes(), value.to_le_bytes()].concat());
    }
    file.extend([0; 4]);
    file.extend([16, 0].repeat(4));
    file.extend(packed);
    file
}

#[test]
fn a_tiff_file_of_more_than_half_a_gigabyte_of_pixels_can_be_copied() {
    let lab = Lab::new();
    // 537 MB: more than decoders take by themselves.
    lab.put("photos/large.tif", &white_tiff(8192, 8200));
    assert_eq!(lab.say("scrub photos -o clean --json").expect_code(0).json()["copied"], 1);
}
