//! The two languages in which the standard's findings are told.

use serde::{Deserialize, Serialize};

/// Japanese first: the people who read a finding work in a care office.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Lang {
    /// 日本語
    #[default]
    Ja,
    /// English
    En,
}

impl Lang {
    /// Chooses one of two texts.
    pub fn pick<T>(self, ja: T, en: T) -> T {
        match self {
            Self::Ja => ja,
            Self::En => en,
        }
    }
}

/// One text in both languages, for data that programs read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Both<T> {
    /// 日本語
    pub ja: T,
    /// English
    pub en: T,
}

impl<T> Both<T> {
    /// Says it twice.
    pub fn of(text: impl Fn(Lang) -> T) -> Self {
        Self { ja: text(Lang::Ja), en: text(Lang::En) }
    }

    /// In one language.
    pub fn in_lang(&self, lang: Lang) -> &T {
        lang.pick(&self.ja, &self.en)
    }
}
