//! The two languages of the command line.

use clap::ValueEnum;

/// A text in both languages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Text {
    pub(crate) th: &'static str,
    pub(crate) en: &'static str,
}

/// The language in which people are answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Language {
    #[value(name = "th")]
    Thai,
    #[value(name = "en")]
    English,
}

impl Language {
    /// The language of the environment: `PHAKI_LANG` before `LANG`, English otherwise.
    pub(crate) fn of_environment(phaki_lang: Option<&str>, lang: Option<&str>) -> Language {
        let wanted = phaki_lang
            .filter(|value| !value.is_empty())
            .or(lang)
            .unwrap_or_default();
        let name = wanted.split(['_', '-', '.']).next().unwrap_or_default();
        if name.eq_ignore_ascii_case("th") {
            Language::Thai
        } else {
            Language::English
        }
    }

    /// The one of two that is in this language.
    pub(crate) fn pick<T>(self, th: T, en: T) -> T {
        match self {
            Language::Thai => th,
            Language::English => en,
        }
    }

    /// The text in this language.
    pub(crate) fn of(self, text: Text) -> &'static str {
        self.pick(text.th, text.en)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_own_variable_goes_before_the_general_one() {
        let of = Language::of_environment;
        assert_eq!(of(None, None), Language::English);
        assert_eq!(of(None, Some("th_TH.UTF-8")), Language::Thai);
        assert_eq!(of(Some("en"), Some("th_TH.UTF-8")), Language::English);
        assert_eq!(of(Some("TH"), Some("C")), Language::Thai);
        assert_eq!(of(Some(""), Some("th")), Language::Thai);
        assert_eq!(of(None, Some("thx_XX")), Language::English);
    }
}
