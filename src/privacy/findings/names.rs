//! File and folder names that look like names of people, birth dates, patient numbers or ways to reach someone.
//!
//! Patterns, not knowledge: a name that is not among the common ones may pass, and a study code may look like a number
//! of a patient. That is why the weaker signs are only `Possible`.

use std::path::{Component, Path};
use std::sync::LazyLock;

use regex::{Regex, RegexSet};

use super::Found;
use super::name_lists::{KANJI_SURNAMES, MEDICAL_KANJI, PLACE_ENDINGS, PLAIN_WORDS, ROMAN_GIVEN_NAMES, ROMAN_SURNAMES};
use crate::domain::record::Severity;
use Severity::{Identifying, Possible};

/// A name longer than this is looked at only up to here; file systems allow 255 bytes.
const MAX_CHARS: usize = 1024;

const HAN: &str = r"\x{3400}-\x{4DBF}\x{4E00}-\x{9FFF}々ヶ";
const KATAKANA: &str = r"\x{30A1}-\x{30FA}ー\x{3099}";
const HIRAGANA: &str = r"\x{3041}-\x{3096}\x{3099}";

/// Pattern, kind, severity; matched on a name with full-width letters and digits made narrow.
static SIGNS: [(&str, &str, Severity); 17] = [
    (r"[A-Za-z0-9._+-]+@[A-Za-z0-9-]+\.[A-Za-z]{2,}", "email", Identifying),
    (r"(?:^|[^0-9])0[0-9]{1,3}-[0-9]{2,4}-[0-9]{4}(?:$|[^0-9])", "phone", Identifying),
    (r"生年月日|生まれ|(?:^|[^A-Za-z])(?i-u:dob|born|birth[ _-]?da(?:te|y))(?:$|[^A-Za-z])", "birth_date", Identifying),
    // Nobody took digital photos in these eras: a date in them is a birth date.
    (r"(?:明治|大正|昭和)[元一二三四五六七八九十0-9]{1,4}", "birth_date", Identifying),
    (r"(?:^|[^A-Za-z0-9])[MTS][0-9]{1,2}[.年-][0-9]{1,2}[.月-][0-9]{1,2}", "birth_date", Identifying),
    (
        r"(?:^|[^0-9])(?:18[0-9]{2}|19[0-8][0-9]|199[0-4])(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])(?:$|[^0-9])",
        "birth_date",
        Identifying,
    ),
    (
        r"(?:^|[^0-9])(?:18[0-9]{2}|19[0-8][0-9]|199[0-4])[-._/年](?:0?[1-9]|1[0-2])[-._/月](?:0?[1-9]|[12][0-9]|3[01])(?:$|[^0-9])",
        "birth_date",
        Identifying,
    ),
    (
        r"(?:^|[^0-9])[0-3]?[0-9][-./][0-3]?[0-9][-./](?:18[0-9]{2}|19[0-8][0-9]|199[0-4])(?:$|[^0-9])",
        "birth_date",
        Identifying,
    ),
    (r"(?:平成|令和)[元一二三四五六七八九十0-9]{1,4}", "date", Possible),
    (r"(?:^|[^A-Za-z0-9])[HR][0-9]{1,2}[.年-][0-9]{1,2}[.月-][0-9]{1,2}", "date", Possible),
    (r"(?:^|[^0-9])(?:199[5-9]|20[0-9]{2})(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])(?:$|[^0-9])", "date", Possible),
    (
        r"(?:^|[^0-9])(?:199[5-9]|20[0-9]{2})[-._/年](?:0?[1-9]|1[0-2])[-._/月](?:0?[1-9]|[12][0-9]|3[01])(?:$|[^0-9])",
        "date",
        Possible,
    ),
    (
        r"(?:患者|カルテ|診察券|受診|登録)(?i-u:[ _-]?(?:番号|id|no\.?))?[^0-9A-Za-z]{0,3}[A-Za-z]{0,2}[0-9]{2,}",
        "patient_number",
        Identifying,
    ),
    (
        r"(?:^|[^A-Za-z])(?i-u:mrn|karte|chart|(?:medical|hospital)[ _-]?(?:record)?)(?i-u:[ _.#-]*(?:number|no|id))?[ _.#:-]*[0-9]{3,}",
        "patient_number",
        Identifying,
    ),
    (
        r"(?:^|[^A-Za-z])(?i-u:patient|pid|id|no)(?i-u:[ _-]?(?:number|no|id))?[ _.#:-]*[0-9]{4,}",
        "patient_number",
        Possible,
    ),
    (r"^[0-9]{6,12}$", "patient_number", Possible),
    (r"(?:^|[^0-9])[0-9]{1,3}(?:歳|才|(?i-u: ?y/?o| ?yrs?| ?years?[ -]old)(?:$|[^A-Za-z]))", "age", Possible),
];

static SIGN_SET: LazyLock<RegexSet> =
    LazyLock::new(|| RegexSet::new(SIGNS.iter().map(|sign| sign.0)).expect("constant patterns"));

fn constant(pattern: String) -> Regex {
    Regex::new(&pattern).expect("a constant pattern")
}

/// A common surname at the beginning of a word, and what follows it in the same word.
static KANJI_SURNAME: LazyLock<Regex> =
    LazyLock::new(|| constant(format!("(?:^|[^{HAN}])(?:{KANJI_SURNAMES})([{HAN}{HIRAGANA}{KATAKANA}]*)")));
/// Two kanji words, or one of three to five characters, that could be a name.
static KANJI_NAME: LazyLock<Regex> = LazyLock::new(|| {
    constant(format!(
        "(?:^|[^{HAN}])([{HAN}]{{1,3}}[ _・][{HAN}]{{1,3}}|[{HAN}]{{3,5}})(?:$|[^{HAN}{KATAKANA}{HIRAGANA}])"
    ))
});
static KANA_NAME: LazyLock<Regex> = LazyLock::new(|| {
    constant(format!("^(?:[{KATAKANA}]{{2,6}}[ _・][{KATAKANA}]{{2,6}}|[{HIRAGANA}]{{2,6}}[ _・][{HIRAGANA}]{{2,6}})$"))
});
static HONORIFIC: LazyLock<Regex> = LazyLock::new(|| {
    constant(format!("[{HAN}{KATAKANA}{HIRAGANA}](?:さん|ちゃん|くん|氏)(?:$|[^{HAN}{KATAKANA}{HIRAGANA}])"))
});
static TITLE: LazyLock<Regex> =
    LazyLock::new(|| constant(r"(?:^|[^A-Za-z])(?:Mr|Mrs|Ms|Miss|Dr)[ ._-]+[A-Z][a-z]+".into()));
static ROMAN_SURNAME: LazyLock<Regex> = LazyLock::new(|| constant(format!("^(?:{ROMAN_SURNAMES})$")));
static ROMAN_GIVEN: LazyLock<Regex> = LazyLock::new(|| constant(format!("^(?:{ROMAN_GIVEN_NAMES})$")));
static PLAIN_WORD: LazyLock<Regex> = LazyLock::new(|| constant(format!("^(?:{PLAIN_WORDS})$")));
static CAPITALISED_PAIR: LazyLock<Regex> =
    LazyLock::new(|| constant("^([A-Z][a-z]{2,})(?:, ?|[ _-])([A-Z][a-z]{2,})(?:[ _-]?[0-9]{0,3})$".into()));

pub fn scan_path(path: &Path, found: &mut Found) {
    let names: Vec<_> = path
        .components()
        .filter_map(|component| match component {
            Component::Normal(name) => Some(Path::new(name)),
            _ => None,
        })
        .collect();
    let Some((file, folders)) = names.split_last() else { return };
    for folder in folders {
        judge(&narrow(&folder.to_string_lossy()), "folder_name", found);
    }
    judge(&narrow(&file.file_stem().unwrap_or_default().to_string_lossy()), "file_name", found);
}

/// Full-width letters, digits and spaces as narrow ones.
fn narrow(name: &str) -> String {
    let narrow = |c: char| match c {
        '\u{3000}' => ' ',
        '\u{FF01}'..='\u{FF5E}' => char::from_u32(c as u32 - 0xFEE0).unwrap_or(c),
        c => c,
    };
    name.chars().take(MAX_CHARS).map(narrow).collect()
}

fn judge(name: &str, place: &'static str, found: &mut Found) {
    for sign in SIGN_SET.matches(name) {
        let (_, kind, severity) = SIGNS[sign];
        found.add(kind, place, severity);
    }
    if let Some(severity) = person(name) {
        found.add("person_name", place, severity);
    }
}

fn person(name: &str) -> Option<Severity> {
    let surname = KANJI_SURNAME.captures_iter(name).any(|c| !PLACE_ENDINGS.iter().any(|place| c[1].starts_with(place)));
    if surname || TITLE.is_match(name) {
        return Some(Identifying);
    }
    if let Some(severity) = roman_person(name) {
        return Some(severity);
    }
    let could_be_kanji = |text: &str| !text.chars().any(|c| MEDICAL_KANJI.contains(c));
    let kanji = KANJI_NAME.captures_iter(name).any(|c| {
        let place = PLACE_ENDINGS.iter().any(|ending| c[1].ends_with(ending));
        !place && could_be_kanji(&c[1])
    });
    (kanji || KANA_NAME.is_match(name) || HONORIFIC.is_match(name)).then_some(Possible)
}

fn roman_person(name: &str) -> Option<Severity> {
    let words: Vec<_> =
        name.split(|c: char| !c.is_ascii_alphabetic()).filter(|w| !w.is_empty()).map(split_camel).collect();
    let words: Vec<_> = words.iter().flatten().map(|w| w.to_ascii_lowercase()).collect();
    let surname = words.iter().position(|w| ROMAN_SURNAME.is_match(w));
    let given = words.iter().position(|w| ROMAN_GIVEN.is_match(w));
    match (surname, given) {
        (Some(a), Some(b)) if a != b => return Some(Identifying),
        (Some(_), _) | (_, Some(_)) => return Some(Possible),
        (None, None) => {}
    }
    let pair = CAPITALISED_PAIR.captures(name)?;
    let plain = |word: &str| PLAIN_WORD.is_match(&word.to_ascii_lowercase());
    (!plain(&pair[1]) && !plain(&pair[2])).then_some(Possible)
}

/// `TaroYamada` as two words; `IMG` stays one.
fn split_camel(word: &str) -> Vec<&str> {
    let bytes = word.as_bytes();
    let mut starts = vec![0];
    starts.extend((1..bytes.len()).filter(|&i| bytes[i].is_ascii_uppercase() && bytes[i - 1].is_ascii_lowercase()));
    starts.push(bytes.len());
    starts.windows(2).map(|w| &word[w[0]..w[1]]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_look_like_people_dates_and_numbers() {
        let cases: [(&str, &str, Severity); 34] = [
            ("田中太郎.jpg", "person_name", Identifying),
            ("佐々木 花子/1.jpg", "person_name", Identifying),
            ("肘_鈴木一郎.png", "person_name", Identifying),
            ("諸葛 亮.jpg", "person_name", Possible),
            ("ヤマダ タロウ.jpg", "person_name", Possible),
            ("花子さん.jpg", "person_name", Possible),
            ("Yamada_Taro.jpg", "person_name", Identifying),
            ("JohnSmith/arm.jpg", "person_name", Identifying),
            ("tanaka.jpg", "person_name", Possible),
            ("Mrs. Quux/1.jpg", "person_name", Identifying),
            ("Abelard, Heloise.jpg", "person_name", Possible),
            ("患者ID00123456.jpg", "patient_number", Identifying),
            ("患者番号：１２３４５/a.jpg", "patient_number", Identifying),
            ("カルテ番号 88-1234.jpg", "patient_number", Identifying),
            ("MRN-0012345.jpg", "patient_number", Identifying),
            ("chart no. 55121.tif", "patient_number", Identifying),
            ("patient_00412.jpg", "patient_number", Possible),
            ("00123456.jpg", "patient_number", Possible),
            ("昭和35年4月2日.jpg", "birth_date", Identifying),
            ("昭和三十五年.jpg", "birth_date", Identifying),
            ("大正元年/a.jpg", "birth_date", Identifying),
            ("S35.4.2_arm.jpg", "birth_date", Identifying),
            ("生年月日不明.jpg", "birth_date", Identifying),
            ("x_1960-04-02.jpg", "birth_date", Identifying),
            ("19600402.jpg", "birth_date", Identifying),
            ("02.04.1960.jpg", "birth_date", Identifying),
            ("dob 1999.jpg", "birth_date", Identifying),
            ("令和6年1月.jpg", "date", Possible),
            ("H30.1.2.jpg", "date", Possible),
            ("IMG_20240131_1.jpg", "date", Possible),
            ("2024年1月3日.jpg", "date", Possible),
            ("hanako@example.org.jpg", "email", Identifying),
            ("03-1234-5678.jpg", "phone", Identifying),
            ("arm 65歳.jpg", "age", Possible),
        ];
        for (path, kind, severity) in cases {
            let findings = crate::privacy::findings::scan_path(Path::new(path));
            let place = if path.contains('/') { "folder_name" } else { "file_name" };
            let hit = findings.iter().any(|f| f.kind == kind && f.place == place && f.severity == severity);
            assert!(hit, "{path}: {findings:?}");
        }
    }

    #[test]
    fn ordinary_names_have_no_findings() {
        for path in [
            "ISIC_0024306.jpg",
            "PAT_8_15_820.png",
            "IMG_1234.JPG",
            "DSC00012.jpg",
            "P1010001.JPG",
            "images/0011.png",
            "study/S1_2_3.png",
            "皮膚画像/乾癬_左肘_01.jpg",
            "病変/背部.jpg",
            "石川県/a.jpg",
            "千葉大学/1.jpg",
            "苔癬様/x.jpg",
            "before/Left Arm.jpg",
            "Basal Cell/12.jpg",
            "birthmark_3.jpg",
            "subject_0012/visit2.jpg",
            "case-00123.jpg",
            "../a.jpg",
            "f47ac10b58cc.jpg",
        ] {
            assert_eq!(crate::privacy::findings::scan_path(Path::new(path)), [], "{path}");
        }
    }
}
