//! One key with its modifiers, and how people write it. PURE.
//! It does not know what it does.

use crossterm::event::{KeyCode, KeyModifiers};

/// A key, in the one form in which the table has it: Shift is in the character.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    /// Which.
    pub code: KeyCode,
    /// With what held down.
    pub modifiers: KeyModifiers,
}

impl Key {
    /// As a terminal may tell it.
    pub fn new(code: KeyCode, modifiers: KeyModifiers) -> Self {
        let unshifted = modifiers.difference(KeyModifiers::SHIFT);
        match code {
            KeyCode::Char(char) if modifiers.contains(KeyModifiers::CONTROL) => {
                Self { code: KeyCode::Char(char.to_ascii_lowercase()), modifiers: unshifted }
            }
            KeyCode::Char(char) if modifiers.contains(KeyModifiers::SHIFT) => {
                Self { code: KeyCode::Char(char.to_ascii_uppercase()), modifiers: unshifted }
            }
            KeyCode::Tab if modifiers.contains(KeyModifiers::SHIFT) => {
                Self { code: KeyCode::BackTab, modifiers: unshifted }
            }
            KeyCode::BackTab => Self { code, modifiers: unshifted },
            _ => Self { code, modifiers },
        }
    }

    /// A character.
    pub const fn char(char: char) -> Self {
        Self { code: KeyCode::Char(char), modifiers: KeyModifiers::NONE }
    }

    /// A character with Ctrl.
    pub const fn ctrl(char: char) -> Self {
        Self { code: KeyCode::Char(char), modifiers: KeyModifiers::CONTROL }
    }

    /// A character with Alt.
    pub const fn alt(char: char) -> Self {
        Self { code: KeyCode::Char(char), modifiers: KeyModifiers::ALT }
    }

    /// Any other key with Shift.
    pub const fn shift(code: KeyCode) -> Self {
        Self { code, modifiers: KeyModifiers::SHIFT }
    }

    /// Any other key by itself.
    pub const fn code(code: KeyCode) -> Self {
        Self { code, modifiers: KeyModifiers::NONE }
    }

    /// The character it types, if it types one.
    pub fn typed(self) -> Option<char> {
        match (self.code, self.modifiers) {
            (KeyCode::Char(char), KeyModifiers::NONE) => Some(char),
            _ => None,
        }
    }

    /// As people write it.
    pub fn shown(self) -> String {
        let name = match self.code {
            KeyCode::Char(' ') => "Space".to_owned(),
            KeyCode::Char(char) if self.modifiers.contains(KeyModifiers::CONTROL) => {
                char.to_ascii_uppercase().to_string()
            }
            KeyCode::Char(char) => char.to_string(),
            KeyCode::F(number) => format!("F{number}"),
            KeyCode::Up => "Up".to_owned(),
            KeyCode::Down => "Down".to_owned(),
            KeyCode::PageUp => "PgUp".to_owned(),
            KeyCode::PageDown => "PgDn".to_owned(),
            KeyCode::BackTab => "S-Tab".to_owned(),
            other => other.to_string(),
        };
        let mut out = String::new();
        if self.modifiers.contains(KeyModifiers::CONTROL) {
            out.push_str("Ctrl-");
        }
        if self.modifiers.contains(KeyModifiers::ALT) {
            out.push_str("Alt-");
        }
        if self.modifiers.contains(KeyModifiers::SHIFT) {
            out.push_str("S-");
        }
        out.push_str(&name);
        out
    }
}

/// Several keys for one action; the digits as a range.
pub(super) fn shown(keys: &[Key]) -> String {
    let is_digit = |key: &&Key| key.typed().is_some_and(|char| char.is_ascii_digit());
    let mut words: Vec<String> = Vec::new();
    if keys.iter().filter(is_digit).count() == 10 {
        words.push("0-9".to_owned());
        words.extend(keys.iter().filter(|key| !is_digit(key)).map(|key| key.shown()));
    } else {
        words.extend(keys.iter().map(|key| key.shown()));
    }
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_key_has_one_form() {
        let shift = KeyModifiers::SHIFT;
        assert_eq!(Key::new(KeyCode::Char('x'), shift), Key::char('X'));
        assert_eq!(Key::new(KeyCode::Char('C'), KeyModifiers::CONTROL | shift), Key::ctrl('c'));
        assert_eq!(Key::new(KeyCode::Tab, shift), Key::code(KeyCode::BackTab));
    }

    #[test]
    fn keys_read_as_people_write_them() {
        let keys =
            [Key::char(' '), Key::ctrl('c'), Key::alt('3'), Key::code(KeyCode::F(1)), Key::code(KeyCode::BackTab)];
        assert_eq!(shown(&keys), "Space Ctrl-C Alt-3 F1 S-Tab");
        assert_eq!(Key::code(KeyCode::Esc).shown(), "Esc");
        assert_eq!(Key::code(KeyCode::Enter).shown(), "Enter");
        let digits: Vec<Key> = ('0'..='9').map(Key::char).collect();
        assert_eq!(shown(&digits), "0-9");
    }
}
