//! Texts for people: one for all, or one in each language. PURE.
//! It does not know what a text is about.

use toml::de::DeValue;

use super::super::fields::{Fields, Value, text};
use super::super::problem::Problems;
use crate::notation::Language;

/// How a text is written.
const WRITTEN: &str = "a text in quotes, or { en = \"...\", zh = \"...\" }";

/// The text under that key in that language; the English one where it has no other.
pub(super) fn told<'a>(
    fields: &Fields<'a, '_>,
    key: &'static str,
    chars_max: usize,
    language: Language,
    problems: &mut Problems,
) -> Option<&'a str> {
    let value = fields.get(key)?;
    if !matches!(value.get_ref(), DeValue::Table(_)) {
        return line(value, key, chars_max, problems);
    }
    let texts = fields.table(key, "a text in two languages", &Language::NAMES, problems)?;
    if !texts.has("en") {
        texts.missing("en", "\"...\"", problems);
    }
    let [english, chinese] =
        Language::NAMES.map(|name| texts.get(name).and_then(|value| line(value, key, chars_max, problems)));
    match language {
        Language::English => english,
        Language::Chinese => chinese.or(english),
    }
}

fn line<'a>(value: &'a Value<'_>, key: &str, chars_max: usize, problems: &mut Problems) -> Option<&'a str> {
    let text = text(value, key, WRITTEN, problems)?;
    if text.chars().count() > chars_max {
        problems.add(value.span(), format!("`{key}` is longer than {chars_max} characters"));
        return None;
    }
    if text.contains(['\n', '\r']) {
        problems.add(value.span(), format!("`{key}` must be one line"));
        return None;
    }
    Some(text)
}
