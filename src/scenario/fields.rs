//! The keys of one TOML table, read with their types checked; whatever is wrong is told with its place. PURE.
//! It does not know what the keys mean.

use std::fmt::Display;
use std::ops::{Range, RangeInclusive};

use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue};

use super::problem::Problems;
use super::suggest::nearest;
use crate::notation::BadNotation;

/// One value with its place in the file.
pub(super) type Value<'i> = Spanned<DeValue<'i>>;

/// How long the name of a function or an object may be, in characters.
const NAME_CHARS_MAX: usize = 60;

/// A table under a name of its own; see [`Fields::named`].
pub(super) struct Named<'a, 'i> {
    pub(super) name: &'a str,
    /// Where the name stands.
    pub(super) at: Range<usize>,
    pub(super) fields: Fields<'a, 'i>,
}

/// The keys of one table.
pub(super) struct Fields<'a, 'i> {
    table: &'a DeTable<'i>,
    /// The place that stands for the table as a whole.
    pub(super) span: Range<usize>,
    /// How the table is called in messages, for instance `[[task]]`.
    what: &'static str,
}

impl<'a, 'i> Fields<'a, 'i> {
    /// Takes the table; keys that are not known are problems at once.
    pub(super) fn new(
        table: &'a DeTable<'i>,
        span: Range<usize>,
        what: &'static str,
        known: &[&str],
        problems: &mut Problems,
    ) -> Self {
        for key in table.keys() {
            let name: &str = key.get_ref();
            if known.contains(&name) {
                continue;
            }
            problems.add_lazily(key.span(), || {
                let help = match nearest(name, known.iter().copied()) {
                    Some(meant) => format!("did you mean `{meant}`?"),
                    None => format!("the keys of {what} are {}", known.join(", ")),
                };
                (format!("{what} has no key `{}`", short(name)), help)
            });
        }
        Self { table, span, what }
    }

    /// The value as it stands.
    pub(super) fn get(&self, key: &str) -> Option<&'a Value<'i>> {
        self.table.get(key)
    }

    /// Whether the key is there.
    pub(super) fn has(&self, key: &str) -> bool {
        self.table.contains_key(key)
    }

    /// A text in one line.
    pub(super) fn line(&self, key: &str, chars_max: usize, problems: &mut Problems) -> Option<&'a str> {
        let value = self.get(key)?;
        let text = text(value, key, "a text in quotes", problems)?;
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

    /// A whole number between two bounds.
    pub(super) fn whole(&self, key: &str, allowed: RangeInclusive<u64>, problems: &mut Problems) -> Option<u64> {
        whole(self.get(key)?, key, allowed, problems)
    }

    /// A text in one of our notations; `example` is one in quotes.
    pub(super) fn notation<T, E: Display>(
        &self,
        key: &str,
        example: &str,
        read: impl Fn(&str) -> Result<T, E>,
        problems: &mut Problems,
    ) -> Option<T> {
        let value = self.get(key)?;
        let text = text(value, key, &format!("a text such as {example}"), problems)?;
        match read(text) {
            Ok(read) => Some(read),
            Err(error) => {
                problems.add(value.span(), format!("`{key}`: {error}"));
                None
            }
        }
    }

    /// Whether the key is there and true; `false` is the same as leaving it out.
    pub(super) fn is_set(&self, key: &str, problems: &mut Problems) -> bool {
        match self.get(key).map(|value| (value, value.get_ref())) {
            Some((_, DeValue::Boolean(set))) => *set,
            Some((value, _)) => {
                wrong_type(value, key, "true or false", problems);
                false
            }
            None => false,
        }
    }

    /// A table of its own.
    pub(super) fn table(
        &self,
        key: &str,
        what: &'static str,
        known: &[&str],
        problems: &mut Problems,
    ) -> Option<Fields<'a, 'i>> {
        let value = self.get(key)?;
        let DeValue::Table(table) = value.get_ref() else {
            wrong_type(value, key, what, problems);
            return None;
        };
        Some(Fields::new(table, value.span(), what, known, problems))
    }

    /// The tables written `[[key]]`.
    pub(super) fn tables(
        &self,
        key: &str,
        what: &'static str,
        known: &[&str],
        problems: &mut Problems,
    ) -> Vec<Fields<'a, 'i>> {
        let Some(value) = self.get(key) else { return Vec::new() };
        let DeValue::Array(array) = value.get_ref() else {
            let help = format!("there can be several of them: write {what}, with two brackets");
            problems.add_with_help(value.span(), format!("`{key}` must be written as {what}"), help);
            return Vec::new();
        };
        let mut tables = Vec::new();
        for element in array {
            match element.get_ref() {
                DeValue::Table(table) => tables.push(Fields::new(table, element.span(), what, known, problems)),
                _ => wrong_type(element, key, what, problems),
            }
        }
        tables
    }

    /// The tables written `[key.name]`, in the order of the file, each under its name.
    pub(super) fn named(
        &self,
        key: &str,
        what: &'static str,
        known: &[&str],
        problems: &mut Problems,
    ) -> Vec<Named<'a, 'i>> {
        let Some(value) = self.get(key) else { return Vec::new() };
        let DeValue::Table(table) = value.get_ref() else {
            wrong_type(value, key, what, problems);
            return Vec::new();
        };
        let mut found = Vec::new();
        for (name, value) in table {
            let (at, name) = (name.span(), name.get_ref().as_ref());
            if !is_name_of_something(name) {
                problems.add(at, format!("a name in {what} is one line of 1 to {NAME_CHARS_MAX} characters"));
                continue;
            }
            match value.get_ref() {
                DeValue::Table(table) => {
                    found.push(Named { name, at, fields: Fields::new(table, value.span(), what, known, problems) });
                }
                _ => wrong_type(value, name, what, problems),
            }
        }
        found.sort_by_key(|named| named.at.start);
        found
    }

    /// The keys of a table whose keys are names, in the order of the file, each with its place and its value.
    pub(super) fn pairs(
        &self,
        key: &str,
        what: &'static str,
        problems: &mut Problems,
    ) -> Vec<(Range<usize>, &'a str, &'a Value<'i>)> {
        let Some(value) = self.get(key) else { return Vec::new() };
        let DeValue::Table(table) = value.get_ref() else {
            wrong_type(value, key, what, problems);
            return Vec::new();
        };
        let pairs = table.iter().map(|(name, value)| (name.span(), name.get_ref().as_ref(), value));
        let mut pairs: Vec<_> = pairs.collect();
        pairs.sort_by_key(|(at, ..)| at.start);
        pairs
    }

    /// A list of names, each with its place.
    pub(super) fn names(&self, key: &str, what: &str, problems: &mut Problems) -> Vec<(Range<usize>, &'a str)> {
        let Some(value) = self.get(key) else { return Vec::new() };
        let DeValue::Array(array) = value.get_ref() else {
            wrong_type(value, key, what, problems);
            return Vec::new();
        };
        let mut names = Vec::new();
        for element in array {
            let Some(name) = text(element, key, what, problems) else { continue };
            if is_name_of_something(name) {
                names.push((element.span(), name));
            } else {
                problems.add(element.span(), format!("a name is one line of 1 to {NAME_CHARS_MAX} characters"));
            }
        }
        names
    }

    /// A list of texts.
    pub(super) fn texts(&self, key: &str, problems: &mut Problems) -> Option<Vec<&'a str>> {
        let value = self.get(key)?;
        let DeValue::Array(array) = value.get_ref() else {
            wrong_type(value, key, "a list of texts such as [\"sh\", \"-c\", \"date\"]", problems);
            return None;
        };
        let array: &'a DeArray<'i> = array;
        array.iter().map(|element| text(element, key, "a list of texts in quotes", problems)).collect()
    }

    /// A key that cannot be left out is missing.
    pub(super) fn missing(&self, key: &str, example: &str, problems: &mut Problems) {
        let help = format!("for instance {key} = {example}");
        problems.add_with_help(self.span.clone(), format!("{} has no `{key}`", self.what), help);
    }
}

/// Whether a function or an object can be called so.
fn is_name_of_something(name: &str) -> bool {
    !name.is_empty() && name.chars().count() <= NAME_CHARS_MAX && !name.contains(['\n', '\r'])
}

/// A text.
pub(super) fn text<'a>(value: &'a Value<'_>, key: &str, expected: &str, problems: &mut Problems) -> Option<&'a str> {
    if let DeValue::String(text) = value.get_ref() {
        Some(text)
    } else {
        wrong_type(value, key, expected, problems);
        None
    }
}

/// A whole number between two bounds.
pub(super) fn whole(
    value: &Value<'_>,
    key: &str,
    allowed: RangeInclusive<u64>,
    problems: &mut Problems,
) -> Option<u64> {
    let DeValue::Integer(integer) = value.get_ref() else {
        wrong_type(value, key, "a whole number", problems);
        return None;
    };
    let number = u64::from_str_radix(integer.as_str(), integer.radix()).ok();
    let within = number.filter(|number| allowed.contains(number));
    if within.is_none() {
        let (low, high) = (allowed.start(), allowed.end());
        problems.add(value.span(), format!("`{key}` must be between {low} and {high}"));
    }
    within
}

/// Any number, as it was written without underscores.
pub(super) fn decimal<'a>(value: &'a Value<'_>) -> Option<&'a str> {
    match value.get_ref() {
        DeValue::Integer(integer) if integer.radix() == 10 => Some(integer.as_str()),
        DeValue::Float(float) => Some(float.as_str()),
        _ => None,
    }
}

/// The value is of another kind than it must be.
pub(super) fn wrong_type(value: &Value<'_>, key: &str, expected: &str, problems: &mut Problems) {
    let found = match value.get_ref() {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a decimal number",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date or time",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    };
    problems.add(value.span(), format!("`{key}` must be {expected}, not {found}"));
}

/// A notation that cannot be right whatever its parts: the message as it stands.
pub(super) fn refuse(value: &Value<'_>, key: &str, error: &BadNotation, problems: &mut Problems) {
    problems.add(value.span(), format!("`{key}`: {error}"));
}

/// Enough of a name to recognise it.
pub(super) fn short(name: &str) -> String {
    crate::text::middle_cut(name, 60, "...")
}
