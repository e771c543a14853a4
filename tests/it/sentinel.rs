//! A marker in every place where a photo can tell of a person, every command, and the marker nowhere in what they write
//! or say.

use std::collections::BTreeMap;
use std::fs;
use std::io::Cursor;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use walkdir::WalkDir;

use crate::kit::files::{self, Jpeg, SENTINEL, identifying_exif, with_segment};
use crate::kit::photos::Scene;
use crate::kit::pngs::Png;
use crate::support::Lab;
use crate::tour::tour;

fn marked(places: &[&[u8]]) -> Vec<u8> {
    places.iter().flat_map(|place| [place, SENTINEL.as_bytes()].concat()).collect()
}

fn jpeg(seed: u64) -> Vec<u8> {
    let photo = Scene::any(seed).draw(120, 90).photo;
    let plain = Jpeg { exif: Some(identifying_exif(6)), comment: true, ..Jpeg::camera() };
    let mut file = plain.write(&files::stored_for(&photo, 6));
    // A thumbnail has metadata of its own; a maker's block, Photoshop's and Adobe's texts, words in a profile.
    let thumbnail =
        with_segment(&Jpeg::camera().write(&Scene::any(seed).draw(16, 12).photo), 0xFE, SENTINEL.as_bytes());
    let exif = [&identifying_exif(1)[..], &thumbnail].concat();
    for (marker, content) in [
        (0xE1, marked(&[b"http://ns.adobe.com/xap/1.0/\0<x:xmpmeta><dc:creator>", b"</dc:creator></x:xmpmeta>"])),
        (0xE1, [b"Exif\0\0", &exif[..]].concat()),
        (0xED, marked(&[b"Photoshop 3.0\08BIM\x04\x04\0\0\0\0\0\x11\x1c\x02\x50\0\x0c"])),
        (0xE2, marked(&[b"FPXR\0"])),
        (0xEB, marked(&[b"JP"])),
        (0xFE, marked(&[b""])),
    ] {
        file = with_segment(&file, marker, &content);
    }
    [&file[..], SENTINEL.as_bytes()].concat()
}

fn png(seed: u64) -> Vec<u8> {
    let photo = Scene::any(seed).draw(90, 120).photo;
    let picture = Png::rgb8(&photo)
        .with(b"tEXt", &marked(&[b"Author\0"]))
        .with(b"iTXt", &marked(&[b"Comment\0\0\0ja\0\0"]))
        .with(b"eXIf", &identifying_exif(1))
        .with(b"prVt", SENTINEL.as_bytes());
    [&picture.bytes()[..], SENTINEL.as_bytes()].concat()
}

fn webp(seed: u64) -> Vec<u8> {
    let mut file = files::webp(&Scene::any(seed).draw(100, 80).photo);
    for (kind, content) in
        [(b"EXIF", identifying_exif(1)), (b"XMP ", marked(&[b"<x:xmpmeta>"])), (b"NOTE", marked(&[b""]))]
    {
        file.extend(kind);
        file.extend((content.len() as u32).to_le_bytes());
        file.extend(&content);
        file.extend(vec![0; content.len() % 2]);
    }
    let length = file.len() as u32 - 8;
    file[4..8].copy_from_slice(&length.to_le_bytes());
    file
}

fn tiff(seed: u64) -> Vec<u8> {
    use tiff::encoder::{TiffEncoder, colortype::RGB8};
    use tiff::tags::Tag;
    let photo = Scene::any(seed).draw(80, 100).photo;
    let mut file = Cursor::new(Vec::new());
    let mut encoder = TiffEncoder::new(&mut file).unwrap();
    let mut picture = encoder.new_image::<RGB8>(photo.width, photo.height).unwrap();
    for tag in [Tag::ImageDescription, Tag::Artist, Tag::Copyright, Tag::HostComputer, Tag::Software, Tag::Unknown(700)]
    {
        picture.encoder().write_tag(tag, SENTINEL).unwrap();
    }
    picture.write_data(&photo.rgb).unwrap();
    file.into_inner()
}

fn gif(seed: u64) -> Vec<u8> {
    let mut file = files::animated_gif(&[&Scene::any(seed).draw(70, 60).photo]);
    file.pop();
    [&file[..], &[0x21, 0xFE, SENTINEL.len() as u8], SENTINEL.as_bytes(), &[0, 0x3B], SENTINEL.as_bytes()].concat()
}

fn bmp(seed: u64) -> Vec<u8> {
    [&files::bmp(&Scene::any(seed).draw(64, 64).photo)[..], SENTINEL.as_bytes()].concat()
}

type Make = fn(u64) -> Vec<u8>;

/// Two people, every format for each; `named` puts the marker into the names as well.
fn lab(named: bool) -> Lab {
    let lab = Lab::new();
    let (folder, stem) = if named {
        (format!("{SENTINEL} 太郎"), format!("{SENTINEL}_1961-02-03"))
    } else {
        ("two".into(), "photo".into())
    };
    let formats: [(&str, Make); 6] =
        [("jpg", jpeg), ("png", png), ("webp", webp), ("tif", tiff), ("gif", gif), ("bmp", bmp)];
    for (seed, (ending, make)) in formats.into_iter().enumerate() {
        for (person, folder) in ["one", &folder].into_iter().enumerate() {
            let file = make(2 * seed as u64 + person as u64);
            assert!(contains(&file, SENTINEL.as_bytes()), "{ending} carries the marker");
            lab.put(&format!("photos/{folder}/{stem}.{ending}"), &file);
        }
    }
    lab
}

/// In small letters or in capitals.
fn contains(bytes: &[u8], secret: &[u8]) -> bool {
    memchr::memmem::find(&bytes.to_ascii_lowercase(), &secret.to_ascii_lowercase()).is_some()
}

/// As text, and as it looks inside Base64, which depends on where it begins.
fn forms(secret: &str) -> Vec<Vec<u8>> {
    let coded = (0..3).map(|shift| {
        let text = STANDARD.encode([vec![b'x'; shift], secret.as_bytes().to_vec()].concat());
        text.as_bytes()[4..text.len() - 4].to_vec()
    });
    std::iter::once(secret.as_bytes().to_vec()).chain(coded).collect()
}

fn assert_nowhere(named: bool) {
    let lab = lab(named);
    let said = tour(&lab, named, || lab.program());
    let mut seen: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    for (line, ran) in said {
        seen.insert(format!("stdout of {line}"), ran.stdout.into_bytes());
        // `check` reads the names that people gave; its output is for those who have the photos.
        seen.insert(format!("stderr of {line}"), ran.stderr.into_bytes());
    }
    if named {
        seen.retain(|line, _| !line.contains(" check photos"));
    }
    for file in WalkDir::new(lab.path("")).into_iter().map(Result::unwrap).filter(|entry| entry.file_type().is_file()) {
        let name = file.path().strip_prefix(lab.path("")).unwrap().to_string_lossy().into_owned();
        if !["photos/", "model/", "study.key", "list"].iter().any(|given| name.starts_with(given)) {
            seen.insert(name, fs::read(file.path()).unwrap());
        }
    }
    assert!(seen.len() > 100, "the commands wrote something: {:?}", seen.keys());
    let place = lab.path("").to_string_lossy().trim_end_matches('/').to_owned();
    let host = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default().trim().to_owned();
    let mut secrets = vec![SENTINEL, "2021:03:04", place.as_str()];
    // A short name would be found by chance.
    secrets.extend((host.len() >= 8).then_some(host.as_str()));
    for secret in secrets {
        for form in forms(secret) {
            for (name, bytes) in &seen {
                assert!(!contains(name.as_bytes(), &form), "{secret:?} is in the name of {name}");
                assert!(!contains(bytes, &form), "{secret:?} is in {name}");
            }
        }
    }
}

#[test]
fn metadata_reaches_no_output_of_any_command() {
    assert_nowhere(false);
}

#[cfg(unix)]
#[test]
fn with_codes_names_reach_no_output_either() {
    assert_nowhere(true);
}
