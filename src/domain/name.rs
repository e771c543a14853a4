//! Names of files that are read from a file: whatever it says, they stay inside the folder that they are meant for.

use std::path::{Component, Path};

use serde::{Deserialize, Deserializer};

/// More than any system has room for.
const LONGEST: usize = 4096;
const LONGEST_PART: usize = 255;
/// Names that Windows keeps for devices, with any ending.
const DEVICES: [&str; 4] = ["con", "prn", "aux", "nul"];
const NUMBERED_DEVICES: [&str; 2] = ["com", "lpt"];

/// For fields of records: a text that is a relative path without `..`, of bearable length, and no device.
pub fn relative<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let name = String::deserialize(deserializer)?;
    match check(&name) {
        Ok(()) => Ok(name),
        Err(why) => Err(serde::de::Error::custom(format!("the path {name:?} {why}"))),
    }
}

/// Why a name is not one of a file inside the folder that it is meant for.
pub fn check(name: &str) -> Result<(), &'static str> {
    if name.is_empty() || name.len() > LONGEST {
        return Err("is empty or too long");
    }
    if name.contains('\0') {
        return Err("is not a file name");
    }
    for part in Path::new(name).components() {
        match part {
            Component::Normal(part) if part.len() > LONGEST_PART => return Err("is too long"),
            Component::Normal(part) if cfg!(windows) && is_device(&part.to_string_lossy()) => {
                return Err("is the name of a device");
            }
            // A folder that cannot be read, of which nothing else is known, is called `.`.
            Component::Normal(_) | Component::CurDir => {}
            _ => return Err("leads out of its folder"),
        }
    }
    Ok(())
}

fn is_device(part: &str) -> bool {
    let stem = part.split('.').next().unwrap_or_default().trim_end().to_lowercase();
    let numbered =
        |device: &&str| stem.strip_prefix(*device).is_some_and(|rest| matches!(rest.as_bytes(), [b'0'..=b'9']));
    DEVICES.contains(&stem.as_str()) || NUMBERED_DEVICES.iter().any(numbered)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_in_their_folder() {
        for name in ["a.jpg", "sub/a.jpg", ".", "..a/b..c.jpg", "a~2.jpg", "line\nbreak.png", "日本 語.png"] {
            assert_eq!(check(name), Ok(()), "{name}");
        }
        let long = "a".repeat(256);
        for name in ["", "/etc/passwd", "../a.jpg", "a/../../b.jpg", "a\0b", &long, &"a/".repeat(3000)] {
            assert!(check(name).is_err(), "{name}");
        }
    }

    #[test]
    fn devices_are_known_with_any_ending() {
        assert!(["CON", "nul.jpg", "com1.png", "LPT9"].into_iter().all(is_device));
        assert!(!["console.jpg", "com.jpg", "com10.jpg", "a.con"].into_iter().any(is_device));
    }
}
