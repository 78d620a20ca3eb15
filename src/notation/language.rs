//! In which language a scenario's texts are told, and how locales name it. PURE.
//! It does not know where a locale was read.

use super::BadNotation;

/// A language in which scenarios can tell their texts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    /// English.
    #[default]
    English,
    /// Chinese.
    Chinese,
}

impl Language {
    /// How they are written on the command line and in scenarios, English first.
    pub const NAMES: [&'static str; 2] = ["en", "zh"];

    /// The one a locale such as `zh_CN.UTF-8` asks for; English where there is no other.
    #[must_use]
    pub fn of_locale(locale: &str) -> Self {
        let language = locale.split(['_', '.', '@', '-']).next().unwrap_or_default();
        if language.eq_ignore_ascii_case("zh") { Self::Chinese } else { Self::English }
    }
}

impl std::str::FromStr for Language {
    type Err = BadNotation;

    fn from_str(text: &str) -> Result<Self, BadNotation> {
        match text {
            "en" => Ok(Self::English),
            "zh" => Ok(Self::Chinese),
            _ => Err(BadNotation::new(format!("`{text}` is no language of ours; write {}", Self::NAMES.join(" or ")))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locales_name_a_language() {
        for locale in ["zh", "zh_CN.UTF-8", "zh_TW", "zh-Hans", "ZH"] {
            assert_eq!(Language::of_locale(locale), Language::Chinese, "{locale}");
        }
        for locale in ["", "C", "C.UTF-8", "POSIX", "en_GB.UTF-8", "de_DE", "zhx"] {
            assert_eq!(Language::of_locale(locale), Language::English, "{locale}");
        }
        assert_eq!(("en".parse(), "zh".parse()), (Ok(Language::English), Ok(Language::Chinese)));
        assert!("cn".parse::<Language>().unwrap_err().to_string().contains("en or zh"));
    }
}
