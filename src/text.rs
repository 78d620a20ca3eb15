//! Text on its way to a terminal: made harmless, measured in columns, cut in the middle. PURE.
//! It does not know where text comes from, and trusts none of it.

use std::borrow::Cow;
use std::fmt;

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// How many code points of one grapheme are kept; more (a thousand accents on one letter) are dropped.
const GRAPHEME_CHARS_MAX: usize = 16;

/// Text that can be shown: no control, escape, bidi override, tag or other invisible character is in it.
///
/// The only way to make one is [`Safe::new`], and everything printed goes through it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Safe(Box<str>);

impl Safe {
    /// Replaces what a terminal could obey, or a reader be fooled by, with U+FFFD. Line breaks and tabs become spaces.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(sanitized(text).into())
    }

    /// The harmless text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Safe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// One line made harmless; borrowed where nothing was wrong with it.
#[must_use]
pub fn sanitized(text: &str) -> Cow<'_, str> {
    if text.bytes().all(|byte| (0x20..0x7f).contains(&byte)) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    for grapheme in text.graphemes(true) {
        for char in grapheme.chars().take(GRAPHEME_CHARS_MAX) {
            match char {
                '\t' | '\n' | '\r' => out.push(' '),
                char if is_harmful(char) => out.push(char::REPLACEMENT_CHARACTER),
                char => out.push(char),
            }
        }
    }
    Cow::Owned(out)
}

/// Controls (C0, DEL, C1), line and paragraph separators, bidi controls, tags, and other characters that hide.
fn is_harmful(char: char) -> bool {
    char.is_control()
        || matches!(char,
            '\u{061c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

/// How many columns the text takes.
#[must_use]
pub fn width(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { UnicodeWidthStr::width(text) }
}

/// The text within that many columns: cut in the middle, so that a file name keeps its suffix.
#[must_use]
pub fn middle_cut(text: &str, columns: usize, ellipsis: &str) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let mark = width(ellipsis);
    if columns <= mark {
        return end_cut(text, columns);
    }
    let kept = columns - mark;
    let tail_columns = kept / 2;
    let head = end_cut(text, kept - tail_columns);
    let mut tail: Vec<&str> = Vec::new();
    let mut used = 0;
    for grapheme in text.graphemes(true).rev() {
        used += width(grapheme);
        if used > tail_columns {
            break;
        }
        tail.push(grapheme);
    }
    tail.reverse();
    format!("{head}{ellipsis}{}", tail.concat())
}

/// As much of the start as fits into that many columns.
#[must_use]
pub fn end_cut(text: &str, columns: usize) -> String {
    let mut used = 0;
    text.graphemes(true)
        .take_while(|grapheme| {
            used += width(grapheme);
            used <= columns
        })
        .collect()
}

/// Exactly that many columns: cut in the middle or filled with spaces.
#[must_use]
pub fn fitted(text: &str, columns: usize, ellipsis: &str) -> String {
    let mut out = middle_cut(text, columns, ellipsis);
    let missing = columns.saturating_sub(width(&out));
    out.extend(std::iter::repeat_n(' ', missing));
    out
}

/// Whether a terminal gives this character two columns.
#[must_use]
pub fn is_wide(char: char) -> bool {
    char.width() == Some(2)
}

/// Serialises bytes: as they are in binary formats; in JSON as a string in which bytes that are not UTF-8, and the
/// escape itself, stand as `\u{0}` followed by two hexadecimal digits. NUL cannot occur in arguments or paths.
pub mod bytes {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    /// # Errors
    /// Only the serialiser's own.
    pub fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.serialize_str(&escape(bytes))
        } else {
            serializer.serialize_bytes(bytes)
        }
    }

    /// # Errors
    /// When an escape is not followed by two hexadecimal digits.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        if deserializer.is_human_readable() {
            let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
            unescape(&text).ok_or_else(|| D::Error::custom("a NUL is not followed by two hexadecimal digits"))
        } else {
            deserializer.deserialize_byte_buf(Buffer)
        }
    }

    struct Buffer;

    impl serde::de::Visitor<'_> for Buffer {
        type Value = Vec<u8>;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("bytes")
        }

        fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Vec<u8>, E> {
            Ok(bytes.to_vec())
        }

        fn visit_byte_buf<E>(self, bytes: Vec<u8>) -> Result<Vec<u8>, E> {
            Ok(bytes)
        }
    }

    fn escape(bytes: &[u8]) -> String {
        use std::fmt::Write as _;
        let mut out = String::with_capacity(bytes.len());
        for chunk in bytes.utf8_chunks() {
            for (at, part) in chunk.valid().split('\0').enumerate() {
                if at > 0 {
                    out.push_str("\u{0}00");
                }
                out.push_str(part);
            }
            for byte in chunk.invalid() {
                // Writing to a String cannot fail.
                let _ = write!(out, "\u{0}{byte:02x}");
            }
        }
        out
    }

    fn unescape(text: &str) -> Option<Vec<u8>> {
        let mut parts = text.split('\0');
        let mut out = parts.next()?.as_bytes().to_vec();
        for part in parts {
            out.push(u8::from_str_radix(part.get(..2)?, 16).ok()?);
            out.extend_from_slice(&part.as_bytes()[2..]);
        }
        Some(out)
    }

    #[cfg(test)]
    mod tests {
        use super::{escape, unescape};

        #[test]
        fn any_bytes_survive_json() {
            for bytes in
                [&b"plain"[..], b"", b"\xff\xfe", b"a\0b\0", "Python从入门".as_bytes(), b"\xe4\xbb", b"\0\xff41"]
            {
                assert_eq!(unescape(&escape(bytes)).as_deref(), Some(bytes));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_a_terminal_obeys_survives() {
        let hostile = "a\x1b]0;x\x07b\u{9b}31m\u{202e}cod\u{200b}\u{2028}\u{e0041}\r\n\tz\u{7f}";
        let safe = Safe::new(hostile);
        assert!(!safe.as_str().chars().any(|c| c.is_control() || is_harmful(c)), "{safe:?}");
        assert!(safe.as_str().starts_with('a') && safe.as_str().contains('z'));
    }

    #[test]
    fn a_tower_of_accents_is_cut_down() {
        let tower = format!("e{}x", "\u{301}".repeat(5000));
        assert!(Safe::new(&tower).as_str().chars().count() < 40);
    }

    #[test]
    fn ordinary_text_is_untouched() {
        for text in ["plain", "Python从入门到住院.pdf", "naïve café", "👩‍👩‍👧 ok"] {
            assert_eq!(Safe::new(text).as_str(), text);
        }
    }

    #[test]
    fn cutting_keeps_the_suffix_and_the_columns() {
        assert_eq!(middle_cut("Python从入门到住院.pdf", 16, "…"), "Python从…院.pdf");
        for columns in 0..30 {
            assert!(width(&middle_cut("Python从入门到住院.pdf", columns, "…")) <= columns);
            assert_eq!(width(&fitted("Python从入门到住院.pdf", columns, "…")), columns);
        }
    }
}
