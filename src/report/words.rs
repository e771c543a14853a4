//! Every word of the report, in the languages that it speaks: `words.tsv`, one line a phrase.

use std::collections::BTreeMap;

use super::plots::escape;

const TABLE: &str = include_str!("words.tsv");

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    #[default]
    English,
    Japanese,
}

impl Language {
    /// As HTML names it, and the head of its column.
    fn tag(self) -> &'static str {
        match self {
            Language::English => "en",
            Language::Japanese => "ja",
        }
    }
}

/// The words of one language, by their key.
pub struct Words {
    pub language: &'static str,
    table: BTreeMap<&'static str, &'static str>,
}

impl Words {
    pub fn of(language: Language) -> Self {
        let mut lines = TABLE.lines().map(|line| line.split('\t'));
        let mut head = lines.next().into_iter().flatten();
        let column = head.position(|name| name == language.tag()).unwrap_or(1);
        let pair = |mut cells: std::str::Split<'static, char>| Some((cells.next()?, cells.nth(column - 1)?));
        Self { language: language.tag(), table: lines.filter_map(pair).collect() }
    }

    pub fn find(&self, key: &str) -> Option<&'static str> {
        self.table.get(key).copied()
    }

    pub fn say(&self, key: &str) -> &'static str {
        self.find(key).unwrap_or_else(|| panic!("words.tsv has no line {key}"))
    }

    /// With `{name}` filled in.
    pub fn fill(&self, key: &str, values: &[(&str, &str)]) -> String {
        values.iter().fold(self.say(key).to_owned(), |text, (name, value)| text.replace(&format!("{{{name}}}"), value))
    }

    /// A code of the program in words; a code without words as it is, more readable.
    pub fn code(&self, code: &str) -> String {
        self.find(&format!("code.{code}")).map_or_else(|| code.replace('_', " "), str::to_owned)
    }

    pub fn all(&self) -> &BTreeMap<&'static str, &'static str> {
        &self.table
    }

    /// A page: `{{t:key}}` is what this language says, `{{name}}` one of the parts. In one pass: what is filled in is never
    /// searched for places to fill.
    pub fn page(&self, template: &str, parts: &[(&str, String)]) -> String {
        let mut page = String::new();
        let mut rest = template;
        while let Some((before, after)) = rest.split_once("{{") {
            let (name, after) = after.split_once("}}").unwrap_or((after, ""));
            page.push_str(before);
            match name.strip_prefix("t:") {
                Some(key) => page.push_str(&escape(self.say(key))),
                None => page.push_str(parts.iter().find(|(part, _)| *part == name).map_or("", |(_, text)| text)),
            }
            rest = after;
        }
        page.push_str(rest);
        page
    }
}

/// A whole number as people read it: 12,345.
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
