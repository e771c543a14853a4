//! People who were withdrawn from results are known again later, without the list, and without their names lying there:
//! what they were listed by is kept as keyed hashes.

use std::collections::BTreeSet;
use std::io;

use serde::{Deserialize, Serialize};

use crate::domain::pairing::aliases;
use crate::people::pseudonyms::Pseudonyms;
use crate::people::subjects::normalise;

pub const SCHEMA: &str = "derm-seg/withdrawn/1";

/// What a hash stands for: the same text may be a path, or the name of a folder anywhere.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// A file, or a folder with all that is in it.
    Path,
    /// A folder of this name, wherever it is.
    Folder,
    /// What a table calls a photo or a folder.
    Image,
    /// The photo's bytes, by their hash: they are known under any name.
    Content,
    /// A line of the list that stood for photos here.
    Line,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Remembered {
    schema: String,
    /// Of its own for every folder of results, so that hashes of two folders cannot be compared.
    key: String,
    marks: BTreeSet<String>,
    /// Of parts that were merged, each under its own key.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    parts: Vec<Self>,
}

impl Remembered {
    pub fn nobody() -> io::Result<Self> {
        let mut key = [0; 32];
        getrandom::fill(&mut key).map_err(io::Error::other)?;
        Ok(Self {
            schema: SCHEMA.to_owned(),
            key: blake3::Hash::from(key).to_hex().to_string(),
            marks: BTreeSet::new(),
            parts: Vec::new(),
        })
    }

    /// Another list of the same folder.
    pub fn anew(self) -> Self {
        Self { marks: BTreeSet::new(), parts: Vec::new(), ..self }
    }

    /// All that any of these knows.
    pub fn together(parts: Vec<Self>) -> io::Result<Self> {
        Ok(Self { parts, ..Self::nobody()? })
    }

    /// None where the text is not what [`Remembered`] writes.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok().filter(|read: &Self| read.schema == SCHEMA)
    }

    pub fn add(&mut self, kind: Kind, text: &str) {
        self.marks.insert(self.mark(kind, text));
    }

    pub fn knows(&self, kind: Kind, text: &str) -> bool {
        self.marks.contains(&self.mark(kind, text)) || self.parts.iter().any(|part| part.knows(kind, text))
    }

    /// Whether a photo is one of theirs, by its path or by the code of that.
    pub fn knows_photo(&self, path: &str, pseudonyms: Option<&Pseudonyms>) -> bool {
        let path = normalise(path);
        let coded = pseudonyms.map(|names| names.path(&path));
        std::iter::once(path).chain(coded).any(|path| self.knows_path(&path))
    }

    fn knows_path(&self, path: &str) -> bool {
        let above = || path.match_indices('/').map(|(end, _)| &path[..end]);
        let mut folders = path.split('/').rev().skip(1);
        self.knows(Kind::Path, path)
            || above().any(|folder| self.knows(Kind::Path, folder) || self.knows(Kind::Image, folder))
            || folders.any(|name| self.knows(Kind::Folder, name))
            || aliases(path).iter().any(|name| self.knows(Kind::Image, name))
    }

    fn mark(&self, kind: Kind, text: &str) -> String {
        blake3::hash(format!("{}\0{kind:?}\0{text}", self.key).as_bytes()).to_hex()[..32].to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_are_known_again_and_not_read() {
        let mut people = Remembered::nobody().unwrap();
        people.add(Kind::Path, "a/1.jpg");
        people.add(Kind::Folder, "PAT_7");
        people.add(Kind::Image, "ISIC_1");
        people.add(Kind::Content, "00ff");
        let text = serde_json::to_string(&people).unwrap();
        assert!(!text.contains("PAT") && !text.contains("ISIC") && !text.contains("00ff\""), "{text}");
        let people = Remembered::read(text.as_bytes()).unwrap();
        for path in ["a/1.jpg", "site/PAT_7/v/1.jpg", "images/ISIC_1.png"] {
            assert!(people.knows_photo(path, None), "{path}");
        }
        for path in ["a/11.jpg", "PAT_77/1.jpg", "PAT_7", "images/ISIC_11.png", "1.jpg"] {
            assert!(!people.knows_photo(path, None), "{path}");
        }
        assert!(people.knows(Kind::Content, "00ff") && !people.knows(Kind::Path, "00ff"));
        assert_ne!(people.marks, {
            let mut others = Remembered::nobody().unwrap();
            others.add(Kind::Path, "a/1.jpg");
            others.marks
        });
        let both = Remembered::together(vec![people, Remembered::nobody().unwrap()]).unwrap();
        let both = Remembered::read(&serde_json::to_vec(&both).unwrap()).unwrap();
        assert!(both.knows_photo("a/1.jpg", None) && !both.knows_photo("a/2.jpg", None));
        assert!(!both.anew().knows_photo("a/1.jpg", None), "another list takes the place of all");
        assert!(Remembered::read(b"{}").is_none() && Remembered::read(b"").is_none());
    }
}
