//! Keyed codes instead of names of folders and files: HMAC-SHA256, so that whoever lacks the key can neither read a name
//! nor test a guess, and sites that share the key give the same person the same code.

use std::fmt;
use std::path::Path;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use unicode_normalization::UnicodeNormalization;

use crate::disk::describe;
use crate::disk::vault::{Vault, is_encrypted, read_as_is, refuse_readable_by_others};
use crate::domain::frame;
use crate::error::UsageError;

const MIN_KEY_BYTES: usize = 32;
/// A key of that many different bytes or fewer was not drawn at random.
const MIN_DIFFERENT_BYTES: usize = 8;
/// 80 bits: two of a million names share a code with a probability under 10^-12.
const CODE_BYTES: usize = 10;
/// Keeps these codes apart from any other use of the same key.
const PURPOSE: &[u8] = b"derm-seg/pseudonym/1\0";
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
const HOW_TO_MAKE: &str = "make one with: (umask 077; head -c 32 /dev/urandom | base64 > FILE)";

#[derive(Clone)]
pub struct Pseudonyms {
    mac: Hmac<Sha256>,
}

impl fmt::Debug for Pseudonyms {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("Pseudonyms(..)")
    }
}

impl Pseudonyms {
    /// The key comes from a file only: arguments are seen by every user of the machine.
    pub fn from_key_file(file: &Path, vault: &Vault) -> Result<Self, UsageError> {
        let shown = file.display();
        let bytes = read_as_is(file)
            .map_err(|e| UsageError(format!("the key file {shown} cannot be read: {}; {HOW_TO_MAKE}", describe(&e))))?;
        if !is_encrypted(&bytes) {
            refuse_readable_by_others(file)?;
        }
        let bytes = vault.unseal(bytes).map_err(|e| UsageError(format!("the key file {shown} cannot be read: {e}")))?;
        Self::from_key(bytes.trim_ascii())
            .map_err(|UsageError(problem)| UsageError(format!("the key in {shown} {problem}; {HOW_TO_MAKE}")))
    }

    pub fn from_key(key: &[u8]) -> Result<Self, UsageError> {
        if key.len() < MIN_KEY_BYTES {
            return Err(UsageError(format!("is {} bytes long, at least {MIN_KEY_BYTES} are needed", key.len())));
        }
        let mut different = [false; 256];
        key.iter().for_each(|&b| different[usize::from(b)] = true);
        if different.iter().filter(|&&seen| seen).count() < MIN_DIFFERENT_BYTES {
            return Err(UsageError("is too regular to be random".into()));
        }
        let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
        mac.update(PURPOSE);
        Ok(Self { mac })
    }

    /// The code of one name: a person's id, a folder, a file without its extension.
    pub fn code(&self, name: &str) -> String {
        // The same name is stored composed on one system and decomposed on another.
        let name: String = name.nfc().collect();
        let digest = self.mac.clone().chain_update(name.as_bytes()).finalize().into_bytes();
        let bits = digest[..CODE_BYTES].iter().fold(0u128, |bits, &byte| bits << 8 | u128::from(byte));
        (0..CODE_BYTES * 8 / 5).rev().map(|i| ALPHABET[(bits >> (5 * i) & 31) as usize] as char).collect()
    }

    /// The code of a patient's number as a file has it; nothing where it has none.
    pub fn patient(&self, number: &[u8]) -> String {
        match std::str::from_utf8(number) {
            Ok("") => String::new(),
            Ok(number) => self.code(number),
            // In a character set of its own.
            Err(_) => self.code(&number.escape_ascii().to_string()),
        }
    }

    /// By how many weeks the dates of a patient are put back: one to ten years, the same in all files.
    pub fn weeks_back(&self, number: &[u8]) -> i64 {
        let digest = self.mac.clone().chain_update(b"\0weeks\0").chain_update(number).finalize().into_bytes();
        52 + i64::from(u16::from_be_bytes([digest[0], digest[1]])) % 470
    }

    /// A new identifier in place of another: the same one for the same one. It begins with `root`, or with 2.25.
    pub fn uid(&self, root: Option<&str>, uid: &str) -> String {
        let digest = self.mac.clone().chain_update(b"\0uid\0").chain_update(uid).finalize().into_bytes();
        let number = digest[..16].iter().fold(0u128, |number, &byte| number << 8 | u128::from(byte));
        uid_of(root, number)
    }

    /// A relative path with a code for every folder and for the file's stem; the extension and a frame's number stay.
    pub fn path(&self, path: &str) -> String {
        let (path, frame) = frame::split(path);
        let (folders, file) = path.rsplit_once('/').map_or((None, path), |(folders, file)| (Some(folders), file));
        let (stem, extension) = split_extension(file);
        let mut coded: Vec<_> = folders.iter().flat_map(|f| f.split('/')).map(|name| self.code(name)).collect();
        coded.push(match extension {
            Some(extension) => format!("{}.{extension}", self.code(stem)),
            None => self.code(stem),
        });
        coded.join("/") + frame
    }
}

/// Whether this has the form of a code.
pub fn is_code(text: &[u8]) -> bool {
    text.len() == CODE_BYTES * 8 / 5 && text.iter().all(|b| ALPHABET.contains(b))
}

/// An identifier of DICOM: under 2.25 the number is a UUID of version 8.
pub fn uid_of(root: Option<&str>, number: u128) -> String {
    match root {
        Some(root) => format!("{root}.{number}"),
        None => format!("2.25.{}", number & !(0xf << 76) & !(0x3 << 62) | 0x8 << 76 | 0x2 << 62),
    }
}

/// Only a short plain ending is an extension; `1.Yamada Taro` has none.
fn split_extension(file: &str) -> (&str, Option<&str>) {
    match file.rsplit_once('.') {
        Some((stem, ending))
            if !stem.is_empty()
                && matches!(ending.len(), 1..=4)
                && ending.bytes().all(|b| b.is_ascii_alphanumeric()) =>
        {
            (stem, Some(ending))
        }
        _ => (file, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &[u8] = b"0123456789abcdefghijklmnopqrstuv";

    #[test]
    fn codes_are_stable_and_depend_on_the_key() {
        let site = Pseudonyms::from_key(KEY).unwrap();
        // Computed with Python: hmac.new(key, b"derm-seg/pseudonym/1\0" + name, "sha256").
        assert_eq!(site.code("PAT_12"), "ce4mtn4feqxdpqk1");
        assert_eq!(site.code("\u{304b}\u{3099}"), site.code("\u{304c}"), "composed and decomposed");
        let other = Pseudonyms::from_key(b"0123456789abcdefghijklmnopqrstuV").unwrap();
        assert_ne!(site.code("PAT_12"), other.code("PAT_12"));
    }

    #[test]
    fn a_path_keeps_its_shape_and_its_extension_only() {
        let names = Pseudonyms::from_key(KEY).unwrap();
        let (pat, arm) = (names.code("PAT_12"), names.code("arm.left"));
        assert_eq!(names.path("PAT_12/arm.left.JPG"), format!("{pat}/{arm}.JPG"));
        assert_eq!(names.path("1.Yamada Taro"), names.code("1.Yamada Taro"));
        assert_eq!(names.path("PAT_12"), pat);
    }

    #[test]
    fn weak_keys_are_refused_with_the_remedy() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("key");
        for (key, problem) in [("short", "5 bytes"), ("abababababababababababababababababab", "too regular")] {
            std::fs::write(&file, key).unwrap();
            close(&file, 0o600);
            let error = Pseudonyms::from_key_file(&file, &Vault::default()).unwrap_err().to_string();
            assert!(error.contains(problem) && error.contains("urandom") && !error.contains(key), "{error}");
        }
        std::fs::write(&file, KEY).unwrap();
        assert!(Pseudonyms::from_key_file(&file, &Vault::default()).is_ok());
        if cfg!(unix) {
            close(&file, 0o604);
            assert!(Pseudonyms::from_key_file(&file, &Vault::default()).unwrap_err().to_string().contains("chmod 600"));
        }
        assert!(Pseudonyms::from_key_file(&folder.path().join("none"), &Vault::default()).is_err());
    }

    #[cfg(unix)]
    fn close(file: &Path, mode: u32) {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(file, std::fs::Permissions::from_mode(mode)).unwrap();
    }

    #[cfg(not(unix))]
    fn close(_file: &Path, _mode: u32) {}
}
