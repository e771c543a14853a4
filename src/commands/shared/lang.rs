//! In which language a page speaks.

use clap::{Args, ValueEnum};

use crate::report::Language;

#[derive(Clone, Copy, Debug, Args)]
pub struct LangArgs {
    /// Language of the page
    #[arg(long, value_enum, default_value_t)]
    lang: Lang,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Lang {
    /// English
    #[default]
    En,
    /// Japanese
    Ja,
}

impl LangArgs {
    pub fn language(self) -> Language {
        match self.lang {
            Lang::En => Language::English,
            Lang::Ja => Language::Japanese,
        }
    }
}
