//! The attributes that a copy may hold: `kept.tsv`, one line each.

use std::sync::LazyLock;

const TABLE: &str = include_str!("kept.tsv");

/// In the order of tags.
pub static KEPT: LazyLock<Vec<Attribute>> = LazyLock::new(|| {
    let lines = TABLE.lines().filter(|line| !line.starts_with('#'));
    lines.map(|line| Attribute::of(line).unwrap_or_else(|| panic!("kept.tsv: {line}"))).collect()
});

pub struct Attribute {
    pub tag: u32,
    pub vr: [u8; 2],
    pub keep: Keep,
}

/// What becomes of an attribute that is kept.
#[derive(PartialEq)]
pub enum Keep {
    /// Numbers as text.
    Numbers,
    /// Numbers in two bytes each.
    Words,
    /// One of these terms, or several of them.
    Terms(Vec<&'static str>),
    /// A term of the standard's own list of identifiers.
    StandardUid,
    CodedUid,
    Date,
    /// The patient, under the key.
    Code,
    /// There, without a value: the standard wants it.
    Empty,
    Sequence,
    /// A table of colours, two bytes an entry.
    Table,
    Profile,
}

impl Attribute {
    fn of(line: &'static str) -> Option<Self> {
        let mut columns = line.split('\t');
        let tag = u32::from_str_radix(columns.next()?, 16).ok()?;
        let vr = columns.next()?.as_bytes().try_into().ok()?;
        let (keep, _name) = (columns.next()?, columns.next()?);
        let keep = match keep {
            "numbers" => Keep::Numbers,
            "words" => Keep::Words,
            "terms" => Keep::Terms(columns.next()?.split('|').collect()),
            "standard_uid" => Keep::StandardUid,
            "coded_uid" => Keep::CodedUid,
            "date" => Keep::Date,
            "code" => Keep::Code,
            "empty" => Keep::Empty,
            "sequence" => Keep::Sequence,
            "table" => Keep::Table,
            "profile" => Keep::Profile,
            _ => return None,
        };
        columns.next().is_none().then_some(Self { tag, vr, keep })
    }
}

pub fn find(tag: u32) -> Option<&'static Attribute> {
    let at = KEPT.binary_search_by_key(&tag, |attribute| attribute.tag).ok()?;
    Some(&KEPT[at])
}
