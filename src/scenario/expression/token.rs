//! The words of an expression: numbers, texts, names, signs. PURE.
//! It does not know what they mean together.

use std::ops::Range;

use super::Fault;

/// Signs, the longer ones first.
const SIGNS: &[&str] =
    &["//", "==", "!=", "<=", ">=", "+", "-", "*", "/", "%", "<", ">", "(", ")", "[", "]", ",", "}", "{", ":", "="];

/// One word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token<'t> {
    /// A whole number, underscores and all.
    Int(&'t str),
    /// One with a point or an exponent.
    Float(&'t str),
    /// What stood between quotes.
    Text(String),
    Name(&'t str),
    Sign(&'static str),
    End,
}

/// Takes the word at or after that byte; says where it is.
pub(super) fn next(text: &str, from: usize) -> Result<(Token<'_>, Range<usize>), Fault> {
    let blank = text[from..].len() - text[from..].trim_start().len();
    let start = from + blank;
    let rest = &text[start..];
    let Some(first) = rest.chars().next() else { return Ok((Token::End, text.len()..text.len())) };
    if first.is_ascii_digit() {
        return number(rest, start);
    }
    if first == '\'' || first == '"' {
        return quoted(rest, start, first);
    }
    let length = name_length(rest);
    if length > 0 {
        return Ok((Token::Name(&rest[..length]), start..start + length));
    }
    if let Some(sign) = SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
        return Ok((Token::Sign(sign), start..start + sign.len()));
    }
    let at = start..start + first.len_utf8();
    Err(match first {
        '!' => Fault::with_help(at, "`!` is no operator here", "write not"),
        '&' => Fault::with_help(at, "`&` is no operator here", "write and"),
        '|' => Fault::with_help(at, "`|` is no operator here", "write or"),
        '.' => {
            let help = "values have no methods here; what can be called is in pooltop help scenarios";
            Fault::with_help(at, "`.` has no meaning in an expression", help)
        }
        _ => Fault::new(at, format!("`{first}` has no meaning in an expression")),
    })
}

/// How many bytes at the start are a name.
pub(super) fn name_length(text: &str) -> usize {
    if text.starts_with(|char: char| char.is_numeric()) {
        return 0;
    }
    text.find(|char: char| !char.is_alphanumeric() && char != '_').unwrap_or(text.len())
}

fn number(rest: &str, start: usize) -> Result<(Token<'_>, Range<usize>), Fault> {
    let digits = |from: usize| {
        rest[from..].find(|char: char| !char.is_ascii_digit() && char != '_').map_or(rest.len(), |found| from + found)
    };
    let is_digit = |at: usize| rest.as_bytes().get(at).is_some_and(u8::is_ascii_digit);
    let mut end = digits(0);
    let mut is_whole = true;
    if rest[end..].starts_with('.') && is_digit(end + 1) {
        is_whole = false;
        end = digits(end + 1);
    }
    if rest[end..].starts_with(['e', 'E']) {
        let sign = usize::from(rest[end + 1..].starts_with(['+', '-']));
        if is_digit(end + 1 + sign) {
            is_whole = false;
            end = digits(end + 1 + sign);
        }
    }
    let tail = rest[end..].find(|char: char| !char.is_alphanumeric() && char != '_' && char != '.');
    let tail = tail.unwrap_or(rest.len() - end);
    if tail > 0 {
        let at = start..start + end + tail;
        return Err(Fault::new(at, format!("`{}` is no number", super::super::fields::short(&rest[..end + tail]))));
    }
    let word = &rest[..end];
    Ok((if is_whole { Token::Int(word) } else { Token::Float(word) }, start..start + end))
}

fn quoted(rest: &str, start: usize, quote: char) -> Result<(Token<'_>, Range<usize>), Fault> {
    let mut text = String::new();
    let mut chars = rest.char_indices().skip(1);
    while let Some((at, char)) = chars.next() {
        match char {
            char if char == quote => return Ok((Token::Text(text), start..start + at + 1)),
            '\\' => match chars.next() {
                Some((_, 'n')) => text.push('\n'),
                Some((_, 't')) => text.push('\t'),
                Some((_, char @ ('\\' | '\'' | '"'))) => text.push(char),
                Some((end, char)) => {
                    let place = start + at..start + end + char.len_utf8();
                    return Err(Fault::with_help(place, "this escape is not known", r#"there are \n \t \\ \' \""#));
                }
                None => break,
            },
            char => text.push(char),
        }
    }
    Err(Fault::new(start..start + 1, "this quote is never closed"))
}
