//! Values as Python's `print` and `repr` write them. PURE.
//! It does not know who reads them.

use std::fmt::{self, Write as _};

use super::Value;

/// As `print` shows it: a text bare at the top, quoted in a list.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("None"),
            Self::Bool(true) => f.write_str("True"),
            Self::Bool(false) => f.write_str("False"),
            Self::Int(int) => int.fmt(f),
            Self::Float(float) => number(*float, f),
            Self::Text(text) => f.write_str(text),
            Self::List(values) => {
                f.write_str("[")?;
                for (place, value) in values.iter().enumerate() {
                    if place > 0 {
                        f.write_str(", ")?;
                    }
                    match value {
                        Self::Text(text) => quoted(text, f)?,
                        other => other.fmt(f)?,
                    }
                }
                f.write_str("]")
            }
            Self::Handle(handle) if handle.count == 1 => write!(f, "<task {}>", handle.first),
            Self::Handle(handle) => write!(f, "<{} tasks from {}>", handle.count, handle.first),
        }
    }
}

/// The shortest digits that make this number; very large and very small ones with an exponent of two digits at least.
fn number(float: f64, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    if float == 0.0 || (1e-4..1e16).contains(&float.abs()) {
        return write!(f, "{float:?}");
    }
    let digits = format!("{float:e}");
    let Some((digits, exponent)) = digits.split_once('e') else { return f.write_str(&digits) };
    let (sign, exponent) = exponent.strip_prefix('-').map_or(('+', exponent), |exponent| ('-', exponent));
    write!(f, "{digits}e{sign}{exponent:0>2}")
}

/// In single quotes, or in double ones if that saves escapes; what cannot be seen is escaped.
fn quoted(text: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    f.write_char(quote)?;
    for char in text.chars() {
        match char {
            '\n' => f.write_str("\\n")?,
            '\r' => f.write_str("\\r")?,
            '\t' => f.write_str("\\t")?,
            char if char == quote || char == '\\' => write!(f, "\\{char}")?,
            char if cannot_be_seen(char) => match u32::from(char) {
                code @ ..=0xff => write!(f, "\\x{code:02x}")?,
                code => write!(f, "\\u{code:04x}")?,
            },
            char => f.write_char(char)?,
        }
    }
    f.write_char(quote)
}

/// Of the marks without width those that change what stands around them.
fn cannot_be_seen(char: char) -> bool {
    char.is_control()
        || char != ' ' && char.is_whitespace()
        || matches!(char, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each as python3 3.11 prints it.
    #[test]
    fn numbers_are_written_as_python_writes_them() {
        for (float, written) in [
            (0.0, "0.0"),
            (-0.0, "-0.0"),
            (1.0, "1.0"),
            (0.1 + 0.2, "0.30000000000000004"),
            (0.0001, "0.0001"),
            (0.00001, "1e-05"),
            (0.000_012_5, "1.25e-05"),
            (-5e-324, "-5e-324"),
            (1e15, "1000000000000000.0"),
            (9_999_999_999_999_998.0, "9999999999999998.0"),
            (1e16, "1e+16"),
            (-1.5e16, "-1.5e+16"),
            (1.797_693_134_862_315_7e308, "1.7976931348623157e+308"),
        ] {
            assert_eq!(Value::Float(float).to_string(), written);
        }
    }

    #[test]
    fn texts_in_a_list_are_written_as_python_writes_them() {
        for (text, written) in [
            ("a", "['a']"),
            ("it's", "[\"it's\"]"),
            ("it's \"so\"", "['it\\'s \"so\"']"),
            ("\"so\"", "['\"so\"']"),
            ("a\\b\n\t\r", "['a\\\\b\\n\\t\\r']"),
            ("\u{1b}[0m\u{7f}\u{85}\u{a0}", "['\\x1b[0m\\x7f\\x85\\xa0']"),
            ("\u{202e}\u{2028}你好 é", "['\\u202e\\u2028你好 é']"),
        ] {
            assert_eq!(Value::List(vec![Value::Text(text.into())]).to_string(), written);
            assert_eq!(Value::Text(text.into()).to_string(), text);
        }
    }
}
